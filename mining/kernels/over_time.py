"""What came, went and was going on from one bucket of time to the next."""

from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from mining.arena import NO_TIME, Codes
from mining.kernels.buckets import bucket, guard_edges
from mining.kernels.guard import guard
from mining.kernels.plain import guard_cases, plain


@dataclass(frozen=True)
class OverTime:
    """One int64 entry a bucket, shape (buckets,): cases `started` and `ended` in it, `open` when it ended, and `events`
    that started in it.

    `busy` and `queued`, shape (size, buckets), µs: how much time events of an activity took in the bucket, and how
    much waited for their start. Divided by the bucket's length they are the mean work in progress and the mean queue.
    """

    started: npt.NDArray[np.int64]
    ended: npt.NDArray[np.int64]
    open: npt.NDArray[np.int64]
    events: npt.NDArray[np.int64]
    busy: npt.NDArray[np.int64]
    queued: npt.NDArray[np.int64]


def over_time(
    first: npt.NDArray[np.int64],
    last: npt.NDArray[np.int64],
    codes: Codes,
    start: npt.NDArray[np.int64],
    end: npt.NDArray[np.int64],
    size: int,
    edges: npt.NDArray[np.int64],
    enabled: npt.NDArray[np.int64] | None = None,
    closed: npt.NDArray[np.bool_] | None = None,
) -> OverTime:
    """Count per bucket edges[k] <= time < edges[k + 1]; buckets (µs UTC) may differ in length, as days and months do.

    Cases are rows `first:last`. A case starts with its first event and ends with its latest end; one that is not
    `closed` (one flag a case; default: all are) goes on. An event waits from `enabled` where that is given and known,
    else from the end of the event before it. Codes in -1..size-1; -1 is counted in `events` only. The result has
    size * buckets cells; time and memory beyond that are linear. By Little's law (Little 1961) the mean of `open` is
    the rate of arrival times the mean duration. Raises ValueError for codes, rows or edges that make no sense.
    """
    guard_cases(first, last, codes, start, end, *(() if enabled is None else (enabled,)))
    guard(codes, size)
    guard_edges(edges)
    if closed is not None and len(closed) != len(first):
        raise ValueError("closed must have one entry a case")
    flags = np.ones(len(first), np.bool_) if closed is None else closed
    since = np.zeros(0, np.int64) if enabled is None else enabled
    columns = plain(first, last, codes, start, end, since, flags, edges)
    counts, begun, done, busy, queued = _over_time(*columns, size, NO_TIME)
    length = np.diff(edges)
    for spent, whole in ((busy, begun), (queued, done)):
        spent += np.cumsum(whole[:, :-1], axis=1) * length
    return OverTime(counts[0, 1:], counts[1, 1:], np.cumsum(counts[0] - counts[1])[1:], counts[2, 1:], busy, queued)


@numba.njit(nogil=True, cache=True)
def _over_time(
    first: npt.NDArray[np.int64],
    last: npt.NDArray[np.int64],
    codes: npt.NDArray[np.signedinteger[Any]],
    start: npt.NDArray[np.int64],
    end: npt.NDArray[np.int64],
    enabled: npt.NDArray[np.int64],
    closed: npt.NDArray[np.bool_],
    edges: npt.NDArray[np.int64],
    size: int,
    missing: int,
) -> tuple[
    npt.NDArray[np.int64],
    npt.NDArray[np.int64],
    npt.NDArray[np.int64],
    npt.NDArray[np.int64],
    npt.NDArray[np.int64],
]:
    """Counts with a place for before the first bucket; changes in how many fill a whole bucket; the rest in part."""
    buckets = len(edges) - 1
    counts = np.zeros((3, buckets + 1), np.int64)
    whole = np.zeros((2, size, buckets + 1), np.int64)
    part = np.zeros((2, size, buckets), np.int64)
    k = 0
    for c in range(len(first)):
        if first[c] == last[c]:
            continue
        latest = end[first[c]]
        for i in range(first[c], last[c]):
            latest = max(latest, end[i])
            if edges[0] <= start[i] < edges[buckets]:
                k = bucket(edges, start[i], k)
                counts[2, k + 1] += 1
            if codes[i] < 0:
                continue
            for kind in range(2):
                low, high = start[i], end[i]
                if kind == 1:
                    high = start[i]
                    if len(enabled) and enabled[i] != missing:
                        low = enabled[i]
                    elif i > first[c]:
                        low = end[i - 1]
                low, high = max(low, edges[0]), min(high, edges[buckets])
                if high <= low:
                    continue
                k = bucket(edges, low, k)
                to = k if high <= edges[k + 1] else bucket(edges, high - 1, k)
                if k == to:
                    part[kind, codes[i], k] += high - low
                    continue
                part[kind, codes[i], k] += edges[k + 1] - low
                part[kind, codes[i], to] += high - edges[to]
                whole[kind, codes[i], k + 1] += 1
                whole[kind, codes[i], to] -= 1
        for n in range(2):
            time = start[first[c]] if n == 0 else latest
            if n == 1 and not closed[c]:
                continue
            if time < edges[0]:
                counts[n, 0] += 1
            elif time < edges[buckets]:
                k = bucket(edges, time, k)
                counts[n, k + 1] += 1
    return counts, whole[0], whole[1], part[0], part[1]
