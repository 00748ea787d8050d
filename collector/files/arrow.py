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
        if texts is column.dictionary:
            return column
        # Dictionaries with an empty word, or one twice, cannot be unified.
        return texts.take(column.indices).dictionary_encode()
    texts = as_text(column)
    if _is_bare(texts):
        return texts
    texts = pc.utf8_trim_whitespace(texts)
    if pc.any(pc.starts_with(texts, '="')).as_py():
        texts = pc.replace_substring_regex(texts, _QUOTED, r"\1")
    empty = pc.equal(texts, "")
    return pc.if_else(empty, pa.scalar(None, pa.string()), texts) if pc.any(empty).as_py() else texts


def _is_bare(texts: pa.Array) -> bool:
    """Whether a look at first and last bytes shows that there is nothing to take off and no text is empty."""
    if not len(texts) or texts.null_count or not pa.types.is_string(texts.type):
        return False
    _, places, data = texts.buffers()
    offsets = np.frombuffer(places, np.int32)[texts.offset : texts.offset + len(texts) + 1]
    if data is None or not (offsets[1:] > offsets[:-1]).all():
        return False
    raw = np.frombuffer(data, np.uint8)
    # Between ! and ~, so no space of any script; of the first signs = may begin Excel's ="…".
    first, last = raw[offsets[:-1]], raw[offsets[1:] - 1]
    return bool(
        min(first.min(), last.min()) > ord(" ") and max(first.max(), last.max()) < 127 and not (first == ord("=")).any()
    )


def valid(column: pa.Array) -> npt.NDArray[np.bool_]:
    """Which cells are not empty."""
    if all_valid(column):
        return np.ones(len(column), np.bool_)
    return np.asarray(pc.is_valid(column).to_numpy(zero_copy_only=False))


def all_valid(column: pa.Array) -> bool:
    """Whether no cell is empty."""
    return column.null_count == 0 and (not pa.types.is_dictionary(column.type) or column.dictionary.null_count == 0)


def taken(column: pa.Array | pa.ChunkedArray, rows: Rows | None) -> pa.Array:
    """The rows of a column; itself, where these are all in their order (None)."""
    if rows is not None and (len(rows) != len(column) or not np.array_equal(rows, np.arange(len(column)))):
        column = column.take(pa.array(rows))
    if not isinstance(column, pa.ChunkedArray):
        return column
    return column.unify_dictionaries().combine_chunks()


def merged(column: pa.Array, first: Rows | None, last: Rows | None) -> pa.Array:
    """Of a pair, what the completing record says, else what the starting one says."""
    ended = taken(column, last)
    if first is last or first is None or last is None or np.array_equal(first, last):
        return ended
    return pc.coalesce(ended, taken(column, first))


def stamps(values: Times) -> pa.Array:
    """Microseconds UTC as timestamps, NO_TIME as null."""
    missing = values.min(initial=0) == NO_TIME
    return pa.array(values, pa.int64(), mask=values == NO_TIME if missing else None).cast(pa.timestamp("us", "UTC"))


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
