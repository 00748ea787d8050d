"""Further columns of the events, which lie beside an arena and are read when asked for."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from mining.arena import NO_CODE, Codes

Rows = npt.NDArray[np.int64]
MOST_FIELDS: Final = 256
"""Fields that are looked at; of more, which somebody makes up row by row, the most frequent."""


class Details(Protocol):
    """What is known of events beside the columns of the arena; rows are places in order of arrival."""

    def event_ids(self, rows: Rows) -> pa.StringArray:
        """Ids of the events at `rows`."""
        ...

    def trace_ids(self, rows: Rows) -> pa.StringArray:
        """Trace ids of the events at `rows`, null where there is none."""
        ...

    def objects(self, rows: Rows) -> pa.ListArray | None:
        """Objects of the events at `rows` (lists of OBJECT_TYPE); None where no event has any."""
        ...

    def maps(self, rows: Rows) -> pa.MapArray | Mapping[str, pa.Array]:
        """Further fields of the events at `rows`: a map each, or a column a field."""
        ...


class TableDetails:
    """Details held in memory as they came: tables of EVENT_SCHEMA, one after the other."""

    def __init__(self, table: pa.Table) -> None:
        """`table` has the columns event_id, trace_id, objects, fields."""
        self._table = table

    def append(self, table: pa.Table) -> None:
        """The next events."""
        self._table = pa.concat_tables([self._table, table.select(self._table.column_names)])

    def renumbered(self, kept: Rows) -> "TableDetails":
        """Of some events only, numbered anew from 0 in the order of `kept`; this one stays as it is."""
        return TableDetails(self._table.take(pa.array(kept)))

    def event_ids(self, rows: Rows) -> pa.StringArray:
        """See Details."""
        return self._taken("event_id", rows)

    def trace_ids(self, rows: Rows) -> pa.StringArray:
        """See Details."""
        return self._taken("trace_id", rows)

    def objects(self, rows: Rows) -> pa.ListArray | None:
        """See Details."""
        return self._taken("objects", rows)

    def maps(self, rows: Rows) -> pa.MapArray:
        """See Details."""
        return self._taken("fields", rows)

    def _taken(self, name: str, rows: Rows) -> pa.Array:
        found = self._table.column(name).take(pa.array(rows))
        return found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found


class Fields(Mapping[str, pa.StringArray]):
    """Further columns of the events of an arena by name, null where an event has none; made when first asked for."""

    def __init__(self, details: Details, rows: Rows) -> None:
        self._details, self._rows = details, rows
        self._columns: dict[str, pa.Array] | None = None
        self._lock = threading.Lock()
        self.left_out = 0
        """How many fields there are beyond MOST_FIELDS; known once the columns are made."""

    def __getitem__(self, name: str) -> pa.StringArray:
        column = self._made()[name]
        return column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column

    def __iter__(self) -> Iterator[str]:
        return iter(self._made())

    def __len__(self) -> int:
        return len(self._made())

    def encoded(self, name: str) -> pa.DictionaryArray:
        """Codes of a field, null where an event has none, and its different values."""
        column = self._made()[name]
        return column if pa.types.is_dictionary(column.type) else column.dictionary_encode()

    def coded(self, name: str, most: int) -> tuple[Codes, tuple[str, ...]] | None:
        """Codes and words of a field; None where it has more than `most` different values, or none."""
        column = self.encoded(name)
        if not 1 <= len(column.dictionary) <= most:
            return None
        codes = column.indices.fill_null(NO_CODE).to_numpy(zero_copy_only=False)
        return codes.astype(np.int32), tuple(column.dictionary.to_pylist())

    def _made(self) -> dict[str, pa.Array]:
        with self._lock:  # several threads may ask first
            if self._columns is None:
                found = self._details.maps(self._rows)
                if isinstance(found, pa.MapArray):
                    self._columns, self.left_out = field_columns(found, MOST_FIELDS)
                else:
                    self._columns, self.left_out = most_frequent(found, MOST_FIELDS)
            return self._columns


def most_frequent(columns: Mapping[str, pa.Array], most: int) -> tuple[dict[str, pa.Array], int]:
    """Of the columns that hold anything the `most` that hold most, by name; and how many were left out."""
    filled = {name: len(column) - column.null_count for name, column in columns.items()}
    there = sorted((name for name, count in filled.items() if count), key=lambda name: (-filled[name], name))
    return {name: columns[name] for name in sorted(there[:most])}, max(len(there) - most, 0)


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
    names: Sequence[str] = keys.dictionary.to_pylist()
    kept = sorted(range(len(names)), key=lambda code: (bounds[code] - bounds[code + 1], names[code]))[:most]
    columns: dict[str, pa.StringArray] = {}
    for code in sorted(kept, key=names.__getitem__):
        positions = by_key[bounds[code] : bounds[code + 1]]
        at = np.full(len(maps), -1, np.int64)
        at[owner[positions]] = positions
        columns[names[code]] = pc.take(items, pa.array(at, mask=at < 0))
    return columns, len(names) - len(kept)
