"""When each actor was at work on something, as times that do not overlap."""

from dataclasses import dataclass
from typing import Final

import numba
import numpy as np
import numpy.typing as npt

from mining.kernels.guard import guard, guard_offsets
from mining.kernels.plain import plain

Times = npt.NDArray[np.int64]
MOST: Final = 16
"""Things one actor may be at at once; who is at more does not work on one thing after the other."""


@dataclass(frozen=True)
class Busy:
    """Actor `i` was busy from `begin[k]` to `end[k]` (µs) for `k` in `offsets[i]:offsets[i + 1]`; all int64.

    `enabled[k]` is the earliest enabling time of what was worked on then. Actors in `unlimited` have no times: they do
    more than MOST things at once, or more than one most of the time, so that nothing need wait for another thing.
    """

    offsets: Times
    begin: Times
    end: Times
    enabled: Times
    unlimited: npt.NDArray[np.bool_]


def busy(
    offsets: Times, start: Times, end: Times, enabled: Times, unlimited: npt.NDArray[np.bool_] | None = None
) -> Busy:
    """Events of actor `i` stand at `offsets[i]:offsets[i + 1]`, in order of start; one without length takes no time.

    Events that start together are one thing to do (a batch). `unlimited` (actors,): who does more than one thing most
    of the time, where that is known from more than these events. One sweep an actor. Raises ValueError for offsets
    out of range or columns of unequal length.
    """
    guard_offsets(offsets, len(start))
    if not len(start) == len(end) == len(enabled):
        raise ValueError("the columns differ in length")
    known = np.empty(0, np.bool_) if unlimited is None else unlimited
    if unlimited is not None and len(unlimited) != len(offsets) - 1:
        raise ValueError("unlimited must have one entry an actor")
    return Busy(*_busy(*plain(offsets, start, end, enabled, known)))


def without(times: Busy, off: tuple[Times, Times, Times], calendar: Times) -> tuple[Busy, tuple[Times, Times, Times]]:
    """`times` without pauses, and per actor when it was off duty and not at work.

    `off` are offsets, begins and ends (µs) of the times off duty of each calendar, `calendar` that of each actor (-1:
    never off). Work that goes on before and after a time off duty paused in it; work that begins or ends in it was
    done, off duty or not. Both are cut so that they don't overlap. Raises ValueError for offsets or calendars out of
    range.
    """
    guard_offsets(times.offsets, len(times.begin))
    guard_offsets(off[0], len(off[1]))
    guard(calendar, len(off[0]) - 1)
    if len(calendar) != len(times.offsets) - 1:
        raise ValueError("calendar must have one entry an actor")
    most = int(np.diff(off[0])[calendar[calendar >= 0]].sum())
    found = _without(*plain(times.offsets, times.begin, times.end, times.enabled, *off, calendar), most)
    return Busy(found[0], found[1], found[2], found[3], times.unlimited), found[4:]


@numba.njit(nogil=True, cache=True)
def _without(
    offsets: Times, begin: Times, end: Times, enabled: Times, off_of: Times, off_begin: Times, off_end: Times,
    calendar: Times, most: int,
) -> tuple[Times, Times, Times, Times, Times, Times, Times]:  # fmt: skip
    actors = len(offsets) - 1
    busy_of, away_of = np.zeros(actors + 1, np.int64), np.zeros(actors + 1, np.int64)
    size = 2 * len(begin) + most
    begins, ends, keys = np.empty(size, np.int64), np.empty(size, np.int64), np.empty(size, np.int64)
    away_begin, away_end = np.empty(size, np.int64), np.empty(size, np.int64)
    count = away = 0
    for actor in range(actors):
        segment, last = offsets[actor], offsets[actor + 1]
        low, high = np.int64(0), np.int64(0)
        if calendar[actor] >= 0:
            low, high = off_of[calendar[actor]], off_of[calendar[actor] + 1]
        now = np.int64(0)  # up to where the segment has been dealt with
        if segment < last:
            now = begin[segment]
        for gone in range(low, high):
            since, until = off_begin[gone], off_end[gone]
            while segment < last and end[segment] <= since:
                if end[segment] > now:
                    begins[count], ends[count], keys[count] = now, end[segment], enabled[segment]
                    count += 1
                segment += 1
                if segment < last:
                    now = begin[segment]
            if segment < last and now <= since and end[segment] >= until:
                if since > now:
                    begins[count], ends[count], keys[count] = now, since, enabled[segment]
                    count += 1
                away_begin[away], away_end[away] = since, until
                away += 1
                now = until
                continue
            left, ahead, then = since, segment, now
            while ahead < last and then < until:
                if then > left:
                    away_begin[away], away_end[away] = left, then
                    away += 1
                left = max(left, end[ahead])
                ahead += 1
                if ahead < last:
                    then = begin[ahead]
            if left < until:
                away_begin[away], away_end[away] = left, until
                away += 1
        while segment < last:
            if end[segment] > now:
                begins[count], ends[count], keys[count] = now, end[segment], enabled[segment]
                count += 1
            segment += 1
            if segment < last:
                now = begin[segment]
        busy_of[actor + 1], away_of[actor + 1] = count, away
    return busy_of, begins[:count], ends[:count], keys[:count], away_of, away_begin[:away], away_end[:away]


