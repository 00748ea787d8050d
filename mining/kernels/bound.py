"""Whether what waited for a busy actor began as soon as that actor was done."""

from dataclasses import dataclass
from typing import Any, Final

import numba
import numpy as np
import numpy.typing as npt

from mining.kernels.busy import Busy
from mining.kernels.guard import guard, guard_offsets
from mining.kernels.plain import plain

Times = npt.NDArray[np.int64]
AT_ONCE: Final = 0.01
"""Within this part of the wait .."""
SECOND: Final = 1_000_000
""".. or this time (µs)."""


@dataclass(frozen=True)
class Bound:
    """Per activity (int64): events that waited for a busy actor, and of them those begun as soon as it was done."""

    waited: Times
    at_once: Times


def bound(
    offsets: Times, activity: npt.NDArray[np.signedinteger[Any]], size: int, start: Times, enabled: Times, times: Busy
) -> Bound:
    """Events of actor `i` stand at `offsets[i]:offsets[i + 1]`, in order of start; `times` are when each was busy.

    `activity` is 0..size-1. Raises ValueError for offsets or codes out of range or columns of unequal length.
    """
    guard_offsets(offsets, len(start))
    guard_offsets(times.offsets, len(times.begin))
    guard(activity, size)
    if not len(activity) == len(start) == len(enabled) or len(offsets) != len(times.offsets):
        raise ValueError("the columns differ in length")
    found = Bound(np.zeros(size, np.int64), np.zeros(size, np.int64))
    given = plain(offsets, activity, start, enabled, times.offsets, times.begin, times.end)
    _bound(*given, found.waited, found.at_once)
    return found


@numba.njit(nogil=True, cache=True)
def _bound(
    offsets: Times, activity: npt.NDArray[np.signedinteger[Any]], start: Times, enabled: Times, of: Times,
    begin: Times, end: Times, waited: Times, at_once: Times,
) -> None:  # fmt: skip
    for actor in range(len(offsets) - 1):
        low, high = of[actor], of[actor + 1]
        if low == high:
            continue
        for row in range(offsets[actor], offsets[actor + 1]):
            if start[row] <= enabled[row] or activity[row] < 0:
                continue
            at = low + np.searchsorted(begin[low:high], enabled[row], side="right") - 1
            if at < low or end[at] <= enabled[row]:
                continue
            waited[activity[row]] += 1
            before = low + np.searchsorted(end[low:high], start[row], side="right") - 1
            wait = start[row] - enabled[row]
            if before >= low and start[row] - end[before] <= max(np.int64(AT_ONCE * wait), SECOND):
                at_once[activity[row]] += 1
