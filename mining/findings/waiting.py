"""`bottleneck/waiting`: where cases wait longer than this step's normal lead time explains."""

from dataclasses import replace
from typing import Final

import numpy as np

from mining.findings._columns import (
    DAY,
    SECOND,
    case_of,
    daily,
    ids,
    mostly,
    positions,
    unlocal,
    weeks_since,
)
from mining.findings._frame import Frame, frame_of, of_kind, queues
from mining.findings._signs import FEWEST, Sign, batched, contended, unattended, unserved
from mining.findings._stats import Floats, Ints, corrected, local_ranks, rise
from mining.findings._waits import Waits, groups, hours, waits
from mining.findings.facts import Fact, View

LEAST_RATIO: Final = 1.5
"""A segment or a period must wait this many times as long as the rest to be named."""
NOTABLE: Final = 0.02
"""Part of all waiting that is notable, however few hours it is."""
STEADY: Final = 5
"""How many long waits without any sign are listed for information."""
LEVERS: Final = {
    "unattended": (("cover_hours", "business"), ("automate_simple", "system")),
    "batched": (("release_often", "business"), ("trigger_at_once", "system")),
    "contended": (("add_capacity", "business"), ("automate_simple", "system")),
    "risen": (("undo_change", "system"), ("find_cause", "business")),
    "uneven": (("fix_segment", "business"),),
    "steady": (("find_cause", "business"),),
}

Segments = tuple[tuple[str, str, float, int, float], ...]


def waiting(view: View) -> list[Fact]:
    """Transitions where waiting is lost: at steps nobody attends in hours when others work, let through in batches,
    or with all hands full; that got longer from a day on; that hit one segment. Long waits with none of these signs
    are normal lead time for all that can be known: confidence 0.5, the longest few. So are waits for the customer.
    """
    arena = view.arena
    case = case_of(arena)
    every = waits(arena, case)
    if len(every.row) == 0:
        return []
    frame = frame_of(view, every, case)
    total = float(every.seconds.sum()) / 3600
    found: list[Fact] = []
    steady: list[Fact] = []
    for places in queues(frame):
        if len(places) < 20 or float(every.seconds[places].sum()) / 3600 / frame.weeks < 1:
            continue
        for fact in _of_queue(frame, places, total):
            (steady if fact.figures["pattern"] in ("steady", "outside") else found).append(fact)
    found = [_material(fact, frame, total) for fact in found]
    steady.sort(key=lambda fact: -fact.hours_per_week)
    return found + steady[:STEADY]


def _material(fact: Fact, frame: Frame, total: float) -> Fact:
    """Less sure that it matters (0.6) where neither the hours nor their part of all waiting are worth a warning."""
    settings = frame.view.settings
    if fact.hours_per_week >= settings.warning_hours_per_week:
        return fact
    if float(fact.figures["hours"] or 0) >= NOTABLE * total:
        return fact
    return replace(fact, confidence=min(fact.confidence, 0.6))


def _of_queue(frame: Frame, places: Ints, total: float) -> list[Fact]:
    """Facts of all transitions into one queue: a sign of its own is told once, at the transition it costs most."""
    view, arena = frame.view, frame.view.arena
    here = frame.all.take(places)
    customer = mostly(of_kind(view, "user")[here.row])
    size = len(arena.activities)
    edge = here.source.astype(np.int64) * size + here.target
    most = int(np.bincount(here.target).argmax())
    sign = None if customer or len(places) < FEWEST else _sign(frame, most, places, here)
    if sign is not None:
        source, target = divmod(int(np.bincount(edge, weights=sign.lost).argmax()), size)
        return [_fact(frame, source, target, places, sign.lost, sign, total)]
    told: list[Fact] = []
    plain: list[Fact] = []
    for way, inner in groups(edge):
        source, target = divmod(way, size)
        chosen = places[inner]
        seconds = frame.all.seconds[chosen]
        sum_hours = float(seconds.sum()) / 3600
        if sum_hours / frame.weeks < 1 or len(chosen) < 20 or source == target:
            continue
        own = None if customer else _own_sign(frame, chosen)
        if own is not None:
            told.append(_fact(frame, source, target, chosen, own.lost, own, total))
        elif sum_hours >= 0.1 * total:
            # Nothing says what of it could be saved; what lies over its own median at least varies.
            over = np.maximum(seconds - np.median(seconds), 0.0) / 3600
            steady = Sign("outside" if customer else "steady", 0.5, over)
            plain.append(_fact(frame, source, target, chosen, over, steady, total))
    return _together(told, arena.cases) + plain


