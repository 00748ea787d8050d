"""`bottleneck/complex_step`: a step with too many branches, retries, fields, systems or hands for what it does."""

from typing import Final

import numpy as np

from mining.findings._changes import change_before
from mining.findings._columns import DAY, daily, graded_columns, ids, local, unlocal, unusual_days, weeks
from mining.findings._complexity import Visits, scores, stand_out, visits
from mining.findings._deadlines import missed_for
from mining.findings._segments import began, concentrated
from mining.findings._stats import Flags, Floats, Ints, at_least, corrected, higher, local_ranks
from mining.findings.facts import Fact, Gain, View
from mining.findings.positions import Positions

FEWEST: Final = 50
FEWEST_COMPLEX: Final = 20
FAR: Final = 3.0
"""Robust z from which a step has more of something than the other steps."""
LEAST_HOURS: Final = 1.0
"""Hours a week, unless errors come of it."""
LONGER: Final = 1.5
"""Times the plain visits' median that the complex ones must take, or err."""
MANY: Final = 3
"""Parts that must be too many at once to be sure that it's the step; one alone may be in the nature of the work."""

LEVERS: Final = {
    "branches": ("fewer_ways", "business"),
    "retries": ("check_at_entry", "front_end"),
    "systems": ("one_place", "system"),
    "hands": ("one_hand", "business"),
}


def complex_step(view: View) -> list[Fact]:
    """Steps that stand out among the steps of the process by what there is to them, where that costs something.

    Told only where visits with more of it (another way out than most, more goes, more systems or hands) take longer
    from the first start at the step to its last end and until the case goes on (median by 1.5, ranks among neighbours
    in time), or err more often afterwards (binomial); Benjamini-Hochberg over all steps and parts, 0.001. Fields can't
    be tied to visits: they are told besides other parts. Confidence 0.7, from three parts on 0.85.
    """
    if view.arena.cases == 0:
        return []
    every = visits(view)
    steps, measured, far = scores(view, every, FEWEST)
    if not measured:
        return []
    tried: list[tuple[int, list[str], str, Ints, Flags, Floats, float, float, float]] = []
    p_values: list[float] = []
    onward = _onward(view, every)
    erring = _errs_after(view, every)
    for place, step in enumerate(steps):
        parts = stand_out(measured, far, place, FAR)
        own = np.flatnonzero(every.activity == step)
        own = own[~np.isnan(onward[own])]
        for part in parts:
            more = _more(every, own, part)
            if more is None or min(int(more.sum()), int((~more).sum())) < FEWEST_COMPLEX:
                continue
            seconds = onward[own]
            ranks = local_ranks(seconds, view.arena.start[every.first_row[own]])
            usual = float(np.median(seconds[~more]))
            ratio = float(np.median(seconds[more])) / max(usual, 1.0)
            errors, rest = erring[own][more], float(erring[own][~more].mean())
            worse = float(errors.mean()) / max(rest, 0.5 / int((~more).sum()))
            p_time = higher(ranks, more) if ratio >= LONGER else 1.0
            p_error = at_least(int(errors.sum()), len(errors), max(rest, 1e-3)) if worse >= LONGER else 1.0
            tried.append((place, parts, part, own, more, seconds, ratio, worse if p_error < 1 else 1.0, usual))
            p_values.append(min(2 * min(p_time, p_error), 1.0))
    best: dict[int, Fact] = {}
    for found, p in zip(tried, corrected(np.array(p_values)), strict=True):
        if p > 0.001:
            continue
        fact = _fact(view, every, steps, measured, far, found, float(p))
        if fact.hours_per_week < LEAST_HOURS and float(fact.figures["worse"] or 0) <= 1:
            continue
        if found[0] not in best or fact.hours_per_week > best[found[0]].hours_per_week:
            best[found[0]] = fact
    return list(best.values())


def _onward(view: View, every: Visits) -> Floats:
    """Seconds from the first start at the step until the case goes on after it, NaN where it never does."""
    arena = view.arena
    after = every.last_row + 1
    inside = after < arena.offsets[every.case + 1]
    until = np.where(inside, arena.start[np.minimum(after, arena.events - 1)], arena.end[every.last_row])
    ends = np.array([name in view.end_activities for name in arena.activities])
    spent = np.maximum(until, arena.end[every.last_row]) - arena.start[every.first_row]
    return np.where(inside | ends[every.activity] | (not view.end_activities), spent / 1e6, np.nan)


