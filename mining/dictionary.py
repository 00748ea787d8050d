"""Words become codes: one growing dictionary a column."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from mining.arena import NO_CODE, Codes
from mining.kernels.taking import recode, take_codes

_NARROW: Final = np.iinfo(np.int16).max


def narrow(words: int) -> type[np.int16] | type[np.int32]:
    """The type of codes for so many words."""
    return np.int16 if words <= _NARROW else np.int32


def nothing(value: np.signedinteger[Any], count: int) -> npt.NDArray[Any]:
    """A column of one value, which takes no memory and cannot be written to."""
    return np.broadcast_to(value, count) if count else np.empty(0, value.dtype)


class Dictionary:
    """Words of one column in order of their first sight."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self._codes: dict[str | None, int] = {None: NO_CODE}
        self._seen: pa.Array | None = None
        self._table: npt.NDArray[np.int32] = np.empty(0, np.int32)

    def codes(self, column: pa.Array) -> npt.NDArray[np.int32]:
        """Codes of a column of texts, dictionary-encoded or not; new words get the next ones."""
        if not pa.types.is_dictionary(column.type):
            column = column.dictionary_encode()
        if self._seen is None or not column.dictionary.equals(self._seen):
            self._seen = column.dictionary
            for word in (words := column.dictionary.to_pylist()):
                if word not in self._codes:
                    self._codes[word] = len(self.words)
                    self.words.append(word)
            self._table = np.array([*map(self._codes.__getitem__, words), NO_CODE], np.int32)
        indices = column.indices
        if indices.null_count:
            indices = pc.fill_null(indices.cast(pa.int32()), len(self._table) - 1)
        return np.asarray(self._table.take(indices.to_numpy(zero_copy_only=False)))


class WordColumn:
    """Codes of one column in order of arrival, chunk by chunk; chunks without any word take no memory."""

    def __init__(self) -> None:
        self.dictionary = Dictionary()
        self._chunks: list[Codes | int] = []

    def add(self, column: pa.Array | None, count: int) -> None:
        """The next `count` rows; None where none of them has a word."""
        if column is None or column.null_count == count:
            self._chunks.append(count)
        else:
            self._chunks.append(self.dictionary.codes(column).astype(narrow(len(self.dictionary.words))))

    def into(self, table: Codes, column: int) -> None:
        """Write all rows into a column of `table`; the chunks are let go."""
        low = 0
        for place, chunk in enumerate(self._chunks):
            high = low + (chunk if isinstance(chunk, int) else len(chunk))
            table[low:high, column] = NO_CODE if isinstance(chunk, int) else chunk
            self._chunks[place] = 0
            low = high
        self._chunks = []


def taken(
    columns: Mapping[str, WordColumn], count: int, rows: npt.NDArray[np.int64]
) -> dict[str, tuple[Codes, tuple[str, ...]]]:
    """Per column codes of `rows` (of `count`), and the words that any of these has in order of their text.

    The columns are empty then.
    """
    there = {name: column for name, column in columns.items() if column.dictionary.words}
    sizes = [len(column.dictionary.words) for column in there.values()]
    table = np.empty((count, len(there)), narrow(max(sizes, default=0)))
    for place, column in enumerate(there.values()):
        column.into(table, place)
    found = take_codes(table, rows, sizes)
    del table
    result: dict[str, tuple[Codes, tuple[str, ...]]] = dict.fromkeys(
        columns, (nothing(np.int16(NO_CODE), len(rows)), ())
    )
    for (name, column), codes, used in zip(there.items(), found.codes, found.used, strict=True):
        words = column.dictionary.words
        places = sorted(np.flatnonzero(used).tolist(), key=words.__getitem__)
        ranks = np.full(len(words), NO_CODE, codes.dtype)
        ranks[places] = np.arange(len(places))
        if places != list(range(len(words))):
            recode(codes, ranks)
        result[name] = (codes.astype(narrow(len(places)), copy=False), tuple(words[each] for each in places))
    return result
