"""Rows gathered column by column, and made an Arrow table at the end."""

import itertools
from collections import Counter as Tally
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from collector.converter.span import KINDS
from collector.converter.wire import hex_column
from collector.store.schema import SPAN_SCHEMA
from collector.vocabulary.schema import EVENT_SCHEMA, LINK_SCHEMA

if TYPE_CHECKING:
    from collector.converter.decode import Batch

STATUS: Final = ("unset", "ok", "error")


class SpanColumns:
    """Rows of SPAN_SCHEMA; attributes are the wanted ones and the status message."""

    def __init__(self) -> None:
        self._tables: list[pa.Table] = []

    def __len__(self) -> int:
        return sum(table.num_rows for table in self._tables)

    def add(self, batch: "Batch") -> None:
        """The spans of a batch."""
        spans, rows = batch.spans, batch.rows
        if not len(rows):
            return
        names, name_of = np.unique(batch.names, return_inverse=True)
        resource_of = spans.resource[rows]
        parents = spans.parent[rows]
        parent = hex_column(parents, None)
        if (parents == 0).any():
            parent = _nulled(parent, parents == 0)
        arrays = {
            "trace_id": hex_column(spans.trace_hi[rows], spans.trace_lo[rows]),
            "span_id": hex_column(spans.span_id[rows], None),
            "parent_span_id": parent,
            "name": _words(name_of, [batch.name(code) for code in names.tolist()]),
            "kind": _words(_within(spans.kind[rows], len(KINDS)), KINDS),
            "service": _words(resource_of, [source.service for source in batch.sources]),
            "start": _times(spans.start_ns[rows]),
            "end": _times(spans.end_ns[rows]),
            "status": _words(_within(spans.status[rows], len(STATUS)), STATUS),
            "attributes": _maps(batch.attributes),
            "links": _links(batch),
            "resource": _words(resource_of, [source.json for source in batch.sources]),
            "scope": _words(spans.scope[rows], batch.scopes),
        }
        self._tables.append(pa.table([arrays[field.name] for field in SPAN_SCHEMA], schema=SPAN_SCHEMA))

    def table(self) -> pa.Table:
        """All rows."""
        if not self._tables:
            return SPAN_SCHEMA.empty_table()
        return pa.concat_tables(self._tables).unify_dictionaries()


class EventColumns:
    """Rows of EVENT_SCHEMA."""

    def __init__(self) -> None:
        self._rows: list[tuple[object, ...]] = []
        self._fields: list[dict[str, str]] = []

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, row: tuple[object, ...], fields: dict[str, str]) -> None:
        """One event: every column but `fields`, in the order of the schema."""
        self._rows.append(row)
        self._fields.append(fields)

    def table(self) -> pa.Table:
        """All rows."""
        columns = iter(zip(*self._rows, strict=True)) if self._rows else iter(() for _ in EVENT_SCHEMA)
        arrays = [
            _maps(self._fields) if field.name == "fields" else pa.array(next(columns), field.type)
            for field in EVENT_SCHEMA
        ]
        return pa.Table.from_arrays(arrays, schema=EVENT_SCHEMA)


class Output:
    """What a round writes: events, links (event id, process, case id), and how many new events by process."""

    def __init__(self) -> None:
        self.events = EventColumns()
        self.links: list[tuple[str, str, str]] = []
        self.tally: Tally[str] = Tally()


def links_table(rows: list[tuple[str, str, str]]) -> pa.Table:
    """Rows of LINK_SCHEMA."""
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(LINK_SCHEMA)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, LINK_SCHEMA, strict=True)]
    return pa.Table.from_arrays(arrays, schema=LINK_SCHEMA)


def _maps(rows: list[dict[str, str]]) -> pa.Array:
    """A column of map<string, string>."""
    offsets = np.zeros(len(rows) + 1, np.int32)
    np.cumsum(np.fromiter(map(len, rows), np.int32, len(rows)), out=offsets[1:])
    keys = list(itertools.chain.from_iterable(rows))
    values = list(itertools.chain.from_iterable(row.values() for row in rows))
    return pa.MapArray.from_arrays(pa.array(offsets), pa.array(keys, pa.string()), pa.array(values, pa.string()))


def _links(batch: "Batch") -> pa.Array:
    spans, rows = batch.spans, batch.rows
    begins, counts = spans.link_offsets[rows], spans.link_offsets[rows + 1] - spans.link_offsets[rows]
    offsets = np.zeros(len(rows) + 1, np.int32)
    np.cumsum(counts, out=offsets[1:])
    # The rows' links one behind the other: each row's begin, and on from there.
    taken = np.repeat(begins - offsets[:-1], counts) + np.arange(offsets[-1])
    kind = SPAN_SCHEMA.field("links").type
    pairs = pa.StructArray.from_arrays(
        [hex_column(spans.link_hi[taken], spans.link_lo[taken]), hex_column(spans.link_span[taken], None)],
        fields=list(kind.value_type),
    )
    return pa.ListArray.from_arrays(pa.array(offsets), pairs, type=kind)


def _words(codes: npt.NDArray[np.integer], words: list[str] | tuple[str, ...]) -> pa.Array:
    """A dictionary column; equal words may stand in `words` several times."""
    place = {word: i for i, word in enumerate(dict.fromkeys(words))}
    same = np.array([place[word] for word in words], np.int32)
    return pa.DictionaryArray.from_arrays(pa.array(same[codes]), pa.array(list(place), pa.string()))


def _within(codes: npt.NDArray[np.integer], count: int) -> npt.NDArray[np.integer]:
    return np.where((codes >= 0) & (codes < count), codes, 0)


def _times(nanoseconds: npt.NDArray[np.uint64]) -> pa.Array:
    return pa.array((nanoseconds // np.uint64(1000)).astype(np.int64)).view(pa.timestamp("us", tz="UTC"))


def _nulled(column: pa.Array, gone: npt.NDArray[np.bool_]) -> pa.Array:
    """The column with null where `gone`."""
    bits = pa.py_buffer(np.packbits(~gone, bitorder="little").tobytes())
    return pa.Array.from_buffers(column.type, len(column), [bits, *column.buffers()[1:]], int(np.count_nonzero(gone)))
