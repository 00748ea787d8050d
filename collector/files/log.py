"""What a reader is asked, what it finds in a file, and what it hands on."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from collector.vocabulary.languages import Language
from collector.vocabulary.schema import EVENT_SCHEMA

Progress = Callable[[int, int], None]
"""Called with bytes done and bytes in all."""


def no_progress(done: int, total: int, /) -> None:
    """Tells nobody."""


@dataclass(frozen=True)
class ReadOptions:
    """How to read a log. Column names that are given win over the usual ones."""

    process: str
    leading: str = "case"
    """Object type under which the case id of every event stands. Of an OCEL it is the type of that name, if any."""
    case_type: str | None = None
    """OCEL only: the object type whose objects are the cases; None: chosen by `collector.files.ocel`."""
    case: str | None = None
    activity: str | None = None
    start: str | None = None
    end: str | None = None
    actor: str | None = None
    role: str | None = None
    lifecycle: Literal["pair", "all"] = "pair"
    """`pair`: start and complete become one event. `all`: every line is an event."""
    growing: bool = False
    """The file is an export that is written anew with more lines: what has begun and not ended is held back, because a
    later export will tell it whole; not so for an activity that often occurs and never ends."""
    timezone: str = "UTC"
    """IANA name of the zone of times that carry none."""
    minor_digits: int = 2
    """Decimal places of the currency: 2 turns 12.5 into 1250."""
    language: Language = "en"
    """Of notes and errors."""


@dataclass(frozen=True)
class FileQuality:
    """What was wrong with a file, counted in lines (for XES: events)."""

    dropped: int = 0
    """Without an activity or without any time."""
    duplicates: int = 0
    without_case: int = 0
    without_end: int = 0
    """Events that began and have no end, where ends are recorded."""
    notes: tuple[str, ...] = ()
    """Sentences in the language of the options."""


class LogFile(Protocol):
    """A log as events in order of the file, which is also what `mining.details` calls details."""

    @property
    def columns(self) -> pa.Table:
        """One row an event: those columns of EVENT_SCHEMA that are there, with `objects` or `case_id`."""
        ...

    def stream(self) -> Iterator[pa.RecordBatch]:
        """The same piece by piece, where that needs no whole columns; `quality` is known at its end."""
        ...

    @property
    def batches(self) -> tuple[pa.RecordBatch, ...]:
        """All of EVENT_SCHEMA. Event ids are positions in the file, twelve digits, so their order is the file's."""
        ...

    @property
    def quality(self) -> FileQuality:
        """What was wrong with the file."""
        ...

    @property
    def leading(self) -> str:
        """Object type of the cases: the first object of every event has it."""
        ...

    @property
    def held(self) -> int:
        """Events held back because they have not ended (`ReadOptions.growing`)."""
        ...

    def event_ids(self, rows: npt.NDArray[np.int64]) -> pa.StringArray:
        """Ids of the events at `rows`."""
        ...

    def trace_ids(self, rows: npt.NDArray[np.int64]) -> pa.StringArray:
        """Trace ids of the events at `rows`, null where there is none."""
        ...

    def objects(self, rows: npt.NDArray[np.int64]) -> pa.ListArray:
        """Objects of the events at `rows`, that of the case first."""
        ...

    def maps(self, rows: npt.NDArray[np.int64]) -> pa.MapArray | dict[str, pa.Array]:
        """Further fields of the events at `rows`: a map each, or a column a field."""
        ...


@dataclass(frozen=True)
class EventTable:
    """A LogFile whose events are there as a whole."""

    batches: tuple[pa.RecordBatch, ...]
    quality: FileQuality
    leading: str = "case"
    held: int = 0

    @property
    def columns(self) -> pa.Table:
        """See LogFile."""
        return pa.Table.from_batches(self.batches, EVENT_SCHEMA)

    def stream(self) -> Iterator[pa.RecordBatch]:
        """See LogFile."""
        return iter(self.batches)

    def event_ids(self, rows: npt.NDArray[np.int64]) -> pa.StringArray:
        """See LogFile."""
        return self._taken("event_id", rows)

    def trace_ids(self, rows: npt.NDArray[np.int64]) -> pa.StringArray:
        """See LogFile."""
        return self._taken("trace_id", rows)

    def objects(self, rows: npt.NDArray[np.int64]) -> pa.ListArray:
        """See LogFile."""
        return self._taken("objects", rows)

    def maps(self, rows: npt.NDArray[np.int64]) -> pa.MapArray:
        """See LogFile."""
        return self._taken("fields", rows)

    def _taken(self, name: str, rows: npt.NDArray[np.int64]) -> pa.Array:
        return self.columns.column(name).take(pa.array(rows)).combine_chunks()


@dataclass(frozen=True)
class RawLog:
    """A log as it stands in the file: one row a line (for XES: an event), columns in the file's order."""

    path: Path
    names: tuple[str, ...]
    """Column names as written, without surrounding spaces."""
    columns: Sequence[pa.Array]
    """Texts with null for empty, dictionary-encoded or not; from Parquet, times may be Arrow timestamps."""
    usual: dict[str, tuple[str, ...]]
    """For each meaning the names under which this format keeps it; the first that is there wins."""
    place: Callable[[int], str]
    """Where row `i` stands, in words for an error."""
    notes: tuple[str, ...] = field(default=())
    pieces: Callable[[Sequence[int]], Iterator[Sequence[pa.Array]]] | None = None
    """Chosen columns piece by piece, in order of the file, where it can be read so."""
    lines: int | None = None
    """How many lines there are, where that is known before they are read."""
    timed: frozenset[int] = frozenset()
    """Columns that hold timestamps or dates, known before any is read."""
    objects: pa.Array | None = None
    """All objects of each row, as in EVENT_SCHEMA, that of its case first; None: the case is the only one."""
    leading: str | None = None
    """Object type of the cases, where the file names types."""


class Reader(Protocol):
    """Reads one family of files. One file each; `collector.files.READERS` lists them."""

    @property
    def endings(self) -> tuple[str, ...]:
        """Endings of file names, lower case, with the dot."""
        ...

    def read(self, path: Path, options: ReadOptions, progress: Progress) -> RawLog:
        """The raw log; PermanentError with one line that names the file and the place where it cannot be read."""
        ...
