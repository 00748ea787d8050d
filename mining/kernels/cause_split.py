"""What an actor was doing while something waited for that actor."""

from dataclasses import dataclass
from typing import Any, Final

import numba
import numpy as np
import numpy.typing as npt

from mining.kernels.batches import Batches
from mining.kernels.busy import Busy
from mining.kernels.guard import guard_offsets
from mining.kernels.plain import plain

Times = npt.NDArray[np.int64]
SLACK: Final = 15 * 60_000_000
"""An actor who does nothing on duty for so long (µs) did not fail to start because of being off before."""


@dataclass(frozen=True)
class CauseSplit:
    """One int64 entry (µs) an event, in the order given; together they are at most its waiting."""

    batching: Times
    contention: Times
    prioritisation: Times
    unavailability: Times


def cause_split(
    offsets: Times,
    start: Times,
    enabled: Times,
    times: Busy,
    piled: Batches,
    off: tuple[Times, Times, Times],
    certain: npt.NDArray[np.bool_],
    wanted: npt.NDArray[np.bool_],
) -> CauseSplit:
    """Events of actor `i` stand at `offsets[i]:offsets[i + 1]`, in order of start.

    `times` and `off` (offsets, begins, ends) are when each was busy and off duty: `busy.without` of the same; `piled`
    their batches; `certain` (actors,) whether the calendar was given. From the enabling time until its batch was ready
    an event waits for the batch; after that, while its actor is busy with something that could have started no later
    (contention) or later (prioritisation) than it, or, until its batch was begun, than the batch; then, off duty
    (unavailability). Events that are not `wanted` (events,) get none. Where the calendar was learned, off duty counts
    only from where the actor was idle on duty for the last time: who could have started and didn't was not kept by the
    night before. Of a batch let go at once what is left is batching as well. How much was done in a time, of what could
    have started up to another, is looked up in sums over both (a Fenwick tree an actor), never joined. Raises
    ValueError for offsets or calendars out of range.
    """
    guard_offsets(offsets, len(start))
    guard_offsets(times.offsets, len(times.begin))
    guard_offsets(off[0], len(off[1]))
    columns = (enabled, piled.ready, piled.begin, piled.together, wanted)
    if any(len(column) != len(start) for column in columns) or not len(off[0]) == len(offsets) == len(times.offsets):
        raise ValueError("the columns differ in length")
    if len(certain) != len(offsets) - 1:
        raise ValueError("certain must have one entry an actor")
    found = CauseSplit(*(np.zeros(len(start), np.int64) for _ in range(4)))
    given = plain(
        offsets, start, enabled, times.offsets, times.begin, times.end, times.enabled, piled.ready, piled.begin,
        piled.together, *off, certain, wanted,
    )  # fmt: skip
    _split(*given, found.batching, found.contention, found.prioritisation, found.unavailability)
    return found


@numba.njit(nogil=True, cache=True)
def _place(values: Times, low: int, high: int, value: int) -> int:
    """The first of `low:high` whose value is above `value`."""
    while low < high:
        middle = (low + high) // 2
        if values[middle] <= value:
            low = middle + 1
        else:
            high = middle
    return low


@numba.njit(nogil=True, cache=True)
def _until(begin: Times, end: Times, sums: Times, low: int, high: int, moment: int) -> Any:
    """How much of the time before `moment` lies in the times `low:high`; `sums[k - low]` is that of those before k."""
    place = _place(begin, low, high, moment)
    if place == low:
        return np.int64(0)
    return sums[place - 1 - low] + min(end[place - 1], moment) - begin[place - 1]


@numba.njit(nogil=True, cache=True)
def _sums(begin: Times, end: Times, low: int, high: int) -> Times:
    found = np.empty(high - low + 1, np.int64)
    found[0] = 0
    for k in range(high - low):
        found[k + 1] = found[k] + end[low + k] - begin[low + k]
    return found


@numba.njit(nogil=True, cache=True)
def _split(
    offsets: Times, start: Times, enabled: Times, of: Times, busy_begin: Times, busy_end: Times, busy_key: Times,
    ready: Times, begin: Times, together: npt.NDArray[np.bool_], off_of: Times, off_begin: Times, off_end: Times,
    certain: npt.NDArray[np.bool_], wanted: npt.NDArray[np.bool_],
    batching: Times, contention: Times, prioritisation: Times, unavailability: Times,
) -> None:  # fmt: skip
    off_sums = _sums(off_begin, off_end, 0, len(off_begin))
    for actor in range(len(offsets) - 1):
        row_low, row_high = offsets[actor], offsets[actor + 1]
        waiting = 0
        for row in range(row_low, row_high):
            if wanted[row] and start[row] > enabled[row]:
                waiting += 1
                batching[row] = max(min(ready[row], start[row]) - enabled[row], 0)
        if waiting == 0:
            continue
        low, high = of[actor], of[actor + 1]
        off_low, off_high, sure = off_of[actor], off_of[actor + 1], certain[actor]
        own_off = off_sums[off_low : off_high + 1] - off_sums[off_low]
        if high > low:
            _by_order(
                row_low, row_high, start, enabled, ready, begin, busy_begin, busy_end, busy_key, low, high, waiting,
                wanted, contention, prioritisation,
            )  # fmt: skip
        # Idle on duty for longer than SLACK: where such times end, in order.
        idle = np.empty(high - low + off_high - off_low + 2, np.int64)
        idles = 0
        if off_high > off_low:
            i, j = low, off_low
            now = np.iinfo(np.int64).min
            while i < high or j < off_high:
                next_busy = busy_begin[i] if i < high else np.iinfo(np.int64).max
                next_off = off_begin[j] if j < off_high else np.iinfo(np.int64).max
                then = min(next_busy, next_off)
                if now > np.iinfo(np.int64).min and then - now > SLACK:
                    idle[idles] = then
                    idles += 1
                if next_busy <= next_off:
                    now = max(now, busy_end[i])
                    i += 1
                else:
                    now = max(now, off_end[j])
                    j += 1
        for row in range(row_low, row_high):
            if start[row] <= enabled[row] or not wanted[row]:
                continue
            since, until = max(min(ready[row], start[row]), enabled[row]), start[row]
            prioritisation[row] -= contention[row]
            if off_high > off_low:
                if not sure:
                    since = max(
                        since,
                        _last_idle(
                            idle,
                            idles,
                            busy_begin,
                            busy_end,
                            off_begin,
                            off_end,
                            low,
                            high,
                            off_low,
                            off_high,
                            since,
                            until,
                        ),
                    )
                if since < until:
                    away = _until(off_begin, off_end, own_off, off_low, off_high, until)
                    away -= _until(off_begin, off_end, own_off, off_low, off_high, since)
                    unavailability[row] = away
            if together[row]:
                batching[row] = until - enabled[row] - contention[row] - prioritisation[row] - unavailability[row]


