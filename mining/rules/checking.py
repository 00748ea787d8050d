"""Which events keep and which break a declared rule."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from mining.arena import Arena
from mining.kernels.rule_witness import ACTIVATES, COUNTS, Witnesses, rule_witness
from mining.rules.conditions import cases_pass, events_pass, unknown_fields
from mining.rules.settings import Condition, RuleSettings
from mining.rules.templates import CLAUSES, UNARY, Clause, forbids

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Verdicts = npt.NDArray[np.int8]
FULFILLED: Final = 0
BROKEN: Final = 1
PENDING: Final = 2
NO_ROW: Final = -1
HOUR: Final = 3600 * 1_000_000
DAY: Final = 24 * HOUR
FAR: Final = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Checked:
    """One entry an activation of a rule, in the order of cases and rows."""

    case: Ints
    """Position of the case in the arena."""
    row: Ints
    """The event that activates; of a rule that a case activates its first event."""
    verdict: Verdicts
    """FULFILLED (so far, where a later event can still break it), BROKEN or PENDING."""
    at: Ints
    """The event at which it is broken: the forbidden one, else the one that activates."""
    late: Ints
    """µs by which what is needed came, or is by now, later than within_hours allow, or came too early; else 0."""

    def of(self, verdict: int) -> Flags:
        """Which activations have a verdict."""
        flags: Flags = self.verdict == verdict
        return flags

    def take(self, chosen: Flags | Ints) -> "Checked":
        """Some of the activations."""
        return Checked(self.case[chosen], self.row[chosen], self.verdict[chosen], self.at[chosen], self.late[chosen])


def check(arena: Arena, rule: RuleSettings, now: int, end_activities: Sequence[str], zone: ZoneInfo) -> Checked:
    """All activations of the rule. `now` in µs UTC; `zone` is that of `rule.since`.

    A case is open while none of its events is one of `end_activities`; without any named, none is. What is needed
    later is PENDING in an open case while its time is not up. Raises ValueError for rows or codes out of range.
    """
    if rule.template in UNARY:
        found = _of_cases(arena, rule, end_activities)
    else:
        halves = [_of_events(arena, rule, clause, now, end_activities) for clause in CLAUSES[rule.template]]
        found = halves[0] if len(halves) == 1 else _together(halves)
    if rule.since is None:
        return found
    begins = datetime(rule.since.year, rule.since.month, rule.since.day, tzinfo=zone).astimezone(UTC)
    return found.take(arena.start[arena.offsets[found.case]] >= int(begins.timestamp()) * 1_000_000)


def broken_at(arena: Arena, rule: RuleSettings, broken: Checked, now: int) -> Ints:
    """When each was broken, µs UTC: at the start of the event `at`, or when the time was up, where that is why."""
    moments: Ints = arena.start[broken.at]
    if rule.within_hours is None:
        return moments
    due = arena.end[broken.row] + round(rule.within_hours * HOUR)
    return np.where(broken.late > 0, np.minimum(due, now), moments)


def unknown(arena: Arena, rule: RuleSettings) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Activities, and fields of conditions, that the rule names and no event has."""
    names = dict.fromkeys((*rule.activity, *rule.source, *rule.target))
    return (
        tuple(name for name in names if name not in arena.activities),
        unknown_fields(arena, (*rule.when, *rule.counts_when)),
    )


def certain(arena: Arena, rule: RuleSettings, end_activities: Sequence[str]) -> bool:
    """Whether what looks broken is.

    Not where the activity that is needed is in no event at all (its name may be wrong), and not where something is
    needed later, at any time, but nothing says when a case has ended.
    """
    if forbids(rule.template):
        return True
    there = set(arena.activities)
    if rule.template in UNARY:
        waits = rule.template == "end" or (rule.template == "existence" and rule.bounds[0] > 0)
        return bool(there & set(rule.activity)) and (bool(end_activities) or not waits)
    for clause in CLAUSES[rule.template]:
        needed = rule.target if clause.activated_by == "source" else rule.source
        if not there & set(needed):
            return False
        if clause.side != "before" and rule.within_hours is None and not end_activities:
            return False
    return True


