"""Which activity stands where in which case, and what normally comes before what."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from mining.arena import Arena
from mining.findings._stats import Flags, Ints

MOST: Final = 64
"""Only so many of the most frequent activities are looked at."""
FREQUENT: Final = 50
"""Cases an activity must be in."""
ABSENT: Final = np.iinfo(np.int32).max


@dataclass(frozen=True)
class Order:
    """First occurrences of the frequent activities. `place` has shape (cases, frequent activities), ABSENT = not in."""

    activities: Ints
    """Activity code of each column."""
    place: npt.NDArray[np.int32]
    before: Ints
    """[x, y]: cases in which the first x comes before the first y; both are in the case."""
    direct: Ints
    """[x, y]: cases in which the first y comes directly after an x."""
    previous: npt.NDArray[np.int32]
    """Shape of `place`: column of the activity directly before the first occurrence; -1: none or not frequent."""

    def both(self, x: int, y: int) -> int:
        """Cases with both."""
        return int(self.before[x, y] + self.before[y, x])

    def ordered(self, x: int, y: int) -> float:
        """Share of the cases with both in which x comes first."""
        both = self.both(x, y)
        return float(self.before[x, y]) / both if both else 0.0


def order(arena: Arena, case: Ints) -> Order | None:
    """The order of first occurrences; None where fewer than three activities are frequent."""
    activities = len(arena.activities)
    key = case * activities + arena.activity
    first_rows = np.sort(np.unique(key, return_index=True)[1])
    in_cases = np.bincount(arena.activity[first_rows], minlength=activities)
    frequent = np.argsort(-in_cases, kind="stable")[:MOST]
    frequent = np.sort(frequent[in_cases[frequent] >= FREQUENT])
    size = len(frequent)
    if size < 3:
        return None
    column = np.full(activities, -1, dtype=np.int64)
    column[frequent] = np.arange(size)
    rows = first_rows[column[arena.activity[first_rows]] >= 0]
    target = column[arena.activity[rows]]
    place = np.full((arena.cases, size), ABSENT, dtype=np.int32)
    place[case[rows], target] = rows - arena.offsets[case[rows]]
    previous = np.full((arena.cases, size), -1, dtype=np.int32)
    inner = rows > arena.offsets[case[rows]]
    source = column[arena.activity[rows[inner] - 1]]
    previous[case[rows[inner]], target[inner]] = source
    known = source >= 0
    direct = np.bincount(source[known] * size + target[inner][known], minlength=size * size).reshape(size, size)
    before = np.zeros((size, size), dtype=np.int64)
    for x in range(size):
        own = place[:, x]
        there = place[own != ABSENT]
        later = (there > own[own != ABSENT][:, None]) & (there != ABSENT)
        before[x] = later.sum(axis=0)
    return Order(frequent.astype(np.int64), place, before, direct.astype(np.int64), previous)


def overlapping(arena: Arena, found: Order, x: int, y: int) -> float:
    """Share of the cases with both activities in which their first occurrences overlap in time."""
    there = np.flatnonzero((found.place[:, x] != ABSENT) & (found.place[:, y] != ABSENT))
    if len(there) == 0:
        return 0.0
    a, b = (arena.offsets[there] + found.place[there, c] for c in (x, y))
    together: Flags = (arena.start[a] < arena.end[b]) & (arena.start[b] < arena.end[a])
    return float(together.mean())