def _together(facts: list[Fact], cases: int) -> list[Fact]:
    """One fact a sign: what hits several transitions into the activity is told at the one it costs most."""
    result: list[Fact] = []
    for fact in sorted(facts, key=lambda f: -f.hours_per_week):
        for place, other in enumerate(result):
            if other.figures["pattern"] == fact.figures["pattern"]:
                rows = tuple(sorted({*other.case_rows, *fact.case_rows}))
                figures = {
                    name: float(other.figures[name] or 0) + float(fact.figures[name] or 0)
                    if name in ("hours", "lost_low", "lost_high", "part_of_all")
                    else value
                    for name, value in other.figures.items()
                }
                result[place] = replace(
                    other,
                    cases=len(rows),
                    share=len(rows) / cases,
                    case_rows=rows,
                    hours_per_week=other.hours_per_week + fact.hours_per_week,
                    figures=figures,
                )
                break
        else:
            result.append(fact)
    return result


def _sign(frame: Frame, target: int, places: Ints, here: Waits) -> Sign | None:
    arena = frame.view.arena
    begin, end = frame.enabled[places], np.maximum(frame.start[places], frame.enabled[places])
    span = int(here.start.max()) - int(here.start.min())
    if span < 4 * DAY:
        return None
    service = float(np.median(arena.end[here.row] - arena.start[here.row])) / SECOND
    sign = batched(here, service, begin, end, span)
    if sign is not None:
        return sign
    clock = hours(begin, end)
    closed = unserved(clock)
    candidates = [unattended(clock, begin, end, closed, frame.staff_slots[target])]
    off = closed[clock.slots]
    open_wait = np.maximum(here.seconds / 3600 - clock.part(off, begin, end), 0.0)
    candidates.append(contended(arena, here, frame.since_last[places], open_wait, clock, off))
    there = [c for c in candidates if c is not None]
    return max(there, key=lambda c: float(c.lost.sum())) if there else None


def _own_sign(frame: Frame, places: Ints) -> Sign | None:
    """A rise from a day on, or a segment that waits longer than its neighbours in time."""
    seconds = frame.all.seconds[places]
    day = frame.enabled[places] // DAY
    risen = _rise(frame, day, seconds)
    if risen is not None:
        first, ratio, before, p_value = risen
        lost = np.where(day >= first, np.maximum(seconds - before, 0.0) / 3600, 0.0)
        return Sign("risen", min(0.99, 1 - p_value), lost, {"ratio": ratio, "day": first, "before_s": before})
    segments = _segments(frame, places, seconds)
    if segments:
        field, value, lift, _, p_value = segments[0]
        column = next(c for c in frame.columns if c.field == field)
        member = column.codes[places] == column.names.index(value)
        rest = float(seconds[~member].mean())
        lost = np.where(member, np.maximum(seconds - rest, 0.0) / 3600, 0.0)
        return Sign("uneven", min(0.99, 1 - p_value), lost, {"ratio": lift, "rest_s": rest})
    return None


def _rise(frame: Frame, day: Ints, seconds: Floats) -> tuple[int, float, float, float] | None:
    """First day, ratio, level before (s) and p-value of a rise of the daily level, None where there is none."""
    if len(seconds) < FEWEST:
        return None
    first, totals, counts = daily(day, np.log(seconds + 1.0), frame.unusual)
    # Days at the edge of the log, with cases only beginning to arrive, are no measure of an empty queue.
    thin = counts < 0.5 * np.median(counts[counts > 0]) if counts.any() else counts > 0
    counts[thin] = totals[thin] = 0.0
    change = rise(totals, counts)
    if change is None:
        return None
    begin = first + change.place
    before = float(seconds[day < begin].mean())
    after = float(seconds[day >= begin].mean())
    if after < LEAST_RATIO * before or np.exp(change.after - change.before) < LEAST_RATIO:
        return None
    return begin, after / max(before, 1.0), before, change.p_value