def _of_events(arena: Arena, rule: RuleSettings, clause: Clause, now: int, end_activities: Sequence[str]) -> Checked:
    """One half of a template of two activities."""
    one, other = (rule.source, rule.target) if clause.activated_by == "source" else (rule.target, rule.source)
    marks = np.zeros(arena.events, np.uint8)
    marks[_events(arena, one, rule.when)] |= ACTIVATES
    marks[_events(arena, other, rule.counts_when)] |= COUNTS
    low = round(rule.not_before_hours * HOUR)
    high = None if rule.within_hours is None else round(rule.within_hours * HOUR)
    found = _witnesses(arena, rule, clause, marks, low, high)
    case, row, witness = found.case, found.row, found.witness
    if clause.forbidden:
        broken = witness != NO_ROW
        return Checked(case, row, broken.astype(np.int8), np.where(broken, witness, row), np.zeros(len(row), np.int64))
    verdict = np.where(witness == NO_ROW, BROKEN, FULFILLED).astype(np.int8)
    due = np.full(len(row), FAR) if high is None else arena.end[row] + high
    if clause.side != "before":
        open_ = _open(arena, end_activities)[case] if end_activities else np.full(len(row), high is not None)
        waits = (verdict == BROKEN) & open_ & (now <= due)
        if clause.how == "alternate":
            waits[:-1] &= case[1:] != case[:-1]
        elif clause.how == "chain":
            waits &= row + 1 == arena.offsets[case + 1]
        verdict[waits] = PENDING
    late = np.zeros(len(row), np.int64)
    missed = np.flatnonzero(verdict == BROKEN)
    if len(missed) and clause.side == "after" and (high is not None or low):
        # How far from right: the nearest that came at all, else now.
        anyhow = _witnesses(arena, rule, clause, marks, 0, None).witness[missed]
        gap = np.maximum(arena.start[anyhow] - arena.end[row[missed]], 0)
        over = np.where(anyhow == NO_ROW, now, arena.start[anyhow]) - due[missed] if high is not None else 0 * gap
        late[missed] = np.maximum(np.where((anyhow != NO_ROW) & (gap < low), low - gap, over), 0)
    return Checked(case, row, verdict, row, late)


def _witnesses(
    arena: Arena, rule: RuleSettings, clause: Clause, marks: npt.NDArray[np.uint8], low: int, high: int | None
) -> Witnesses:
    sides = ("after", "before") if clause.side == "either" else (clause.side,)
    found: Witnesses | None = None
    for side in sides:
        here = rule_witness(
            arena.offsets[:-1],
            arena.offsets[1:],
            arena.start,
            arena.end,
            marks,
            arena.codes["actor"],
            len(arena.names["actor"]),
            after=side == "after",
            how=clause.how,
            actor=rule.actor,
            sure=clause.forbidden,
            not_before=low,
            within=high,
        )
        if found is not None:
            here = Witnesses(here.case, here.row, np.where(found.witness != NO_ROW, found.witness, here.witness))
        found = here
    assert found is not None
    return found


def _of_cases(arena: Arena, rule: RuleSettings, end_activities: Sequence[str]) -> Checked:
    """A template of one activity."""
    wanted = cases_pass(arena, rule.when)
    case = np.arange(arena.cases, dtype=np.int64) if wanted is None else np.flatnonzero(wanted)
    first, last = arena.offsets[case], arena.offsets[case + 1] - 1
    counts = _events(arena, rule.activity, rule.counts_when)
    open_ = _open(arena, end_activities)[case] if end_activities else np.zeros(len(case), np.bool_)
    verdict, at = np.zeros(len(case), np.int8), first.copy()
    if rule.template == "init":
        verdict[~counts[first]] = BROKEN
    elif rule.template == "end":
        verdict[~counts[last]] = BROKEN
        verdict[open_] = PENDING
        at = last
    else:
        least, most = rule.bounds
        so_far = np.append(0, np.cumsum(counts))
        times = so_far[last + 1] - so_far[first]
        verdict[times < least] = BROKEN
        at[times < least] = last[times < least]
        verdict[(times < least) & open_] = PENDING
        if most is not None:
            many = times > most
            verdict[many] = BROKEN
            at[many] = np.flatnonzero(counts)[so_far[first[many]] + most]
    return Checked(case, first, verdict, at, np.zeros(len(case), np.int64))


def _events(arena: Arena, activities: Sequence[str], conditions: Sequence[Condition]) -> Flags:
    named = np.array([name in activities for name in arena.activities] + [False], np.bool_)
    flags: Flags = named[arena.activity]
    passes = events_pass(arena, conditions)
    return flags if passes is None else flags & passes


def _open(arena: Arena, end_activities: Sequence[str]) -> Flags:
    if arena.cases == 0:
        return np.zeros(0, np.bool_)
    return ~np.logical_or.reduceat(_events(arena, end_activities, ()), arena.offsets[:-1])


def _together(halves: Sequence[Checked]) -> Checked:
    joined = [np.concatenate(parts) for parts in zip(*(vars(half).values() for half in halves), strict=True)]
    order = np.argsort(joined[1], kind="stable")
    return Checked(*(column[order] for column in joined))
