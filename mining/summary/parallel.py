"""Which activities run in parallel, decided from counts over the whole log that add and subtract."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from mining.arena import Codes
from mining.kernels.overlapping import Overlapping
from mining.kernels.path_orders import path_orders

Ints = npt.NDArray[np.int64]
Reals = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

OVERLAPPING: Final = 0.5
"""Share of the cases with both in which parallel activities overlap (Split Miner 2.0; Augusto, Dumas, La Rosa 2020)."""
DEPENDENCY: Final = 0.9
"""|ab - ba| / (ab + ba + 1) from which on an order is a dependency (heuristics miner; so Chapela-Campa and Dumas)."""
RARE: Final = 0.05
"""Share up to which the other order, and short loops, are deviations."""
NOISE: Final = 0.02
"""Share of cases up to which events overlap by mistakes of recording."""
SURE: Final = 3.0
"""Standard deviations that a difference must have."""


@dataclass(frozen=True)
class Follows:
    """Direct successions, one entry a pair of activities: codes (those below 0 aren't known) and `count` (int64)."""

    source: Codes
    target: Codes
    count: Ints


@dataclass(frozen=True)
class Parallel:
    """`place`, shape (activities + 1,) int32: the number of each activity that is parallel to any; -1 for the others,
    and at the end for codes not known. `matrix`, shape (numbers, numbers), symmetric: which are.
    """

    place: npt.NDArray[np.int32]
    matrix: Flags

    def __bool__(self) -> bool:
        """Whether any two activities are parallel."""
        return bool(len(self.matrix))

    def numbers(self, codes: Codes) -> npt.NDArray[np.int32]:
        """The number of the activity of each event."""
        return self.place[codes]

    def pairs(self, names: Sequence[str]) -> frozenset[tuple[str, str]]:
        """Which activities are parallel, by their names by code; each pair twice."""
        codes = np.flatnonzero(self.place[:-1] >= 0)
        name = dict(zip(self.place[codes].tolist(), (names[code] for code in codes.tolist()), strict=True))
        left, right = (each.tolist() for each in np.nonzero(self.matrix))
        return frozenset((name[one], name[two]) for one, two in zip(left, right, strict=True))

    def recoded(self, names: Sequence[str], into: Sequence[str]) -> "Parallel":
        """The same for activities that have the codes of `into` instead of those of `names`."""
        known = dict(zip(names, self.place.tolist(), strict=False))
        return Parallel(np.array([*(known.get(name, -1) for name in into), -1], np.int32), self.matrix)


def parallel(
    size: int, follows: Follows, overlaps: Overlapping, paths: Callable[[], tuple[Ints, Codes, Ints]]
) -> Parallel:
    """Decide of `size` activities which run in parallel; `paths` gives what `path_orders` needs, if it is needed.

    Parallel are two activities

    - that overlap in half of the cases with both;
    - or that follow each other directly in both orders without a dependency, each order in more than rare cases that
      have both once (so that loops don't count), without short loops and repetitions;
    - or x and y where y comes after z, z is parallel to x, and x overlaps y, or comes after it, more often than by
      mistake and surely more often than z does: then z enables y, in a branch beside that of x, mostly quicker.

    Raises ValueError for codes or offsets out of range.
    """
    place = np.full(size + 1, -1, np.int32)
    mutual = _mutual(follows, size)
    there = np.unique(np.concatenate([overlaps.left, overlaps.right, *mutual])).astype(np.int64)
    place[there] = np.arange(len(there), dtype=np.int32)
    if not len(there):
        return Parallel(place, np.zeros((0, 0), np.bool_))
    offsets, steps, cases = paths()
    found = path_orders(offsets, place[steps], cases, len(there))

    def square(left: Codes, right: Codes, upper: Ints, lower: Ints) -> Reals:
        matrix = np.zeros((len(there), len(there)))
        matrix[left, right] = upper
        matrix[right, left] = lower
        return matrix

    together = square(found.left, found.right, found.together, found.together)
    loops = square(found.left, found.right, found.loops, found.loops)
    first = square(found.left, found.right, found.left_first, found.right_first)
    overlap = square(place[overlaps.left], place[overlaps.right], overlaps.cases, overlaps.cases)
    follow = np.zeros_like(first)
    known = (follows.source >= 0) & (follows.target >= 0)
    source, target = place[follows.source[known]], place[follows.target[known]]
    inside = (source >= 0) & (target >= 0)
    follow[source[inside], target[inside]] = follows.count[known][inside]
    either = follow + follow.T
    again = np.diag(follow)[:, None] + np.diag(follow)[None, :]
    least = np.minimum(first, first.T)
    decided = (overlap > 0) & (overlap >= OVERLAPPING * together)
    decided |= (
        (np.minimum(follow, follow.T) > 0)
        & (np.abs(follow - follow.T) < DEPENDENCY * (either + 1))
        & (least > RARE * (first + first.T))
        & (loops + again <= RARE * either)
    )
    np.fill_diagonal(decided, False)
    _extend(decided, together, np.minimum(overlap + first.T, together))
    kept = decided.any(axis=1)
    place[there] = np.where(kept, np.cumsum(kept) - 1, -1)
    return Parallel(place, decided[np.ix_(kept, kept)])


def _mutual(follows: Follows, size: int) -> tuple[Codes, Codes]:
    """Different activities that follow each other directly in both orders."""
    known = (follows.source >= 0) & (follows.target >= 0) & (follows.source != follows.target) & (follows.count > 0)
    source, target = follows.source[known].astype(np.int64), follows.target[known].astype(np.int64)
    both = np.isin(source * size + target, target * size + source)
    return source[both], target[both]


def _extend(decided: Flags, together: Reals, against: Reals) -> None:
    """Add what lies in branches beside what is parallel; `against[x, y]`: cases that tell against x before y."""
    share = against / np.maximum(together, 1)
    while True:
        fresh = np.zeros_like(decided)
        for x in np.flatnonzero(decided.any(axis=1)).tolist():
            beside = np.flatnonzero(decided[x])
            for y in np.flatnonzero(~decided[x] & (share[x] > NOISE) & (share[x] < 0.5)).tolist():
                z = beside[(beside != y) & ~decided[beside, y] & (2 * together[beside, y] >= together[x, y])]
                n, m = together[x, y], together[z, y]
                pooled = (against[x, y] + against[z, y]) / (n + m)
                spread = np.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
                fresh[x, y] = x != y and bool((share[x, y] - share[z, y] > SURE * spread).any())
        fresh |= fresh.T
        if not (fresh & ~decided).any():
            return
        decided |= fresh