@numba.njit(nogil=True, cache=True)
def _busy(
    offsets: Times, start: Times, end: Times, enabled: Times, known: npt.NDArray[np.bool_]
) -> tuple[Times, Times, Times, Times, npt.NDArray[np.bool_]]:
    actors = len(offsets) - 1
    found = np.zeros(actors + 1, np.int64)
    unlimited = np.zeros(actors, np.bool_)
    begins = np.empty(2 * len(start), np.int64)
    ends = np.empty(2 * len(start), np.int64)
    keys = np.empty(2 * len(start), np.int64)
    last_end = np.empty(MOST, np.int64)
    began = np.empty(MOST, np.int64)
    key = np.empty(MOST, np.int64)
    count = 0
    for actor in range(actors):
        first = count
        active = 0
        now = np.int64(0)
        once = np.int64(0)
        more = np.int64(0)
        row, last = offsets[actor], offsets[actor + 1]
        while row < last or active:
            # The next moment at which something begins or ends.
            then = np.int64(np.iinfo(np.int64).max)
            if row < last:
                then = start[row]
            for k in range(active):
                then = min(then, last_end[k])
            if active and then > now:
                least = key[0]
                for k in range(1, active):
                    least = min(least, key[k])
                if active > 1:
                    more += then - now
                once += then - now
                if count > first and ends[count - 1] == now and keys[count - 1] == least:
                    ends[count - 1] = then
                else:
                    begins[count], ends[count], keys[count] = now, then, least
                    count += 1
            now = then
            kept = 0
            for k in range(active):
                if last_end[k] > now:
                    last_end[kept], began[kept], key[kept] = last_end[k], began[k], key[k]
                    kept += 1
            active = kept
            while row < last and start[row] == now:
                if end[row] > now:
                    if active and began[active - 1] == now:
                        last_end[active - 1] = max(last_end[active - 1], end[row])
                        key[active - 1] = min(key[active - 1], enabled[row])
                    elif active == MOST:
                        unlimited[actor] = True
                    else:
                        last_end[active], began[active], key[active] = end[row], now, enabled[row]
                        active += 1
                row += 1
            if unlimited[actor]:
                break
        often = known[actor] if len(known) else 2 * more > once
        if unlimited[actor] or often:
            unlimited[actor] = True
            count = first
        found[actor + 1] = count
    return found, begins[:count].copy(), ends[:count].copy(), keys[:count].copy(), unlimited


def apart(times: Busy, free: tuple[Times, Times, Times], pool: Times) -> Busy:
    """`times` without those in which somebody else could have taken it.

    `free` are offsets, begins and ends (µs, rising, apart) of when somebody of each pool was free, `pool` that of each
    actor (-1: none). Raises ValueError for offsets or pools out of range.
    """
    guard_offsets(times.offsets, len(times.begin))
    guard_offsets(free[0], len(free[1]))
    guard(pool, len(free[0]) - 1)
    if len(pool) != len(times.offsets) - 1:
        raise ValueError("pool must have one entry an actor")
    most = len(times.begin) + int(np.diff(free[0])[pool[pool >= 0]].sum())
    found = _apart(*plain(times.offsets, times.begin, times.end, times.enabled, *free, pool), most)
    return Busy(found[0], found[1], found[2], found[3], times.unlimited)


@numba.njit(nogil=True, cache=True)
def _apart(
    offsets: Times, begin: Times, end: Times, enabled: Times, free_of: Times, free_begin: Times, free_end: Times,
    pool: Times, most: int,
) -> tuple[Times, Times, Times, Times]:  # fmt: skip
    found = np.zeros(len(offsets), np.int64)
    begins, ends, keys = np.empty(most, np.int64), np.empty(most, np.int64), np.empty(most, np.int64)
    count = 0
    for actor in range(len(offsets) - 1):
        low, high = np.int64(0), np.int64(0)
        if pool[actor] >= 0:
            low, high = free_of[pool[actor]], free_of[pool[actor] + 1]
        for segment in range(offsets[actor], offsets[actor + 1]):
            now = begin[segment]
            while low < high and free_end[low] <= now:
                low += 1
            at = low
            while at < high and free_begin[at] < end[segment]:
                if free_begin[at] > now:
                    begins[count], ends[count], keys[count] = now, free_begin[at], enabled[segment]
                    count += 1
                now = max(now, min(free_end[at], end[segment]))
                at += 1
            if now < end[segment]:
                begins[count], ends[count], keys[count] = now, end[segment], enabled[segment]
                count += 1
        found[actor + 1] = count
    return found, begins[:count].copy(), ends[:count].copy(), keys[:count].copy()
