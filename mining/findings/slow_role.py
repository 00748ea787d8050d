"""`role/slow_role`: a role, a shop's team or a person clearly slower at the same work than others, or than before."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from scipy.special import ndtr

from mining.findings._columns import (
    DAY,
    SECOND,
    case_of,
    daily,
    ids,
    local,
    positions,
    unlocal,
    unusual_days,
    weeks_since,
)
from mining.findings._stats import Flags, Floats, Ints, corrected, local_ranks, rise
from mining.findings._waits import groups
from mining.findings.facts import Fact, View

FEWEST: Final = 30
RATIO: Final = {"role": 1.3, "shop": 1.3, "actor": 1.5, "past": 1.3}
"""People differ: one person must be further off than a team before it says anything."""


@dataclass(frozen=True)
class _Work:
    """Events of staff with a length; `against` is the seconds over the median of the activity."""

    rows: Ints
    seconds: Floats
    activity: Ints
    rank: Floats
    """Local rank among the events of the activity near in time."""


def slow_role(view: View) -> list[Fact]:
    """Who takes longer for the same activities, standardised by activity and time (van Elteren's test, BH, 0.001).

    Roles that share activities are compared with one another; within a role its shops, then its people (ratio of the
    medians at least 1.3; for one person 1.5). A role whose own service time rose for good from a day on is told with
    that day. Hours lost: service beyond the others' median.
    """
    work = _work(view)
    if work is None:
        return []
    facts: list[Fact] = []
    arena = view.arena
    role = arena.codes["role"][work.rows].astype(np.int64)
    candidates: list[tuple[str, int, int, Flags, Flags]] = []
    for code, places in groups(role):
        if code < 0:
            continue
        own = np.zeros(len(work.rows), dtype=np.bool_)
        own[places] = True
        shared = np.isin(work.activity, np.unique(work.activity[own])) & np.isin(
            work.activity, np.unique(work.activity[~own & (role >= 0)])
        )
        if shared.any():
            candidates.append(("role", code, code, own & shared, ~own & shared & (role >= 0)))
        for part in ("shop", "actor"):
            codes = arena.codes[part][work.rows].astype(np.int64)
            values = np.unique(codes[own & (codes >= 0)])
            if len(values) < 2:
                continue
            for value in values:
                mine = own & (codes == value)
                candidates.append((part, code, int(value), mine, own & ~mine & (codes >= 0)))
    facts.extend(_slower(view, work, candidates))
    told = {fact.subject["role"] for fact in facts}
    for code, places in groups(role):
        if code >= 0 and arena.names["role"][code] not in told:
            fact = _past(view, work, code, places)
            if fact is not None:
                facts.append(fact)
    return facts


def _work(view: View) -> _Work | None:
    arena = view.arena
    length = arena.end - arena.start
    kinds = arena.names["actor_kind"]
    staff = np.isin(arena.codes["actor_kind"], [kinds.index(k) for k in ("staff",) if k in kinds])
    rows = np.flatnonzero(staff & (length > 0) & ~arena.error)
    if len(rows) < 2 * FEWEST:
        return None
    seconds = length[rows] / SECOND
    activity = arena.activity[rows].astype(np.int64)
    rank = np.full(len(rows), 0.5)
    for _, places in groups(activity):
        rank[places] = local_ranks(seconds[places], arena.start[rows[places]])
    return _Work(rows, seconds, activity, rank)


def _ratio(work: _Work, mine: Flags, others: Flags) -> tuple[float, Floats, int]:
    """Ratio of medians over the shared activities (geometric), the others' median per own event, the main one."""
    logs, weight = 0.0, 0
    usual = work.seconds.copy()
    best = (0.0, -1)
    for code, places in groups(work.activity[mine]):
        rows = np.flatnonzero(mine)[places]
        rest = others & (work.activity == code)
        if len(rows) < 10 or rest.sum() < 10:
            continue
        median = float(np.median(work.seconds[rest]))
        ratio = float(np.median(work.seconds[rows])) / max(median, 1e-6)
        usual[rows] = median
        logs += np.log(max(ratio, 1e-6)) * len(rows)
        weight += len(rows)
        lost = float(np.maximum(work.seconds[rows] - median, 0).sum())
        if lost > best[0]:
            best = (lost, code)
    return (float(np.exp(logs / weight)) if weight else 0.0), usual, best[1]


def _slower(view: View, work: _Work, candidates: list[tuple[str, int, int, Flags, Flags]]) -> list[Fact]:
    p_values = []
    for _, _, _, mine, others in candidates:
        n, m = int(mine.sum()), int(others.sum())
        # Few others are no measure for many: then it is they who are quick.
        if n < FEWEST or m < max(FEWEST, n // 2):
            p_values.append(1.0)
            continue
        gap = float(work.rank[mine].mean() - work.rank[others].mean())
        spread = float(work.rank[mine | others].std())
        p_values.append(float(ndtr(-gap / (spread * np.sqrt(1 / n + 1 / m)))) if spread > 0 else 1.0)
    facts = []
    told: list[Flags] = []
    for (part, role, value, mine, others), p in zip(candidates, corrected(np.array(p_values)), strict=True):
        if p > 0.001:
            continue
        ratio, usual, main = _ratio(work, mine, others)
        if ratio < RATIO[part] or main < 0:
            continue
        # A slow shop's people are slow because the shop is: told once.
        if any(float(mine[t].mean()) > 0 and float(t[mine].mean()) > 0.8 for t in told):
            continue
        told.append(mine)
        facts.append(_fact(view, work, part, role, value, mine, usual, ratio, float(p), main))
    return facts


def _fact(
    view: View,
    work: _Work,
    part: str,
    role: int,
    value: int,
    mine: Flags,
    usual: Floats,
    ratio: float,
    p_value: float,
    main: int,
    since: int | None = None,
) -> Fact:
    arena = view.arena
    excess = np.where(mine, np.maximum(work.seconds - usual, 0.0), 0.0)
    cases = case_of(arena)[work.rows]
    order = np.flatnonzero(mine & (work.activity == main))
    order = order[np.argsort(-excess[order], kind="stable")]
    subject: dict[str, str | tuple[str, ...]] = {
        "role": arena.names["role"][role],
        "activity": arena.activities[main],
    }
    name = arena.names[part][value]
    if part == "actor":
        subject["actor"] = name
    elif part == "shop":
        subject["field"] = f"shop={name}"
    touched = len(np.unique(cases[mine]))
    own = mine & (work.activity == main)
    first = _began(view, work, mine) if since is None else since
    late = mine if first is None else mine & (arena.start[work.rows] >= first)
    return Fact(
        kind="role",
        name="slow_role",
        subject=subject,
        confidence=min(0.98, 1 - p_value),
        cases=touched,
        share=touched / arena.cases,
        hours_per_week=float((work.seconds - usual)[late].clip(0).sum()) / 3600 / weeks_since(view, first),
        example_cases=ids(arena, cases[order]),
        case_rows=positions(cases[mine]),
        example_rows=tuple(int(r) for r in work.rows[order[:5]]),
        figures={
            "part": part,
            "who": name,
            "ratio": ratio,
            "p50_s": float(np.median(work.seconds[own])),
            "usual_s": float(np.median(usual[own])),
            "events": int(mine.sum()),
        },
        since=first,
        segment=((part, name, round(ratio, 2), touched, p_value),),
        levers=(("train_or_help", "role"), ("find_cause", "business")),
    )


def _began(view: View, work: _Work, mine: Flags) -> int | None:
    day = local(view, view.arena.start[work.rows[mine]]) // DAY
    first, totals, counts = daily(day, np.log(work.seconds[mine]), unusual_days(view))
    change = rise(totals, counts)
    if change is None or np.exp(change.after - change.before) < RATIO["past"]:
        return None
    return unlocal(view, first + change.place)


def _past(view: View, work: _Work, role: int, places: Ints) -> Fact | None:
    """A role that became slower from a day on, at the same mix of activities."""
    arena = view.arena
    if len(places) < 2 * FEWEST:
        return None
    relative = np.zeros(len(places))
    for _, inner in groups(work.activity[places]):
        relative[inner] = np.log(work.seconds[places[inner]] / np.median(work.seconds[places[inner]]))
    day = local(view, arena.start[work.rows[places]]) // DAY
    first, totals, counts = daily(day, relative, unusual_days(view))
    change = rise(totals, counts)
    if change is None or np.exp(change.after - change.before) < RATIO["past"]:
        return None
    begin = first + change.place
    late = day >= begin
    mine = np.zeros(len(work.rows), dtype=np.bool_)
    mine[places[late]] = True
    earlier = np.zeros(len(work.rows), dtype=np.bool_)
    earlier[places[~late]] = True
    ratio, usual, main = _ratio(work, mine, earlier)
    if main < 0 or ratio < RATIO["past"]:
        return None
    fact = _fact(view, work, "role", role, role, mine, usual, ratio, change.p_value, main, unlocal(view, begin))
    figures = {**fact.figures, "part": "past"}
    return replace(fact, segment=(), figures=figures)
