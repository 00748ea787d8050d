"""Reads the committed segments of a data folder batch by batch, while the service goes on writing."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import structlog

from collector.store import SPAN_SCHEMA, Kind, Segment, Store
from collector.store.inbox import STATE
from collector.vocabulary.errors import RetryableError
from collector.vocabulary.schema import EVENT_SCHEMA, LINK_SCHEMA

BATCH_ROWS: Final = 1 << 15
CASE: Final = pa.field("case_id", pa.string())

log = structlog.get_logger()


class Rows:
    """Rows of a kind, in the order in which they were committed."""

    def __init__(
        self,
        store: Store,
        kind: Kind,
        kept: pa.Schema,
        schema: pa.Schema,
        change: Callable[[pa.RecordBatch], pa.RecordBatch],
        leading: Mapping[str, str] | None = None,
    ) -> None:
        self.schema = schema
        self.leading = leading or {}
        """Object type of the cases of each process."""
        self.unreadable: list[str] = []
        """Names of segment files that could not be read."""
        self._store, self._kind, self._kept, self._change = store, kind, kept, change

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        return (self._change(batch) for batch in self.plain())

    def plain(self) -> Iterator[pa.RecordBatch]:
        """The rows as they are kept. RetryableError where rows were taken out of the store meanwhile."""
        segments = self._store.segments(self._kind)
        generation, rows = self._store.generation(), sum(each.rows for each in segments)
        done = 0
        for number, segment in enumerate(segments):
            try:
                for batch in _batches(segment, 0):
                    yield self._cast(batch)
            except FileNotFoundError:
                break
            except (OSError, pa.ArrowException) as error:
                self._skip(segment, error)
            done = number + 1
        else:
            return
        # Small segments have been put together; the order of the rows is the same.
        skip = sum(each.rows for each in segments[:done])
        last = segments[-1].id
        now = [each for each in self._store.segments(self._kind) if each.id <= last]
        if self._store.generation() != generation or sum(each.rows for each in now) != rows:
            raise RetryableError("what was read has been changed meanwhile: run it again")
        for segment in now:
            if skip >= segment.rows:
                skip -= segment.rows
                continue
            try:
                for batch in _batches(segment, skip):
                    yield self._cast(batch)
            except FileNotFoundError as error:
                raise RetryableError("segments are put together faster than they are read: run it again") from error
            except (OSError, pa.ArrowException) as error:
                self._skip(segment, error)
            skip = 0

    def links(self) -> list[pa.RecordBatch]:
        """All case links."""
        found = []
        for segment in self._store.segments("links"):
            found += [batch.cast(LINK_SCHEMA) for batch in _batches(segment, 0)]
        return found

    def _skip(self, segment: Segment, error: Exception) -> None:
        self.unreadable.append(segment.path.name)
        log.error("export.unreadable", file=str(segment.path), error=str(error))

    def _cast(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        if batch.schema.equals(self._kept):
            return batch
        # A segment of an earlier version lacks what was added since.
        columns = [
            batch.column(field.name).cast(field.type)
            if field.name in batch.schema.names
            else pa.nulls(batch.num_rows, field.type)
            for field in self._kept
        ]
        return pa.RecordBatch.from_arrays(columns, schema=self._kept)


def _batches(segment: Segment, skip: int) -> Iterator[pa.RecordBatch]:
    """The rows of a segment but the first `skip`."""
    with pq.ParquetFile(segment.path) as file:
        for batch in file.iter_batches(batch_size=BATCH_ROWS):
            if skip < batch.num_rows:
                yield batch.slice(skip)
            skip = max(0, skip - batch.num_rows)


def spans(store: Store, columns: Sequence[str]) -> Rows:
    """Spans with the given columns."""
    schema = pa.schema([SPAN_SCHEMA.field(name) for name in columns])
    return Rows(store, "spans", SPAN_SCHEMA, schema, lambda batch: batch.select(list(columns)))


def events(
    store: Store, leading: Mapping[str, str], process: str | None = None, columns: Sequence[str] | None = None
) -> Rows:
    """Events, of one process or all, with the case of each: its first object of the leading type, else its last link.

    `leading` gives the object type of the cases of each process; of others it is what their imports had.
    """
    fields = [*list(EVENT_SCHEMA)[:2], CASE, *list(EVENT_SCHEMA)[2:]]
    whole = pa.schema(fields)
    wanted = list(columns) if columns is not None else whole.names
    types = {**_imported(store), **leading}
    cases = _Cases(types)

    def change(batch: pa.RecordBatch) -> pa.RecordBatch:
        if process is not None:
            batch = batch.filter(pc.equal(batch.column("process").cast(pa.string()), process))
        if "case_id" in wanted:
            if cases.links is None:
                cases.links = rows.links()
            batch = pa.RecordBatch.from_arrays([*batch.columns, cases.of(batch)], schema=batch.schema.append(CASE))
        return batch.select(wanted).cast(rows.schema)

    schema = pa.schema([whole.field(name) for name in wanted])
    rows = Rows(store, "events", EVENT_SCHEMA, schema, change, types)
    return rows


def _imported(store: Store) -> dict[str, str]:
    """The leading object type of processes whose events were imported."""
    import json

    found: dict[str, str] = {}
    for value in store.state(STATE).values():
        about = json.loads(value)
        if isinstance(about.get("leading"), str):
            found[str(about["process"])] = about["leading"]
    return found


class _Cases:
    """Finds the case of each event."""

    def __init__(self, leading: Mapping[str, str]) -> None:
        self._leading = leading
        self.links: list[pa.RecordBatch] | None = None
        self._linked: tuple[pa.Array, pa.Array] | None = None

    def of(self, batch: pa.RecordBatch) -> pa.Array:
        """The case id of every event of a batch, null without one."""
        processes = batch.column("process").cast(pa.string())
        case = self._named(batch.column("objects"), processes)
        if not case.null_count:
            return case
        keys, ids = self._by_key()
        if not len(keys):
            return case
        wanted = pc.binary_join_element_wise(processes, batch.column("event_id"), "\x1f")
        return pc.coalesce(case, ids.take(pc.index_in(wanted, value_set=keys)))

    def _named(self, objects: pa.ListArray, processes: pa.Array) -> pa.Array:
        encoded = processes.dictionary_encode()
        types = pa.array([self._leading.get(name) for name in encoded.dictionary.to_pylist()], pa.string())
        parents = pc.list_parent_indices(objects)
        flat = objects.flatten()
        kinds, ids = flat.field("type"), flat.field("id")
        meant = pc.fill_null(pc.equal(kinds, types.take(encoded.indices).take(parents)), False)
        at = np.flatnonzero(np.asarray(meant.to_numpy(zero_copy_only=False)))
        rows, first = np.unique(np.asarray(parents.to_numpy(zero_copy_only=False))[at], return_index=True)
        place = np.full(len(objects), -1, dtype=np.int64)
        place[rows] = at[first]
        return ids.take(pa.array(place, mask=place < 0))

    def _by_key(self) -> tuple[pa.Array, pa.Array]:
        """Process and event id of each link, the last first, and its case."""
        if self._linked is None:
            table = pa.Table.from_batches(self.links or [], LINK_SCHEMA).combine_chunks()
            table = table.take(pa.array(np.arange(len(table))[::-1]))
            keys = pc.binary_join_element_wise(table["process"], table["event_id"], "\x1f")
            self._linked = keys.combine_chunks(), table["case_id"].combine_chunks()
            self.links = []
        return self._linked
