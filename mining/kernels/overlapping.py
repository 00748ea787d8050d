"""Pairs of activities whose events overlap in time, and in how many cases."""

from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from mining.arena import Codes, Times
from mining.kernels.guard import guard
from mining.kernels.plain import guard_cases, plain
from mining.kernels.tally import SLOTS, grown, in_order, slot


@dataclass(frozen=True)
class Overlapping:
    """`left` < `right` (codes, int32), in that order, and in how many `cases` (int64) they overlap."""

    left: npt.NDArray[np.int32]
    right: npt.NDArray[np.int32]
    cases: npt.NDArray[np.int64]


def overlapping(first: Times, last: Times, codes: Codes, start: Times, end: Times, size: int) -> Overlapping:
    """Count for every two activities the cases in which one began before the other had ended.

    Cases are rows `first:last`, in order of start, then end. An event without length overlaps what began before it and
    ends after it. Codes in -1..size-1; -1 counts for nothing. The cost is events, in cases where something overlaps
    times distinct codes. Raises ValueError for codes or rows out of range.
    """
    guard_cases(first, last, codes, start, end)
    guard(codes, size)
    keys, counts = _overlapping(*plain(first, last, codes, start, end), size)
    width = max(size, 1)
    return Overlapping((keys // width).astype(np.int32), (keys % width).astype(np.int32), counts[:, 0].copy())


@numba.njit(nogil=True, cache=True)
def _overlapping(
    first: Times,
    last: Times,
    codes: npt.NDArray[np.signedinteger[Any]],
    start: Times,
    end: Times,
    size: int,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Columns: cases overlapping, number of the last of them and one."""
    keys, counts, used = np.full(SLOTS, -1, np.int64), np.zeros((SLOTS, 2), np.int64), 0
    latest = np.empty(size, np.int64)  # end of the last of each code to end
    seen = np.empty(size, np.int64)
    owner = np.full(size, -1, np.int64)
    for c in range(len(first)):
        low, high = first[c], last[c]
        if low >= high:
            continue
        crossing = False
        ended = end[low]
        for j in range(low + 1, high):
            crossing = crossing or start[j] < ended
            ended = max(ended, end[j])
        if not crossing:
            continue
        distinct = 0
        for j in range(low, high):
            own = np.int64(codes[j])
            if own < 0:
                continue
            for k in range(distinct):
                other = seen[k]
                if latest[other] <= start[j] or other == own:
                    continue
                key = min(own, other) * size + max(own, other)
                place = slot(keys, key)
                if keys[place] == -1:
                    keys[place] = key
                    used += 1
                    if 2 * used > len(keys):
                        keys, counts = grown(keys, counts)
                        place = slot(keys, key)
                if counts[place, 1] != c + 1:
                    counts[place, 1] = c + 1
                    counts[place, 0] += 1
            if owner[own] != c:
                owner[own] = c
                latest[own] = end[j]
                seen[distinct] = own
                distinct += 1
            latest[own] = max(latest[own], end[j])
    found: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]] = in_order(keys, counts)
    return found
