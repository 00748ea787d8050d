"""The performance spectrum of one transition as lines to draw (Denisov, Fahland, van der Aalst 2018)."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from mining.arena import Times
from mining.bottlenecks.passages import Passages

MOST: Final = 600
"""Lines of one picture; more could not be told apart."""


@dataclass(frozen=True)
class Lines:
    """Some of the passages of a transition, in order of their begin."""

    begin: Times
    """µs UTC."""
    end: Times
    quartile: npt.NDArray[np.int8]
    """0..3: in which quarter of all waits of the transition the line is; the longest are 3."""
    quartiles_s: tuple[float, float, float]
    """Seconds: first quartile, median, third quartile."""
    drawn: tuple[int, int]
    """µs UTC: the time that the picture shows."""
    of: int
    """How many passages there are; the lines are all of them, or evenly picked by their begin."""

    @property
    def sampled(self) -> bool:
        """Whether some are left out."""
        return self.of > len(self.begin)


def spectrum_lines(found: Passages, begin: int, end: int, most: int = MOST) -> Lines | None:
    """The lines of all `found` for a picture from `begin` to `end` (µs UTC); None where there is nothing."""
    if not len(found.row):
        return None
    seconds = found.seconds
    first, median, third = np.quantile(seconds, (0.25, 0.5, 0.75)).tolist()
    order = np.lexsort((found.case, found.end, found.begin))
    if len(order) > most:
        order = order[np.linspace(0, len(order) - 1, most).astype(np.int64)]
    quartile = np.searchsorted((first, median, third), seconds[order], side="left").astype(np.int8)
    return Lines(found.begin[order], found.end[order], quartile, (first, median, third), (begin, end), len(found.row))
