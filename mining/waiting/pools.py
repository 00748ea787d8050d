"""Work that anybody of a pool could take: it waits for an actor only while nobody else is free."""

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from mining.arena import Times
from mining.kernels.bound import Bound
from mining.kernels.busy import Busy
from mining.kernels.ranges import rows_of

Free = tuple[Times, Times, Times]
"""Offsets, begins and ends (µs) of times of each pool, rising, apart."""
PRESENT: Final = 3_600_000_000
"""Somebody who does nothing for no longer than this (µs) between two things is there and free."""
FEWEST: Final = 30
"""So many events must tell whether an activity is taken by anybody."""


def pooled(found: Iterable[Bound], size: int) -> npt.NDArray[np.bool_]:
    """Of `size` activities those whose events mostly begin at another moment than when their actor was done."""
    waited, at_once = np.zeros(size, np.int64), np.zeros(size, np.int64)
    for each in found:
        waited += each.waited
        at_once += each.at_once
    return (waited >= FEWEST) & (2 * at_once < waited)


def free_times(times: Busy, pool: Times, pools: int) -> Free:
    """When somebody of each of the pools was free, of actors who were busy at `times`; `pool`: of each, -1 for none."""
    count = np.diff(times.offsets)
    later = rows_of(times.offsets[:-1] + 1, np.maximum(times.offsets[1:], times.offsets[:-1] + 1)).rows
    gap = times.begin[later] - times.end[later - 1]
    of = np.repeat(pool, np.maximum(count - 1, 0))
    short = (gap > 0) & (gap <= PRESENT) & (of >= 0)
    later = later[short]
    return _union(of[short], times.end[later - 1], times.begin[later], pools)


def together(found: Sequence[Free], pools: int) -> Free:
    """When somebody of each pool was free in any of these."""
    pool = [np.repeat(np.arange(pools), np.diff(offsets)) for offsets, _, _ in found]
    begin, end = (np.concatenate([np.empty(0, np.int64), *(each[k] for each in found)]) for k in (1, 2))
    return _union(np.concatenate([np.empty(0, np.int64), *pool]), begin, end, pools)


def _union(pool: Times, begin: Times, end: Times, pools: int) -> Free:
    """Times of each pool put together where they overlap."""
    order = np.lexsort((begin, pool))
    pool, begin, end = pool[order], begin[order], end[order]
    offsets = np.searchsorted(pool, np.arange(pools + 1))
    kept_begin, kept_end, counts = [np.empty(0, np.int64)], [np.empty(0, np.int64)], [0]
    for number in range(pools):
        low, high = int(offsets[number]), int(offsets[number + 1])
        latest = np.maximum.accumulate(end[low:high])
        fresh = np.flatnonzero(np.append(True, begin[low + 1 : high] > latest[:-1])[: high - low])
        kept_begin.append(begin[low:high][fresh])
        kept_end.append(latest[np.append(fresh[1:] - 1, high - low - 1)] if high > low else latest)
        counts.append(len(fresh))
    return np.cumsum(np.array(counts, np.int64)), np.concatenate(kept_begin), np.concatenate(kept_end)
