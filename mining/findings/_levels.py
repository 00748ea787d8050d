"""The level of a queue day by day, freed of its daily and weekly cycle, and whether it grows at the end."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import stdtr

from mining.findings._stats import Flags, Floats, Ints
from mining.findings._waits import Hours

LEAST_DAYS: Final = 5
"""Days of growth below which a queue may just as well have a bad week's end."""
WEEKS: Final = 3
"""From as many weeks on each weekday has a cycle of its own; before, workdays and days of the weekend have."""


@dataclass(frozen=True)
class Growth:
    """A queue that grows from local day `first` (since the epoch) to the last."""

    first: int
    a_day: float
    """Work items by which it grows."""
    low: float
    high: float
    """Ends of the 90 % interval of `a_day`."""
    p_value: float
    """For all first days that were tried."""
    before: float
    after: float
    """Level at the beginning and at the end."""


def daily_levels(clock: Hours) -> tuple[int, Floats]:
    """First full local day, and how many wait on each full day, freed of the weekly cycle.

    The mean of a day's hours has no daily cycle. The weekly one: median distance of the weekday (of workdays and days
    of the weekend, in less than three weeks) from the mean of the seven days around it, where these are there.
    """
    begin = -(-clock.first // 24)
    end = (clock.first + len(clock.waiting) - 1) // 24
    days = max(end - begin, 0)
    levels: Floats = clock.waiting[begin * 24 - clock.first :][: days * 24].reshape(days, 24).mean(axis=1)
    if days < 7 * 2:
        return begin, levels
    around = np.convolve(levels, np.full(7, 1 / 7), mode="valid")
    off = levels[3:-3] - around
    weekday = (begin + np.arange(days) + 3) % 7
    kind = weekday if days >= 7 * WEEKS else (weekday >= 5).astype(np.int64)
    for one in np.unique(kind):
        inside = kind[3:-3] == one
        if inside.any():
            levels[kind == one] -= np.median(off[inside])
    return begin, levels


def growth(first: int, levels: Floats, unusual: Ints) -> Growth | None:
    """Growth that lasts to the end of the series, the first day with the strongest evidence; None where there is none.

    Days' steps (level against the day before) from a first day on have a mean above 0: Student's t, times the number of
    first days tried. Steps of a queue in balance cancel, and those of one that only drifts are as often down as up.
    Steps to or from unusual days don't count. The second half must grow at least half as fast as the whole.
    """
    days = first + np.arange(len(levels))
    usual: Flags = ~np.isin(days, unusual)
    step = np.diff(levels)
    kept = usual[1:] & usual[:-1]
    tried = [b for b in range(len(step) - LEAST_DAYS + 1) if kept[b:].sum() >= LEAST_DAYS]
    best: Growth | None = None
    for begin in tried:
        own = step[begin:][kept[begin:]]
        mean, spread = float(own.mean()), float(own.std(ddof=1))
        later = own[len(own) // 2 :]
        if mean <= 0 or float(later.mean()) < 0.5 * mean:
            continue
        error = max(spread, 1e-9) / np.sqrt(len(own))
        p = min(float(stdtr(len(own) - 1, -mean / error)) * len(tried), 1.0)
        if best is None or p < best.p_value:
            reach = 2.0 * float(error)
            best = Growth(
                int(days[begin]), mean, mean - reach, mean + reach, p, float(levels[begin]), float(levels[-1])
            )
    return best
