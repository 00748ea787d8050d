"""When the work of each event could have started, and what enabled it."""

from dataclasses import dataclass

import numpy as np

from mining.arena import NO_TIME, Arena, Times
from mining.kernels.concurrency import concurrency
from mining.kernels.enabling import enabling_rows


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
    size = len(arena.activities)
    found = concurrency(arena.offsets[:-1], arena.offsets[1:], arena.activity, arena.start, arena.end, size)
    left, right = found.left[found.parallel], found.right[found.parallel]
    there = np.union1d(left, right)
    place = np.full(size + 1, -1, np.int32)
    place[there] = np.arange(len(there))
    parallel = np.zeros((len(there), len(there)), np.bool_)
    parallel[place[left], place[right]] = parallel[place[right], place[left]] = True
    codes = place[arena.activity]
    before = enabling_rows(arena.offsets[:-1], arena.offsets[1:], codes, arena.start, arena.end, parallel)
    enabled = np.where(before >= 0, arena.end[before], arena.start)
    recorded = arena.enabled != NO_TIME
    return Enabling(np.where(recorded, arena.enabled, enabled), before, arena.start, estimated=False)
