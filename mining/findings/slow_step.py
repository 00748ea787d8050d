"""`bottleneck/slow_step`: a step whose own work takes longer than before, than elsewhere, or often very long."""

from dataclasses import replace
from typing import Final

import numpy as np

from mining.findings._changes import change_before
from mining.findings._columns import (
    DAY,
    case_of,
    daily,
    ids,
    local,
    unusual_days,
    weeks,
    weeks_since,
)
from mining.findings._deadlines import missed_for
from mining.findings._lengths import Lengths, columns, failing, lengths
from mining.findings._slowness import FEWEST, UNEVEN, Segment, Slow, risen, segments, tail, uneven
from mining.findings._stats import Floats, Ints, at_least
from mining.findings.facts import Fact, View
from mining.findings.positions import Positions
from mining.findings.slow_role import slow_role

TAILS: Final = 3
"""How many heavy tails are listed for information."""
Figures = dict[str, float | int | str | None]


def slow_step(view: View) -> list[Fact]:
    """Steps whose own service time rose for good on a day, is longer for a segment, or has a heavy tail.

    Everybody is measured against their own median, so that a slow person or team (`slow_role`) makes no slow step, and
    what fails is left to `system_error`; where slowness comes with many more errors the confidence is 0.6.
    A rise: change point of the daily level, by 1.3. A segment: van Elteren's test among neighbours in time,
    Benjamini-Hochberg over all that was tried, 0.001, medians apart by 1.5; confidence 0.7 for fields whose values may
    stand for other work. A tail: p90 at 8 medians, confidence 0.6. Hours lost: beyond the level of before, of the rest,
    beyond twice the median; where they are too few for a warning the confidence is at most 0.6.
    """
    arena = view.arena
    case = case_of(arena)
    every = lengths(view, FEWEST, weeks(arena))
    if not every:
        return []
    known = columns(view, case)
    found = segments(view, every, known)
    unusual = unusual_days(view)
    facts: list[Fact] = []
    tails: list[Fact] = []
    for place, step in enumerate(every):
        day = local(view, arena.start[step.rows]) // DAY
        slow = risen(view, step, day, np.ones(len(day), dtype=np.bool_), unusual)
        if slow is not None:
            facts.append(_fact(view, case, step, day, slow, found[place]))
            continue
        ways = uneven(view, step, day, found[place], unusual)
        if ways:
            facts.extend(_fact(view, case, step, day, way, found[place]) for way in ways)
            continue
        long = tail(step)
        if long is not None:
            tails.append(_fact(view, case, step, day, long, []))
    tails.sort(key=lambda fact: -fact.hours_per_week)
    facts = [_material(fact, view) for fact in facts]
    return _without_people(view, facts) + tails[:TAILS]


def _material(fact: Fact, view: View) -> Fact:
    if fact.hours_per_week >= view.settings.warning_hours_per_week:
        return fact
    return replace(fact, confidence=min(fact.confidence, 0.6))


def _without_people(view: View, facts: list[Fact]) -> list[Fact]:
    """Without the steps that `slow_role` tells of already: a team that became slower at the step."""
    if not any(fact.figures["staff"] for fact in facts):
        return facts
    told = {fact.subject["activity"] for fact in slow_role(view)}
    return [fact for fact in facts if not fact.figures["staff"] or fact.subject["activity"] not in told]


