"""`deviation/rare_path`: a step skipped, or done before another that always comes first, by a few cases."""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from mining.arena import NO_TIME
from mining.findings._columns import (
    DAY,
    Column,
    case_amounts,
    case_columns,
    case_of,
    ids,
    local,
    positions,
    unlocal,
    unusual_days,
)
from mining.findings._order import ABSENT, Order, order, overlapping
from mining.findings._segments import began, concentrated
from mining.findings._stats import Flags, Ints, at_least_poisson, corrected
from mining.findings.facts import Fact, View

FEWEST: Final = 5
RARE: Final = 0.05
"""Share up to which an order, or the lack of a step, is rare."""
RARE_STEP: Final = 0.2
"""Share of the ways on from an activity, and of the ways to one, up to which a succession is rare ..."""
RARE_CASES: Final = 0.1
"""... if no more than this share of all cases takes it."""
USUAL: Final = 0.9
"""Share of the other cases that must do what the rare ones don't."""
MOST: Final = 12


@dataclass(frozen=True)
class _Oddity:
    """Cases that do one odd thing. Numbers are columns of Order."""

    how: Literal["order", "skip", "shortcut", "exempt"]
    source: int
    target: int
    between: tuple[int, ...]
    """What normally stands between."""
    cases: Ints
    normal: int
    """Cases that do the usual thing."""
    p_value: float
    field: str | None = None


def rare_path(view: View) -> list[Fact]:
    """Odd successions with a pattern to them, one fact each, whatever variants they are spread over.

    Candidates: a direct succession that is rare seen from both sides; an order of two activities that nearly all
    other cases have the other way round; a step missing in a group of cases (by amount or a field) that nearly all of
    the group have. Counts must stand out of what damage spread evenly over all successions would bring (Poisson with
    the margins as expectation, Benjamini-Hochberg). What a field or the amount explains altogether is a branch of its
    own: confidence 0.6. Successions that always go either way are concurrent, no deviation.
    """
    arena = view.arena
    case = case_of(arena)
    found = order(arena, case)
    if found is None:
        return []
    closed = _complete(view, case)
    oddities = _merged([*_inversions(view, found), *_direct(found), *_exempt(view, found, closed)])
    columns = case_columns(arena)
    amounts = case_amounts(arena)
    return [_fact(view, found, oddity, columns, amounts) for oddity in oddities[:MOST]]


def _complete(view: View, case: Ints) -> Flags:
    arena = view.arena
    if not view.end_activities:
        return np.ones(arena.cases, dtype=np.bool_)
    ends = np.isin(arena.activity, [a for a, n in enumerate(arena.activities) if n in view.end_activities])
    closed = np.zeros(arena.cases, dtype=np.bool_)
    closed[case[ends]] = True
    return closed


def _inversions(view: View, found: Order) -> list[_Oddity]:
    """Pairs of which a few cases do first what otherwise comes second, and that do not overlap."""
    size = len(found.activities)
    both = found.before + found.before.T
    inverted = (both >= 50) & (found.before >= FEWEST) & (found.before <= RARE * both)
    pairs = np.argwhere(inverted)
    if len(pairs) == 0:
        return []
    rare = np.where((found.before <= RARE * both) & (both >= 50), found.before, 0)
    noise = float(np.median(rare[(both >= 50) & (found.before <= RARE * both)]))
    p_values = corrected(np.array([at_least_poisson(int(found.before[x, y]), noise + 0.5) for x, y in pairs]))
    result = []
    for (x, y), p in zip(pairs, p_values, strict=True):
        if p > 0.001 or x >= size or overlapping(view.arena, found, int(x), int(y)) > RARE:
            continue
        px, py = found.place[:, x], found.place[:, y]
        cases = np.flatnonzero((px < py) & (py != ABSENT))
        result.append(_Oddity("order", int(x), int(y), (), cases, int(found.before[y, x]), float(p)))
    return result


def _direct(found: Order) -> list[_Oddity]:
    """Rare direct successions that leave out what normally stands between."""
    direct = found.direct.astype(np.float64)
    out, into = direct.sum(axis=1), direct.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        rare = (
            (direct <= RARE_STEP * out[:, None])
            & (direct <= RARE_STEP * into[None, :])
            & (direct <= 0.25 * direct.max(axis=1)[:, None])
            & (direct <= 0.25 * direct.max(axis=0)[None, :])
            & (direct <= RARE_CASES * len(found.place))
            & (out[:, None] >= 50)
            & (into[None, :] >= 50)
        )
        scattered = float(direct[rare].sum())
        weight = out[:, None] * into[None, :]
        expected = np.where(rare, scattered * weight / max(float(weight[rare].sum()), 1.0), 0.0)
    pairs = np.argwhere(rare & (direct >= FEWEST))
    if len(pairs) == 0:
        return []
    p_values = corrected(np.array([at_least_poisson(int(direct[a, c]), float(expected[a, c])) for a, c in pairs]))
    result = []
    for (a, c), p in zip(pairs, p_values, strict=True):
        ordered = found.ordered(int(a), int(c))
        if p > 0.001 or RARE < 1 - ordered < 1 - RARE or ordered <= RARE:
            continue
        oddity = _between(found, int(a), int(c), float(p))
        if oddity is not None:
            result.append(oddity)
    return result


