"""When people are on duty: given in the configuration, or learned from when something waited and nobody was there."""

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from mining.arena import NO_CODE, Arena, Codes, Times
from mining.kernels.busy import Busy, busy
from mining.kernels.idle_demand import Idle, idle_demand
from mining.kernels.ordering import by_code
from mining.kernels.ranges import rows_of
from mining.settings import BusinessDays, WorkingHours

HOUR: Final = 3_600_000_000
DAY: Final = 24 * HOUR
WEEKDAYS: Final = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")
ENOUGH: Final = 5.0
"""An hour of the week is off duty only if so many signs of work were to be expected in it."""
QUIET: Final = 0.02
"""It may hold at most this part of the signs of work that an hour on duty usually has."""
SEEN: Final = 3
"""On so many days something must have waited through the hour with its actor idle."""

LONG: Final = 4.0
"""So many times as long as is usual for its activity must something take to have been paused."""

SHORTEST: Final = 2 * HOUR
"""A day's duty is at least this long in the mean."""
STEP: Final = 300_000_000
"""Shifts that are learned begin and end at a multiple of five minutes (µs)."""

GROUP: Final = 1 << 18
"""Events that are worked on at a time."""
MOST_WORKERS: Final = 4
"""Of such groups, at once: each takes memory."""
TABLE: Final = 1 << 24
"""Pairs of codes that are counted in a table."""
SAMPLE: Final = 1 << 18
"""Events of which usual lengths are taken."""

MOMENTS: Final = 1 << 15
"""Events from which the hours of a calendar are counted."""
LEEWAY: Final = 7 * DAY
"""A log that has grown will grow further."""
Found = TypeVar("Found")
Duty = npt.NDArray[np.int64]
"""Times on duty of one week: shape (n, 2), µs since Monday 0:00 in the process's zone, rising."""


@dataclass(frozen=True)
class Calendars:
    """Times off duty, as kernels want them."""

    offsets: Times
    """(calendars + 1,)."""
    begin: Times
    end: Times
    """µs UTC, within the span of the log, rising in each calendar."""
    certain: npt.NDArray[np.bool_]
    """(calendars,): given, not learned."""
    of_actor: Times
    """(actors,): the calendar of each actor; -1 where none is known, which counts as always on duty."""
    duties: tuple[Duty, ...] = ()
    """Times on duty of each calendar, of one week."""
    until: int = 0
    """Up to when, µs UTC, the times off duty are told."""

    def told(self, begin: int, end: int, zone: ZoneInfo, business_days: BusinessDays) -> "Calendars":
        """The same with times off duty of the span of a log that has grown."""
        if end <= self.until:
            return self
        days = _Days(begin, end + LEEWAY, zone, business_days)
        return _told(
            [(duty, sure) for duty, sure in zip(self.duties, self.certain.tolist(), strict=True)], self.of_actor, days
        )

    @property
    def off(self) -> tuple[Times, Times, Times]:
        """Offsets, begins and ends."""
        return self.offsets, self.begin, self.end


NO_CALENDARS: Final = Calendars(
    np.zeros(1, np.int64), np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.bool_), np.empty(0, np.int64)
)


