"""Columns of the event schema from columns of a file."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from collector.files.lifecycle import Rows
from collector.files.times import NO_TIME, Times
from collector.vocabulary.schema import EVENT_SCHEMA, OBJECT_TYPE

_QUOTED: Final = r'^="(.*)"$'


def as_text(column: pa.Array) -> pa.Array:
    """Any flat column as texts."""
    return column if pa.types.is_string(column.type) else pc.cast(column, pa.string())


def words_of(column: pa.Array) -> pa.Array:
    """Texts without surrounding spaces (shops' exports end order numbers with a tab) and without Excel's ="…".

    Of a dictionary-encoded column only the dictionary is looked at, and it stays one.
    """
    if pa.types.is_dictionary(column.type):
        texts = words_of(column.dictionary)
        return column if texts is column.dictionary else pa.DictionaryArray.from_arrays(column.indices, texts)
    texts = pc.utf8_trim_whitespace(as_text(column))
    if pc.any(pc.starts_with(texts, '="')).as_py():
        texts = pc.replace_substring_regex(texts, _QUOTED, r"\1")
    empty = pc.equal(texts, "")
    return pc.if_else(empty, pa.scalar(None, pa.string()), texts) if pc.any(empty).as_py() else texts


def valid(column: pa.Array) -> npt.NDArray[np.bool_]:
    """Which cells are not empty."""
    if column.null_count == 0 and not pa.types.is_dictionary(column.type):
        return np.ones(len(column), np.bool_)
    return np.asarray(pc.is_valid(column).to_numpy(zero_copy_only=False))


def taken(column: pa.Array | pa.ChunkedArray, rows: Rows) -> pa.Array:
    """The rows of a column; itself, where these are all in their order."""
    if len(rows) != len(column) or not np.array_equal(rows, np.arange(len(column))):
        column = column.take(pa.array(rows))
    if not isinstance(column, pa.ChunkedArray):
        return column
    return column.unify_dictionaries().combine_chunks()


def merged(column: pa.Array, first: Rows, last: Rows) -> pa.Array:
    """Of a pair, what the completing record says, else what the starting one says."""
    ended = taken(column, last)
    return ended if np.array_equal(first, last) else pc.coalesce(ended, taken(column, first))


def stamps(values: Times) -> pa.Array:
    """Microseconds UTC as timestamps, NO_TIME as null."""
    return pa.array(values, pa.int64(), mask=values == NO_TIME).cast(pa.timestamp("us", "UTC"))


def constant(value: str, length: int) -> pa.Array:
    """One word `length` times, dictionary-encoded."""
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(length, dtype=np.int32)), pa.array([value], pa.string()))


def case_objects(cases: pa.Array, leading: str) -> pa.Array:
    """For every event a list with its one object, the case."""
    count = len(cases)
    things = pa.StructArray.from_arrays(
        [pa.repeat(pa.scalar(leading), count), cases, pa.nulls(count, pa.string())], fields=list(OBJECT_TYPE)
    )
    return pa.ListArray.from_arrays(
        pa.array(np.arange(count + 1, dtype=np.int32)), things, type=EVENT_SCHEMA.field("objects").type
    )


def rest_fields(names: Sequence[str], columns: Sequence[pa.Array], count: int) -> pa.Array:
    """What is left of each line, as a map without its empty cells."""
    kind = EVENT_SCHEMA.field("fields").type
    if not columns or not count:
        offsets = np.zeros(count + 1, dtype=np.int32)
        return pa.MapArray.from_arrays(
            pa.array(offsets), pa.array([], pa.string()), pa.array([], pa.string()), type=kind
        )
    columns = [as_text(column) for column in columns]
    given = np.stack([valid(column) for column in columns], axis=1)
    offsets = np.r_[0, np.cumsum(given.sum(axis=1))].astype(np.int32)
    row, which = np.nonzero(given)
    together = pa.chunked_array(list(columns)).combine_chunks()
    items = together.take(pa.array(which * count + row))
    return pa.MapArray.from_arrays(
        pa.array(offsets), pa.array(list(names), pa.string()).take(pa.array(which)), items, type=kind
    )
