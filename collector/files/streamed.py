"""A log whose lines are events each, read piece by piece: whole columns of texts never exist."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

import numpy as np
import pyarrow as pa

from collector.files.counts import Counts
from collector.files.lifecycle import Rows
from collector.files.lines import Lines
from collector.files.log import FileQuality, RawLog, ReadOptions

_TIMES: Final = ("start", "end", "enabled")


class Made(Protocol):
    """See `collector.files.events.Events`."""

    @property
    def columns(self) -> dict[str, pa.Array]:
        """Of the events."""
        ...

    @property
    def first(self) -> Rows | None:
        """Lines; None for all."""
        ...

    @property
    def counts(self) -> Counts:
        """What was wrong."""
        ...


class Making(Protocol):
    """See `collector.files.events.events_of`."""

    def __call__(self, raw: RawLog, options: ReadOptions, found: dict[str, int], /) -> Made:
        """The events of some lines."""
        ...


def streamable(raw: RawLog, options: ReadOptions, found: dict[str, int]) -> bool:
    """Whether each line can be understood without the others; `found`: meaning -> column of `raw`."""
    if raw.pieces is None or options.growing or ("lifecycle" in found and options.lifecycle == "pair"):
        return False
    # How a column of texts writes its times only the whole column tells.
    return all(index in raw.timed for meaning, index in found.items() if meaning in _TIMES)


def pieces_of(raw: RawLog, found: dict[str, int]) -> Iterator[tuple[RawLog, dict[str, int]]]:
    """The lines piece by piece, each as a raw log of the columns that mean something, and what they mean."""
    assert raw.pieces is not None
    meanings, indices = list(found), list(found.values())
    names = tuple(raw.names[index] for index in indices)
    before = 0
    for columns in raw.pieces(indices):

        def place(row: int, before: int = before) -> str:
            return raw.place(before + row)

        yield replace(raw, names=names, columns=columns, place=place), {name: i for i, name in enumerate(meanings)}
        before += len(columns[0])


@dataclass
class Streamed:
    """A LogFile that is read while somebody takes its events; whatever else is asked for is read then."""

    raw: RawLog
    options: ReadOptions
    found: dict[str, int]
    """Meaning -> column of `raw`."""
    make: Making
    held: int = 0
    _counts: Counts | None = field(default=None, init=False)
    _first: Rows | None = field(default=None, init=False)
    """Line of each event; None: all lines are events, or not known yet."""

    @property
    def leading(self) -> str:
        """See LogFile."""
        return self.options.leading

    def stream(self) -> Iterator[pa.RecordBatch]:
        """See LogFile; PermanentError where the file turns out to be unreadable."""
        counts, lines, firsts = Counts(), 0, []
        for piece, found in pieces_of(self.raw, self.found):
            events = self.make(piece, self.options, found)
            counts += events.counts
            count = len(piece.columns[0])
            firsts.append((lines, count) if events.first is None else events.first + lines)
            lines += count
            yield pa.RecordBatch.from_pydict(events.columns)
            del piece, events
        if not all(isinstance(first, tuple) for first in firsts):
            self._first = np.concatenate([_lines(first) for first in firsts])
        self._counts = counts

    @property
    def columns(self) -> pa.Table:
        """See LogFile."""
        return pa.Table.from_batches(list(self.stream()))

    @property
    def quality(self) -> FileQuality:
        """See LogFile; known without reading once the stream has come to its end."""
        return self._known().quality(self.raw, self.options, self.found)

    @property
    def batches(self) -> tuple[pa.RecordBatch, ...]:
        """See LogFile."""
        return self._lines(self.columns).batches

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        return iter(self.batches)

    def event_ids(self, rows: Rows) -> pa.StringArray:
        """See LogFile."""
        return self._lines().event_ids(rows)

    def trace_ids(self, rows: Rows) -> pa.StringArray:
        """See LogFile."""
        return self._lines().trace_ids(rows)

    def objects(self, rows: Rows) -> pa.ListArray:
        """See LogFile."""
        return self._lines(self.columns.select(["case_id"])).objects(rows)

    def maps(self, rows: Rows) -> dict[str, pa.Array]:
        """See LogFile."""
        return self._lines().maps(rows)

    def _known(self) -> Counts:
        if self._counts is None:
            for _ in self.stream():
                pass
        assert self._counts is not None
        return self._counts

    def _lines(self, columns: pa.Table | None = None) -> Lines:
        self._known()
        kept = set(self.found.values())
        return Lines(
            process=self.options.process,
            columns=pa.table({}) if columns is None else columns,
            quality=self.quality,
            raw=self.raw,
            first=self._first,
            last=self._first,
            rest={name: i for i, name in enumerate(self.raw.names) if i not in kept},
            leading=self.leading,
        )


def _lines(first: tuple[int, int] | Rows) -> Rows:
    return np.arange(first[0], sum(first)) if isinstance(first, tuple) else first
