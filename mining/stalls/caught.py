"""Which cases a stoppage catches: those whose next step, one of the flow that is silent, came due meanwhile."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from mining.arena import Arena, Codes
from mining.stalls.leaving import leaving

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

HOUR: Final = 3_600_000_000
OF_CASES: Final = ("channel", "shop")
"""Fields that are the case's own: all its events are of the flow, and those of other cases are not."""
MOSTLY: Final = 0.5
NEARLY_ALL: Final = 0.99
FEWEST: Final = 5
"""Cases that went on from a step, below which nothing is expected after it."""
LONGEST: Final = 30 * 24 * HOUR


@dataclass(frozen=True)
class Flow:
    """A process as a whole, or what comes from one of its systems, channels or shops."""

    field: str
    """`process`, `system`, `channel` or `shop`."""
    value: str

    def events(self, arena: Arena) -> Flags:
        """One flag an event of the arena: whether it is of the flow."""
        if self.field == "process":
            return np.ones(arena.events, np.bool_)
        names = arena.names[self.field]
        if self.value not in names:
            return np.zeros(arena.events, np.bool_)
        found: Flags = arena.codes[self.field] == names.index(self.value)
        return found


@dataclass(frozen=True)
class Caught:
    """One entry for each step at which a case stood, in order of the arena's rows."""

    case: Ints
    row: Ints
    """Arena row of the event after which it stood."""
    next: Codes
    """Activity that mostly comes next from there (code), of the flow where the flow is a system."""
    role: Codes
    """Who mostly does it (code of the role); NO_CODE where it is not known."""
    system: Codes
    """Where (code of the system); NO_CODE where it is not known."""
    due: Ints
    """µs UTC: by then half of those that go on from there have begun with it."""
    limit: Ints
    """µs from standing there, or from the end of the stoppage, in which 99 of 100 of those that go on have; an hour
    to 30 days."""


def caught(arena: Arena, flow: Flow, begin: int, until: int, end_activities: tuple[str, ...]) -> Caught:
    """The cases caught in the silence after `begin`, before `until` (µs UTC).

    A case that has had no end activity stands at an event from its end until the case's next event begins. It is caught
    there where most cases that come to this step go on from it, mostly with an event of the flow (for a channel or
    shop: this event is of it); where it stood in the silent time until the next step was due; and where no more time
    had passed when the silence began than 99 of 100 of those that go on take. Times and shares are those of before
    `begin`, by `leaving`, open cases counted. Of one step that a case came to again the last counts. Nothing is caught
    where no end activities are known.
    """
    owner = np.repeat(np.arange(arena.cases, dtype=np.int64), np.diff(arena.offsets))
    own = flow.events(arena)
    moved = _next_start(arena)
    stood = _unended(arena, owner, end_activities) & (arena.end < until)
    inner = np.flatnonzero(moved <= begin)
    source, took = arena.activity[inner], (moved[inner] - arena.end[inner]).clip(0)
    there = np.flatnonzero(stood & (moved > begin) & bool(end_activities))
    parts: list[tuple[Ints, ...]] = []
    for activity in np.unique(arena.activity[there]):
        rows = there[arena.activity[there] == activity]
        left = source == activity
        still = rows[arena.end[rows] < begin]
        known = leaving(took[left], begin - arena.end[still])
        following = inner[left] + 1
        if flow.field in OF_CASES:
            rows, following = rows[own[rows]], following[own[following]]
        elif 2 * int(own[following].sum()) < len(following):
            continue
        else:
            following = following[own[following]]
        if len(following) < FEWEST or known.share < MOSTLY:
            continue
        due = arena.end[rows] + known.within(MOSTLY)
        limit = min(max(known.within(NEARLY_ALL), HOUR), LONGEST)
        chosen = (due < np.minimum(until, moved[rows])) & (begin - arena.end[rows] <= limit)
        chosen[:-1] &= ~chosen[1:] | (owner[rows[:-1]] != owner[rows[1:]])
        rows = rows[chosen]
        target = _most(arena.activity[following])
        following = following[arena.activity[following] == target]
        role, system = (_most(arena.codes[name][following]) for name in ("role", "system"))
        same = np.ones(len(rows), np.int64)
        parts.append((owner[rows], rows, target * same, role * same, system * same, due[chosen], limit * same))
    columns = [np.concatenate(each) for each in zip(*parts, strict=True)] or [np.empty(0, np.int64)] * 7
    order = np.argsort(columns[1], kind="stable")
    return Caught(*(column[order] for column in columns))


def _next_start(arena: Arena) -> Ints:
    """Of each event the start of the next one of its case; the largest number where there is none."""
    found = np.append(arena.start[1:], 0)[: arena.events]
    found[arena.offsets[1:] - 1] = np.iinfo(np.int64).max
    return found


def _unended(arena: Arena, owner: Ints, end_activities: tuple[str, ...]) -> Flags:
    """One flag an event: whether its case has had no end activity up to and with it."""
    ending = np.array([name in end_activities for name in arena.activities], np.bool_)[arena.activity]
    passed = np.cumsum(ending)
    before: Ints = np.append(0, passed)[arena.offsets[:-1]]
    found: Flags = passed == before[owner]
    return found


def _most(codes: Codes) -> int:
    """The most frequent code; of equally frequent ones the least."""
    values, counts = np.unique(codes, return_counts=True)
    return int(values[counts.argmax()])
