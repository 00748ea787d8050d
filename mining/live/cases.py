"""The cases of a live log: their ids, and where the events of each stand."""

from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from mining.arena import Times
from mining.keeping import Kept
from mining.kernels.intern import Interner
from mining.kernels.text_order import text_order
from mining.kernels.text_place import text_place

_COLUMNS = ("first", "last", "ended", "inside")


class Cases:
    """Cases numbered as they come; the events of case `i` are rows `first[i]:last[i]` of the pool (none: equal).

    A case has its columns from `reserve` on.
    """

    def __init__(self) -> None:
        self.ids = Interner()
        self.first: Times = np.zeros(0, np.int64)
        self.last: Times = np.zeros(0, np.int64)
        self.ended: Times = np.zeros(0, np.int64)
        """Its latest end, µs UTC."""
        self.inside: npt.NDArray[np.bool_] = np.zeros(0, np.bool_)
        """Whether it is in the window, and so counted."""
        self._ordered: Times = np.zeros(0, np.int64)
        """In order of their ids; those beyond its length came since."""

    def __len__(self) -> int:
        """How many have columns."""
        return len(self.first)

    def kept(self) -> dict[str, dict[str, npt.NDArray[Any] | pa.Array]]:
        """Tables for `restored`."""
        self.reserve()
        columns = {name: getattr(self, name) for name in _COLUMNS}
        return {"cases": {"id": self.ids.texts(), **columns}, "order": {"case": self._ordered}}

    @classmethod
    def restored(cls, kept: Kept) -> Self:
        """What gave these tables."""
        found = cls()
        found.ids = Interner.restored(kept.tables["cases"]["id"])
        for name in _COLUMNS:
            setattr(found, name, kept.numbers("cases", name))
        found._ordered = kept.numbers("order", "case")
        return found

    @property
    def bytes(self) -> int:
        """Memory held, in bytes."""
        columns = (self._ordered, self.first, self.last, self.ended, self.inside)
        return self.ids.bytes + sum(column.nbytes for column in columns)

    @property
    def there(self) -> npt.NDArray[np.bool_]:
        """Which have events."""
        return self.last > self.first

    def reserve(self) -> None:
        """Columns for the cases that are new."""
        more = len(self.ids) - len(self.first)
        if more > 0:
            for name in _COLUMNS:
                column = getattr(self, name)
                setattr(self, name, np.concatenate([column, np.zeros(more, column.dtype)]))

    def in_order(self) -> Times:
        """All cases in order of their ids."""
        offsets, raw = self.ids.buffers()
        fresh = np.arange(len(self._ordered), len(self.ids))
        if len(fresh):
            first = offsets[len(self._ordered)]
            fresh = fresh[text_order(offsets[len(self._ordered) :] - first, raw[first : offsets[-1]])]
            self._ordered = np.insert(self._ordered, text_place(offsets, raw, self._ordered, fresh), fresh)
        return self._ordered

    def put(self, cases: Times, offsets: Times, ends: Times, first: int) -> Times:
        """Their events stand at `first + offsets` from now on, and end at `ends`; gives those that have any."""
        self.first[cases], self.last[cases] = first + offsets[:-1], first + offsets[1:]
        full = np.flatnonzero(np.diff(offsets))
        found = cases[full]
        if len(full):
            self.ended[found] = np.maximum.reduceat(ends, offsets[full])
        return found

    def keep(self, kept: Times, table: npt.NDArray[np.int32]) -> None:
        """Forget all but these (ascending), which are numbered from 0; `table` gives the new number of each, or -1."""
        texts = self.ids.texts().take(pa.array(kept))
        self.ids = Interner()
        self.ids.codes(texts)
        ordered = table[self._ordered]
        self._ordered = ordered[ordered >= 0].astype(np.int64)
        for name in _COLUMNS:
            setattr(self, name, getattr(self, name)[kept])
