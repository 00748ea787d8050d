"""Words become codes: one growing dictionary a column."""

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

    def taken(self, rows: npt.NDArray[np.int64]) -> tuple[Codes, tuple[str, ...]]:
        """Codes of `rows` and the words in order of their text; words that no row has are left out."""
        words = self.dictionary.words
        if not words:
            return nothing(np.int16(NO_CODE), len(rows)), ()
        kind = narrow(len(words))
        chunks: list[npt.NDArray[Any]] = [
            np.full(chunk, NO_CODE, kind) if isinstance(chunk, int) else chunk for chunk in self._chunks
        ]
        self._chunks = []
        codes: Codes = np.concatenate(chunks, dtype=kind)
        chunks.clear()
        taken = take_codes(codes, rows, len(words))
        del codes
        places = sorted(np.flatnonzero(taken.used).tolist(), key=words.__getitem__)
        table = np.full(len(words), NO_CODE, kind)
        table[places] = np.arange(len(places))
        recode(taken.codes, table)
        narrowed = narrow(len(places))
        return taken.codes.astype(narrowed, copy=False), tuple(words[place] for place in places)
