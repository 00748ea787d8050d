"""Work that was let pile up and then done together."""

from dataclasses import dataclass
from typing import Any, Final

import numba
import numpy as np
import numpy.typing as npt

from mining.kernels.busy import Busy
from mining.kernels.guard import guard_offsets
from mining.kernels.plain import plain

Times = npt.NDArray[np.int64]
PAUSE: Final = 0.01
"""The next thing of a batch begins within this part of the time it has waited."""
LONGEST_PAUSE: Final = 300_000_000
""".. and within five minutes (µs)."""
IDLE: Final = 0.2
"""A batch filled while its actor was on duty with nothing to do for at least this part of the time."""
TOGETHER: Final = 0.05
"""A batch is let go at once where its starts spread over at most this part of what it waited in the mean."""


@dataclass(frozen=True)
class Batches:
    """One entry an event, in the order given."""

    ready: Times
    """µs: when the last of its batch could have started; its own enabling time where it is in none."""
    begin: Times
    """µs: when its batch began to be worked on; its own start where it is in none."""
    together: npt.NDArray[np.bool_]
    """Whether its batch was let go at once, so that all of the time until then is the batch's."""


def batches(
    offsets: Times,
    activity: npt.NDArray[np.signedinteger[Any]],
    start: Times,
    end: Times,
    enabled: Times,
    times: Busy,
    off: tuple[Times, Times, Times],
) -> Batches:
    """Events of actor `i` stand at `offsets[i]:offsets[i + 1]`, in order of start.

    `times` and `off` (offsets, begins, ends) are when each was busy and off duty: `busy.without` of the same. A batch
    is two or more things of one activity that an actor does one after the other or at once, all of which could have
    started before the first did. That alone is also what a queue looks like, or a steady flow that something delays; so
    the actor must have done none of it for a while before, and they must start at the same moment, or the actor have
    been on duty and idle while they piled up. Kinds and definition: Martin et al., "Retrieving batch
    organisation of work insights from event logs" (2017); Lashkevich et al., "Why am I waiting?" (2023). Raises
    ValueError for offsets out of range or columns of unequal length.
    """
    guard_offsets(offsets, len(start))
    guard_offsets(times.offsets, len(times.begin))
    guard_offsets(off[0], len(off[1]))
    if not len(activity) == len(start) == len(end) == len(enabled) or not len(off[0]) == len(offsets) == len(
        times.offsets
    ):
        raise ValueError("the columns differ in length")
    ready, begin, together = enabled.copy(), start.copy(), np.zeros(len(start), np.bool_)
    given = plain(offsets, activity, start, end, enabled, times.offsets, times.begin, times.end, *off)
    _batches(*given, ready, begin, together)
    return Batches(ready, begin, together)


@numba.njit(nogil=True, cache=True)
def _spent(begin: Times, end: Times, low: int, high: int, since: int, until: int) -> np.int64:
    """How much of `since` to `until` lies in the times `low:high`."""
    first, last = low, high
    while first < last:
        middle = (first + last) // 2
        if end[middle] <= since:
            first = middle + 1
        else:
            last = middle
    total = np.int64(0)
    while first < high and begin[first] < until:
        total += min(end[first], until) - max(begin[first], since)
        first += 1
    return total


@numba.njit(nogil=True, cache=True)
def _free(
    begin: Times, end: Times, low: int, high: int, off_begin: Times, off_end: Times, off_low: int, off_high: int,
    since: int, until: int,
) -> np.int64:  # fmt: skip
    """How much of `since` to `until` is neither busy nor off."""
    total = np.int64(0)
    now = since
    first, last = low, high
    while first < last:
        middle = (first + last) // 2
        if end[middle] <= since:
            first = middle + 1
        else:
            last = middle
    while now < until:
        then = min(begin[first], until) if first < high else until
        if then > now:
            total += then - now - _spent(off_begin, off_end, off_low, off_high, now, then)
        if first >= high:
            break
        now = max(now, end[first])
        first += 1
    return total


@numba.njit(nogil=True, cache=True)
def pile(
    row: int, last: int, activity: npt.NDArray[np.signedinteger[Any]], start: Times, end: Times, enabled: Times
) -> tuple[int, int, int, int, int]:
    """What might be a batch, from `row` on and before `last`, for other kernels: up to which row, its latest end, its
    first and last enabling time, and how long all of it waited.
    """
    latest, first, waited = end[row], enabled[row], max(start[row] - enabled[row], 0)
    until = enabled[row]
    after = row + 1
    while after < last:
        wait = start[after] - enabled[after]
        pause = min(np.int64(PAUSE * max(wait, 0)), LONGEST_PAUSE)
        if activity[after] != activity[row] or enabled[after] > start[row] or start[after] > latest + pause:
            break
        latest, first = max(latest, end[after]), min(first, enabled[after])
        until = max(until, enabled[after])
        waited += max(wait, 0)
        after += 1
    return after, latest, first, until, waited


@numba.njit(nogil=True, cache=True)
def _batches(
    offsets: Times, activity: npt.NDArray[np.signedinteger[Any]], start: Times, end: Times, enabled: Times, of: Times,
    busy_begin: Times, busy_end: Times, off_of: Times, off_begin: Times, off_end: Times,
    ready: Times, begin: Times, together: npt.NDArray[np.bool_],
) -> None:  # fmt: skip
    size = np.int64(0)
    for row in range(len(activity)):
        size = max(size, np.int64(activity[row]) + 1)
    latest_of = np.full(size, np.iinfo(np.int64).min // 2, np.int64)
    for actor in range(len(offsets) - 1):
        off_low, off_high = off_of[actor], off_of[actor + 1]
        row = offsets[actor]
        while row < offsets[actor + 1]:
            if start[row] <= enabled[row] and (row + 1 == offsets[actor + 1] or activity[row + 1] != activity[row]):
                latest_of[activity[row]] = end[row]
                row += 1
                continue
            after, latest, first, until, waited = pile(row, offsets[actor + 1], activity, start, end, enabled)
            count = after - row
            if count > 1 and waited > 0:
                spread = start[after - 1] - start[row]
                at_once = spread <= TOGETHER * waited / count
                # While it piled up; where all of it came at once, until it was begun.
                idle_until = until if until > first and not at_once else start[row]
                span = idle_until - first
                quiet = start[row] - latest_of[activity[row]] >= IDLE * max(span, waited / count)
                free = np.int64(0)
                if quiet and spread > 0 and span > 0:
                    free = _free(
                        busy_begin, busy_end, of[actor], of[actor + 1], off_begin, off_end, off_low, off_high,
                        first, idle_until,
                    )  # fmt: skip
                if quiet and (spread == 0 or (span > 0 and free >= IDLE * span)):
                    for k in range(row, after):
                        ready[k], begin[k], together[k] = max(until, enabled[k]), start[row], at_once
            latest_of[activity[row]] = max(latest_of[activity[row]], latest)
            row = after
        for row in range(offsets[actor], offsets[actor + 1]):
            latest_of[activity[row]] = np.iinfo(np.int64).min // 2
