"""When the work of each event could have started, and, where only ends are recorded, when it did by estimate."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from mining.arena import NO_TIME, Codes
from mining.kernels.enabling import enabling_rows
from mining.part import Part
from mining.summary.buckets import PER_PAGE
from mining.summary.counters import bucketed
from mining.summary.histogram import Histogram
from mining.summary.numbering import BEGIN
from mining.summary.parallel import Parallel

Ints = npt.NDArray[np.int64]

EVER: Final = NO_TIME + 1
"""Since when an actor is free who has ended nothing before."""
LONGEST: Final = 5
"""Estimated service times are at most so many times the median of their activity: of an exponential one, 97 % are."""


@dataclass(frozen=True)
class Rule:
    """How the waiting of a log is found, decided by all of its cases."""

    parallel: Parallel
    longest: Ints | None = None
    """Per activity the longest service time that is believed, µs, where starts are estimated; else None."""

    def __bool__(self) -> bool:
        """Whether waiting is other than the gap to the event before."""
        return bool(self.parallel) or self.longest is not None


@dataclass(frozen=True)
class Enabled:
    """Per row, int64: `enabled`, µs (NO_TIME where nothing is known); `before`, the row that enabled it, -1 where there
    is none; `begun`, µs, when its work began.
    """

    enabled: Ints
    before: Ints
    begun: Ints


def enabled(part: Part, rule: Rule) -> Enabled:
    """What enabled each event of the part, when, and when its work began."""
    parallel = rule.parallel
    codes = part.codes["activity"]
    before = enabling_rows(part.first, part.last, parallel.numbers(codes), part.start, part.end, parallel.matrix)
    times = part.end[before] if len(before) else np.empty(0, np.int64)
    times[before < 0] = NO_TIME
    if part.enabled is not None:
        times = np.where(part.enabled != NO_TIME, part.enabled, times)
    begun = part.start
    if rule.longest is not None and part.free is not None:
        begun = np.maximum(_earliest(part, times), part.end - np.append(rule.longest, 0)[codes])
    return Enabled(times, before, begun)


def with_enabled(part: Part, rule: Rule) -> Part:
    """The part with `enabled`, `enabler` and `begun` as the rule finds them; as it is where it finds nothing new."""
    if not rule:
        return part
    found = enabled(part, rule)
    enabler = np.where(found.before >= 0, part.codes["activity"][found.before], BEGIN).astype(np.int32)
    return replace(part, enabled=found.enabled, enabler=enabler, begun=found.begun)


def longest(parts: Iterable[Part], parallel: Parallel, size: int) -> Ints:
    """Per activity the longest service time that is believed, from the estimates of all parts."""
    found = Histogram()
    found.reserve(size)
    for part in parts:
        times = enabled(part, Rule(parallel)).enabled
        took = part.end - _earliest(part, times)
        told = (part.free != NO_TIME) & (times != NO_TIME)
        codes = np.where(told, part.codes["activity"], -1).astype(np.int32)
        found.add(codes, bucketed(took), 1)
    bounds = np.zeros(size, np.int64)
    rows = found.rows()
    for activity in np.unique(rows.group).tolist():
        mine = rows.group == activity
        upto = np.cumsum(rows.count[mine])
        middle = int(rows.bucket[mine][np.searchsorted(upto, (upto[-1] + 1) // 2)])
        bounds[activity] = LONGEST * _least(middle)
    return bounds


def free(part: Part, names: Mapping[str, Sequence[str]]) -> Ints | None:
    """Per row since when its actor was free, µs: the end before, strictly, of the actor's; EVER where there is none.

    NO_TIME where no person is known: such events stay without length. None where the log has lengths, or knows nobody:
    nothing is estimated then. The part has all cases of the log.
    """
    actor = persons(part, names)
    if actor is None or not bool((actor >= 0).any()):
        return None
    return ended_before(actor, part.end)


def persons(part: Part, names: Mapping[str, Sequence[str]]) -> Codes | None:
    """Per row the code of the actor, -1 where that is no person; None where the part has lengths, or no actors."""
    if "actor" not in part.codes or bool((part.end > part.start).any()):
        return None
    actor = part.codes["actor"]
    if "actor_kind" not in part.codes:
        return actor
    machines = [code for code, kind in enumerate(names["actor_kind"]) if kind in ("system", "device")]
    return np.where(np.isin(part.codes["actor_kind"], machines), -1, actor)


def ended_before(actor: Codes, end: Ints) -> Ints:
    """Per event the latest end of its actor strictly before its own; EVER where there is none, NO_TIME for no actor."""
    order = np.lexsort((end, actor))
    order = order[np.searchsorted(actor[order], 0) :]
    who, when = actor[order], end[order]
    new = np.ones(len(order), np.bool_)
    new[1:] = (who[1:] != who[:-1]) | (when[1:] != when[:-1])
    run = np.maximum.accumulate(np.where(new, np.arange(len(order)), 0))  # first of the actor's with this end
    same = (run > 0) & (who[run - 1] == who)
    out = np.full(len(actor), NO_TIME)
    out[order] = np.where(same, when[run - 1], EVER)
    return out


def _earliest(part: Part, times: Ints) -> Ints:
    """When case and actor were free, at most the recorded end; that where not both are known: nothing is guessed."""
    assert part.free is not None
    since = np.minimum(np.maximum(times, part.free), part.end)
    return np.where((part.free != NO_TIME) & (times != NO_TIME), since, part.start)


def _least(bucket: int) -> int:
    """The least value of a bucket."""
    if bucket < PER_PAGE:
        return 0
    octave, step = divmod(bucket - PER_PAGE, PER_PAGE)
    return ((PER_PAGE + step) << octave) // PER_PAGE
