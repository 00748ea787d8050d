"""What a reader is asked, what it finds in a file, and what it hands on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

import pyarrow as pa

from collector.vocabulary.languages import Language

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
