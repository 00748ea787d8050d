"""Event columns that grow at the end, and are put in order now and then."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from mining.arena import NO_CODE, NO_TIME, WORDS, Codes
from mining.columns import integers
from mining.dictionary import narrow, nothing
from mining.kernels.ranges import copy_ranges
from mining.kernels.taking import recode, used_codes

Rows = npt.NDArray[np.int64]
Columns = dict[str, npt.NDArray[Any]]
"""Columns of some events by name, of equal length; one that is missing has no value."""
EMPTY: Final[dict[str, Any]] = {
    "start": np.int64(0),
    "end": np.int64(0),
    "rows": np.int64(0),
    "enabled": np.int64(NO_TIME),
    "amount": np.int64(NO_TIME),
    "error": np.bool_(False),
    **dict.fromkeys(WORDS, np.int16(NO_CODE)),
}
"""What stands where a column has no value; its dtype is that of the column at first."""
SLACK: Final = 1 << 12
_OPTIONAL: Final = ("enabled", "amount")


class Pool:
    """All events of a process. Those in order, of the arena, come first and are never written to again.

    Codes of the words are those of `words`: first the arena's, in order of their text, then what came since.
    """

    def __init__(self) -> None:
        self._columns: Columns = {name: np.empty(0, EMPTY[name].dtype) for name in ("start", "end", "rows", "error")}
        self.words: dict[str, list[str]] = {name: [] for name in WORDS}
        self._known: dict[str, dict[str, int]] = {name: {} for name in WORDS}
        self.used: dict[str, int] = {}
        """How many of the words the arena has: the first ones."""
        self.count = 0
        """Rows that are filled, garbage among them."""

    @classmethod
    def restored(cls, columns: Columns, words: Mapping[str, Sequence[str]], used: Mapping[str, int]) -> Self:
        """What had these `columns`, `words` and `used`."""
        found = cls()
        found._columns = dict(columns)
        found.words = {name: list(words[name]) for name in WORDS}
        found._known = {name: {word: code for code, word in enumerate(found.words[name])} for name in WORDS}
        found.used = dict(used)
        found.count = len(columns["start"])
        return found

    @property
    def bytes(self) -> int:
        """Memory held, in bytes, without room that has not been written to: the system gives it when it is."""
        return sum(self.count * column.itemsize for column in self._columns.values())

    def _translate(self, name: str, words: Sequence[str | None]) -> npt.NDArray[np.int32]:
        """Codes of the pool for words of a column, and NO_CODE behind them; new ones are added."""
        known, own = self._known[name], self.words[name]
        for word in words:
            if word is not None and word not in known:
                known[word] = len(own)
                own.append(word)
        return np.array([*(NO_CODE if word is None else known[word] for word in words), NO_CODE], np.int32)

    def encoded(self, batch: pa.RecordBatch, start: Rows, end: Rows, numbers: Rows) -> Columns:
        """Columns to append for a batch of EVENT_SCHEMA; words that are new get codes."""
        columns: Columns = {"start": start, "end": end, "rows": numbers}
        outcome = batch.column("outcome")
        columns["error"] = pc.fill_null(pc.equal(outcome, "error"), False).to_numpy(zero_copy_only=False)
        for name in _OPTIONAL:
            if batch.column(name).null_count < len(batch):
                columns[name] = integers(batch.column(name))
        for name in WORDS:
            column = batch.column(name)
            if column.null_count < len(batch):
                encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
                words = encoded.dictionary.to_pylist()
                table = self._translate(name, words)
                indices = pc.fill_null(encoded.indices.cast(pa.int32()), len(words))
                codes = table.take(indices.to_numpy(zero_copy_only=False))
                columns[name] = codes.astype(narrow(len(self.words[name])))
        return columns

    def take(self, rows: Rows) -> Columns:
        """The columns of some rows."""
        return {name: column.take(rows) for name, column in self._columns.items()}

    def column(self, name: str) -> npt.NDArray[Any]:
        """One column, all rows."""
        found = self._columns.get(name)
        return nothing(EMPTY[name], self.count) if found is None else found[: self.count]

    def columns(self) -> Columns:
        """All columns, all rows; views, not to be written to."""
        return {name: column[: self.count] for name, column in self._columns.items()}

    def append(self, columns: Columns) -> int:
        """Add rows at the end; gives the first of them."""
        first, count = self.count, len(columns["start"])
        needed = first + count
        for name, column in columns.items():
            own = self._columns.get(name)
            if own is None:
                own = np.empty(len(self._columns["start"]), column.dtype)
                own[:first] = EMPTY[name]
            if column.dtype.itemsize > own.dtype.itemsize:
                own = own.astype(column.dtype)
            self._columns[name] = own
        if needed > len(self._columns["start"]):
            self.expect(count + needed // 2 + SLACK)
        for name, own in self._columns.items():
            own[first:needed] = columns.get(name, EMPTY[name])
        self.count = needed
        return first

    def expect(self, count: int) -> None:
        """Make room for so many further rows at once."""
        for name, own in self._columns.items():
            if self.count + count > len(own):
                grown = np.empty(self.count + count, own.dtype)
                grown[: self.count] = own[: self.count]
                self._columns[name] = grown

    def rearrange(self, rows: Rows, inside: int) -> None:
        """Keep only the given rows, in their order, the first `inside` of which make the arena."""

        def one(name: str) -> Columns:
            column = np.empty(_roomy(len(rows)), self._columns[name].dtype)
            self._columns[name].take(rows, out=column[: len(rows)], mode="clip")
            return {name: self._named_anew(name, column, inside, len(rows)) if name in WORDS else column}

        fresh: Columns = {}
        with ThreadPoolExecutor(2) as pool:
            for found in pool.map(one, list(self._columns)):
                fresh |= found
                self._columns.pop(*found)
        self._columns = fresh
        self.count = len(rows)

    def reorder(self, first: Rows, last: Rows, inside: int) -> None:
        """Keep only the rows of the given ranges, in their order, the first `inside` of which make the arena.

        What holds the old columns keeps them as they are.
        """
        total = int((last - first).sum())
        within = int((last[:inside] - first[:inside]).sum())
        fresh: Columns = {}
        for name, own in self._columns.items():
            column = np.empty(_roomy(total), own.dtype)
            copy_ranges(own[: self.count], first, last, column)
            fresh[name] = self._named_anew(name, column, within, total) if name in WORDS else column
        self._columns = fresh
        self.count = total

    def renumber(self, numbers: Rows) -> None:
        """Give all rows these numbers, and forget words that no row has; what an arena holds stays as it is."""
        self._columns["rows"] = numbers
        for name, words in self.words.items():
            if name in self._columns:
                column = self._columns[name][: self.count]
                kept = np.flatnonzero(used_codes(column, len(words)))
            else:
                kept = np.zeros(0, np.int64)
            self.words[name] = [words[code] for code in kept.tolist()]
            self._known[name] = {word: code for code, word in enumerate(self.words[name])}
            if not len(kept):
                self._columns.pop(name, None)
            elif len(kept) < len(words):
                table = np.full(len(words), NO_CODE, column.dtype)
                table[kept] = np.arange(len(kept))
                recode(fresh := column.copy(), table)
                self._columns[name] = fresh.astype(narrow(len(kept)))
        for name, own in self._columns.items():
            self._columns[name] = own[: self.count]

    def arena_columns(self, within: int) -> tuple[dict[str, Codes], dict[str, tuple[str, ...]], Columns]:
        """Of the first `within` rows, right after `reorder`: codes and words, and the other columns."""
        codes, names, others = {}, {}, {}
        for name in EMPTY:
            column = self._columns.get(name)
            part = nothing(EMPTY[name], within) if column is None else column[:within]
            if name in WORDS:
                codes[name] = part
                names[name] = tuple(self.words[name][: self.used.get(name, 0)])
            else:
                others[name] = part
        return codes, names, others

    def _named_anew(self, name: str, column: Codes, within: int, total: int) -> Codes:
        """Codes so that the words of the first `within` rows stand first, in order of their text."""
        words = self.words[name]
        used = used_codes(column[:within], len(words))
        own = sorted(np.flatnonzero(used).tolist(), key=words.__getitem__)
        others = np.flatnonzero(~used).tolist()
        self.used[name] = len(own)
        order = [*own, *others]
        if order == list(range(len(words))):
            return column
        table = np.empty(len(words), column.dtype)
        table[order] = np.arange(len(words))
        recode(column[:total], table)
        self.words[name] = [words[code] for code in order]
        self._known[name] = {word: code for code, word in enumerate(self.words[name])}
        return column


def _roomy(count: int) -> int:
    """Rows to make for `count`, so that the next ones need no copy."""
    return count + count // 16 + SLACK
