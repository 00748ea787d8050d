"""Why work waited: every microsecond from when it could have started to when it did, given to one of five causes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from mining.arena import Arena, Codes, Times
from mining.dictionary import nothing
from mining.kernels.batches import batches
from mining.kernels.bound import Bound, bound
from mining.kernels.busy import apart, without
from mining.kernels.cause_split import cause_split
from mining.settings import BusinessDays, WorkingHours
from mining.waiting.calendars import NO_CALENDARS, Calendars, Worked, calendars, commonest
from mining.waiting.enabling import Enabling
from mining.waiting.pools import Free, free_times, pooled, together

CAUSES: Final = ("batching", "prioritisation", "contention", "unavailability", "extraneous")
Flags = npt.NDArray[np.bool_]
PEOPLE: Final = "staff"
"""Kind of actor that goes off duty."""


@dataclass(frozen=True)
class Split:
    """Waiting by cause; the five add up to `max(start - enabled, 0)` of each event to the microsecond."""

    parts: Mapping[str, Times]
    """Per cause but extraneous (events,) µs."""
    found: Enabling
    calendars: Calendars
    shared: Flags
    """(activities,): what anybody of a pool takes."""
    pool: Times
    """(actors + systems,): the pool of each; -1 where there is none."""
    unlimited: Flags
    """(actors + systems,): who does more than one thing most of the time."""

    @property
    def waiting(self) -> Times:
        """(events,) µs."""
        return np.asarray(np.maximum(self.found.start - self.found.enabled, 0))

    def part(self, cause: str) -> Times:
        """(events,) µs that one cause took."""
        if cause != "extraneous":
            return self.parts[cause]
        left = self.waiting
        for column in self.parts.values():
            left -= column
        return left

    def of_cases(self, arena: Arena, chosen: Flags) -> "Split":
        """That of the arena of some of its cases."""
        rows = np.flatnonzero(np.repeat(chosen, np.diff(arena.offsets)))
        before = self.found.before[rows]
        own = Enabling(
            self.found.enabled[rows],
            np.where(before >= 0, np.searchsorted(rows, before), -1),
            self.found.start[rows],
            self.found.estimated,
            self.found.parallel,
        )
        return replace(self, parts={cause: column[rows] for cause, column in self.parts.items()}, found=own)

    def rows(self, rows: npt.NDArray[np.int64]) -> Times:
        """(5, n) µs of some events, in order of CAUSES."""
        known = [self.parts[cause][rows] for cause in CAUSES[:-1]]
        waiting = np.maximum(self.found.start[rows] - self.found.enabled[rows], 0)
        return np.stack([*known, waiting - sum(known)])


def split(
    arena: Arena,
    found: Enabling,
    given: Mapping[str, Sequence[WorkingHours]] = {},
    zone: ZoneInfo = ZoneInfo("UTC"),
    business_days: BusinessDays = BusinessDays(),
) -> Split:
    """The waiting of all events by cause. `given`: calendars of actors and roles; `zone`: in which they are meant."""
    if not arena.events:
        none = np.zeros(0, np.bool_)
        return Split(
            {cause: nothing(np.int64(0), 0) for cause in CAUSES[:-1]},
            found,
            NO_CALENDARS,
            none,
            nothing(np.int64(0), 0),
            none,
        )
    actor, people, pool = _actors(arena)
    end = arena.end if found.start is arena.start else np.maximum(arena.end, found.start)
    done = Worked(actor, len(people), arena.activity, found.start, end, found.enabled)
    known = calendars(arena, found.enabled, done, pool, people, given, zone, business_days)
    looked = look(done, known, pool, len(arena.activities))
    shared = pooled([each.bound for each in looked], len(arena.activities))
    unlimited = np.concatenate([np.zeros(0, np.bool_), *(each.unlimited for each in looked)])
    # Pages of zeros that nothing is written to take no memory.
    parts = {cause: np.zeros(arena.events, np.int64) for cause in CAUSES[:-1]}
    divide(done, known, pool, shared, looked, parts)
    return Split(parts, found, known, shared, pool, unlimited)


@dataclass(frozen=True)
class Looked:
    """What was seen of some actors."""

    bound: Bound
    free: Free
    unlimited: Flags


def look(done: Worked, known: Calendars, pool: Times, size: int) -> list[Looked]:
    """What is to be known of all actors before the work of one can be divided; there are `size` activities."""
    pools = int(pool.max(initial=-1)) + 1

    def one(actors: slice) -> Looked:
        did = done.some(actors)
        times, _ = without(did.busy, known.off, known.of_actor[actors])
        told = bound(did.offsets, did.activity, size, did.start, did.enabled, times)
        return Looked(told, free_times(times, pool[actors], pools), times.unlimited)

    return done.each(one)


def divide(
    done: Worked,
    known: Calendars,
    pool: Times,
    shared: Flags,
    looked: Sequence[Looked],
    parts: Mapping[str, Times],
) -> None:
    """Write into `parts` (zeros, one entry an event that was done) how its waiting divides into causes."""
    certain = np.append(known.certain, False)[known.of_actor]
    free = together([each.free for each in looked], int(pool.max(initial=-1)) + 1) if shared.any() else None

    def work(actors: slice) -> None:
        did = done.some(actors)
        times, off = without(did.busy, known.off, known.of_actor[actors])
        piled = batches(did.offsets, did.activity, did.start, did.end, did.enabled, times, off)
        anyone = shared[did.activity]
        for taken in (False, True):
            chosen = anyone == taken
            if not chosen.any():
                continue
            if taken and free is not None:
                times = apart(times, free, pool[actors])
            told = cause_split(did.offsets, did.start, did.enabled, times, piled, off, certain[actors], chosen)
            for cause, column in parts.items():
                own = getattr(told, cause)
                there = np.flatnonzero(own)
                column[did.rows[there]] = own[there]

    done.each(work)


def _actors(arena: Arena) -> tuple[Codes, Flags, Times]:
    """Who did each event (where no actor is known: the system), who of them are people, and the pool of each.

    A pool is a role, or where an actor has none those who do the same activity most.
    """
    names, systems = arena.names["actor"], arena.names["system"]
    actor = arena.codes["actor"]
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
