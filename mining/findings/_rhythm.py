"""How often something of a flow comes in each hour of the week, and how much should have come since the last of it."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from mining.findings._columns import HOUR, SECOND, local, unusual_days
from mining.findings._stats import Floats, Ints
from mining.findings.facts import View

SLOTS: Final = 168
HISTORY: Final = 8 * SLOTS
"""Hours back from the last event that are learned from: a rhythm changes with the seasons."""
MOMENT: Final = 10 * SECOND
"""Events of the same ten seconds are one: a batch or the spans of one call say no more of the pace than its first."""
FEWEST: Final = 2
"""Ordinary weeks in which an hour of the week must have been seen; else the quietest day at this hour counts."""
LEAST_DAYS: Final = 8
"""Of history, so that every day of the week is in it."""
TOLERATED: Final = 2
"""Earlier stoppages of the history that do not count as the flow's own pauses."""
MONDAY: Final = 4
"""Day 4 of 1970 was one."""


@dataclass(frozen=True)
class Silence:
    """The time since the last event of a flow, against its rhythm."""

    begin: int
    """End (µs UTC) of the last event."""
    expected: float
    """Events that the quieter weeks had in the hours since."""
    usual: float
    """Events the quieter weeks had in the whole time of its longest pauses (see `TOLERATED`)."""
    chance: float
    """Probability that nothing comes in this time while the flow goes on."""


@dataclass(frozen=True)
class Rhythm:
    """Events an hour of a flow, by hour of the wall clock since the epoch; nothing where it may rest."""

    first: int
    passed: Floats
    """Events expected from hour `first` to the begin of each hour, shape (hours + 1,)."""
    shape: float
    """Of the gamma distribution of an hour's pace around its mean (negative binomial counts); inf: Poisson."""

    def until(self, moments: Ints) -> Floats:
        """Events expected from the first hour to each moment (local µs)."""
        edges = (self.first + np.arange(len(self.passed))) * float(HOUR)
        found: Floats = np.interp(moments.astype(np.float64), edges, self.passed)
        return found

    def chance(self, begin: int, end: int) -> float:
        """Probability that nothing comes between two moments (local µs), hours being independent of each other."""
        edges = np.arange(begin // HOUR + 1, -(-end // HOUR)) * HOUR
        parts = np.diff(self.until(np.concatenate([[begin], edges, [end]])))
        k = self.shape
        return float(np.exp(-(parts if np.isinf(k) else k * np.log1p(parts / k)).sum()))


def rhythm(view: View, ends: Ints, now: int) -> Rhythm | None:
    """The rhythm of events that ended at `ends` (local µs, ascending) up to `now` (local µs); None without history.

    Of each hour of the week the count of a quiet week is taken (the lower quartile of the ordinary weeks, with two to
    four of them the least; while an hour of the week has been seen once, the least of all days at this hour), so that
    an hour in which the flow rests now and then counts as little or nothing. Holidays, promotions with their day after
    and make-up workdays are not learned from. On a holiday nothing is expected, on a make-up workday what is expected
    on a Monday. How much hours of the same slot differ beyond chance gives the shape by the method of moments.
    """
    last = int(ends[-1]) // HOUR
    first = max(int(ends[0]) // HOUR + 1, last - HISTORY)
    # The hour in which the flow went silent is not whole.
    learned = np.arange(first, last)
    if len(learned) < LEAST_DAYS * 24:
        return None
    place = ends // HOUR - first
    counts = np.bincount(place[(place >= 0) & (place < len(learned))], minlength=len(learned)).astype(np.float64)
    made_up = _days(view.business_days.workdays)
    ordinary = ~np.isin(learned // 24, np.concatenate([unusual_days(view), made_up]))
    weekly, weeks = _table(learned[ordinary], counts[ordinary], SLOTS)
    daily, days = _table(learned[ordinary], counts[ordinary], 24)
    quiet = weekly[np.maximum(weeks - 1, 0) // 4, np.arange(SLOTS)]
    quietest = np.where(days >= LEAST_DAYS // 2, daily[0], 0.0)
    rate = np.where(weeks >= FEWEST, quiet, np.tile(quietest, 7))
    hours = np.arange(first, now // HOUR + 1)
    slot = np.where(np.isin(hours // 24, made_up), MONDAY * 24 + hours % 24, hours % SLOTS)
    expected = np.where(np.isin(hours // 24, _days(view.business_days.holidays)), 0.0, rate[slot])
    shape = _shape(weekly, weeks) if 2 * int((weeks >= FEWEST).sum()) > SLOTS else _shape(daily, days)
    return Rhythm(first, np.concatenate([[0.0], np.cumsum(expected)]), shape)


def silence(view: View, ends: Ints) -> Silence | None:
    """The silence since the last of `ends` (µs UTC, ascending) until now; None where too little is known.

    The clock is rescaled so that one event is expected a unit (time-rescaling: Brown et al., Neural Computation 14,
    2002): pauses by day, night and season become comparable, those of a flow in batches are long by themselves.
    """
    moments = np.unique(ends // MOMENT) * MOMENT
    moments[-1] = ends[-1]
    clock = local(view, np.append(moments, view.now))
    learned = rhythm(view, clock[:-1], int(clock[-1]))
    if learned is None:
        return None
    passed = learned.until(clock[clock >= learned.first * HOUR])
    pauses = np.diff(passed)
    if len(pauses) <= TOLERATED + 1:
        return None
    expected = float(pauses[-1])
    usual = float(np.partition(pauses[:-1], -1 - TOLERATED)[-1 - TOLERATED])
    return Silence(int(ends[-1]), expected, usual, learned.chance(int(clock[-2]), int(clock[-1])))


def _table(hours: Ints, counts: Floats, slots: int) -> tuple[Floats, Ints]:
    """Counts of each slot in ascending order, NaN after the last, shape (rounds, slots); and how many each has."""
    if len(hours) == 0:
        return np.full((1, slots), np.nan), np.zeros(slots, dtype=np.int64)
    table = np.full((int(hours[-1] - hours[0]) // slots + 2, slots), np.nan)
    table[(hours - hours[0]) // slots, hours % slots] = counts
    seen = (~np.isnan(table)).sum(axis=0)
    return np.sort(table, axis=0), seen


def _days(days: tuple[object, ...]) -> Ints:
    return np.array(sorted(int(np.datetime64(str(day), "D").astype(np.int64)) for day in days), dtype=np.int64)


def _shape(table: Floats, seen: Ints) -> float:
    known = seen >= FEWEST
    if not known.any():
        return np.inf
    part, weeks = table[:, known], seen[known]
    mean = np.nanmean(part, axis=0)
    variance = np.nansum((part - mean) ** 2, axis=0) / (weeks - 1)
    beyond = float((variance - mean).sum())
    return float((mean**2).sum()) / beyond if beyond > 0 else np.inf
