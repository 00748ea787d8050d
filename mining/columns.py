"""Arrow columns as numpy arrays in the form the arena and its kernels want."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from collector.vocabulary.errors import PermanentError
from mining.arena import NO_CODE, NO_TIME, Codes, Times


def whole(table: pa.Table, name: str) -> pa.Array:
    """The column of a table whose chunks have been combined as one array; PermanentError where it is too large."""
    column = table.column(name)
    if column.num_chunks > 1:  # Arrow leaves apart what its 32-bit offsets cannot hold together
        raise PermanentError(f"the events hold more than 2 GiB of text in {name}: take fewer, or a shorter window")
    return column.chunk(0) if column.num_chunks else pa.array([], column.type)


def integers(column: pa.Array) -> Times:
    """An int64 or timestamp column, null as NO_TIME."""
    return np.asarray(column.cast(pa.int64()).fill_null(NO_TIME).to_numpy(zero_copy_only=False))


def words(column: pa.Array, rows: npt.NDArray[np.int64]) -> tuple[Codes, tuple[str, ...]]:
    """Codes of the given rows and the words in order of their text; words that no row has are left out."""
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    raw = column.indices.cast(pa.int64()).fill_null(NO_CODE).to_numpy(zero_copy_only=False)[rows]
    entries = column.dictionary.to_pylist()
    used = np.zeros(len(entries) + 1, np.bool_)
    used[raw] = True  # NO_CODE marks the spare last place
    names = tuple(sorted({entries[i] for i in np.flatnonzero(used[:-1]) if entries[i] is not None}))
    place = {name: code for code, name in enumerate(names)}
    codes = np.full(len(entries) + 1, NO_CODE, np.int32)
    for i in np.flatnonzero(used[:-1]):
        codes[i] = place.get(entries[i], NO_CODE)
    return codes[raw], names


def string_buffers(column: pa.Array) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.uint8]]:
    """Offsets (rows + 1) and bytes of a string column, copied nowhere and not to be written to."""
    _, offsets, data = column.cast(pa.string()).buffers()
    if offsets is None or len(column) == 0:
        starts = np.zeros(1, np.int32)
    else:
        starts = np.frombuffer(offsets, np.int32)[column.offset : column.offset + len(column) + 1]
    raw = np.zeros(0, np.uint8) if data is None else np.frombuffer(data, np.uint8)
    starts.flags.writeable = raw.flags.writeable = False
    return starts, raw


def field_columns(maps: pa.MapArray, most: int) -> tuple[dict[str, pa.StringArray], int]:
    """One string column a key of a map column, null where a row lacks the key; and how many keys were left out.

    Of a key given twice in a row the last counts. Of more than `most` keys the most frequent become columns: keys
    that somebody makes up row by row would fill the memory.
    """
    offsets = maps.offsets.to_numpy()
    first, last = int(offsets[0]), int(offsets[-1])
    keys = maps.keys.slice(first, last - first).dictionary_encode()
    codes = keys.indices.to_numpy()
    items = maps.items.slice(first, last - first)
    owner = np.repeat(np.arange(len(maps)), np.diff(offsets))
    by_key = np.argsort(codes, kind="stable")
    bounds = np.searchsorted(codes[by_key], np.arange(len(keys.dictionary) + 1))
    names = keys.dictionary.to_pylist()
    kept = sorted(range(len(names)), key=lambda code: (bounds[code] - bounds[code + 1], names[code]))[:most]
    columns: dict[str, pa.StringArray] = {}
    for code in sorted(kept, key=names.__getitem__):
        positions = by_key[bounds[code] : bounds[code + 1]]
        at = np.full(len(maps), -1, np.int64)
        at[owner[positions]] = positions
        columns[names[code]] = items.take(pa.array(at, mask=at < 0))
    return columns, len(names) - len(kept)


def last_index(values: pa.Array, among: pa.Array) -> npt.NDArray[np.int64]:
    """For each of `values` the last position in `among` that holds it; -1 without one."""
    backwards = among.take(pa.array(np.arange(len(among))[::-1]))
    found = pc.index_in(values, value_set=backwards).cast(pa.int64()).fill_null(-1).to_numpy(zero_copy_only=False)
    return np.where(found < 0, -1, len(among) - 1 - found)
