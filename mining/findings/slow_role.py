"""`role/slow_role`: a role, a shop's team or a person clearly slower at the same work than others, or than before."""

from collections.abc import Iterator
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
    unlocal,
    unusual_days,
    weeks_since,
)
from mining.findings._stats import Flags, Floats, Ints, corrected, local_ranks, rise
from mining.findings._waits import groups
from mining.findings.facts import Fact, View
from mining.findings.positions import Positions

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
    role: Ints
    hands: Ints
    """By activity: how many roles do it."""


def slow_role(view: View) -> list[Fact]:
    """Who takes longer for the same activities, standardised by activity and time (van Elteren's test, BH, 0.001).

    Roles that share activities are compared with one another; within a role its shops, then its people (ratio of the
    medians at least 1.3; for one person 1.5). A role whose own service time rose for good from a day on is told with
    that day. Hours lost: service beyond the others' median.
    """
    work = _work(view)
    if work is None:
        return []
    facts = _slower(view, work)
    told = {fact.subject["role"] for fact in facts}
    arena = view.arena
    for code, places in groups(work.role):
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
    role, size = arena.codes["role"][rows].astype(np.int64), len(arena.activities)
    pairs = np.unique(role[role >= 0] * size + activity[role >= 0])
    return _Work(rows, seconds, activity, rank, role, np.bincount(pairs % size, minlength=size))


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


@dataclass(frozen=True)
class _Candidate:
    """A role, or a shop or a person of a role (code `value` of column `part`), and how sure it is slower than others.

    Which events are whose is worked out again for the few that are: of thousands of people it would take the memory.
    """

    part: str
    role: int
    value: int
    p_value: float


def _candidates(view: View, work: _Work) -> Iterator[_Candidate]:
    for code, places in groups(work.role):
        if code < 0:
            continue
        if (work.hands[work.activity[places]] > 1).any():
            p = 1.0
            if len(places) >= FEWEST:
                mine, others = _events(view, work, "role", code, code)
                own, rest = work.rank[mine], work.rank[others]
                p = _p_value(len(own), len(rest), (own.mean(), rest.mean()), float(work.rank[mine | others].std()))
            yield _Candidate("role", code, code, p)
        for part in ("shop", "actor"):
            codes = view.arena.codes[part][work.rows[places]]
            known = work.rank[places[codes >= 0]]
            parts = [(value, work.rank[places[at]]) for value, at in groups(codes) if value >= 0]
            if len(parts) < 2:
                continue
            whole, spread = known.sum(), float(known.std())
            for value, own in parts:
                left = len(known) - len(own)
                means = own.mean(), (whole - own.sum()) / left
                yield _Candidate(part, code, value, _p_value(len(own), left, means, spread))


def _events(view: View, work: _Work, part: str, role: int, value: int) -> tuple[Flags, Flags]:
    """The events of a candidate, and those they are compared with."""
    own = work.role == role
    if part == "role":
        done = np.zeros(len(view.arena.activities), np.bool_)
        done[work.activity[own]] = True
        shared = (done & (work.hands > 1))[work.activity]
        return own & shared, ~own & shared & (work.role >= 0)
    codes = view.arena.codes[part][work.rows]
    mine = own & (codes == value)
    return mine, own & ~mine & (codes >= 0)


def _p_value(count: int, others: int, means: tuple[float, float], spread: float) -> float:
    # Few others are no measure for many: then it is they who are quick.
    if count < FEWEST or others < max(FEWEST, count // 2) or spread <= 0:
        return 1.0
    return float(ndtr((means[1] - means[0]) / (spread * np.sqrt(1 / count + 1 / others))))


def _slower(view: View, work: _Work) -> list[Fact]:
    candidates = list(_candidates(view, work))
    adjusted = corrected(np.array([each.p_value for each in candidates]))
    facts = []
    told: list[Flags] = []
    for each, p in zip(candidates, adjusted.tolist(), strict=True):
        if p > 0.001:
            continue
        part, role, value = each.part, each.role, each.value
        mine, others = _events(view, work, part, role, value)
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
        case_rows=Positions(cases[mine]),
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