class Worked:
    """The events of actors, actor by actor; what is asked of some actors is made when asked, as all would be much."""

    def __init__(
        self,
        actor: Codes,
        actors: int,
        activity: Codes,
        start: Times,
        end: Times,
        enabled: Times,
        unlimited: npt.NDArray[np.bool_] | None = None,
    ) -> None:
        """Events whose actor is 0..actors-1; others are left out. `unlimited`: as `busy` has it."""
        self.offsets, self.rows = by_code(actor, actors)
        self._unlimited = unlimited
        self._activity, self._start, self._end, self._enabled = activity, start, end, enabled
        self._most = _usual_lengths(activity, start, end) * LONG
        self.each(self._sort)

    def _sort(self, actors: slice) -> None:
        """Bring the rows of these actors in order of start, then end, then row."""
        low, high = int(self.offsets[actors.start]), int(self.offsets[actors.stop])
        rows = self.rows[low:high]
        if not len(rows):
            return
        count = np.diff(self.offsets[actors.start : actors.stop + 1])
        of, start, end = np.repeat(np.arange(len(count)), count), self._start[rows], self._end[rows]
        first = int(start.min())
        span = int(start.max()) - first + 1
        if len(count) * span > np.iinfo(np.int64).max:
            self.rows[low:high] = rows[np.lexsort((end, start, of))]
            return
        key = of * span + (start - first)
        found = np.argsort(key)
        same = key[found[1:]] == key[found[:-1]]
        tied = np.flatnonzero(np.append(False, same) | np.append(same, False))
        place = found[tied]
        found[tied] = place[np.lexsort((place, end[place], key[place]))]
        self.rows[low:high] = rows[found]

    def each(self, do: Callable[[slice], Found]) -> list[Found]:
        """What `do` gives for all actors, so many at a time that their events are about GROUP; on all processors."""
        groups, low, actors = [], 0, len(self.offsets) - 1
        while low < actors:
            high = int(np.searchsorted(self.offsets, self.offsets[low] + GROUP, side="right")) - 1
            high = min(max(high, low + 1), actors)
            groups.append(slice(low, high))
            low = high
        if len(groups) < 2:
            return [do(group) for group in groups]
        with ThreadPoolExecutor(min(os.cpu_count() or 1, MOST_WORKERS)) as workers:
            return list(workers.map(do, groups))

    def some(self, actors: slice) -> "Did":
        """What these actors did."""
        low, high = int(self.offsets[actors.start]), int(self.offsets[actors.stop])
        rows = self.rows[low:high]
        return Did(
            rows,
            self.offsets[actors.start : actors.stop + 1] - low,
            self._activity.take(rows),
            self._start.take(rows),
            self._end.take(rows),
            self._enabled.take(rows),
            None if self._unlimited is None else self._unlimited[actors],
        )

    def moments(self, actors: npt.NDArray[np.int64]) -> Times:
        """When these actors began or ended something, µs; of very many things some."""
        rows = rows_of(self.offsets[actors], self.offsets[actors + 1]).rows
        rows = self.rows[rows[:: len(rows) // MOMENTS + 1]]
        return np.concatenate([self._start[rows], self._end[rows]])

    def left(self) -> Idle:
        """An hour and longer in which something lay although its actor was idle, or was begun and paused."""
        found = self.each(self._left)
        actor, begin, end = (np.concatenate([np.empty(0, np.int64), *(f[k] for f in found)]) for k in range(3))
        sorted_ = np.argsort(actor, kind="stable")
        return Idle(actor[sorted_], begin[sorted_], end[sorted_])

    def _left(self, actors: slice) -> tuple[Times, Times, Times]:
        did = self.some(actors)
        idle = idle_demand(did.offsets, did.start, did.enabled, did.busy)
        paused = np.flatnonzero(did.end - did.start > np.maximum(self._most[did.activity], HOUR))
        by = np.searchsorted(did.offsets, paused, side="right") - 1
        lay = idle.end - idle.begin >= HOUR
        return (
            np.concatenate([idle.actor[lay], by]) + actors.start,
            np.concatenate([idle.begin[lay], did.start[paused]]),
            np.concatenate([idle.end[lay], did.end[paused]]),
        )


@dataclass(frozen=True)
class Did:
    """Events of some actors; those of the i-th stand at `offsets[i]:offsets[i + 1]`, in order of start."""

    rows: npt.NDArray[np.signedinteger]
    """In the arena."""
    offsets: Times
    activity: Codes
    start: Times
    end: Times
    enabled: Times
    unlimited: npt.NDArray[np.bool_] | None

    @cached_property
    def busy(self) -> Busy:
        """When each was busy."""
        return busy(self.offsets, self.start, self.end, self.enabled, self.unlimited)


def _usual_lengths(activity: Codes, start: Times, end: Times) -> npt.NDArray[np.float64]:
    """The median length of each activity's events, µs, of at most SAMPLE of them."""
    step = max(len(activity) // SAMPLE, 1)
    activity, took = activity[::step], end[::step] - start[::step]
    found = np.zeros(int(activity.max(initial=-1)) + 1)
    ordered = np.argsort(activity, kind="stable")
    for part in np.split(ordered, np.flatnonzero(np.diff(activity[ordered])) + 1):
        if len(part):
            found[activity[part[0]]] = np.median(took[part])
    return found


def duty_of(rows: Sequence[WorkingHours]) -> Duty:
    """Times on duty of a given calendar."""
    found = []
    for row in rows:
        first, last = WEEKDAYS.index(row.from_day), WEEKDAYS.index(row.to_day)
        for day in range(first, last + 1 if last >= first else last + 8):
            found.append((day % 7 * DAY + _clock(row.begin), day % 7 * DAY + _clock(row.end)))
    return np.array(sorted(found), np.int64).reshape(-1, 2)


def calendars(
    arena: Arena,
    enabled: Times,
    done: Worked,
    pool: npt.NDArray[np.int64],
    people: npt.NDArray[np.bool_],
    given: Mapping[str, Sequence[WorkingHours]],
    zone: ZoneInfo,
    business_days: BusinessDays,
) -> Calendars:
    """Calendars of all actors of `done`, whose events were `enabled` (events,).

    `pool`: to which each actor belongs; `people`: whether it is somebody at all. One that is given for the actor or its
    role counts; else one learned from the actor, else from its pool, where there is enough to learn from.
    """
    begin = min(int(enabled.min()), int(arena.start.min()))
    days = _Days(begin, int(arena.end.max()), zone, business_days)
    found: list[tuple[Duty, bool]] = []
    of_actor = np.full(len(pool), -1, np.int64)
    names, roles = arena.names["actor"], arena.names["role"]
    if given:
        role = commonest(arena.codes["actor"], arena.codes["role"], len(names))
        place = {name: number for number, name in enumerate(given)}
        found += [(duty_of(rows), True) for rows in given.values()]
        for actor, name in enumerate(names):
            theirs = name if name in place else roles[int(role[actor])] if role[actor] >= 0 else ""
            of_actor[actor] = place.get(theirs, -1)
    open_ = np.flatnonzero((of_actor < 0) & people)
    left = done.left() if len(open_) else Idle(*(np.empty(0, np.int64) for _ in range(3)))
    learned: dict[bytes, int] = {}

    def learn(actors: npt.NDArray[np.int64]) -> int:
        duty = _learned(done, actors, left, days)
        if duty is None:
            return -1
        key = duty.tobytes()
        if key not in learned:
            learned[key] = len(found)
            found.append((duty, False))
        return learned[key]

    count = np.diff(done.offsets)
    of_pool: dict[int, int] = {}
    for actor in open_.tolist():
        own = learn(np.array([actor])) if count[actor] >= 7 * 24 * ENOUGH / 4 else -1
        if own < 0:
            group = int(pool[actor])
            if group not in of_pool:
                of_pool[group] = learn(open_[pool[open_] == group])
            own = of_pool[group]
        of_actor[actor] = own
    return _told(found, of_actor, days)


def _told(found: Sequence[tuple[Duty, bool]], of_actor: Times, days: "_Days") -> Calendars:
    """Calendars by their times on duty, and whether they are given."""
    offs = [days.off(duty) for duty, _ in found]
    off = np.concatenate([np.empty((0, 2), np.int64), *offs])
    return Calendars(
        np.append(0, np.cumsum([len(each) for each in offs])).astype(np.int64),
        np.ascontiguousarray(off[:, 0]),
        np.ascontiguousarray(off[:, 1]),
        np.array([certain for _, certain in found], np.bool_),
        of_actor,
        tuple(duty for duty, _ in found),
        int(days.midnight[-1]),
    )


class _Days:
    """The days of a log in the process's zone."""

    def __init__(self, begin: int, end: int, zone: ZoneInfo, business_days: BusinessDays) -> None:
        first = _date(begin, zone) - timedelta(days=1)
        count = (_date(end, zone) - first).days + 2
        self.dates = [first + timedelta(days=number) for number in range(count)]
        self.midnight = np.array([_midnight(day, zone) for day in self.dates], np.int64)
        """Where each begins, µs UTC."""
        weekday = np.array([day.weekday() for day in self.dates])
        self.week = weekday
        """Monday is 0; a holiday -1, a make-up workday counts as a Monday."""
        self.week[[day in set(business_days.holidays) for day in self.dates]] = -1
        self.week[[day in set(business_days.workdays) for day in self.dates]] = 0

    def hour(self, moment: Times) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Of each moment the day's place, and µs since its beginning."""
        day = np.searchsorted(self.midnight, moment, side="right") - 1
        return day, moment - self.midnight[day]

    def off(self, duty: Duty) -> Times:
        """Times outside of `duty`, holidays among them: shape (n, 2), µs UTC."""
        day = duty[:, 0] // DAY
        begins, ends = [], []
        for weekday in range(7):
            rows = duty[day == weekday]
            there = self.midnight[self.week == weekday]
            for low, high in rows:
                begins.append(there + (low - weekday * DAY))
                ends.append(there + (high - weekday * DAY))
        begin = np.sort(np.concatenate([np.empty(0, np.int64), *begins]))
        end = np.sort(np.concatenate([np.empty(0, np.int64), *ends]))
        bounds = np.stack([np.append(self.midnight[0], end), np.append(begin, self.midnight[-1])], axis=1)
        return bounds[bounds[:, 1] > bounds[:, 0]]


def _learned(done: Worked, actors: npt.NDArray[np.int64], left: Idle, days: _Days) -> Duty | None:
    """Times on duty of some actors as one; None where nothing says that they are ever off."""
    low, high = (np.searchsorted(left.actor, actors, side=side) for side in ("left", "right"))
    lay = rows_of(low, high).rows
    if not len(lay):
        return None
    moments = done.moments(actors)
    day, time = days.hour(moments)
    used = days.week[day] >= 0
    signs = np.zeros((7, 24), np.int64)
    np.add.at(signs, (days.week[day[used]], np.minimum(time[used] // HOUR, 23)), 1)
    first, last = day.min(), day.max()
    there = np.bincount(days.week[first : last + 1][days.week[first : last + 1] >= 0], minlength=7)[:, None]
    lying = _left_lying(left.begin[lay], left.end[lay], days)
    rate = signs / np.maximum(there, 1)
    on = signs > 0
    usual = float(np.median(rate[on]))
    expected = usual * there
    # What has too few signs an hour of the week may have enough an hour of the day, or a day of the week.
    empty = signs <= QUIET * expected
    by_hour = (signs.sum(0) <= QUIET * _usual(signs.sum(0))) & (_usual(signs.sum(0)) >= ENOUGH) & (lying.sum(0) >= SEEN)
    by_day = (signs.sum(1) <= QUIET * _usual(signs.sum(1))) & (_usual(signs.sum(1)) >= ENOUGH) & (lying.max(1) >= SEEN)
    off = (empty & (expected >= ENOUGH) & (lying >= SEEN)) | by_hour[None, :] & empty | by_day[:, None] & empty
    if not off.any():
        return None
    # An hour without a sign between hours off is off.
    flat, quiet = off.ravel(), empty.ravel() & (signs.ravel() == 0)
    for _ in range(24):
        grown = flat | quiet & np.roll(flat, 1) & np.roll(flat, -1)
        near = flat | quiet & (np.roll(flat, 1) | np.roll(flat, -1))
        closed = near if np.array_equal(grown, flat) else grown
        if np.array_equal(closed, flat):
            break
        flat = closed
    if flat.all():
        return None
    duty = _bounds(flat, time[used] + days.week[day[used]] * DAY)
    # Who is there for minutes a day does not keep hours, but lets work pile up.
    worked_days = len(np.unique(duty[:, 0] // DAY))
    return duty if (duty[:, 1] - duty[:, 0]).sum() >= SHORTEST * worked_days else None


def _left_lying(begin: Times, end: Times, days: _Days) -> npt.NDArray[np.int64]:
    """On how many days something lay, from `begin` to `end`, through the whole hour of the week: shape (7, 24)."""
    found = np.zeros((7, 24), np.int64)
    hours = (days.midnight[:, None] + np.arange(24) * HOUR).ravel()
    # Times that overlap count once: the hour is covered or not.
    covered = np.zeros(len(hours) + 1, np.int64)
    low = np.searchsorted(hours, begin, side="left")
    high = np.searchsorted(hours, end - HOUR, side="right")
    fits = high > low
    np.add.at(covered, low[fits], 1)
    np.add.at(covered, high[fits], -1)
    lying = (np.cumsum(covered)[:-1] > 0).reshape(-1, 24)
    for weekday in range(7):
        found[weekday] = lying[days.week == weekday].sum(0)
    return found


def _bounds(off: npt.NDArray[np.bool_], moments: Times) -> Duty:
    """Times on duty of a week by its hours, narrowed to the first and last sign of work in each run."""
    found = []
    hours = np.flatnonzero(~off)
    for run in np.split(hours, np.flatnonzero(np.diff(hours) > 1) + 1):
        begin, end = int(run[0]) * HOUR, int(run[-1] + 1) * HOUR
        here = moments[(moments >= begin) & (moments < end)]
        if len(here):
            low, high = (
                np.quantile(here, [0.005, 0.995], method="nearest") if len(here) > 400 else (here.min(), here.max())
            )
            begin = max(begin, int(low) // 300_000_000 * 300_000_000)
            end = min(end, -(-int(high) // 300_000_000) * 300_000_000)
        for day in range(begin // DAY, (end - 1) // DAY + 1):
            found.append((max(begin, day * DAY), min(end, (day + 1) * DAY)))
    return np.array(found, np.int64).reshape(-1, 2)


def _usual(signs: npt.NDArray[np.int64]) -> float:
    return float(np.median(signs[signs > 0])) if (signs > 0).any() else 0.0


def commonest(
    left: npt.NDArray[np.signedinteger], right: npt.NDArray[np.signedinteger], size: int
) -> npt.NDArray[np.int64]:
    """Of each code of `left` the code of `right` it has most often beside it; NO_CODE where it has none."""
    found = np.full(size, NO_CODE, np.int64)
    width = int(right.max(initial=-1)) + 1
    if size * width == 0:
        return found
    if size * width <= TABLE:
        counts = np.zeros(size * width, np.int64)
        step = max(GROUP, size * width)
        for low in range(0, len(left), step):
            counts += np.bincount(_keys(left, right, width, slice(low, low + step)), minlength=size * width)
        table = counts.reshape(size, width)
        return np.asarray(np.where(table.any(axis=1), table.argmax(axis=1), NO_CODE))
    keys, times = np.unique(_keys(left, right, width, slice(None)), return_counts=True)
    order_ = np.lexsort((-keys, times))
    found[keys[order_] // width] = keys[order_] % width
    return found


def _keys(
    left: npt.NDArray[np.signedinteger], right: npt.NDArray[np.signedinteger], width: int, part: slice
) -> npt.NDArray[np.int64]:
    left, right = left[part], right[part]
    there = (left >= 0) & (right >= 0)
    return left[there].astype(np.int64) * width + right[there]


def _clock(text: str) -> int:
    parts = [int(part) for part in text.split(":")]
    return parts[0] * HOUR + parts[1] * HOUR // 60 + (parts[2] * 1_000_000 if len(parts) > 2 else 0)


def _date(moment: int, zone: ZoneInfo) -> date:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=moment)).astimezone(zone).date()


def _midnight(day: date, zone: ZoneInfo) -> int:
    return round(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp() * 1_000_000)
