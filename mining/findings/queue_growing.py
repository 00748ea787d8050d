"""`bottleneck/queue_growing`: more work comes to a step than is done, and what waits there grows day by day."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from mining.findings._changes import change_before
from mining.findings._columns import (
    DAY,
    HOUR,
    SECOND,
    case_of,
    graded_columns,
    ids,
    local,
    mostly,
    unlocal,
    unusual_days,
    weeks,
    weeks_since,
)
from mining.findings._deadlines import missed_for
from mining.findings._frame import Frame, of_kind, queues
from mining.findings._levels import Growth, daily_levels, growth
from mining.findings._segments import concentrated
from mining.findings._stats import Flags, Floats, Ints, corrected
from mining.findings._waits import Hours, Waits, hours, waits
from mining.findings.facts import Fact, Gain, View
from mining.findings.positions import Positions

FEWEST: Final = 100
"""Waits below which nothing is said of a queue."""
LEAST_GROWTH: Final = 10
"""Work items by which it must have grown."""
LONGER: Final = 1.5
"""Times as long as before it takes, at the pace of the day, to work off what waits: else there is just more of all."""
LEADS: Final = 0.8
"""Part of an activity's successors that must stand in a queue for its last events to be waiting in it."""
STALE: Final = 2.0
"""What waits this many times longer than the longest waits that ended is stuck, and no part of the queue."""


@dataclass(frozen=True)
class _Queue:
    """One queue; times are local µs. Open items come after the waits that ended."""

    places: Ints
    """Of the waits that ended, in the frame."""
    open_rows: Ints
    """Arena rows after which a case waits for this step."""
    enabled: Ints
    left: Ints
    clock: Hours


def queue_growing(view: View) -> list[Fact]:
    """Steps at which arrivals outrun completions: how many wait, at equal hours of the week, grows to the end.

    Waits that ended and, where end activities are known, cases that stand before the step now, without those that are
    stuck. The days in which the first cases only come in are left out, so are promotions and holidays, and steps of
    the customer. Student's t over the days' steps, corrected for the first days and the steps tried (0.01); by ten
    items and half of the level at least, and only where also the time to work it off grows (by 1.5): with more of all
    there is more waiting everywhere. Hours lost: waiting beyond the level at which it began.
    """
    arena = view.arena
    case = case_of(arena)
    every = waits(arena, view.split.found, case)
    if len(every.row) < FEWEST:
        return []
    frame = _frame(view, every)
    standing = _standing(view, case)
    customer = of_kind(view, "user")
    candidates: list[tuple[_Queue, Growth]] = []
    for places in queues(frame):
        if len(places) < FEWEST or mostly(customer[every.row[places]]):
            continue
        queue = _queue(frame, places, standing)
        found = _grows(frame, queue)
        if found is not None:
            candidates.append((queue, found))
    adjusted = corrected(np.array([found.p_value for _, found in candidates]))
    return [
        _fact(frame, case, queue, replace(found, p_value=float(p)))
        for (queue, found), p in zip(candidates, adjusted, strict=True)
        if p <= 0.01
    ]


def _frame(view: View, every: Waits) -> Frame:
    """Only what `queues` and this detector look at."""
    unusual, span = unusual_days(view), weeks(view.arena)
    return Frame(view, every, local(view, every.enabled), local(view, every.start), np.empty(0), {}, [], unusual, span)


def _standing(view: View, case: Ints) -> Ints:
    """Last rows of the open cases; none where end activities are not known."""
    arena = view.arena
    ends = [arena.activities.index(a) for a in view.end_activities if a in arena.activities]
    if not ends:
        return np.empty(0, dtype=np.int64)
    closed = np.zeros(arena.cases, dtype=np.bool_)
    closed[case[np.isin(arena.activity, ends)]] = True
    last: Ints = arena.offsets[1:][~closed] - 1
    return last


