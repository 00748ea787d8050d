"""Every wait of a log as a line from leaving one step to reaching the next."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mining.arena import Arena, Codes, Times
from mining.waiting.enabling import enabling

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


Pair = tuple[str, str]
"""Source and target of a transition."""


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

    def take(self, chosen: Flags | Times | slice) -> "Passages":
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


class Grouped:
    """Passages put together by transition, in their order: those of one transition are a view."""

    def __init__(self, found: Passages) -> None:
        size = max(len(found.activities), 1)
        # As narrow as it can be: 16 bits are put in order by counting.
        kind = np.min_scalar_type(size * size)
        key = found.source.astype(kind) * size + found.target.astype(kind)
        order = np.argsort(key, kind="stable")
        self._all, ordered = found.take(order), key[order].astype(np.int64)
        starts = np.flatnonzero(np.diff(ordered, prepend=-1))
        ends = np.append(starts, len(ordered))[1:]
        names = found.activities
        self._places: dict[Pair, slice] = {
            (names[each // size], names[each % size]): slice(low, high)
            for each, low, high in zip(ordered[starts].tolist(), starts.tolist(), ends.tolist(), strict=True)
        }

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """All transitions."""
        return tuple(self._places)

    def of(self, pair: Pair) -> Passages:
        """Those of one transition."""
        return self._all.take(self._places.get(pair, slice(0, 0)))

    def into(self, target: str) -> Passages:
        """Those of all transitions to an activity."""
        found = [np.arange(place.start, place.stop) for pair, place in self._places.items() if pair[1] == target]
        return self._all.take(np.concatenate(found) if found else slice(0, 0))