def _segments(frame: Frame, places: Ints, seconds: Floats) -> Segments:
    """Values of columns that wait longer than their neighbours in time, strongest first (van Elteren; BH)."""
    if len(seconds) < 2 * FEWEST:
        return ()
    ranks = local_ranks(seconds, frame.all.enabled[places])
    spread = float(ranks.std())
    if spread == 0:
        return ()
    tried: list[tuple[str, str, float, int]] = []
    p_values: list[float] = []
    from scipy.special import ndtr

    n = len(ranks)
    for column in frame.columns:
        codes = column.codes[places]
        if (codes >= 0).sum() < 0.5 * n:
            continue
        size = len(column.names)
        count = np.bincount(codes + 1, minlength=size + 1)[1:].astype(np.float64)
        rank = np.bincount(codes + 1, weights=ranks, minlength=size + 1)[1:]
        waited = np.bincount(codes + 1, weights=seconds, minlength=size + 1)[1:]
        for value in np.flatnonzero((count >= 30) & (count <= 0.8 * n)):
            rest = n - count[value]
            gap = rank[value] / count[value] - (ranks.sum() - rank[value]) / rest
            p_values.append(float(ndtr(-gap / (spread * np.sqrt(1 / count[value] + 1 / rest)))))
            level = (seconds.sum() - waited[value]) / rest
            lift = float(waited[value] / count[value] / level) if level > 0 else 1e6
            tried.append((column.field, column.names[value], lift, int(count[value])))
    adjusted = corrected(np.array(p_values))
    strong = [
        (field, value, round(lift, 2), count, float(p))
        for (field, value, lift, count), p in zip(tried, adjusted, strict=True)
        if p < 0.001 and lift >= LEAST_RATIO
    ]
    strong.sort(key=lambda s: (-(s[2] - 1) * s[3], s[4], s[0], s[1]))
    return tuple(strong[:5])


def _interval(day: Ints, lost: Floats) -> tuple[float, float]:
    """90 % interval of the hours lost in the window, days being the unit (normal approximation)."""
    _, totals, _ = daily(day, lost, np.empty(0, dtype=np.int64))
    reach = 1.645 * float(totals.std(ddof=1)) * float(np.sqrt(len(totals))) if len(totals) > 1 else 0.0
    total = float(totals.sum())
    return max(total - reach, 0.0), total + reach


def _fact(frame: Frame, source: int, target: int, places: Ints, lost: Floats, sign: Sign, total: float) -> Fact:
    view, arena = frame.view, frame.view.arena
    chosen = frame.all.take(places)
    touched = lost > max(float(lost.max()) * 0.05, 1 / 60)
    cases = len(np.unique(chosen.case[touched]))
    hit = np.flatnonzero(touched)
    # Examples from the upper middle of what was lost: the extremes often have a reason of their own.
    ranked = hit[np.argsort(-lost[hit], kind="stable")]
    ranked = ranked[len(ranked) // 10 :]
    day = frame.enabled[places] // DAY
    segments = _segments(frame, places, chosen.seconds)
    begin: int | None = None
    figures = {**sign.figures}
    if sign.name == "risen":
        begin = int(figures.pop("day") or 0)
    elif sign.name not in ("steady", "outside"):
        risen = _rise(frame, day, np.maximum(lost * 3600, 0.0))
        begin = None if risen is None else risen[0]
    since = None if begin is None else unlocal(view, begin)
    # Since the day it began: the weeks before would thin what is lost a week now.
    late = np.ones(len(day), dtype=np.bool_) if begin is None else day >= begin
    span = weeks_since(view, since)
    if sign.name not in ("steady", "outside"):
        low, high = _interval(day[late], lost[late])
        figures |= {"lost_low": low / span, "lost_high": high / span}
    figures |= {
        "pattern": sign.name,
        "n": len(places),
        "p50_s": float(np.median(chosen.seconds)),
        "p90_s": float(np.quantile(chosen.seconds, 0.9)),
        "hours": float(lost.sum()),
        "extra_s": float(lost[touched].mean()) * 3600 if touched.any() else 0.0,
        "part_of_all": float(chosen.seconds.sum()) / 3600 / total if total else 0.0,
    }
    return Fact(
        kind="bottleneck",
        name="waiting",
        subject={
            "activity": arena.activities[target],
            "source": arena.activities[source],
            "target": arena.activities[target],
        },
        confidence=sign.confidence,
        cases=cases,
        share=cases / arena.cases,
        hours_per_week=float(lost[late].sum()) / span,
        example_cases=ids(arena, chosen.case[ranked]),
        case_rows=positions(chosen.case[touched]),
        example_rows=tuple(int(r) for r in chosen.row[ranked[:5]]),
        figures=figures,
        since=since,
        segment=segments,
        levers=LEVERS.get(sign.name, LEVERS["steady"]),
    )
