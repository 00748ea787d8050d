"""When the work of each event could have started, and what enabled it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mining.arena import NO_TIME, Arena, Codes, Times
from mining.kernels.directly_follows import directly_follows
from mining.kernels.overlapping import overlapping
from mining.kernels.paths import paths
from mining.kernels.ranges import rows_of
from mining.part import Part, part_of
from mining.summary.enabled import Rule, enabled, free, longest
from mining.summary.parallel import Follows, Parallel, parallel
from mining.summary.timed import with_timed


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
    parallel: Parallel
    """Which activities (codes of the arena) run in parallel."""


def enabling(arena: Arena) -> Enabling:
    """The true predecessors of all events of the arena, and when their work could have started."""
    part = with_free(part_of(arena), arena.names)
    rule = rule_of(part)
    found = enabled(part, rule)
    times, unknown = found.enabled, found.enabled == NO_TIME
    times[unknown] = found.begun[unknown]
    return Enabling(times, found.before, found.begun, rule.longest is not None, rule.parallel)


def with_free(part: Part, names: Mapping[str, Sequence[str]]) -> Part:
    """The part of a whole log, with when actors were free where starts are to be estimated."""
    return replace(part, free=free(part, names))


def rule_of(part: Part) -> Rule:
    """How waiting is found in the log that the part has all cases of."""
    parallel = parallel_of(part)
    if part.free is None:
        return Rule(parallel)
    return Rule(parallel, longest([part], parallel, part.size["activity"]))


def parallel_of(part: Part) -> Parallel:
    """Which activities of the part run in parallel."""
    codes, size = part.codes["activity"], part.size["activity"]

    def ways() -> tuple[Times, Codes, Times]:
        found = paths(part.first, part.last, codes)
        taken = rows_of(part.first[found.example], part.last[found.example])
        return taken.offsets, codes[taken.rows], np.bincount(found.of_case, minlength=len(found.example))

    found = directly_follows(part.first, part.last, codes, size)
    follows = Follows(found.source, found.target, found.count)
    overlaps = overlapping(part.first, part.last, codes, part.start, part.end, size)
    counted = parallel(size, follows, overlaps, ways)
    return with_timed(counted, follows, [part], size) if bool((part.end > part.start).any()) else counted