def _between(found: Order, a: int, c: int, p_value: float) -> _Oddity | None:
    pa, pc = found.place[:, a], found.place[:, c]
    hit = np.flatnonzero(found.previous[:, c] == a)
    usual = np.flatnonzero((pa < pc) & (pc != ABSENT) & (found.previous[:, c] != a))
    if len(usual) < 50:
        return None
    inside = (found.place[usual] > pa[usual][:, None]) & (found.place[usual] < pc[usual][:, None])
    share = inside.mean(axis=0)
    share[[a, c]] = 0.0
    between = [int(b) for b in np.flatnonzero(share >= USUAL)]
    if not between:
        return _Oddity("shortcut", a, c, (), hit, len(usual), p_value)
    middle = {b: float(np.median(found.place[usual[inside[:, b]], b])) for b in between}
    between.sort(key=lambda b: (middle[b], b))
    # Missed for good, or made up for later?
    missed = (found.place[hit][:, between] == ABSENT).mean()
    if missed < 0.5:
        late = between[-1]
        behind = (found.place[hit, late] > pc[hit]) & (found.place[hit, late] != ABSENT)
        if behind.mean() >= 0.5:
            return _Oddity("order", c, late, (), hit[behind], len(usual), p_value)
    return _Oddity("skip", a, c, tuple(between), hit, len(usual), p_value)


def _exempt(view: View, found: Order, closed: Flags) -> list[_Oddity]:
    """Steps missing in closed cases of a group (an amount from some size on, a value of a field) that nearly always
    has them, where the others need not have them."""
    arena = view.arena
    amounts = case_amounts(arena)
    columns = case_columns(arena)
    pool = np.flatnonzero(closed)
    result: list[_Oddity] = []
    if len(pool) < 100:
        return result
    for b in range(len(found.activities)):
        has = found.place[pool, b] != ABSENT
        share = float(has.mean())
        if share < 0.02 or share > 0.999:
            continue
        groups: list[tuple[str, Flags]] = []
        if share >= 1 - RARE:
            groups.append(("", np.ones(len(pool), dtype=np.bool_)))
        else:
            known = amounts[pool] != NO_TIME
            if known.mean() > 0.9:
                edge = _threshold(amounts[pool], has)
                groups.append(("amount", amounts[pool] >= edge))
            for column in columns:
                codes = column.codes[pool]
                rate = np.bincount(codes[codes >= 0], has[codes >= 0], len(column.names)) / np.maximum(
                    np.bincount(codes[codes >= 0], minlength=len(column.names)), 1
                )
                needs = np.flatnonzero(rate >= 1 - RARE)
                if len(needs):
                    groups.append((column.field, np.isin(codes, needs)))
        for field, group in groups:
            inside, outside = int(group.sum()), int((~group).sum())
            lacking = group & ~has
            k = int(lacking.sum())
            if inside < 50 or k < FEWEST or k > RARE * inside:
                continue
            if outside and float(has[~group].mean()) > 0.5:
                continue
            cases = pool[lacking]
            before, after = _around(found, pool[group & has], b)
            if before is None or after is None:
                continue
            # A case that took another way altogether (it lacks what stands around as well) is a branch of its own.
            there = (found.place[cases, before] != ABSENT) & (found.place[cases, after] != ABSENT)
            if there.sum() < FEWEST:
                continue
            result.append(_Oddity("exempt", before, after, (b,), cases[there], inside - k, 1e-4, field or None))
            break
    return result


def _threshold(amounts: Ints, has: Flags) -> int:
    """The amount from which on cases have the step: largest difference of the two cumulative shares (Youden)."""
    order = np.argsort(amounts, kind="stable")
    yes, no = np.cumsum(has[order][::-1]), np.cumsum(~has[order][::-1])
    gain = yes / max(int(has.sum()), 1) - no / max(int((~has).sum()), 1)
    return int(amounts[order][::-1][int(np.argmax(gain))])


def _around(found: Order, cases: Ints, b: int) -> tuple[int | None, int | None]:
    """What nearly always stands nearest before and after `b` in `cases`."""
    place = found.place[cases].astype(np.float64)
    place[place == ABSENT] = np.nan
    own = place[:, b][:, None]
    with np.errstate(invalid="ignore"):
        earlier, later = (place < own).mean(axis=0), (place > own).mean(axis=0)
    distance = np.abs(np.nan_to_num(np.nanmedian(np.where(np.isnan(place), 1e9, place - own), axis=0), nan=1e9))
    distance[b] = 1e9
    befores = [int(x) for x in np.flatnonzero(earlier >= USUAL)]
    afters = [int(x) for x in np.flatnonzero(later >= USUAL)]
    return (
        min(befores, key=lambda x: (distance[x], x), default=None),
        min(afters, key=lambda x: (distance[x], x), default=None),
    )


