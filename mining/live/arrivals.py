"""What is known of every event by the number of its arrival."""

from typing import Any, Self

import numpy as np
import numpy.typing as npt

from mining.keeping import Kept
from mining.kernels.id_map import NOTHING, Hashes, IdMap, Numbers

NO_CASE = -1
GONE = -2
"""Corrected by a later event, or let go."""


class Arrivals:
    """Events are numbered from 0 as they arrive; an event that comes again is another number, which counts instead."""

    def __init__(self) -> None:
        self._numbers = IdMap()
        self._links = IdMap()
        self._case = np.empty(1 << 10, np.int32)
        self._named = np.empty(1 << 10, np.bool_)
        self._backwards = np.empty(1 << 10, np.bool_)
        self.count = 0

    def kept(self) -> dict[str, dict[str, npt.NDArray[Any]]]:
        """Tables for `restored`."""
        upto = slice(0, self.count)
        tables = {
            "arrivals": {"case": self._case[upto], "named": self._named[upto], "backwards": self._backwards[upto]}
        }
        for name, known in (("events", self._numbers), ("links", self._links)):
            hashes, numbers = known.entries()
            tables[name] = {"hash": hashes, "number": numbers}
        return tables

    @classmethod
    def restored(cls, kept: Kept) -> Self:
        """What gave these tables."""
        found = cls()
        found._numbers, found._links = (
            IdMap.restored(kept.numbers(name, "hash"), kept.numbers(name, "number")) for name in ("events", "links")
        )
        found._case, found._named, found._backwards = (
            kept.numbers("arrivals", name) for name in ("case", "named", "backwards")
        )
        found.count = len(found._case)
        return found

    @property
    def bytes(self) -> int:
        """Memory held, in bytes, without room that has not been written to."""
        each = self._case.itemsize + self._named.itemsize + self._backwards.itemsize
        return self._numbers.bytes + self._links.bytes + each * self.count

    def expect(self, count: int) -> None:
        """Make room for so many further events at once."""
        self._numbers.expect(count)
        room = self.count + count
        self._case, self._named, self._backwards = (
            _with_room(column, self.count, room) for column in (self._case, self._named, self._backwards)
        )

    def add(
        self, hashes: Hashes, case: npt.NDArray[np.int32], backwards: npt.NDArray[np.bool_]
    ) -> tuple[Numbers, Numbers]:
        """Number new events; `case` is what each names itself, `backwards` whether it ended before it started.

        Those that name none get the case of the last link there was for them. Gives their numbers, and the numbers of
        those they correct (NOTHING: none).
        """
        numbers = np.arange(self.count, self.count + len(hashes))
        before = self._numbers.put(hashes, numbers)
        named = case >= 0
        missing = np.flatnonzero(~named)
        if len(missing) and len(self._links):
            case = case.copy()
            case[missing] = self._links.get(hashes[missing])
        self._case = _put(self._case, self.count, case)
        self._named = _put(self._named, self.count, named)
        self._backwards = _put(self._backwards, self.count, backwards)
        self.count += len(hashes)
        return numbers, before

    def link(self, hashes: Hashes, case: npt.NDArray[np.int32]) -> tuple[Numbers, npt.NDArray[np.int32]]:
        """Note which case each event belongs to, the last of an event counts.

        Gives the numbers of the events that are moved, and the cases they are moved to. An event that names a case
        itself stays there.
        """
        self._links.put(hashes, case.astype(np.int64))
        numbers, place = np.unique(self._numbers.get(hashes), return_index=True)
        target = self._links.get(hashes[place]).astype(np.int32)
        moved = numbers != NOTHING
        moved[moved] = ~self._named[numbers[moved]] & (self._case[numbers[moved]] != GONE)
        moved[moved] = self._case[numbers[moved]] != target[moved]
        return numbers[moved], target[moved]

    def renumber(self, kept: Numbers, known: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """Number `kept` (ascending) from 0 and forget the others, and the links of these.

        `known`: cases that have events; gives those that have events or that links name.
        """
        hashes, numbers = self._numbers.entries()
        place = np.searchsorted(kept, numbers)
        there = np.zeros(len(numbers), np.bool_)
        there[place < len(kept)] = kept[place[place < len(kept)]] == numbers[place < len(kept)]
        linked, case = self._links.entries()
        before = self._numbers.get(linked)
        self._numbers = IdMap()
        self._numbers.put(hashes[there], place[there])
        # A link may come before its event.
        wanted = (before == NOTHING) | (self._numbers.get(linked) != NOTHING)
        self._links = IdMap()
        self._links.put(linked[wanted], case[wanted])
        self._case, self._named, self._backwards = self._case[kept], self._named[kept], self._backwards[kept]
        self.count = len(kept)
        known = known.copy()
        known[case[wanted]] = True
        return known

    def rename_cases(self, table: npt.NDArray[np.int32]) -> None:
        """Every case is `table[case]` from now on."""
        self._case = np.where(self._case >= 0, table[self._case], self._case)
        linked, case = self._links.entries()
        self._links.put(linked, table[case].astype(np.int64))

    def cases(self, numbers: Numbers) -> npt.NDArray[np.int32]:
        """The case of each event, NO_CASE or GONE."""
        return self._case[numbers]

    def set_case(self, numbers: Numbers, case: npt.NDArray[np.int32] | int) -> None:
        """Put events into a case, or nowhere (NO_CASE, GONE)."""
        self._case[numbers] = case

    def backwards(self, numbers: Numbers) -> int:
        """How many of these ended before they started."""
        return int(np.count_nonzero(self._backwards[numbers]))


def _put(column: npt.NDArray[Any], at: int, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    needed = at + len(values)
    if needed > len(column):
        column = _with_room(column, at, max(needed, len(column) + len(column) // 2))
    column[at:needed] = values
    return column


def _with_room(column: npt.NDArray[Any], count: int, room: int) -> npt.NDArray[Any]:
    """A column with room for so many; its first `count` are filled."""
    if room <= len(column):
        return column
    grown = np.empty(room, column.dtype)
    grown[:count] = column[:count]
    return grown
