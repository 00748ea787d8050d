"""What a few cases do otherwise than nearly all: an order reversed, a step left out."""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from mining.arena import NO_TIME
from mining.findings._columns import case_amounts, case_columns
from mining.findings._order import ABSENT, Order, overlapping
from mining.findings._stats import Flags, Ints, at_least_poisson, corrected
from mining.findings.facts import View

FEWEST: Final = 5
RARE: Final = 0.05
"""Share up to which an order, or the lack of a step, is rare."""
RARE_STEP: Final = 0.2
"""Share of the ways on from an activity, and of the ways to one, up to which a succession is rare ..."""
RARE_CASES: Final = 0.1
"""... if no more than this share of all cases takes it."""
USUAL: Final = 0.9
"""Share of the other cases that must do what the rare ones don't."""


@dataclass(frozen=True)
class Oddity:
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


def oddities(view: View, found: Order, closed: Flags) -> list[Oddity]:
    """All oddities of the view, one for each set of cases, most cases first; `closed` flags complete cases."""
    return _merged([*_inversions(view, found), *_direct(found), *_exempt(view, found, closed)])


def _inversions(view: View, found: Order) -> list[Oddity]:
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
        result.append(Oddity("order", int(x), int(y), (), cases, int(found.before[y, x]), float(p)))
    return result


def _direct(found: Order) -> list[Oddity]:
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


def _between(found: Order, a: int, c: int, p_value: float) -> Oddity | None:
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
        return Oddity("shortcut", a, c, (), hit, len(usual), p_value)
    middle = {b: float(np.median(found.place[usual[inside[:, b]], b])) for b in between}
    between.sort(key=lambda b: (middle[b], b))
    # Missed for good, or made up for later?
    missed = (found.place[hit][:, between] == ABSENT).mean()
    if missed < 0.5:
        late = between[-1]
        behind = (found.place[hit, late] > pc[hit]) & (found.place[hit, late] != ABSENT)
        if behind.mean() >= 0.5:
            return Oddity("order", c, late, (), hit[behind], len(usual), p_value)
    return Oddity("skip", a, c, tuple(between), hit, len(usual), p_value)


def _exempt(view: View, found: Order, closed: Flags) -> list[Oddity]:
    """Steps missing in closed cases of a group (an amount from some size on, a value of a field) that nearly always
    has them, where the others need not have them."""
    arena = view.arena
    amounts = case_amounts(arena)
    columns = case_columns(arena)
    pool = np.flatnonzero(closed)
    result: list[Oddity] = []
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
            result.append(Oddity("exempt", before, after, (b,), cases[there], inside - k, 1e-4, field or None))
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


def _merged(oddities: list[Oddity]) -> list[Oddity]:
    """One oddity for those of largely the same cases: the most telling one (order, exempt, skip, shortcut) stays."""
    rank = {"order": 0, "skip": 1, "exempt": 2, "shortcut": 3}
    kept: list[Oddity] = []
    # Of inverted pairs the closest one is the crux; it has the most cases.
    for oddity in sorted(oddities, key=lambda o: (rank[o.how], -len(o.cases), o.source, o.target)):
        for other in kept:
            both = len(np.intersect1d(other.cases, oddity.cases, assume_unique=True))
            if both >= 0.5 * min(len(other.cases), len(oddity.cases)):
                break
        else:
            kept.append(oddity)
    return sorted(kept, key=lambda o: (-len(o.cases), o.source, o.target))
