"""What is known of events beside the arena, read from the store's segments when asked for."""

import bisect
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from typing import Any, Final, Generic, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from collector.store import Segment, Store
from collector.store.manifest import UNREADABLE
from collector.vocabulary.schema import EVENT_SCHEMA
from mining.columns import one_array
from mining.details import Rows, field_columns
from mining.keeping import Kept

_KEPT: Final = 128 << 20
"""Bytes of columns of segments that are kept after they were read."""
_KEPT_FIELDS: Final = 256 << 20
"""Bytes of segments' fields that are kept: every look for findings wants them."""

Made = TypeVar("Made")


class SegmentDetails:
    """Details of the events of one process, numbered in the order in which the segments were read.

    Any thread may ask while one thread tells of further segments. A segment that was merged with others since is found
    in the one that took its place; of one that is kept no longer nothing is known any more: ids are empty then, the
    rest null.
    """

    def __init__(self, store: Store, process: str, files: "_Files | None" = None) -> None:
        self._process = process
        self._files = _Files(store, process) if files is None else files
        self._ids: list[int] = []
        self._first: list[int] = [0]
        """Where the events of each begin; one more than segments."""
        self._stored: list[int] = [0]
        """The same among all that stand in the segments, without a number as well."""
        self._begins = np.zeros(1, np.int64)
        """The same as an array; may lack the last ones."""
        self._some = np.zeros(0, np.int64)
        """Places of the first events, where not all of the segments' are numbered; the others follow on `_behind`."""
        self._behind = 0

    def kept(self) -> dict[str, dict[str, npt.NDArray[Any]]]:
        """Tables for `restored`; any thread may ask."""
        with self._files.lock:
            ends = {"first": np.array(self._first, np.int64), "stored": np.array(self._stored, np.int64)}
            return {
                "segments": {"id": np.array(self._ids, np.int64)},
                "ends": ends,
                "some": {"place": self._some},
                "behind": {"count": np.array([self._behind])},
            }

    @classmethod
    def restored(cls, store: Store, process: str, kept: Kept) -> "SegmentDetails":
        """What gave these tables."""
        found = cls(store, process)
        found._ids = kept.numbers("segments", "id").tolist()
        found._first, found._stored = (kept.numbers("ends", name).tolist() for name in ("first", "stored"))
        found._some, found._behind = kept.numbers("some", "place"), int(kept.numbers("behind", "count")[0])
        return found

    @property
    def bytes(self) -> int:
        """Memory held, in bytes."""
        return self._files.bytes + 100 * len(self._ids) + self._some.nbytes

    def begin(self, segment: int, count: int) -> None:
        """The next `count` events are those of a segment (its id)."""
        with self._files.lock:
            self._next(segment, count, count)

    def skip(self, segment: int, count: int) -> None:
        """The `count` events of a segment (its id) get no number; what it is merged with is found all the same."""
        with self._files.lock:
            self._next(segment, 0, count)

    def renumbered(self, kept: Rows) -> "SegmentDetails":
        """Of some events only, numbered anew from 0 in the order of `kept` (ascending); this one stays as it is."""
        with self._files.lock:
            places = self._placed(kept)
            at = max(bisect.bisect_right(self._first, int(places[0])) - 1, 0) if len(places) else len(self._ids)
            begin = self._first[at]
            fresh = SegmentDetails(self._files.store, self._process, self._files)
            fresh._ids, fresh._first = self._ids[at:], [first - begin for first in self._first[at:]]
            fresh._stored = self._stored[at:]
            fresh._some, fresh._behind = places - begin, fresh._first[-1]
            return fresh

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
            found[name] = one_array(pa.chunked_array(chunks, kind).unify_dictionaries().take(where))
        return found

    def _taken(self, name: str, rows: Rows) -> pa.Array:
        place, local = self._located(rows)
        used, at = np.unique(place, return_inverse=True)
        if not len(used):
            return pa.array([], EVENT_SCHEMA.field(name).type)
        parts = [self._column(int(each), name) for each in used]
        begin = np.append(0, np.cumsum([len(part) for part in parts]))
        return one_array(pa.chunked_array(parts).take(pa.array(begin[at] + local)))

    def _next(self, segment: int, numbered: int, stored: int) -> None:
        self._ids.append(segment)
        self._first.append(self._first[-1] + numbered)
        self._stored.append(self._stored[-1] + stored)
        self._files.forget_listing()

    def _placed(self, rows: Rows) -> Rows:
        """Where the events stand among all of the segments."""
        some = len(self._some)
        if not some:
            return rows + self._behind
        return np.where(rows < some, self._some[np.minimum(rows, some - 1)], rows - some + self._behind)

    def _located(self, rows: Rows) -> tuple[Rows, Rows]:
        """Which of the segments each event is in, and where in it."""
        with self._files.lock:
            if len(self._begins) != len(self._first):
                self._begins = np.array(self._first, np.int64)
            first, placed = self._begins, self._placed(rows)
        place = np.searchsorted(first[:-1], placed, side="right") - 1
        return place, placed - first[place]

    def _length(self, place: int) -> int:
        """How many events of the process a segment has."""
        return self._first[place + 1] - self._first[place]

    def _column(self, place: int, name: str) -> pa.Array:
        """A column of the events of one segment; nulls where it is there no more."""
        with self._files.lock:
            for _ in range(2):
                try:
                    found = self._part(place, name)
                    if found is not None:
                        return found
                except FileNotFoundError:
                    pass  # merged, or let go, a moment ago
                except UNREADABLE:
                    break
                self._files.forget_listing()
            return pa.nulls(self._length(place), EVENT_SCHEMA.field(name).type)

    def _part(self, place: int, name: str) -> pa.Array | None:
        """The same, None where no segment stands for it: a merged one has the id of its last, and all rows in order."""
        there = self._files.listing()
        at = bisect.bisect_left(there, self._ids[place], key=lambda segment: segment.id)
        if at == len(there):
            return None
        segment, before = there[at], there[at - 1].id if at else 0
        low, high = bisect.bisect_right(self._ids, before), bisect.bisect_right(self._ids, segment.id)
        column = self._files.column(segment, name)
        # What was merged with them and never read, because it is too old, comes first.
        begin = len(column) - (self._stored[high] - self._stored[place])
        return column.slice(begin, self._length(place)) if begin >= 0 and low <= place else None

    def _fields_of(self, place: int) -> dict[str, pa.Array]:
        """The further fields of the events of a segment, a column each."""

        def made() -> dict[str, pa.Array]:
            maps = self._column(place, "fields")
            columns = {} if maps.null_count else field_columns(maps, len(maps) + 1)[0]
            return {name: column.dictionary_encode() for name, column in columns.items()}

        with self._files.lock:
            return self._files.fields.get(self._ids[place], made)


