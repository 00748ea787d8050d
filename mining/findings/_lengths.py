"""How long the work at steps takes, and how far each piece is off what its own people usually need."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from mining.findings._columns import SECOND, Column, event_columns, graded_columns
from mining.findings._frame import of_kind
from mining.findings._stats import Flags, Floats, Ints
from mining.findings._waits import groups
from mining.findings.facts import View

KNOWN: Final = 10
"""Pieces of work in either half of the time from which on the median of a person or role is a measure."""
PEOPLE: Final = frozenset({"role", "actor"})
"""Columns that say who: `slow_role` tells of them."""


@dataclass(frozen=True)
class Lengths:
    """Events of one activity and kind of actor that have a length and no error; all arrays of one length.

    Hours in which a person was off by calendar don't count.
    """

    activity: int
    rows: Ints
    seconds: Floats
    base: Floats
    """Log of the seconds (plus a millisecond) that the same person, else role, needs at the median; 0 but for staff."""
    staff: bool

    @property
    def off(self) -> Floats:
        """Log of how many times its base a piece took."""
        return np.log(self.seconds + 1e-3) - self.base


def lengths(view: View, least: int, hours: float) -> list[Lengths]:
    """All activities, by kind of actor, with at least `least` such events and `hours` of work in the window.

    A clerk who types what a page does in a moment is no slow page. Nobody is compared with somebody else: who is slow
    is not the step's fault, and who does the easy kind only isn't quick. What fails is left out, as a time-out is as
    long as it is set.
    """
    arena = view.arena
    staff = of_kind(view, "staff")
    took = arena.end - arena.start
    took[staff] -= _off_duty(view, np.flatnonzero(staff))
    rows = np.flatnonzero((took > 0) & ~arena.error)
    kinds = len(arena.names["actor_kind"]) + 1
    found = []
    for key, places in groups(arena.activity[rows].astype(np.int64) * kinds + arena.codes["actor_kind"][rows] + 1):
        own = np.sort(rows[places])
        seconds = took[own] / SECOND
        if len(own) < least or float(seconds.sum()) < hours * 3600:
            continue
        by_staff = bool(staff[own[0]])
        base = _base(view, own, np.log(seconds + 1e-3)) if by_staff else np.zeros(len(own))
        found.append(Lengths(key // kinds, own, seconds, base, by_staff))
    return found


def _off_duty(view: View, rows: Ints) -> Ints:
    """µs within each of the events in which its actor was off by calendar; 0 where none is known."""
    arena, known = view.arena, view.split.calendars
    calendar = np.append(known.of_actor[: len(arena.names["actor"])], -1)[arena.codes["actor"][rows]]
    off = np.zeros(len(rows), dtype=np.int64)
    if len(known.begin) == 0:
        return off
    there = np.flatnonzero(calendar >= 0)
    start, end, number = arena.start[rows[there]], arena.end[rows[there]], calendar[there]
    # One axis for all calendars, one behind the other.
    low = min(int(arena.start.min()), int(known.begin.min()))
    span = max(int(arena.end.max()), int(known.end.max())) - low + 1
    behind = np.repeat(np.arange(len(known.offsets) - 1), np.diff(known.offsets)) * span - low
    first = np.searchsorted(known.begin + behind, start + number * span - low, side="left")
    last = np.searchsorted(known.end + behind, end + number * span - low, side="right")
    sums = np.append(0, np.cumsum(known.end - known.begin))
    off[there] = np.where(last > first, sums[last] - sums[first], 0)
    return off


def _base(view: View, rows: Ints, logs: Floats) -> Floats:
    base = np.full(len(rows), float(np.median(logs)))
    early = view.arena.start[rows] < np.median(view.arena.start[rows])
    for part in ("role", "actor"):
        for code, places in groups(view.arena.codes[part][rows].astype(np.int64)):
            # Whoever was there only before, or only after, a change is no measure of it.
            if code >= 0 and min(int(early[places].sum()), int((~early[places]).sum())) >= KNOWN:
                base[places] = np.median(logs[places])
    return base


def columns(view: View, case: Ints) -> list[Column]:
    """Columns of events by which work at a step may differ, none of them who did it; amounts in bands."""
    arena = view.arena
    kept = {column.field: column for column in event_columns(arena, PEOPLE)}
    for column in graded_columns(arena):
        # What is known of the case holds at each of its steps.
        kept[column.field] = Column(column.field, column.codes[case], column.names)
    return list(kept.values())


def failing(view: View, activity: int, inside: Flags) -> tuple[int, int, int, int]:
    """Errors and events of an activity among the rows flagged `inside` (events,), and among its others."""
    own = view.arena.activity == activity
    error = view.arena.error
    here, rest = own & inside, own & ~inside
    return int(error[here].sum()), int(here.sum()), int(error[rest].sum()), int(rest.sum())
