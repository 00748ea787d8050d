"""What is known of events beside the arena, read from the store's segments when asked for."""

import bisect
from collections import OrderedDict
from collections.abc import Mapping
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from collector.store import Segment, Store
from collector.store.manifest import UNREADABLE
from collector.vocabulary.schema import EVENT_SCHEMA
from mining.details import Rows, field_columns

_KEPT: Final = 64
"""Columns of segments that are kept after they were read."""
_KEPT_FIELDS: Final = 4096
"""Segments whose fields are kept: every look for findings wants them."""


class SegmentDetails:
    """Details of the events of one process, numbered in the order in which the segments were read.

    A segment that was merged with others since is found in the one that took its place; of one that is kept no longer
    nothing is known any more: ids are empty then, the rest null.
    """

    def __init__(self, store: Store, process: str) -> None:
        self._store, self._process = store, process
        self._ids: list[int] = []
        self._first: list[int] = [0]
        """Where the events of each begin; one more than segments."""
        self._there: list[Segment] = []
        self._kept: OrderedDict[tuple[str, str], pa.Array] = OrderedDict()
        self._fields: OrderedDict[int, dict[str, pa.Array]] = OrderedDict()

    def begin(self, segment: int, count: int) -> None:
        """The next `count` events are those of a segment (its id)."""
        self._ids.append(segment)
        self._first.append(self._first[-1] + count)
        self._there = []

    def event_ids(self, rows: Rows) -> pa.StringArray:
        """See Details."""
        return pc.fill_null(self._taken("event_id", rows), "")

    def trace_ids(self, rows: Rows) -> pa.StringArray:
        """See Details."""
        return self._taken("trace_id", rows)

    def objects(self, rows: Rows) -> pa.ListArray | None:
        """See Details."""
        return self._taken("objects", rows)

    def maps(self, rows: Rows) -> Mapping[str, pa.Array]:
        """See Details."""
        place, local = self._located(rows)
        used, at = np.unique(place, return_inverse=True)
        parts = [self._fields_of(int(each)) for each in used]
        lengths = [self._length(int(each)) for each in used]
        where = pa.array(np.append(0, np.cumsum(lengths))[at] + local) if len(used) else pa.array([], pa.int64())
        found: dict[str, pa.Array] = {}
        for name in sorted(set().union(*parts)):
            kind = pa.dictionary(pa.int32(), pa.string())
            chunks = [
                part[name] if name in part else pa.nulls(length, kind)
                for part, length in zip(parts, lengths, strict=True)
            ]
            found[name] = _one(pa.chunked_array(chunks, kind).unify_dictionaries().take(where))
        return found

    def _taken(self, name: str, rows: Rows) -> pa.Array:
        place, local = self._located(rows)
        used, at = np.unique(place, return_inverse=True)
        if not len(used):
            return pa.array([], EVENT_SCHEMA.field(name).type)
        parts = [self._column(int(each), name) for each in used]
        begin = np.append(0, np.cumsum([len(part) for part in parts]))
        return _one(pa.chunked_array(parts).take(pa.array(begin[at] + local)))

    def _located(self, rows: Rows) -> tuple[Rows, Rows]:
        """Which of the segments each event is in, and where in it."""
        first = np.array(self._first, np.int64)
        place = np.searchsorted(first[:-1], rows, side="right") - 1
        return place, rows - first[place]

    def _length(self, place: int) -> int:
        """How many events of the process a segment has."""
        return self._first[place + 1] - self._first[place]

    def _column(self, place: int, name: str) -> pa.Array:
        """A column of the events of one segment; nulls where it is there no more."""
        for _ in range(2):
            try:
                found = self._part(place, name)
                if found is not None:
                    return found
            except FileNotFoundError:
                pass  # merged, or let go, a moment ago
            except UNREADABLE:
                break
            self._there = []
        return pa.nulls(self._length(place), EVENT_SCHEMA.field(name).type)

    def _part(self, place: int, name: str) -> pa.Array | None:
        """The same, None where no segment stands for it: a merged one has the id of its last, and all rows in order."""
        self._there = self._there or self._store.segments("events")
        at = bisect.bisect_left(self._there, self._ids[place], key=lambda segment: segment.id)
        if at == len(self._there):
            return None
        segment, before = self._there[at], self._there[at - 1].id if at else 0
        low, high = bisect.bisect_right(self._ids, before), bisect.bisect_right(self._ids, segment.id)
        column = self._read(segment, name)
        # What was merged with them and never read, because it is too old, comes first.
        begin = len(column) - (self._first[high] - self._first[place])
        return column.slice(begin, self._length(place)) if begin >= 0 and low <= place else None

    def _read(self, segment: Segment, name: str) -> pa.Array:
        """A column of the events of the process in a segment's file."""
        key = (segment.path.name, name)
        if key not in self._kept:
            table = pq.ParquetFile(segment.path).read(columns=["process", name])
            mine = table.filter(pc.fill_null(pc.equal(table["process"], self._process), False))
            self._kept[key] = _one(mine[name].cast(EVENT_SCHEMA.field(name).type))
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return self._kept[key]

    def _fields_of(self, place: int) -> dict[str, pa.Array]:
        """The further fields of the events of a segment, a column each."""
        if place not in self._fields:
            maps = self._column(place, "fields")
            columns = {} if maps.null_count else field_columns(maps, len(maps) + 1)[0]
            self._fields[place] = {name: column.dictionary_encode() for name, column in columns.items()}
            while len(self._fields) > _KEPT_FIELDS:
                self._fields.popitem(last=False)
        return self._fields[place]


def _one(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
