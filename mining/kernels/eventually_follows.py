"""Which activity comes some time after which in a case."""

from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from mining.arena import Codes
from mining.kernels.case_follows import LONGEST
from mining.kernels.guard import guard
from mining.kernels.plain import guard_cases, plain
from mining.kernels.tally import SLOTS, grown, in_order, slot


@dataclass(frozen=True)
class EventuallyFollows:
    """The pairs that occur, in order of `source`, then `target` (codes, int32).

    `count` is how many pairs of events there are, `cases` in how many cases (int64).
    """

    source: npt.NDArray[np.int32]
    target: npt.NDArray[np.int32]
    count: npt.NDArray[np.int64]
    cases: npt.NDArray[np.int64]


def eventually_follows(
    first: npt.NDArray[np.int64],
    last: npt.NDArray[np.int64],
    codes: Codes,
    start: npt.NDArray[np.int64],
    end: npt.NDArray[np.int64],
    size: int,
    within: int | None = None,
) -> EventuallyFollows:
    """Count the pairs of events of a case (rows `first:last`, in order) of which one comes after the other.

    `within` (µs, 0 or more): only pairs with at most so much time from the end of the earlier to the start of the
    later; an overlap is no time. Codes in -1..size-1; -1 counts for nothing. The cost is events times distinct codes
    of a case, not the square of its length, since an event that is out of reach stays so (and with a bound a sort of
    the ends of each case that are not in order). Without a bound and without overlaps these are the counts of pm4py's
    discover_eventually_follows_graph. Raises ValueError for codes or rows out of range or a negative bound.
    """
    guard_cases(first, last, codes, start, end)
    guard(codes, size)
    if within is not None and within < 0:
        raise ValueError("within must be 0 or more")
    bound = -1 if within is None else min(within, LONGEST)
    keys, counts = _eventually_follows(*plain(first, last, codes, start, end), size, bound)
    width = max(size, 1)
    return EventuallyFollows(
        (keys // width).astype(np.int32), (keys % width).astype(np.int32), counts[:, 0].copy(), counts[:, 1].copy()
    )


@numba.njit(nogil=True, cache=True)
def _eventually_follows(
    first: npt.NDArray[np.int64],
    last: npt.NDArray[np.int64],
    codes: npt.NDArray[np.signedinteger[Any]],
    start: npt.NDArray[np.int64],
    end: npt.NDArray[np.int64],
    size: int,
    within: int,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    keys, counts, used = np.full(SLOTS, -1, np.int64), np.zeros((SLOTS, 3), np.int64), 0
    active = np.zeros(size, np.int64)  # events of a code that are still in reach
    seen = np.zeros(size, np.int64)  # the codes of the case so far
    owner = np.full(size, -1, np.int64)  # the case a code was last seen in
    by_end = np.zeros(0, np.int64)
    for c in range(len(first)):
        low, high = first[c], last[c]
        if within >= 0:
            by_end = np.argsort(end[low:high])
        distinct, gone = 0, 0
        for j in range(low, high):
            if within >= 0:
                while gone < high - low and end[low + by_end[gone]] < start[j] - within:
                    expired = codes[low + by_end[gone]]
                    if expired >= 0:
                        active[expired] -= 1
                    gone += 1
            target = np.int64(codes[j])
            if target < 0:
                continue
            for k in range(distinct):
                source = seen[k]
                if active[source] <= 0:
                    continue
                key = source * size + target
                place = slot(keys, key)
                if keys[place] == -1:
                    keys[place] = key
                    used += 1
                    if 2 * used > len(keys):
                        keys, counts = grown(keys, counts)
                        place = slot(keys, key)
                counts[place, 0] += active[source]
                if counts[place, 2] != c + 1:
                    counts[place, 2] = c + 1
                    counts[place, 1] += 1
            if owner[target] != c:
                owner[target] = c
                active[target] = 0
                seen[distinct] = target
                distinct += 1
            active[target] += 1
    keys, counts = in_order(keys, counts)
    return keys, counts