def _fact(view: View, case: Ints, step: Lengths, day: Ints, slow: Slow, known: list[Segment]) -> Fact:
    arena = view.arena
    lost = np.where(slow.member, np.maximum(step.seconds - slow.usual, 0.0), 0.0) / 3600
    # What members lose against what the same spread gives above any median.
    lost[slow.member] -= _chance(step, slow)
    since = slow.since
    span = weeks_since(view, since)
    hit = np.flatnonzero(slow.member)
    ranked = hit[np.argsort(-lost[hit], kind="stable")]
    ranked = ranked[len(ranked) // 10 :]
    cases = np.unique(case[step.rows[hit]])
    subject: dict[str, str | tuple[str, ...]] = {"activity": arena.activities[step.activity]}
    if slow.column is not None:
        name, value = slow.column.field, slow.column.names[slow.value]
        if name in ("system", "module", "device", "channel", "platform"):
            subject[name] = value
        else:
            subject["field"] = f"{name}={value}"
    total = max(float(lost.sum()), 0.0)
    low, high = _interval(day[hit], lost[hit])
    inside = np.zeros(arena.events, dtype=np.bool_)
    inside[step.rows[hit]] = True
    errors = _errors(view, step, slow)
    shown = step.seconds if slow.pattern == "tail" else step.seconds[slow.member]
    figures: Figures = {
        "pattern": slow.pattern,
        "staff": int(step.staff),
        "ratio": slow.ratio,
        "n": len(hit),
        "p50_s": float(np.median(shown)),
        "p90_s": float(np.quantile(shown, 0.9)),
        "mean_s": float(step.seconds[slow.member].mean()),
        "usual_s": float(np.median(step.seconds[slow.rest])),
        "usual_p90_s": float(np.quantile(step.seconds[slow.rest], 0.9)),
        "lost_low": low / span,
        "lost_high": high / span,
        "errors": errors,
    }
    if slow.column is not None:
        figures |= {"field": slow.column.field, "value": slow.column.names[slow.value]}
    told = [s for s in known if _shown(s, slow)]
    return Fact(
        kind="bottleneck",
        name="slow_step",
        subject=subject,
        confidence=min(slow.confidence, 0.6) if errors is not None else slow.confidence,
        cases=len(cases),
        share=len(cases) / arena.cases,
        hours_per_week=total / span,
        example_cases=ids(arena, case[step.rows[ranked]]),
        example_rows=tuple(int(r) for r in step.rows[ranked[:5]]),
        case_rows=Positions(cases),
        figures=figures,
        since=since,
        deadlines_missed=missed_for(view, case[step.rows], np.maximum(lost, 0.0)),
        change=None if since is None else change_before(view, since, step.rows[hit]),
        segment=tuple(
            (
                s.column.field,
                s.column.names[s.value],
                round(s.ratio, 2),
                len(np.unique(case[step.rows[s.member]])),
                s.p_value,
            )
            for s in told[:5]
        ),
        levers=_levers(slow),
    )


def _shown(segment: Segment, slow: Slow) -> bool:
    """A segment stands for itself; a step slow all over names those that are clearly slower."""
    if slow.column is None:
        return segment.ratio >= UNEVEN
    return segment.column is slow.column and segment.value == slow.value


def _chance(step: Lengths, slow: Slow) -> float:
    """Hours that a piece of the others lies above its own usual by chance, times nothing else: the mean excess."""
    if slow.pattern == "tail" or not slow.rest.any():
        return 0.0
    rest = slow.rest
    return float(np.maximum(step.seconds[rest] - slow.usual[rest], 0.0).mean()) / 3600


def _interval(day: Ints, lost: Floats) -> tuple[float, float]:
    """90 % interval of the hours lost, days being the unit (normal approximation)."""
    _, totals, _ = daily(day, lost, np.empty(0, dtype=np.int64))
    reach = 1.645 * float(totals.std(ddof=1)) * float(np.sqrt(len(totals))) if len(totals) > 1 else 0.0
    return max(float(totals.sum()) - reach, 0.0), max(float(totals.sum()) + reach, 0.0)


def _errors(view: View, step: Lengths, slow: Slow) -> float | None:
    """Share that fails where it is slow, when that is far more than elsewhere: then errors are the finding."""
    arena = view.arena
    if slow.pattern == "tail":
        return None
    inside = np.ones(arena.events, dtype=np.bool_)
    if slow.column is not None:
        inside &= slow.column.codes == slow.value
    if slow.since is not None:
        inside &= arena.start >= slow.since
    failed, here, others, rest = failing(view, step.activity, inside)
    usual = max(others / max(rest, 1), 1e-3)
    if failed < 0.01 * here or failed < 2 * usual * here or at_least(failed, here, usual) > 1e-3:
        return None
    return failed / here


def _levers(slow: Slow) -> tuple[tuple[str, str], ...]:
    if slow.pattern == "risen":
        return ("undo_change", "system"), ("find_cause", "business")
    if slow.pattern == "uneven":
        return ("fix_segment", "system"), ("find_cause", "business")
    return ("sort_out_long", "business"), ("find_cause", "business")
