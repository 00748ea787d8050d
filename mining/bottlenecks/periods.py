"""Two periods of equal length, one after the other, and what changed between them."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from mining.arena import Times
from mining.bottlenecks.passages import Grouped, Passages

DAY: Final = 86_400_000_000
LENGTHS: Final = (7, 28, 91)
"""Days. The shortest is taken in which enough cases start: whole weeks, so that both have the same weekdays."""
FEWEST: Final = 30
"""Cases that must start in each period, so that a change is more than chance."""
WEEKS: Final = 12
"""Weeks of a trend."""


@dataclass(frozen=True)
class Periods:
    """`middle - length` to `middle`, and `middle` to `end`; µs UTC, the end of each taken in, its begin not."""

    begin: int
    middle: int
    end: int
    fresh: bool = False
    """The log begins so shortly before that cases from earlier are missing in the first of them: only those that began
    in a period are to be compared."""

    @property
    def days(self) -> int:
        """How long each is."""
        return (self.end - self.middle) // DAY


@dataclass(frozen=True)
class Waited:
    """What one transition, or all, waited in one period; seconds."""

    count: int
    total: float
    p50: float | None
    p90: float | None


@dataclass(frozen=True)
class Change:
    """A transition in two periods."""

    source: str
    target: str
    before: Waited
    now: Waited

    @property
    def more(self) -> float:
        """Seconds of waiting that came to it."""
        return self.now.total - self.before.total


def periods(begins: Times, ends: Times) -> Periods | None:
    """The last two periods of a log of cases from `begins` to `ends` (µs UTC); None where it is too short.

    A log a day short of two weeks is compared all the same.
    """
    if not len(begins):
        return None
    first, end = int(begins.min()), int(ends.max())
    long = int(np.quantile(ends - begins, 0.9, method="nearest"))
    for days in LENGTHS:
        middle, begin = end - days * DAY, end - 2 * days * DAY
        if first > begin + DAY:
            return None
        now = int(np.count_nonzero(begins > middle))
        before = int(np.count_nonzero((begins > begin) & (begins <= middle)))
        if min(now, before) >= FEWEST:
            return Periods(begin, middle, end, fresh=first + long > begin)
    return None


def waited(found: Passages, begin: int, end: int) -> Waited:
    """The waits that ended after `begin` and not after `end` (µs UTC)."""
    seconds = found.seconds[(found.end > begin) & (found.end <= end)]
    if not len(seconds):
        return Waited(0, 0.0, None, None)
    p50, p90 = np.quantile(seconds, (0.5, 0.9)).tolist()
    return Waited(len(seconds), float(seconds.sum()), p50, p90)


def changes(found: Grouped, two: Periods) -> tuple[Change, ...]:
    """Every transition of either period, the largest change first."""
    told = []
    for source, target in found.pairs:
        own = found.of((source, target))
        change = Change(source, target, waited(own, two.begin, two.middle), waited(own, two.middle, two.end))
        if change.before.count or change.now.count:
            told.append(change)
    return tuple(sorted(told, key=lambda c: (-abs(c.more), c.source, c.target)))


def trend(found: Passages, first: int, end: int) -> tuple[float, ...]:
    """Hours of waiting in each of the last whole weeks before `end`, the oldest first; at most WEEKS.

    `first` is when the log begins (µs UTC): weeks that began earlier are left out.
    """
    count = min(WEEKS, (end - first + DAY) // (7 * DAY))
    if count < 1:
        return ()
    place = count - 1 - (end - found.end) // (7 * DAY)
    inside = (place >= 0) & (place < count)
    hours = np.bincount(place[inside], weights=found.seconds[inside] / 3600, minlength=count)
    return tuple(hours.tolist())
