"""Parallel branches that a timer keeps apart: they never overlap and never change places."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from mining.arena import NO_TIME
from mining.kernels.branch_moments import BranchMoments, branch_moments
from mining.kernels.enabling import enabling_rows
from mining.part import Part
from mining.summary.parallel import RARE, SURE, Follows, Parallel

Ints = npt.NDArray[np.int64]
Reals = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

FEWEST: Final = 100
"""So many cases must tell."""
FLAT: Final = 0.1
"""A slope up to this is none, and so is one within two standard errors of 0."""
CLOCK: Final = 0.3
"""Part of the spread that hours of the day may explain; of what runs by the clock it is nearly all."""
SERIAL: Final = 0.3
"""Correlation of a case with the next one; in a queue, and in batches, it is near 1."""
MOST: Final = 256
"""Pairs that are looked at, the most frequent ones."""
WIDEST: Final = 2000
"""With more activities than that nothing is looked for."""
ROUNDS: Final = 3


@dataclass(frozen=True)
class _Rows:
    """What stage two looks at, of one pair."""

    left: Ints
    """When the event before the last ended, µs."""
    waited: Reals


def with_timed(parallel: Parallel, follows: Follows, sources: Iterable[Part], size: int) -> Parallel:
    """`parallel` and pairs x, y of which y always follows x but begins as if it didn't know of it.

    After s come x and then y. Where x enables y, y begins later by as much as x ends later: of y's start over x's end,
    both from the end of s, the slope is 1. Where both are enabled by s, and y by a timer, it is 0, surely not 1. The
    same is seen where y begins by the clock, in batches or from a queue in another order; so within the hours of the
    day y must not be as much earlier as s is later, hours must explain little, and one case nothing of the next.

    `sources` are parts with one coding of `size` activities; they are gone through once, and twice more for each round
    that finds something. Recorded enabling times are left as they are.
    """
    if size > WIDEST:
        return parallel
    place = _candidates(parallel, follows, size)
    for _ in range(ROUNDS):
        pairs = int(place.max(initial=-1)) + 1
        if not pairs:
            break
        moments = _added_up(parallel, sources, place, pairs)
        hopeful = [pair for pair in range(pairs) if _independent(moments, pair)]
        rows = _rows(parallel, sources, place, hopeful) if hopeful else {}
        sure = [pair for pair in hopeful if _unordered(rows[pair])]
        if not sure:
            break
        found = [tuple(int(each[0]) for each in np.nonzero(place == pair)) for pair in sure]
        parallel = _with(parallel, found, size)
        # What stands before x in its branch may now come right before y.
        place = np.full((size, size), -1, np.int32)
        fresh = [(x, y) for y in sorted({y for _, y in found}) for x in range(size) if x != y]
        fresh = [(x, y) for x, y in fresh if not _known(parallel, x, y)][:MOST]
        for number, (x, y) in enumerate(fresh):
            place[x, y] = number
    return parallel


def _candidates(parallel: Parallel, follows: Follows, size: int) -> npt.NDArray[np.int32]:
    """Numbers of the pairs of activities of which one often comes right before the other and never after it."""
    known = (follows.source >= 0) & (follows.target >= 0)
    count = np.zeros((size, size), np.int64)
    count[follows.source[known], follows.target[known]] = follows.count[known]
    often = (count >= FEWEST) & (RARE * count >= count.T)
    np.fill_diagonal(often, False)
    x, y = np.nonzero(often)
    kept = [n for n in np.argsort(-count[x, y], kind="stable").tolist() if not _known(parallel, int(x[n]), int(y[n]))]
    place = np.full((size, size), -1, np.int32)
    for number, n in enumerate(kept[:MOST]):
        place[x[n], y[n]] = number
    return place


def _known(parallel: Parallel, x: int, y: int) -> bool:
    one, two = int(parallel.place[x]), int(parallel.place[y])
    return one >= 0 and two >= 0 and bool(parallel.matrix[one, two])


def _before(part: Part, parallel: Parallel) -> Ints:
    codes = part.codes["activity"]
    before = enabling_rows(part.first, part.last, parallel.numbers(codes), part.start, part.end, parallel.matrix)
    if part.enabled is not None:
        before[part.enabled != NO_TIME] = -1
    return before


def _added_up(parallel: Parallel, sources: Iterable[Part], place: npt.NDArray[np.int32], pairs: int) -> BranchMoments:
    total = BranchMoments(np.zeros((pairs, len(place), 6)), np.zeros((pairs, 24, 6)))
    for part in sources:
        own = branch_moments(_before(part, parallel), part.codes["activity"], part.start, part.end, place, pairs)
        total.by_source[:] += own.by_source
        total.by_hour[:] += own.by_hour
    return total


def _slope(sums: Reals) -> tuple[float, float, float]:
    """Slope of v over u within the groups of `sums` (groups, 6), its standard error, and how many there are."""
    told = sums[sums[:, 0] > 1]
    n = told[:, 0]
    uu, uv, vv = (
        float((told[:, k] - told[:, a] * told[:, b] / n).sum()) for k, a, b in ((3, 1, 1), (4, 1, 2), (5, 2, 2))
    )
    free = float(n.sum()) - len(n) - 1
    if uu <= 0 or free < 1:
        return 0.0, np.inf, float(n.sum())
    slope = uv / uu
    return slope, float(np.sqrt(max(vv - slope * uv, 0.0) / free / uu)), float(n.sum())


def _independent(moments: BranchMoments, pair: int) -> bool:
    """Whether the beginning depends on what was before the last one, and on no clock."""
    slope, error, count = _slope(moments.by_source[pair])
    if count < FEWEST or 1 - slope < SURE * error or abs(slope) > max(FLAT, 2 * error):
        return False
    hours = moments.by_hour[pair]
    clock, error, _ = _slope(hours)
    if 1 + clock < SURE * error:
        return False
    there = hours[hours[:, 0] > 0]
    n, total = there[:, 0], float(there[:, 0].sum())
    mean = float(there[:, 2].sum()) / total
    spread = float(there[:, 5].sum()) - total * mean * mean
    between = float((n * (there[:, 2] / n - mean) ** 2).sum())
    return spread <= 0 or between <= CLOCK * spread


def _rows(
    parallel: Parallel, sources: Iterable[Part], place: npt.NDArray[np.int32], wanted: list[int]
) -> dict[int, _Rows]:
    found: dict[int, list[tuple[Ints, Ints]]] = {pair: [] for pair in wanted}
    for part in sources:
        before, codes = _before(part, parallel), part.codes["activity"]
        for pair in wanted:
            ((x,), (y,)) = np.nonzero(place == pair)
            rows = np.flatnonzero(codes == y)
            rows = rows[before[rows] >= 0]
            rows = rows[(codes[before[rows]] == x) & (before[before[rows]] >= 0)]
            left = part.end[before[before[rows]]]
            found[pair].append((left, part.start[rows] - left))
    return {
        pair: _Rows(np.concatenate([left for left, _ in own]), np.concatenate([waited for _, waited in own]) / 1e6)
        for pair, own in found.items()
    }


def _unordered(rows: _Rows) -> bool:
    """Whether a case says little of the next one that left before it."""
    ordered = rows.waited[np.lexsort((rows.waited, rows.left))]
    one, two = ordered[:-1] - ordered.mean(), ordered[1:] - ordered.mean()
    spread = float((one * one).sum())
    return spread <= 0 or abs(float((one * two).sum())) <= SERIAL * spread


def _with(parallel: Parallel, pairs: list[tuple[int, ...]], size: int) -> Parallel:
    """`parallel` and some pairs of activities."""
    names = np.flatnonzero(parallel.place[:size] >= 0)
    there = np.unique(np.concatenate([names, np.array(pairs, np.int64).ravel()]))
    place = np.full(size + 1, -1, np.int32)
    place[there] = np.arange(len(there), dtype=np.int32)
    matrix = np.zeros((len(there), len(there)), np.bool_)
    if len(names):
        own = place[names[np.argsort(parallel.place[names])]]
        matrix[np.ix_(own, own)] = parallel.matrix
    for x, y in pairs:
        matrix[place[x], place[y]] = matrix[place[y], place[x]] = True
    return Parallel(place, matrix)
