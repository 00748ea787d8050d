"""What a live log has counted: its summary, and how the codes of its pool are those of the summary."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from mining.arena import NO_CODE, WORDS, Codes, Times
from mining.columns import one_array
from mining.dictionary import narrow
from mining.live.pool import Columns
from mining.part import Part
from mining.summary.arrow import from_arrow, schema_of, to_arrow
from mining.summary.summary import Summary
from mining.summary.tallying import summarise, tally

TABLE: Final = "summary"


class Counting:
    """The summary of cases that are counted in and out. Its words are numbered as they come."""

    def __init__(self, groups: Sequence[str]) -> None:
        self._begin(Summary({name: [] for name in WORDS}, groups))

    def _begin(self, summary: Summary) -> None:
        self._names: dict[str, list[str]] = {name: list(summary.names.get(name, ())) for name in WORDS}
        summary.names.update(self._names)
        self.summary = summary
        self._codes = {name: {word: code for code, word in enumerate(self._names[name])} for name in WORDS}
        self._tables: dict[str, npt.NDArray[np.signedinteger[Any]]] = {}

    def kept(self) -> dict[str, npt.NDArray[Any] | pa.Array]:
        """Columns of a table for `restored`."""
        table = to_arrow(self.summary)
        return {name: one_array(table[name]) for name in table.column_names}

    @classmethod
    def restored(cls, columns: Mapping[str, npt.NDArray[Any] | pa.Array], groups: Sequence[str]) -> Self:
        """What gave these columns."""
        found = cls(groups)
        found._begin(from_arrow(pa.table(dict(columns), schema_of(groups))))
        return found

    @property
    def bytes(self) -> int:
        """Memory held, in bytes."""
        return self.summary.bytes + 100 * sum(len(words) for words in self._names.values())

    def cleared(self) -> "Counting":
        """One that has counted nothing and knows no words."""
        return Counting(tuple(self.summary.groups))

    def words_moved(self) -> None:
        """The pool has given its words other codes."""
        self._tables.clear()

    def count(self, columns: Columns, words: Mapping[str, Sequence[str]], first: Times, last: Times, sign: int) -> None:
        """Count the cases with the rows `first:last` of the columns in (`sign` 1) or out (-1); `words` by code."""
        if len(first):
            tally(self.summary, self._part(columns, words, first, last), sign)

    def count_many(self, columns: Columns, words: Mapping[str, Sequence[str]], first: Times, last: Times) -> None:
        """Count very many cases in, by more than one thread."""
        part = self._part(columns, words, first, last)
        self.summary.add(summarise(part, self._names, groups=tuple(self.summary.groups)))

    def _part(self, columns: Columns, words: Mapping[str, Sequence[str]], first: Times, last: Times) -> Part:
        codes: dict[str, Codes] = {n: self._own(n, columns[n], words[n]) for n in WORDS if n in columns}
        return Part(
            first=first,
            last=last,
            start=columns["start"],
            end=columns["end"],
            enabled=columns.get("enabled"),
            codes=codes,
            size={name: len(self._names[name]) for name in codes},
            error=columns["error"],
        )

    def _own(self, name: str, codes: Codes, words: Sequence[str]) -> Codes:
        """Codes of the summary for codes of the pool."""
        table = self._tables.get(name)
        if table is None or len(table) <= len(words):
            known, own = self._codes[name], self._names[name]
            for word in words:
                if word not in known:
                    known[word] = len(own)
                    own.append(word)
            table = np.array([*(known[word] for word in words), NO_CODE], narrow(len(own)))
            self._tables[name] = table
        if table.dtype == codes.dtype and np.array_equal(table[:-1], np.arange(len(table) - 1)):
            return codes
        return table[codes]