def _errs_after(view: View, every: Visits) -> Flags:
    """Whether the case has an error after the step."""
    arena = view.arena
    so_far = np.append(0, np.cumsum(arena.error))
    flags: Flags = so_far[arena.offsets[every.case + 1]] > so_far[every.last_row + 1]
    return flags


def _more(every: Visits, own: Ints, part: str) -> Flags | None:
    """Which of the visits `own` have more of a part than is usual at the step."""
    if part == "branches":
        flags: Flags = ~every.usual_way[own]
        return flags
    values = {"retries": every.goes, "systems": every.systems, "hands": every.hands}.get(part)
    if values is None:
        return None
    above: Flags = values[own] > np.median(values[own])
    return above


def _fact(
    view: View,
    every: Visits,
    steps: Ints,
    measured: dict[str, Floats],
    far: dict[str, Floats],
    found: tuple[int, list[str], str, Ints, Flags, Floats, float, float, float],
    p_value: float,
) -> Fact:
    arena = view.arena
    place, parts, part, own, more, seconds, ratio, worse, usual = found
    lost = np.where(more & (ratio >= LONGER), np.maximum(seconds - usual, 0.0), 0.0) / 3600
    # By chance plain visits, too, lie above their median.
    lost[more] -= float(np.maximum(seconds[~more] - usual, 0.0).mean()) / 3600 if ratio >= LONGER else 0.0
    hit = own[more]
    span = weeks(arena)
    order = np.argsort(-lost[more], kind="stable")
    order = order[len(order) // 10 :]
    touched = np.zeros(arena.cases, dtype=np.bool_)
    touched[every.case[hit]] = True
    pool = np.zeros(arena.cases, dtype=np.bool_)
    pool[every.case[own]] = True
    total = max(float(lost.sum()), 0.0)
    days = local(view, arena.start[every.first_row[hit]]) // DAY
    _, totals, _ = daily(days, lost[more], np.empty(0, dtype=np.int64))
    reach = 1.645 * float(totals.std(ddof=1)) * float(np.sqrt(len(totals))) if len(totals) > 1 else 0.0
    figures: dict[str, float | int | str | None] = {
        "part": part,
        "parts": ", ".join(parts),
        "ratio": ratio,
        "worse": worse,
        "p50_s": float(np.median(seconds[more])),
        "p90_s": float(np.quantile(seconds[more], 0.9)),
        "mean_s": float(seconds[more].mean()),
        "usual_s": usual,
        "n": len(own),
        "lost_low": max(total - reach, 0.0) / span,
        "lost_high": max(total + reach, 0.0) / span,
    }
    for name in parts:
        figures[name] = round(float(measured[name][place]), 2)
        figures[f"{name}_median"] = round(float(np.median(measured[name])), 2)
        figures[f"{name}_z"] = round(float(far[name][place]), 1)
    cases = np.unique(every.case[hit])
    visited = local(view, arena.start[every.first_row[own]]) // DAY
    change = began(visited, more, unusual_days(view))
    since = unlocal(view, change[0]) if change else None
    gain = Gain(total / span, float(figures["lost_low"] or 0), float(figures["lost_high"] or 0))
    return Fact(
        kind="bottleneck",
        name="complex_step",
        subject={"activity": arena.activities[int(steps[place])]},
        confidence=0.85 if len(parts) >= MANY else 0.7,
        cases=len(cases),
        share=len(cases) / arena.cases,
        hours_per_week=total / span,
        example_cases=ids(arena, every.case[hit][order]),
        example_rows=tuple(int(r) for r in every.first_row[hit][order[:5]]),
        case_rows=Positions(cases),
        figures=figures,
        since=since,
        change=None if since is None else change_before(view, since, every.first_row[hit]),
        deadlines_missed=missed_for(view, every.case[own], np.maximum(lost, 0.0)),
        gains={LEVERS[part][0]: gain},
        segment=concentrated(touched, pool, graded_columns(arena)),
        levers=(LEVERS[part], ("find_cause", "business")),
    )