@numba.njit(nogil=True, cache=True)
def _last_idle(
    idle: Times, idles: int, busy_begin: Times, busy_end: Times, off_begin: Times, off_end: Times,
    low: int, high: int, off_low: int, off_high: int, since: int, until: int,
) -> int:  # fmt: skip
    """The end of the last time before `until` in which the actor was idle on duty for longer than SLACK."""
    # What runs up to `until` itself: since the actor was last busy or off.
    last = since
    place = _place(busy_begin, low, high, until)
    if place > low:
        last = max(last, min(busy_end[place - 1], until))
    place = _place(off_begin, off_low, off_high, until)
    if place > off_low:
        last = max(last, min(off_end[place - 1], until))
    if until - last > SLACK:
        return until
    place = _place(idle, 0, idles, until)
    return max(idle[place - 1], since) if place else since


@numba.njit(nogil=True, cache=True)
def _by_order(
    row_low: int, row_high: int, start: Times, enabled: Times, ready: Times, begin: Times, busy_begin: Times,
    busy_end: Times, busy_key: Times, low: int, high: int, waiting: int, wanted: npt.NDArray[np.bool_],
    contention: Times, total: Times,
) -> None:  # fmt: skip
    """Per row the time between ready and start in which its actor was busy (`total`), with what could start earlier."""
    keys = np.sort(busy_key[low:high])
    size = len(keys)
    tree = np.zeros(size + 1, np.int64)
    place = np.searchsorted(keys, busy_key[low:high])
    rows = np.empty(waiting, np.int64)
    since = np.empty(waiting, np.int64)
    between = np.empty(waiting, np.int64)
    count = betweens = 0
    for row in range(row_low, row_high):
        if wanted[row] and start[row] > enabled[row]:
            rows[count], since[count] = row, max(min(ready[row], start[row]), enabled[row])
            if since[count] < begin[row] < start[row]:
                between[betweens] = count
                betweens += 1
            count += 1
    first = np.argsort(since)
    between = between[:betweens]
    second = np.argsort(begin[rows[between]])
    # All moments in order of time: where waiting for the actor begins, where a batch is begun, where it ends.
    i = j = k = 0
    segment = low
    done = np.int64(0)
    last = np.iinfo(np.int64).max
    for _ in range(2 * waiting + betweens):
        one = since[first[i]] if i < waiting else last
        two = begin[rows[between[second[j]]]] if j < betweens else last
        three = start[rows[k]] if k < waiting else last
        now = min(one, two, three)
        while segment < high and busy_end[segment] <= now:
            at = place[segment - low] + 1
            while at <= size:
                tree[at] += busy_end[segment] - busy_begin[segment]
                at += at & -at
            done += busy_end[segment] - busy_begin[segment]
            segment += 1
        under = np.int64(0)
        key = np.int64(0)
        if segment < high and busy_begin[segment] < now:
            under, key = now - busy_begin[segment], busy_key[segment]
        if one == now:
            which = first[i]
            row = rows[which]
            bound = since[which] if begin[row] > since[which] else enabled[row]
            contention[row] -= _earlier(tree, keys, bound) + (under if key <= bound else 0)
            total[row] -= done + under
            i += 1
        elif two == now:
            which = between[second[j]]
            row = rows[which]
            contention[row] += _earlier(tree, keys, since[which]) + (under if key <= since[which] else 0)
            contention[row] -= _earlier(tree, keys, enabled[row]) + (under if key <= enabled[row] else 0)
            j += 1
        else:
            row = rows[k]
            bound = since[k] if begin[row] >= start[row] and begin[row] > since[k] else enabled[row]
            contention[row] += _earlier(tree, keys, bound) + (under if key <= bound else 0)
            total[row] += done + under
            k += 1


@numba.njit(nogil=True, cache=True)
def _earlier(tree: Times, keys: Times, bound: int) -> Any:
    """What the tree holds of keys up to `bound`."""
    at = np.searchsorted(keys, bound, side="right")
    found = np.int64(0)
    while at > 0:
        found += tree[at]
        at -= at & -at
    return found
