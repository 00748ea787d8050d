"""Arrow tables without what is erased."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from collector.erasing.scrubber import Scrubber

Mask = npt.NDArray[np.bool_]
RowChange = Callable[[dict[str, Any]], dict[str, Any] | None]


def change_rows(table: pa.Table, rows: Mask, change: RowChange) -> pa.Table | None:
    """`table` with `change` done to the rows of the mask (None: the row goes); None where nothing changes.

    Dictionaries are made anew: a word that no row uses any more is not in the file either.
    """
    places = np.flatnonzero(rows)
    if not len(places):
        return None
    before = table.take(pa.array(places)).to_pylist()
    after = [change(row) for row in before]
    if after == before:
        return None
    fixed = pa.Table.from_pylist([row for row in after if row is not None], schema=table.schema)
    order = np.arange(table.num_rows)
    stays = np.ones(table.num_rows, np.bool_)
    following = table.num_rows
    for place, row in zip(places.tolist(), after, strict=True):
        if row is None:
            stays[place] = False
        else:
            order[place] = following
            following += 1
    whole = pa.concat_tables([table, fixed]).unify_dictionaries().take(pa.array(order[stays]))
    columns = [
        column.combine_chunks().cast(field.type.value_type).dictionary_encode().cast(field.type)
        if pa.types.is_dictionary(field.type)
        else column
        for field, column in zip(whole.schema, whole.columns, strict=True)
    ]
    return pa.Table.from_arrays(columns, schema=table.schema)


def rows_holding(table: pa.Table, scrubber: Scrubber) -> Mask:
    """Rows in which a spelling of it stands somewhere, as a word of its own or not."""
    found = np.zeros(table.num_rows, np.bool_)
    for column in table.columns:
        found |= _holding(column.combine_chunks(), scrubber)
    return found


def scrub_row(row: dict[str, Any], scrubber: Scrubber) -> dict[str, Any]:
    """A row without it."""
    return {name: _scrub(value, name, scrubber) for name, value in row.items()}


def _holding(column: pa.Array, scrubber: Scrubber) -> Mask:
    if isinstance(column, pa.ChunkedArray):
        column = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
    kind = column.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        hit = np.zeros(len(column), np.bool_)
        for spelling in scrubber.spellings:
            hit |= np.asarray(pc.fill_null(pc.match_substring(column, spelling), False), dtype=np.bool_)
        return hit
    if pa.types.is_dictionary(kind):
        words = _holding(column.dictionary, scrubber)
        if not words.any():
            return np.zeros(len(column), np.bool_)
        codes = np.asarray(pc.fill_null(column.indices, -1))
        used: Mask = (codes >= 0) & words[codes]
        return used
    if pa.types.is_struct(kind):
        hit = np.zeros(len(column), np.bool_)
        for each in column.flatten():
            hit |= _holding(each, scrubber)
        return hit
    if pa.types.is_map(kind) or pa.types.is_list(kind):
        offsets = np.asarray(column.offsets)
        inner = [column.keys, column.items] if pa.types.is_map(kind) else [column.values]
        hit = np.zeros(len(column), np.bool_)
        for each in inner:
            places = np.flatnonzero(_holding(each, scrubber))
            places = places[(places >= offsets[0]) & (places < offsets[-1])]
            hit[np.searchsorted(offsets, places, side="right") - 1] = True
        return hit
    return np.zeros(len(column), np.bool_)


def _scrub(value: Any, key: str, scrubber: Scrubber) -> Any:
    match value:
        case str():
            return scrubber.text(value, key)
        case tuple():
            name, inner = value
            return scrubber.text(name), _scrub(inner, name, scrubber)
        case list():
            return [_scrub(each, key, scrubber) for each in value]
        case {"type": kind, "id": object_id, **rest}:
            inside = "object" if scrubber.kind in (None, kind) else "another"
            return {"type": kind, "id": scrubber.text(object_id, inside), **rest}
        case dict():
            return {name: _scrub(each, name, scrubber) for name, each in value.items()}
    return value
