"""Whether a change to the process worked: the time before against the time after, day for day and kind for kind.

Before and after differ in more than the change: in how many Mondays they have, and in what kinds of cases come. So
both are weighted to one mix: each cell (weekday x kind of case) that both have counts as much as it counts in the two
together. Waits of one day depend on each other, as they stood in one queue, so not waits but whole days are drawn
anew for the interval: within each weekday, one day fewer than there are (Rao and Wu 1988, rescaled bootstrap), which
is right with as few as two days of a weekday.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from mining.bottlenecks.passages import Flags, Floats

Ints = npt.NDArray[np.int64]
Measure = Literal["waiting", "service", "duration"]
"""Waits of a transition or before an activity; lengths of its events; lengths of whole cases."""
LEAST_DAYS: Final = 14
LEAST: Final = 30
"""Measured on each side, in cells both have."""
COVERED: Final = 0.8
"""Share of each side that must lie in cells both have."""
MOST: Final = 5_000
"""Values that are kept of one side, evenly picked."""
DRAWS: Final = 400
SEED: Final = 20_261


@dataclass(frozen=True)
class Side:
    """What was measured in one period, one entry a wait (or service, or case)."""

    day: Ints
    """Local days since the epoch (a Thursday)."""
    kind: npt.NDArray[np.int16]
    """Number of its kind of case in `kinds`."""
    seconds: Floats
    kinds: tuple[str, ...]
    of: int
    """How many there were, of which these are all or evenly picked."""
    days: int
    """Length of the period."""

    def some(self, most: int = MOST) -> "Side":
        """At most so many of them, evenly over time."""
        if len(self.day) <= most:
            return self
        place = np.argsort(self.day, kind="stable")[np.linspace(0, len(self.day) - 1, most).astype(np.int64)]
        return Side(self.day[place], self.kind[place], self.seconds[place], self.kinds, self.of, self.days)


@dataclass(frozen=True)
class Figure:
    """A figure before and after, in seconds, and the difference with its 95 % interval."""

    before: float
    after: float
    low: float
    high: float

    @property
    def difference(self) -> float:
        """After minus before."""
        return self.after - self.before


Missing = Literal["days", "measured", "mix"]


@dataclass(frozen=True)
class Verdict:
    """What can be said."""

    before: int
    """How many were measured."""
    after: int
    before_days: int
    after_days: int
    covered: float
    """Share of what was measured that lies in cells (weekday x kind) both have; the lower one of the two sides."""
    missing: Missing | None
    """Why nothing can be said yet; the figures are empty then."""
    figures: Mapping[str, Figure]
    """`p50`, `p90`, `mean`: of the same weekdays and mix of cases."""
    per_week: float
    """How many there are in a week after the change."""

    @property
    def outcome(self) -> Literal["better", "worse", "unclear"] | None:
        """What the interval of the figure that decides says; None where there are no figures."""
        if not self.figures:
            return None
        figure = self.figures[self.decisive]
        if figure.high < 0:
            return "better"
        return "worse" if figure.low > 0 else "unclear"

    @property
    def decisive(self) -> Literal["p50", "mean"]:
        """The median decides; where it is 0 before and after, as most never wait, the mean does. Never both: twice
        asked, chance answers twice."""
        median = self.figures["p50"]
        return "p50" if median.before or median.after else "mean"


def compare(before: Side, after: Side) -> Verdict:
    """Before against after; says what is missing where the data is not enough."""
    cells = _cells(before, after)
    both = np.intersect1d(np.unique(cells[0]), np.unique(cells[1]))
    inside = [np.isin(each, both) for each in cells]
    covered = min(float(flags.mean()) if len(flags) else 0.0 for flags in inside)
    missing: Missing | None = None
    if before.days < LEAST_DAYS or after.days < LEAST_DAYS:
        missing = "days"
    elif min(len(before.day), len(after.day)) < LEAST:
        missing = "measured"
    elif covered < COVERED or min(int(flags.sum()) for flags in inside) < LEAST:
        missing = "mix"
    figures = {} if missing else _figures(before, after, cells, inside, both)
    per_week = after.of / max(after.days, 1) * 7
    return Verdict(before.of, after.of, before.days, after.days, covered, missing, figures, per_week)


def _cells(before: Side, after: Side) -> tuple[Ints, Ints]:
    """Weekday x kind of each, kinds numbered by their names so that both sides mean the same."""
    names = {name: n for n, name in enumerate(sorted({*before.kinds, *after.kinds}))}

    def of(side: Side) -> Ints:
        number = np.array([names[name] for name in side.kinds], np.int64)
        return (side.day + 3) % 7 * len(names) + number[side.kind]

    return of(before), of(after)


def _figures(before: Side, after: Side, cells: tuple[Ints, Ints], inside: list[Flags], both: Ints) -> dict[str, Figure]:
    generator = np.random.default_rng(SEED)
    pieces = [
        _Piece(side.day[flags], np.searchsorted(both, cell[flags]), side.seconds[flags], len(both))
        for side, cell, flags in zip((before, after), cells, inside, strict=True)
    ]
    # In terms of what really came, not of what was kept of it.
    share = [
        side.of * flags.mean() / max(int(flags.sum()), 1) for side, flags in zip((before, after), inside, strict=True)
    ]
    target = sum(piece.counts * scale for piece, scale in zip(pieces, share, strict=True))
    found = np.array([piece.figures(np.ones(piece.days), target) for piece in pieces])
    drawn = np.array([[piece.figures(piece.draw(generator), target) for piece in pieces] for _ in range(DRAWS)])
    low, high = np.quantile(drawn[:, 1] - drawn[:, 0], (0.025, 0.975), axis=0)
    return {
        name: Figure(*(float(each) for each in (found[0, n], found[1, n], low[n], high[n])))
        for n, name in enumerate(("p50", "p90", "mean"))
    }


class _Piece:
    """One side in the cells both have, in order of its values."""

    def __init__(self, day: Ints, cell: Ints, seconds: Floats, cells: int) -> None:
        order = np.argsort(seconds, kind="stable")
        self._seconds, self._cell, self._size = seconds[order], cell[order], cells
        numbers, self._day = np.unique(day[order], return_inverse=True)
        self._weekdays = [np.flatnonzero((numbers + 3) % 7 == weekday) for weekday in range(7)]
        self.days = len(numbers)
        self.counts = np.bincount(cell, minlength=cells).astype(np.float64)

    def draw(self, generator: np.random.Generator) -> Floats:
        """A weight for each day."""
        weights = np.zeros(self.days)
        for days in self._weekdays:
            if len(days) == 1:
                weights[days] = 1.0
            elif len(days):
                drawn = np.bincount(generator.integers(len(days), size=len(days) - 1), minlength=len(days))
                weights[days] = drawn * len(days) / (len(days) - 1)
        return weights

    def figures(self, days: Floats, target: Floats) -> tuple[float, float, float]:
        """Median, p90 and mean, days of these weights, cells weighted to `target`; a cell no day has is left out."""
        weight = days[self._day]
        held = np.bincount(self._cell, weights=weight, minlength=self._size)
        weight = weight * np.divide(target, held, out=np.zeros(self._size), where=held > 0)[self._cell]
        passed = np.cumsum(weight)
        places = np.minimum(np.searchsorted(passed, np.array([0.5, 0.9]) * passed[-1]), len(passed) - 1)
        p50, p90 = self._seconds[places].tolist()
        return p50, p90, float(weight @ self._seconds / passed[-1])
