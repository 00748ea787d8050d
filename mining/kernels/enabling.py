"""The event that enabled each event: its true predecessor, where activities run in parallel."""

from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from mining.arena import Codes, Times
from mining.kernels.guard import guard
from mining.kernels.plain import guard_cases, plain

Flags = npt.NDArray[np.bool_]


def enabling_rows(first: Times, last: Times, codes: Codes, start: Times, end: Times, parallel: Flags) -> Times:
    """Per row its predecessor's row, int64; -1 where there is none, and for rows of no case. Rows `first:last` a case.

    `codes` are -1..k-1: the number of an activity among those that run in parallel to any, -1 for all others;
    `parallel`, shape (k, k), symmetric, says which do. The predecessor is the last row before it whose activity isn't
    parallel to its own; and where that one stands in parallel branches, the last of them to end (a join): among the
    last rows of each activity parallel to the predecessor's, not to the row's own, that had ended when the row started.
    Where nothing is parallel that is the row before (Chapela-Campa and Dumas 2024, enabled times). Raises ValueError
    for codes or rows out of range.
    """
    guard_cases(first, last, codes, start, end)
    guard(codes, len(parallel))
    if parallel.shape != (len(parallel), len(parallel)):
        raise ValueError("parallel must be square")
    before = np.full(len(start), -1, np.int64)
    _rows(*plain(first, last, codes, start, end, parallel), before)
    return before


@numba.njit(nogil=True, cache=True)
def _rows(
    first: Times,
    last: Times,
    codes: npt.NDArray[np.signedinteger[Any]],
    start: Times,
    end: Times,
    parallel: Flags,
    before: Times,
) -> None:
    size = len(parallel)
    latest = np.full(size, -1, np.int64)  # last row of each code
    for c in range(len(first)):
        low = first[c]
        alone = np.int64(-1)  # last row of no code
        for i in range(low, last[c]):
            own = np.int64(codes[i])
            found = np.int64(i - 1 if i > low else -1)
            if own >= 0 and found >= 0:
                found = alone
                for k in range(size):
                    if latest[k] > found and not parallel[own, k]:
                        found = latest[k]
            if found >= 0 and codes[found] >= 0:
                of = np.int64(codes[found])
                for k in range(size):
                    other = latest[k]
                    if other < 0 or not parallel[of, k] or (own >= 0 and parallel[own, k]) or end[other] > start[i]:
                        continue
                    if end[found] > start[i] or (end[other], other) > (end[found], found):
                        found = other
            before[i] = found
            if own >= 0:
                latest[own] = i
            else:
                alone = np.int64(i)
        for i in range(low, last[c]):
            if codes[i] >= 0:
                latest[codes[i]] = -1
