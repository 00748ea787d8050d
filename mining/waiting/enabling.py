"""When the work of each event could have started, and what enabled it."""

from dataclasses import dataclass

import numpy as np

from mining.arena import NO_TIME, Arena, Codes, Times
from mining.kernels.directly_follows import directly_follows
from mining.kernels.enabling import enabling_rows
from mining.kernels.overlapping import overlapping
from mining.kernels.paths import paths
from mining.kernels.ranges import rows_of
from mining.part import Part, part_of
from mining.summary.parallel import Follows, Parallel, parallel


@dataclass(frozen=True)
class Enabling:
    """One int64 entry an event; the waiting of an event is `max(start - enabled, 0)`."""

    enabled: Times
    """µs UTC: the recorded enabling time, else the end of `before`; without either its start."""
    before: Times
    """Row of the event that enabled it, its true predecessor; -1 where there is none."""
    start: Times
    """µs UTC: `arena.start`, or the estimated start where only ends are recorded."""
    estimated: bool
    """Whether starts were estimated."""


def enabling(arena: Arena) -> Enabling:
    """The true predecessors of all events of the arena, and when their work could have started."""
    part = part_of(arena)
    found = parallel_of(part)
    codes = found.numbers(arena.activity)
    before = enabling_rows(part.first, part.last, codes, arena.start, arena.end, found.matrix)
    enabled = np.where(before >= 0, arena.end[before], arena.start)
    recorded = arena.enabled != NO_TIME
    return Enabling(np.where(recorded, arena.enabled, enabled), before, arena.start, estimated=False)


def parallel_of(part: Part) -> Parallel:
    """Which activities of the part run in parallel."""
    codes, size = part.codes["activity"], part.size["activity"]

    def ways() -> tuple[Times, Codes, Times]:
        found = paths(part.first, part.last, codes)
        taken = rows_of(part.first[found.example], part.last[found.example])
        return taken.offsets, codes[taken.rows], np.bincount(found.of_case, minlength=len(found.example))

    follows = directly_follows(part.first, part.last, codes, size)
    overlaps = overlapping(part.first, part.last, codes, part.start, part.end, size)
    return parallel(size, Follows(follows.source, follows.target, follows.count), overlaps, ways)
