"""What came to a step and what it did, day by day."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from mining.arena import Times
from mining.bottlenecks.passages import Passages

SATURATED: Final = 0.9
"""Quantile of what is done in a day that stands for what can be done."""


@dataclass(frozen=True)
class Load:
    """One entry a bucket of time."""

    bounds: Times
    """Shape (buckets + 1,), µs UTC."""
    arrived: npt.NDArray[np.int64]
    """How many waits began."""
    started: npt.NDArray[np.int64]
    """How many ended: the work was begun."""
    queued: npt.NDArray[np.int64]
    """How many waited at the end of the bucket."""
    known: int
    """µs UTC: of what came later a tenth and more may not have been started yet, and isn't counted."""
    capacity: float
    """What was done on the best tenth of the days: as much as is known to be possible."""


def load(found: Passages, bounds: Times, until: int) -> Load:
    """Arrivals, starts and the queue of the passages, which are all those into one step, in the buckets of `bounds`.

    `until` is when the log ends, µs UTC.
    """

    def count(times: Times) -> npt.NDArray[np.int64]:
        place = np.searchsorted(bounds, times, side="right") - 1
        return np.bincount(place[(place >= 0) & (place < len(bounds) - 1)], minlength=len(bounds) - 1)

    began, ended = np.sort(found.begin), np.sort(found.end)
    queued = np.searchsorted(began, bounds[1:], side="left") - np.searchsorted(ended, bounds[1:], side="left")
    arrived, started = count(found.begin), count(found.end)
    worked = started[started > 0]
    capacity = float(np.quantile(worked, SATURATED)) if len(worked) else 0.0
    long = round(float(np.quantile(found.seconds, 0.9)) * 1e6) if len(found.row) else 0
    return Load(bounds, arrived, started, queued, until - long, capacity)
