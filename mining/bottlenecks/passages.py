"""Every wait of a log as a line from leaving one step to reaching the next."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mining.arena import Arena, Codes, Times
from mining.waiting.enabling import enabling

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Passages:
    """One entry a transition of a case, in the order of cases and their events."""

    activities: tuple[str, ...]
    row: Times
    """Row of the event that was waited for, in the arena."""
    case: Times
    """Position of its case."""
    source: Codes
    target: Codes
    begin: Times
    """µs UTC: when the wait began."""
    end: Times
    """µs UTC: when it ended; never before `begin`."""

    def take(self, chosen: Flags | Times) -> "Passages":
        """Some of them."""
        return Passages(
            self.activities,
            self.row[chosen],
            self.case[chosen],
            self.source[chosen],
            self.target[chosen],
            self.begin[chosen],
            self.end[chosen],
        )

    def between(self, source: str | None, target: str | None) -> "Passages":
        """Those of one transition; None takes any."""
        chosen = np.ones(len(self.row), np.bool_)
        for name, codes in ((source, self.source), (target, self.target)):
            if name is not None:
                chosen &= codes == (self.activities.index(name) if name in self.activities else -2)
        return self.take(chosen)

    @property
    def seconds(self) -> Floats:
        """How long each took."""
        return (self.end - self.begin) / 1e6


def passages(arena: Arena) -> Passages:
    """The transitions of all cases, as the report's `transitions` count them."""
    known = enabling(arena)
    row = np.flatnonzero(known.before >= 0)
    end = known.start[row]
    return Passages(
        arena.activities,
        row,
        np.searchsorted(arena.offsets, row, side="right") - 1,
        arena.activity[known.before[row]],
        arena.activity[row],
        np.minimum(known.enabled[row], end),
        end,
    )