class _Files:
    """Reads columns of the segments of one process, and keeps what was read last. Whoever asks holds `lock`."""

    def __init__(self, store: Store, process: str) -> None:
        self.store, self._process = store, process
        self.lock = threading.RLock()
        self.fields: _Recent[dict[str, pa.Array]] = _Recent(
            _KEPT_FIELDS, lambda columns: sum(column.nbytes for column in columns.values())
        )
        self._columns: _Recent[pa.Array] = _Recent(_KEPT, lambda column: column.nbytes)
        self._there: list[Segment] = []

    @property
    def bytes(self) -> int:
        """Memory held, in bytes."""
        return self.fields.bytes + self._columns.bytes

    def forget_listing(self) -> None:
        """The store's segments may be others than before."""
        self._there = []

    def listing(self) -> list[Segment]:
        """The store's segments of events."""
        self._there = self._there or list(self.store.segments("events"))
        return self._there

    def column(self, segment: Segment, name: str) -> pa.Array:
        """A column of the events of the process in a segment's file."""

        def read() -> pa.Array:
            table = pq.ParquetFile(segment.path).read(columns=["process", name])
            mine = table.filter(pc.fill_null(pc.equal(table["process"], self._process), False))
            return one_array(mine[name].cast(EVENT_SCHEMA.field(name).type))

        return self._columns.get((segment.path.name, name), read)


class _Recent(Generic[Made]):
    """The newest of what was made, up to so many bytes; the last one in any case."""

    def __init__(self, most: int, size: Callable[[Made], int]) -> None:
        self._most, self._size = most, size
        self._there: OrderedDict[Hashable, tuple[Made, int]] = OrderedDict()
        self.bytes = 0

    def get(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """What is kept under `key`, else made now."""
        if key not in self._there:
            made = make()
            self._there[key] = (made, self._size(made))
            self.bytes += self._there[key][1]
            while self.bytes > self._most and len(self._there) > 1:
                self.bytes -= self._there.popitem(last=False)[1][1]
        self._there.move_to_end(key)
        return self._there[key][0]
