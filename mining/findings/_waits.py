"""Waits of the transitions, and what can be said of the hours in which they pass."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from mining.arena import Arena, Codes
from mining.findings._columns import DAY, HOUR, SECOND
from mining.findings._stats import Flags, Floats, Ints
from mining.waiting.enabling import Enabling

SLOTS: Final = 48
"""Hours of a working day and of a weekend day."""


@dataclass(frozen=True)
class Waits:
    """Waits from enabling to start, one row each; times in µs, waits in seconds (negative ones are 0)."""

    row: Ints
    """Arena row of the target event."""
    before: Ints
    """Arena row of the event that enabled it."""
    case: Ints
    source: Codes
    target: Codes
    enabled: Ints
    start: Ints
    seconds: Floats

    def take(self, chosen: Ints | Flags) -> "Waits":
        """Some of the rows."""
        return Waits(
            self.row[chosen],
            self.before[chosen],
            self.case[chosen],
            self.source[chosen],
            self.target[chosen],
            self.enabled[chosen],
            self.start[chosen],
            self.seconds[chosen],
        )


def waits(arena: Arena, found: Enabling, case: Ints) -> Waits:
    """All waits of an arena, from the enabling to the start that `found` has."""
    row = np.flatnonzero(found.before >= 0)
    before = found.before[row]
    enabled, start = found.enabled[row], found.start[row]
    seconds = np.maximum(start - enabled, 0) / SECOND
    source, target = arena.activity[before], arena.activity[row]
    return Waits(row, before, case[row], source, target, np.minimum(enabled, start), start, seconds)


def groups(keys: Ints) -> Iterator[tuple[int, Ints]]:
    """Each different key with the places where it stands."""
    if len(keys) == 0:
        return
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    edges = np.flatnonzero(np.diff(ordered)) + 1
    for part in np.split(order, edges):
        yield int(keys[part[0]]), part


def slot(local_times: Ints) -> Ints:
    """Slot 0..47 of local times: the hour, plus 24 at weekends (1970-01-01 was a Thursday)."""
    weekday = (local_times // DAY + 3) % 7
    return (local_times // HOUR) % 24 + np.where(weekday >= 5, 24, 0)


@dataclass(frozen=True)
class Hours:
    """One column per hour of the clock on the wall, from `first` (hours since the epoch) on."""

    first: int
    slots: Ints
    waiting: Floats
    """Hours of waiting in each hour: the mean number that waited."""
    starts: Floats
    """How many were started."""
    arrivals: Floats
    """How many became ready."""

    def part(self, flags: Flags, begin: Ints, end: Ints) -> Floats:
        """Hours of each interval (local µs) that fall into hours with a flag."""
        passed = np.concatenate([[0.0], np.cumsum(flags)])

        def until(times: Ints) -> Floats:
            hour = times // HOUR - self.first
            return passed[hour] + flags[np.minimum(hour, len(flags) - 1)] * ((times % HOUR) / HOUR)

        return until(end) - until(begin)


def hours(begin: Ints, end: Ints) -> Hours:
    """How much work waited in which hour, and how much was started; `begin`, `end` are local µs, at least one."""
    first = int(begin.min()) // HOUR
    size = int(end.max()) // HOUR - first + 2
    waiting = np.zeros(size)
    # The integral of the number waiting, exactly: each wait's part of its first and last hour, whole ones between.
    for times, sign in ((begin, 1.0), (end, -1.0)):
        hour = times // HOUR - first
        part = np.bincount(hour, weights=1.0 - (times % HOUR) / HOUR, minlength=size)
        whole = np.bincount(hour + 1, minlength=size + 1)[:size]
        waiting += sign * (part + np.cumsum(whole))
    clock = np.arange(first, first + size, dtype=np.int64) * HOUR
    starts = np.bincount(end // HOUR - first, minlength=size).astype(np.float64)
    arrivals = np.bincount(begin // HOUR - first, minlength=size).astype(np.float64)
    return Hours(first, slot(clock), np.maximum(waiting, 0.0), starts, arrivals)
