"""How the beginning of an event moves with the end of the event before it, and with the one before that."""

from dataclasses import dataclass
from typing import Any, Final

import numba
import numpy as np
import numpy.typing as npt

from mining.arena import Codes, Times
from mining.kernels.guard import guard
from mining.kernels.plain import plain

Reals = npt.NDArray[np.float64]
HOURS: Final = 24


@dataclass(frozen=True)
class BranchMoments:
    """Of each pair sums over its events, in seconds: how many, of u, v, uu, uv and vv, float64.

    `v` is from the end of the event before the last to the start. `by_source`, shape (pairs, size, 6): u is to the end
    of the last one, by activity of the one before it. `by_hour`, shape (pairs, 24, 6): u is the time within the hour
    (UTC) at which the one before the last ended, by that hour.
    """

    by_source: Reals
    by_hour: Reals


def branch_moments(
    before: Times, codes: Codes, start: Times, end: Times, place: npt.NDArray[np.int32], pairs: int
) -> BranchMoments:
    """Sums over rows whose two rows before are known (`before`, -1 where not) and don't overlap.

    `codes` (-1 not known) and `place`, shape (size, size), say of which pair 0..pairs-1 an activity's row before and
    itself are, -1 for none. Raises ValueError for rows, codes or pairs out of range or columns of unequal length.
    """
    if not len(before) == len(codes) == len(start) == len(end) or place.ndim != 2 or place.shape[0] != place.shape[1]:
        raise ValueError("the columns differ in length, or place is not square")
    guard(before, len(before))
    guard(codes, len(place))
    guard(place.ravel(), pairs)
    found = BranchMoments(np.zeros((pairs, len(place), 6)), np.zeros((pairs, HOURS, 6)))
    _moments(*plain(before, codes, start, end, place), found.by_source, found.by_hour)
    return found


@numba.njit(nogil=True, cache=True)
def _add(sums: Reals, u: float, v: float) -> None:
    sums[0] += 1.0
    sums[1] += u
    sums[2] += v
    sums[3] += u * u
    sums[4] += u * v
    sums[5] += v * v


@numba.njit(nogil=True, cache=True)
def _moments(
    before: Times,
    codes: npt.NDArray[np.signedinteger[Any]],
    start: Times,
    end: Times,
    place: npt.NDArray[np.int32],
    by_source: Reals,
    by_hour: Reals,
) -> None:
    for row in range(len(before)):
        last = before[row]
        if last < 0 or before[last] < 0 or codes[row] < 0 or codes[last] < 0:
            continue
        pair = place[codes[last], codes[row]]
        first = before[last]
        if pair < 0 or codes[first] < 0 or end[last] > start[row] or end[first] > start[last]:
            continue
        waited = (start[row] - end[first]) / 1e6
        _add(by_source[pair, codes[first]], (end[last] - end[first]) / 1e6, waited)
        moment = end[first] % 86_400_000_000
        _add(by_hour[pair, moment // 3_600_000_000], (moment % 3_600_000_000) / 1e6, waited)
