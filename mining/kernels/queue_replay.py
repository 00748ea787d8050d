"""What a queue would have done with other hands: recorded arrivals and service times, first come first served."""

from typing import Final

import numba
import numpy as np
import numpy.typing as npt

from mining.kernels.plain import plain

Times = npt.NDArray[np.int64]
HOUR: Final = 3_600_000_000
MOST: Final = 64
"""Hands at a time; one more of so many changes little, and each is looked at for each job."""


def queue_replay(enabled: Times, service: Times, hands: Times, first: int) -> Times:
    """Waiting (µs) of each job when it is begun by the first of the hands that is free.

    `enabled` (jobs,) µs, rising; `service` (jobs,) µs; `hands` (hours,): how many are at work in each hour, from hour
    `first` on (hours since the epoch). The k-th hand is at work in hours that have more than k; what was begun is
    finished. Before and after these hours one is there. Raises ValueError for columns of unequal length, more than
    MOST hands, or jobs out of order.
    """
    if len(enabled) != len(service):
        raise ValueError("the columns differ in length")
    if len(hands) and int(hands.max()) > MOST:
        raise ValueError(f"more than {MOST} hands")
    if len(enabled) > 1 and bool((np.diff(enabled) < 0).any()):
        raise ValueError("jobs must be in order of their enabling")
    most = max(int(hands.max()), 1) if len(hands) else 1
    return np.asarray(_queue_replay(*plain(enabled, service, hands), first, most))


@numba.njit(nogil=True, cache=True)
def _queue_replay(enabled: Times, service: Times, hands: Times, first: int, most: int) -> Times:
    opens = np.empty((most, len(hands) + 1), np.int64)
    # The next hour, from each on, in which a hand is at work; behind the last one the first is.
    for k in range(most):
        opens[k, len(hands)] = len(hands)
        for hour in range(len(hands) - 1, -1, -1):
            opens[k, hour] = hour if hands[hour] > k else opens[k, hour + 1]
    free = np.full(most, np.iinfo(np.int64).min, np.int64)
    waiting = np.empty(len(enabled), np.int64)
    for job in range(len(enabled)):
        best, who = np.iinfo(np.int64).max, 0
        for k in range(most):
            at = max(free[k], enabled[job])
            hour = at // HOUR - first
            # The first hand is there before and after these hours, the others are not.
            if hour < len(hands) and (hour >= 0 or k > 0):
                there = opens[k, max(hour, 0)]
                if there == len(hands) and k > 0:
                    continue
                if there > hour:
                    at = (there + first) * HOUR
            elif hour >= len(hands) and k > 0:
                continue
            if at < best:
                best, who = at, k
        waiting[job] = best - enabled[job]
        free[who] = best + service[job]
    return waiting