def _queue(frame: Frame, places: Ints, standing: Ints) -> _Queue:
    view, arena, every = frame.view, frame.view.arena, frame.all
    sources, counts = np.unique(every.source[places], return_counts=True)
    after = np.bincount(every.source, minlength=len(arena.activities))
    leading = sources[counts >= LEADS * after[sources]]
    rows = standing[np.isin(arena.activity[standing], leading)]
    longest = float(np.quantile(every.seconds[places], 0.99)) * STALE
    age = (view.now - arena.end[rows]) / SECOND
    rows = rows[(age >= 0) & (age <= max(longest, 3600.0))]
    enabled = np.concatenate([frame.enabled[places], local(view, arena.end[rows])])
    now = np.full(len(rows), local(view, np.array([view.now], dtype=np.int64))[0])
    left = np.concatenate([np.maximum(frame.start[places], frame.enabled[places]), now])
    return _Queue(places, rows, enabled, left, hours(enabled, left))


def _grows(frame: Frame, queue: _Queue) -> Growth | None:
    first, levels = daily_levels(queue.clock)
    waited = queue.left - queue.enabled
    # Until the first cases have got through, the queue of any step fills.
    warm = int(queue.enabled.min()) + int(np.quantile(waited, 0.9))
    skip = max(0, -(-warm // DAY) - first)
    found = growth(first + skip, levels[skip:], frame.unusual)
    if found is None or found.after - found.before < max(LEAST_GROWTH, 0.5 * max(found.before, 0.0)):
        return None
    return found if _takes_longer(queue, found) else None


def _takes_longer(queue: _Queue, found: Growth) -> bool:
    """Whether what waits, over the pace of completions, has become `LONGER` (Little's law)."""
    done = (queue.left[: len(queue.places)] // DAY) - found.first
    last = int(queue.left.max()) // DAY - found.first
    pace = np.bincount(done[(done >= 0) & (done < last)], minlength=max(last, 1)).astype(np.float64)
    half = max(len(pace) // 3, 1)
    before, after = float(pace[:half].mean()), float(pace[-half:].mean())
    if after == 0:
        return before > 0
    return max(found.after, 0.0) / after >= LONGER * max(found.before, 1.0) / max(before, 1e-9)


def _fact(frame: Frame, case: Ints, queue: _Queue, found: Growth) -> Fact:
    view, arena = frame.view, frame.view.arena
    rows = frame.all.row[queue.places]
    target = int(np.bincount(frame.all.target[queue.places]).argmax())
    since = unlocal(view, found.first)
    begin = found.first * DAY
    late = queue.left > begin
    span = weeks_since(view, since)
    seconds = (queue.left - np.maximum(queue.enabled, begin)) / SECOND
    usual = _usual(queue, begin)
    holder = np.concatenate([case[rows], case[queue.open_rows]])
    last_row = np.concatenate([rows, queue.open_rows])
    hit = np.flatnonzero(late & ((queue.left - queue.enabled) / SECOND > usual))
    ranked = hit[np.argsort(-seconds[hit], kind="stable")]
    ranked = ranked[len(ranked) // 10 :]
    cases = np.unique(holder[hit])
    level, base = _area(queue.clock, begin), max(found.before, 0.0)
    lost = max(level - base * 24 * (int(queue.left.max()) - begin) / DAY, 0.0)
    days = (int(queue.left.max()) - begin) / DAY
    arrived = float((queue.enabled >= begin).sum()) / days
    done = float((queue.left[: len(queue.places)] >= begin).sum()) / days
    pace, hands = _pace(frame, queue, begin)
    ended = queue.left[: len(queue.places)] >= begin
    own = seconds[: len(queue.places)][ended]
    chosen = np.zeros(arena.cases, dtype=np.bool_)
    chosen[cases] = True
    pool = np.zeros(arena.cases, dtype=np.bool_)
    pool[holder[late]] = True
    figures: dict[str, float | int | str | None] = {
        "a_day": found.a_day,
        "a_day_low": found.low,
        "a_day_high": found.high,
        "before": base,
        "now": max(found.after, 0.0),
        "open": len(queue.open_rows),
        "arrived": arrived,
        "done": done,
        "doubles_days": max(found.after, 1.0) / found.a_day,
        "deadline_days": _deadline_days(view, case, arena.activities[target], queue, found, done),
        "per_hour": pace,
        "actors": hands,
        "more_hours": found.a_day / pace if pace else None,
        "p50_s": float(np.median(own)) if len(own) else 0.0,
        "p90_s": float(np.quantile(own, 0.9)) if len(own) else 0.0,
        "mean_s": float(own.mean()) if len(own) else 0.0,
        "usual_s": usual,
        "n": int(late.sum()),
        "lost_low": lost / span * max(found.low, 0.0) / found.a_day,
        "lost_high": lost / span * found.high / found.a_day,
    }
    hours_a_week = lost / span
    confidence = min(0.98, 1 - found.p_value)
    return Fact(
        kind="bottleneck",
        name="queue_growing",
        subject={"activity": arena.activities[target]},
        confidence=confidence if hours_a_week >= view.settings.warning_hours_per_week else min(confidence, 0.6),
        cases=len(cases),
        share=len(cases) / arena.cases,
        hours_per_week=hours_a_week,
        example_cases=ids(arena, holder[ranked]),
        example_rows=tuple(int(r) for r in last_row[ranked[:5]]),
        case_rows=Positions(cases),
        figures=figures,
        since=since,
        deadlines_missed=missed_for(view, holder, np.where(late, np.maximum(seconds - usual, 0.0) / 3600, 0.0)),
        change=change_before(view, since, rows),
        gains={"add_hours": Gain(hours_a_week, float(figures["lost_low"] or 0), float(figures["lost_high"] or 0))},
        segment=concentrated(chosen, pool, graded_columns(arena)),
        levers=(("add_hours", "business"), ("automate_simple", "system"), ("take_in_less", "business")),
    )


def _usual(queue: _Queue, begin: int) -> float:
    """Median wait (s) of what was enabled and done before it grew; of all where that is too little."""
    done = len(queue.places)
    waited = (queue.left[:done] - queue.enabled[:done]) / SECOND
    early: Floats = waited[queue.left[:done] < begin]
    return float(np.median(early if len(early) >= 20 else waited))


def _area(clock: Hours, begin: int) -> float:
    """Hours of waiting from a local moment on."""
    return float(clock.waiting[max(begin // HOUR - clock.first, 0) :].sum())


def _pace(frame: Frame, queue: _Queue, begin: int) -> tuple[float | None, float | None]:
    """Completions an hour of an actor at work on this step, and how many are at work at a time; None if unknown."""
    arena = frame.view.arena
    recent: Flags = queue.left[: len(queue.places)] >= begin
    rows = frame.all.row[queue.places[recent]]
    actor = arena.codes["actor"][rows].astype(np.int64)
    if len(rows) == 0 or not mostly(actor >= 0):
        return None, None
    known = actor >= 0
    hour = arena.start[rows[known]] // HOUR
    pairs = np.unique(np.stack([hour, actor[known]]), axis=1).shape[1]
    return float(known.sum()) / pairs, round(pairs / len(np.unique(hour)), 1)


def _deadline_days(view: View, case: Ints, activity: str, queue: _Queue, found: Growth, done: float) -> float | None:
    """Days until what joins the queue then ends past the deadline of the step; 0 where it does so now."""
    arena = view.arena
    limits = [d.within_hours for d in view.deadlines if d.process == arena.process and d.step == activity]
    if not limits or done <= 0:
        return None
    first = arena.start[arena.offsets[:-1]]
    rows = np.flatnonzero(arena.activity == arena.activities.index(activity))
    if len(rows) == 0:
        return None
    wait_now = max(found.after, 0.0) / done * 24
    elapsed = (arena.end[rows] - first[case[rows]]) / HOUR
    waited = np.median((queue.left - queue.enabled) / HOUR)
    slack = min(limits) - (float(np.median(elapsed)) - float(waited)) - wait_now
    return max(slack, 0.0) / (found.a_day / done * 24)
