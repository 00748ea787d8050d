"""`bottleneck/waiting`: where cases wait longer than this step's normal lead time explains."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import numpy as np

from mining.findings._columns import DAY, HOUR, SECOND, case_of, mostly
from mining.findings._frame import Frame, frame_of, of_kind, queues
from mining.findings._segments import risen, slower
from mining.findings._signs import FEWEST, Sign, batched, contended, filled, unattended, unserved
from mining.findings._stats import Ints
from mining.findings._telling import PLAIN, columns_of, fact_of
from mining.findings._waits import Waits, groups, hours, waits
from mining.findings.facts import Fact, Gain, View
from mining.findings.positions import Positions

NOTABLE: Final = 0.02
"""Part of all waiting that is notable, however few hours it is."""
STEADY: Final = 5
"""How many long waits without any sign are listed for information."""
MOSTLY: Final = 0.5
"""Part of the waiting in a queue, and of its waits, that makes batching its sign; fewer are a night or a weekend."""


def waiting(view: View) -> list[Fact]:
    """Transitions where waiting is lost: at steps nobody attends in hours when others work, let through in batches,
    or with all hands full; that got longer from a day on; that hit one segment. Long waits with none of these signs
    are normal lead time for all that can be known: confidence 0.5, the longest few. So are waits for the customer.
    """
    arena = view.arena
    case = case_of(arena)
    every = waits(arena, view.split.found, case)
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
            (steady if fact.figures["pattern"] in PLAIN else found).append(fact)
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
        return [fact_of(frame, source, target, places, sign, total)]
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
            told.append(fact_of(frame, source, target, chosen, own, total))
        elif sum_hours >= 0.1 * total:
            # Nothing says what of it could be saved; what lies over its own median at least varies.
            over = np.maximum(seconds - np.median(seconds), 0.0) / 3600
            steady = Sign("outside" if customer else "steady", 0.5, over)
            plain.append(fact_of(frame, source, target, chosen, steady, total))
    return _together(told, arena.cases) + plain


def _together(facts: list[Fact], cases: int) -> list[Fact]:
    """One fact a sign: what hits several transitions into the activity is told at the one it costs most."""
    result: list[Fact] = []
    for fact in sorted(facts, key=lambda f: -f.hours_per_week):
        for place, other in enumerate(result):
            if other.figures["pattern"] == fact.figures["pattern"]:
                rows = Positions(np.concatenate([other.case_rows, fact.case_rows]))
                figures = {
                    name: float(other.figures[name] or 0) + float(fact.figures[name] or 0)
                    if name in ("hours", "part_of_all")
                    else value
                    for name, value in other.figures.items()
                }
                result[place] = replace(
                    other,
                    cases=len(rows),
                    share=len(rows) / cases,
                    case_rows=rows,
                    hours_per_week=other.hours_per_week + fact.hours_per_week,
                    gains=_sum(other.gains, fact.gains),
                    figures=figures,
                )
                break
        else:
            result.append(fact)
    return result


def _sum(gains: Mapping[str, Gain], more: Mapping[str, Gain]) -> dict[str, Gain]:
    """What levers save in two transitions; the interval as if both were good or bad together."""
    none = Gain(0.0, 0.0, 0.0)
    return {
        lever: Gain(one.hours + two.hours, one.low + two.low, one.high + two.high)
        for lever in {**gains, **more}
        for one, two in [(gains.get(lever, none), more.get(lever, none))]
    }


def _sign(frame: Frame, target: int, places: Ints, here: Waits) -> Sign | None:
    arena = frame.view.arena
    begin, end = frame.enabled[places], np.maximum(frame.start[places], frame.enabled[places])
    span = int(here.start.max()) - int(here.start.min())
    if span < 4 * DAY:
        return None
    parts = frame.view.split.rows(here.row) / HOUR
    batching, prioritisation, contention, _, extraneous = parts.sum(axis=1)
    service = float(np.median(np.maximum(arena.end[here.row] - here.start, 0))) / SECOND
    sign = batched(here, service, begin, end, span)
    if sign is None and batching >= MOSTLY * parts.sum() > 0 and float((parts[0] > 0).mean()) >= MOSTLY:
        sign = filled(here, service, end, parts[0])
    if sign is not None:
        return sign
    clock = hours(begin, end)
    closed = unserved(clock)
    candidates = [unattended(clock, begin, end, closed, frame.staff_slots[target])]
    off = closed[clock.slots]
    open_wait = np.maximum(here.seconds / 3600 - clock.part(off, begin, end), 0.0)
    if contention >= max(batching, prioritisation, extraneous):
        candidates.append(contended(arena, here, frame.since_last[places], open_wait, clock, off))
    there = [c for c in candidates if c is not None]
    return max(there, key=lambda c: float(c.lost.sum())) if there else None


def _own_sign(frame: Frame, places: Ints) -> Sign | None:
    """A rise from a day on, or a segment that waits longer than its neighbours in time."""
    seconds = frame.all.seconds[places]
    day = frame.enabled[places] // DAY
    change = risen(day, seconds, frame.unusual)
    if change is not None:
        first, ratio, before, p_value = change
        lost = np.where(day >= first, np.maximum(seconds - before, 0.0) / 3600, 0.0)
        return Sign("risen", min(0.99, 1 - p_value), lost, {"ratio": ratio, "day": first, "before_s": before})
    columns = columns_of(frame, places, frame.all.take(places))
    segments = slower(columns, seconds, frame.all.enabled[places])
    if segments:
        field, value, lift, _, p_value = segments[0]
        column = next(c for c in columns if c.field == field)
        member = column.codes == column.names.index(value)
        rest = float(seconds[~member].mean())
        lost = np.where(member, np.maximum(seconds - rest, 0.0) / 3600, 0.0)
        return Sign("uneven", min(0.99, 1 - p_value), lost, {"ratio": lift, "rest_s": rest})
    return None