def _merged(oddities: list[_Oddity]) -> list[_Oddity]:
    """One oddity for those of largely the same cases: the most telling one (order, exempt, skip, shortcut) stays."""
    rank = {"order": 0, "skip": 1, "exempt": 2, "shortcut": 3}
    kept: list[_Oddity] = []
    # Of inverted pairs the closest one is the crux; it has the most cases.
    for oddity in sorted(oddities, key=lambda o: (rank[o.how], -len(o.cases), o.source, o.target)):
        for other in kept:
            both = len(np.intersect1d(other.cases, oddity.cases, assume_unique=True))
            if both >= 0.5 * min(len(other.cases), len(oddity.cases)):
                break
        else:
            kept.append(oddity)
    return sorted(kept, key=lambda o: (-len(o.cases), o.source, o.target))


def _fact(view: View, found: Order, oddity: _Oddity, columns: list[Column], amounts: Ints) -> Fact:
    arena = view.arena
    hit = np.zeros(arena.cases, dtype=np.bool_)
    hit[oddity.cases] = True
    pool = hit | (found.place[:, oddity.source] != ABSENT)
    name = arena.activities
    source, target = name[int(found.activities[oddity.source])], name[int(found.activities[oddity.target])]
    between = tuple(name[int(found.activities[b])] for b in oddity.between)
    begun = local(view, arena.start[arena.offsets[:-1]]) // DAY
    change = began(begun[pool], hit[pool], unusual_days(view))
    explained = _explained(hit, pool, columns, amounts)
    sure = 1.0 - oddity.p_value
    confidence = 0.6 if explained or oddity.how == "shortcut" else min(0.97, sure) * _breadth(oddity)
    order = oddity.cases
    if change is not None:
        late = order[begun[order] >= change[0]]
        order = late if len(late) else order
    recent = order[np.argsort(-arena.start[arena.offsets[order]], kind="stable")]
    subject: dict[str, str | tuple[str, ...]] = {"source": source, "target": target, "path": (source, target)}
    early, first = oddity.target, None
    if oddity.how == "order":
        # The odd step is the one that leads to what came too early; what should have come first is the activity.
        early, first = oddity.source, target
        come = found.previous[oddity.cases, oddity.source]
        come = come[come >= 0]
        subject = {"activity": target, "target": source, "path": (source, target)}
        if len(come):
            before = name[int(found.activities[int(np.bincount(come).argmax())])]
            subject |= {"source": before, "path": (before, source, target)}
    elif oddity.how in ("skip", "exempt"):
        subject["activity"] = between[0]
    rows = arena.offsets[recent[:5]] + found.place[recent[:5], early]
    return Fact(
        kind="deviation",
        name="rare_path",
        subject=subject,
        confidence=confidence,
        cases=len(oddity.cases),
        share=len(oddity.cases) / arena.cases,
        hours_per_week=0.0,
        example_cases=ids(arena, recent),
        case_rows=positions(oddity.cases),
        example_rows=tuple(int(r) for r in rows),
        figures={
            "how": oddity.how,
            "first": first,
            "between": ", ".join(between) if between else None,
            "normal": oddity.normal,
            "usual_share": oddity.normal / max(oddity.normal + len(oddity.cases), 1),
            "needed_by": oddity.field,
            "explained_by": explained,
        },
        since=unlocal(view, change[0]) if change else None,
        segment=concentrated(hit, pool, [*columns, *_doers(view, found, early)]),
        levers=(("block_shortcut", "system"), ("find_cause", "business")),
    )


def _doers(view: View, found: Order, step: int) -> list[Column]:
    """By whom and with what each case's first `step` was done."""
    arena = view.arena
    there = found.place[:, step] != ABSENT
    rows = arena.offsets[:-1][there] + found.place[there, step]
    columns = []
    for name in ("role", "actor", "device", "system"):
        codes = np.full(arena.cases, -1, dtype=np.int32)
        codes[there] = arena.codes[name][rows]
        columns.append(Column(name, codes, arena.names[name]))
    return columns


def _breadth(oddity: _Oddity) -> float:
    """Less sure of a rule that more than one case in twenty breaks; at one in five it is hardly one (0.8)."""
    broken = len(oddity.cases) / (oddity.normal + len(oddity.cases))
    return 1.0 - max(broken - RARE, 0.0) * 0.2 / (RARE_STEP - RARE)


def _explained(hit: Flags, pool: Flags, columns: list[Column], amounts: Ints) -> str | None:
    """The field (or `amount`) that separates these cases from the others all but completely, None if none does."""
    hits = int(hit.sum())
    for column in columns:
        known = pool & (column.codes >= 0)
        count = np.bincount(column.codes[known], minlength=len(column.names))
        with_it = np.bincount(column.codes[known & hit], minlength=len(column.names))
        own = with_it >= 0.8 * count
        if with_it[own].sum() >= 0.8 * hits:
            return column.field
    known = pool & (amounts != NO_TIME)
    if known.sum() >= 0.9 * pool.sum() and hits:
        values = amounts[known]
        flags = hit[known]
        for sign in (1, -1):
            order = np.argsort(sign * values, kind="stable")
            if flags[order[:hits]].mean() >= 0.8 and len(np.unique(values)) > 2:
                return "amount"
    return None
