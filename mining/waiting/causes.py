"""Why work waited: every microsecond from when it could have started to when it did, given to one of five causes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from mining.arena import Arena, Times
from mining.kernels.batches import batches
from mining.kernels.busy import without
from mining.kernels.cause_split import cause_split
from mining.settings import BusinessDays, WorkingHours
from mining.waiting.calendars import Calendars, calendars, commonest, worked
from mining.waiting.enabling import Enabling

CAUSES: Final = ("batching", "prioritisation", "contention", "unavailability", "extraneous")
PEOPLE: Final = "staff"
"""Kind of actor that goes off duty."""


@dataclass(frozen=True)
class Split:
    """Waiting by cause; the five add up to `max(start - enabled, 0)` of each event to the microsecond."""

    parts: dict[str, Times]
    """Per cause but extraneous (events,) µs."""
    waiting: Times
    calendars: Calendars

    def part(self, cause: str) -> Times:
        """(events,) µs that one cause took."""
        if cause != "extraneous":
            return self.parts[cause]
        return self.waiting - sum(self.parts.values())

    def rows(self, rows: npt.NDArray[np.int64]) -> Times:
        """(5, n) µs of some events, in order of CAUSES."""
        known = {cause: column[rows] for cause, column in self.parts.items()}
        known["extraneous"] = self.waiting[rows] - sum(known.values())
        return np.stack([known[cause] for cause in CAUSES])


def split(
    arena: Arena,
    found: Enabling,
    given: Mapping[str, Sequence[WorkingHours]] = {},
    zone: ZoneInfo = ZoneInfo("UTC"),
    business_days: BusinessDays = BusinessDays(),
) -> Split:
    """The waiting of all events by cause."""
    actor, people, pool = _actors(arena)
    waiting = np.maximum(found.start - found.enabled, 0)
    done = worked(actor, len(people), arena.activity, found.start, np.maximum(arena.end, found.start), found.enabled)
    known = calendars(arena, done, pool, people, given, zone, business_days)
    times, off = without(done.times, known.off, known.of_actor)
    certain = known.certain[known.of_actor] & (known.of_actor >= 0) if len(known.certain) else known.of_actor < -1
    piled = batches(done.offsets, arena.activity[done.rows], done.start, done.end, done.enabled, times, off)
    parts = cause_split(done.offsets, done.start, done.enabled, times, piled, off, certain)
    columns = {}
    for cause in CAUSES[:-1]:
        column = np.zeros(arena.events, np.int64)
        column[done.rows] = getattr(parts, cause)
        columns[cause] = column
    return Split(columns, waiting, known)


def _actors(arena: Arena) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.bool_], npt.NDArray[np.int64]]:
    """Who did each event (where no actor is known: the system), who of them are people, and the pool of each.

    A pool is a role, or where an actor has none those who do the same activity most.
    """
    names, systems = arena.names["actor"], arena.names["system"]
    actor = arena.codes["actor"].astype(np.int32)
    system = arena.codes["system"]
    nobody = (actor < 0) & (system >= 0)
    if nobody.any():
        actor = np.where(nobody, len(names) + system, actor).astype(np.int32)
    size = len(names) + len(systems)
    people = np.zeros(size, np.bool_)
    kinds = arena.names["actor_kind"]
    kind = commonest(arena.codes["actor"], arena.codes["actor_kind"], len(names))
    people[: len(names)] = [each < 0 or kinds[each] == PEOPLE for each in kind]
    role = commonest(arena.codes["actor"], arena.codes["role"], len(names))
    does = commonest(arena.codes["actor"], arena.activity, len(names))
    pool = np.full(size, -1, np.int64)
    pool[: len(names)] = np.where(role >= 0, role, len(arena.names["role"]) + does)
    return actor, people, pool
