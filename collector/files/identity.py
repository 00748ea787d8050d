"""Which rows of an export are which, so that an export that is written anew with more rows adds only those.

A row is known again by its case, activity, times and actor, and by how many rows with the same were before it.
"""

import hashlib

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from collector.vocabulary.schema import EVENT_SCHEMA

WIDTH = 16
"""Bytes of a row's identity."""


def identities(events: pa.Table) -> pa.FixedSizeBinaryArray:
    """16 bytes for each row of a table of EVENT_SCHEMA, in order; no two rows of a table have the same."""
    case, activity, start, end, actor = _told(events)
    joined = pc.binary_join_element_wise(
        _length(case), case, _length(activity), activity, start, end, actor, "\x1f"
    ).combine_chunks()
    occurrence = _before(joined)
    raw = bytearray()
    for row, number in zip(joined.cast(pa.binary()).to_pylist(), occurrence.tolist(), strict=True):
        raw += hashlib.blake2b(row + b"\x1f%d" % number, digest_size=WIDTH).digest()
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(WIDTH), len(events), [None, pa.py_buffer(bytes(raw))])


def with_identities(events: pa.Table, rows: pa.FixedSizeBinaryArray) -> pa.Table:
    """The same events with ids made from `rows`, which keep the file's order among events of the same times."""
    case, _, start, end, _ = _told(events)
    place = _before(pc.binary_join_element_wise(_length(case), case, start, end, "\x1f").combine_chunks())
    ids = [f"{at:06x}{row.hex()}" for at, row in zip(place.tolist(), rows.to_pylist(), strict=True)]
    at = EVENT_SCHEMA.get_field_index("event_id")
    return events.set_column(at, EVENT_SCHEMA.field(at), pa.array(ids, pa.string()))


def _told(events: pa.Table) -> tuple[pa.ChunkedArray, ...]:
    """Case, activity, start, end and actor as texts."""
    case = pc.struct_field(pc.list_element(events["objects"], 0), "id")
    times = [events[name].cast(pa.int64()).cast(pa.string()) for name in ("start", "end")]
    return case, events["activity"].cast(pa.string()), *times, pc.fill_null(events["actor"].cast(pa.string()), "")


def _length(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """So that no two different rows are joined to the same text."""
    return pc.binary_length(texts).cast(pa.string())


def _before(texts: pa.Array) -> npt.NDArray[np.int64]:
    """How many of the rows before have the same text."""
    codes = np.asarray(texts.dictionary_encode().indices.to_numpy(zero_copy_only=False), dtype=np.int64)
    if not len(codes):
        return codes
    order = np.argsort(codes, kind="stable")
    new = np.r_[True, codes[order][1:] != codes[order][:-1]]
    first = np.flatnonzero(new)
    count = np.empty(len(codes), dtype=np.int64)
    count[order] = np.arange(len(codes)) - first[np.cumsum(new) - 1]
    return count
