"""`deviation/rule_violation`: a declared rule that cases break."""

from typing import Final

import numpy as np

from mining.findings._changes import change_before
from mining.findings._columns import (
    DAY,
    Column,
    case_columns,
    ids,
    local,
    unlocal,
    unusual_days,
    weeks,
    weeks_since,
)
from mining.findings._segments import began, concentrated
from mining.findings._stats import Ints
from mining.findings.facts import Fact, View
from mining.findings.positions import Positions
from mining.rules.checking import BROKEN, HOUR, PENDING, Checked, broken_at, certain, check
from mining.rules.settings import RuleSettings
from mining.rules.templates import CLAUSES, UNARY, forbids

DOERS: Final = ("role", "actor", "system", "module", "device")
UNCERTAIN: Final = 0.7
"""Confidence where the rule itself, or when a case ends, may not be what it seems."""


def rule_violation(view: View) -> list[Fact]:
    """One fact a rule that is broken, by whatever few cases: a rule is a rule.

    Where spans come sampled, rules that need something to happen are left out: it may have happened unseen.
    """
    facts = []
    for rule in view.rules:
        if view.arena.quality.sampled and not forbids(rule.template):
            continue
        checked = check(view.arena, rule, view.now, view.end_activities, view.zone)
        if checked.of(BROKEN).any():
            facts.append(_fact(view, rule, checked))
    return facts


def _fact(view: View, rule: RuleSettings, checked: Checked) -> Fact:
    arena = view.arena
    judged = checked.take(checked.verdict != PENDING)
    broken = judged.take(judged.of(BROKEN))
    shown = _one_a_case(judged)
    hit, pool = np.zeros(arena.cases, np.bool_), np.zeros(arena.cases, np.bool_)
    hit[broken.case], pool[shown.case] = True, True
    days = local(view, arena.start[shown.row]) // DAY
    change = began(days, hit[shown.case], unusual_days(view))
    since = None if change is None else unlocal(view, change[0])
    if since is not None and change is not None and change[1] == 0:
        # It was never broken before: the first time it was is when it began.
        since = int(arena.start[broken.at].min())
    moments = broken_at(arena, rule, broken, view.now)
    newest = np.argsort(-moments, kind="stable")
    span = weeks(arena) if since is None else weeks_since(view, since)
    money = None if rule.price is None else round(rule.price * len(broken.row) / span)
    recent = int(moments.max()) > view.now - DAY
    subject: dict[str, str | tuple[str, ...]] = {"rule": rule.id}
    for name, activities in (("activity", rule.activity), ("source", rule.source), ("target", rule.target)):
        if len(activities) == 1:
            subject[name] = activities[0]
    cases = len(np.unique(broken.case))
    return Fact(
        kind="deviation",
        name="rule_violation",
        subject=subject,
        confidence=1.0 if certain(arena, rule, view.end_activities) else UNCERTAIN,
        cases=cases,
        share=cases / arena.cases,
        hours_per_week=float(broken.late.sum()) / HOUR / span,
        example_cases=ids(arena, broken.case[newest]),
        case_rows=Positions(broken.case),
        example_rows=_rows(broken, newest),
        figures={
            "broken": len(broken.row),
            "judged": len(judged.row),
            "reach": len(shown.case),
            "pending": int(checked.of(PENDING).sum()),
            "p50_late_s": float(np.median(broken.late)) / 1e6 if broken.late.all() else None,
            "last": int(moments.max()),
        },
        since=since,
        severity=rule.severity,
        burst=recent and (rule.severity == "critical" or bool(money)),
        money_per_week=money,
        segment=concentrated(hit, pool, [*case_columns(arena), *_doers(view, rule, shown)]),
        change=None if since is None else change_before(view, since, broken.row),
        levers=_levers(rule),
    )


def _one_a_case(judged: Checked) -> Checked:
    """Of each case the first activation that is broken, else the first."""
    order = np.lexsort((judged.row, judged.verdict != BROKEN, judged.case))
    case = judged.case[order]
    first = np.ones(len(case), np.bool_)
    first[1:] = case[1:] != case[:-1]
    return judged.take(order[first])


def _rows(broken: Checked, newest: Ints) -> tuple[int, ...]:
    """The rows that break it, one of each of the cases that are examples."""
    found: dict[int, int] = {}
    for place in newest:
        found.setdefault(int(broken.case[place]), int(broken.at[place]))
        if len(found) == 5:
            break
    return tuple(found.values())


def _doers(view: View, rule: RuleSettings, shown: Checked) -> list[Column]:
    """By whom and with what the event was done that the rule asks more of."""
    arena = view.arena
    if rule.template in UNARY:
        return []
    columns = []
    for name in DOERS:
        codes = np.full(arena.cases, -1, np.int32)
        codes[shown.case] = arena.codes[name][shown.row]
        columns.append(Column(name, codes, arena.names[name]))
    return columns


def _levers(rule: RuleSettings) -> tuple[tuple[str, str], ...]:
    clauses = CLAUSES.get(rule.template, ())
    if any(clause.side == "before" for clause in clauses):
        first = ("block_shortcut", "system")
    elif rule.within_hours is not None and not forbids(rule.template):
        first = ("remind_in_time", "system")
    else:
        first = ("enforce_rule", "system")
    return (first, ("find_cause", "business"))
