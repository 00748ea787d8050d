"""A sign in a queue becomes a fact: how much, why, since when, after what, for whom, and what a lever would save."""

from typing import Final

import numpy as np

from mining.arena import Codes
from mining.findings._changes import change_before
from mining.findings._columns import DAY, HOUR, SECOND, Column, daily, ids, unlocal, weeks_since
from mining.findings._deadlines import missed_for
from mining.findings._frame import Frame
from mining.findings._gains import BY_CAUSE, Queue, gain, tries
from mining.findings._segments import risen, slower, trend
from mining.findings._signs import Figures, Sign
from mining.findings._stats import Flags, Ints
from mining.findings._waits import Waits
from mining.findings.facts import Fact, Gain
from mining.findings.positions import Positions
from mining.report import Cause
from mining.waiting.causes import CAUSES

MORE: Final = 1.2
"""So many times the work of the days before .."""
MOSTLY: Final = 0.8
""".. and in so many pairs of a day after and one before: then hands have more to do."""
SLOW: Final = 5
"""Days after which a queue is seen to have grown."""
PLAIN: Final = ("steady", "outside")
"""Patterns of waits that nothing says could be shorter."""
SHORT: Final = 1.9
"""Weeks; a shorter history tells little of weekdays."""
LEVERS: Final = {
    "unattended": (("cover_hours", "business"), ("automate_simple", "system")),
    "batched": (("release_often", "business"), ("trigger_at_once", "system")),
    "contended": (("add_capacity", "business"), ("automate_simple", "system")),
    "risen": (("undo_change", "system"), ("find_cause", "business")),
    "uneven": (("fix_segment", "business"),),
    "steady": (("find_cause", "business"),),
    "outside": (("find_cause", "business"),),
}


def fact_of(frame: Frame, source: int, target: int, places: Ints, sign: Sign, total: float) -> Fact:
    """The fact of a sign in the waits `places`; `total` is all waiting of the log in hours."""
    view, arena = frame.view, frame.view.arena
    chosen, lost = frame.all.take(places), sign.lost
    touched = lost > max(float(lost.max()) * 0.05, 1 / 60)
    cases = len(np.unique(chosen.case[touched]))
    hit = np.flatnonzero(touched)
    # Examples from the upper middle of what was lost: the extremes often have a reason of their own.
    ranked = hit[np.argsort(-lost[hit], kind="stable")]
    ranked = ranked[len(ranked) // 10 :]
    day = frame.enabled[places] // DAY
    begin = _began(frame, places, day, sign)
    since = None if begin is None else unlocal(view, begin)
    # Since the day it began: the weeks before would thin what is lost a week now.
    late = np.ones(len(day), dtype=np.bool_) if begin is None else day >= begin
    span = weeks_since(view, since)
    queue = Queue(frame, places, chosen, lost, view.split.rows(chosen.row) / HOUR, sign)
    cause = _cause(queue, touched)
    levers = _levers(sign, cause)
    gains, told = _gains(queue, levers, late, span)
    figures = {
        **{name: value for name, value in sign.figures.items() if name != "day"},
        **told,
        "pattern": sign.name,
        "n": len(places),
        "p50_s": float(np.median(chosen.seconds)),
        "p90_s": float(np.quantile(chosen.seconds, 0.9)),
        "mean_s": float(chosen.seconds.mean()),
        "trend_s": _trend(queue, day),
        "hours": float(lost.sum()),
        "extra_s": float(lost[touched].mean()) * 3600 if touched.any() else 0.0,
        "part_of_all": float(chosen.seconds.sum()) / 3600 / total if total else 0.0,
        **_unknown(queue),
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
        case_rows=Positions(chosen.case[touched]),
        example_rows=tuple(int(r) for r in chosen.row[ranked[:5]]),
        figures=figures,
        since=since,
        deadlines_missed=None if sign.name in PLAIN else missed_for(view, chosen.case, lost),
        segment=slower(columns_of(frame, places, chosen), chosen.seconds, chosen.enabled),
        cause=cause,
        change=None if since is None else change_before(view, since, chosen.row),
        gains=gains,
        levers=levers,
    )


def columns_of(frame: Frame, places: Ints, waits: Waits) -> list[Column]:
    """What tells these waits apart; what says no more than which step came before is left out."""
    columns = [Column(column.field, column.codes[places], column.names) for column in frame.columns]
    sources = len(np.unique(waits.source))
    return [c for c in columns if sources == 1 or _pairs(waits.source, c) > sources]


def _pairs(source: Codes, column: Column) -> int:
    """How many different pairs of a source and a value there are."""
    known = column.codes >= 0
    return len(np.unique(source[known].astype(np.int64) * len(column.names) + column.codes[known]))


def _began(frame: Frame, places: Ints, day: Ints, sign: Sign) -> int | None:
    """Local day from which on it is longer; None where it was from the beginning, or nothing says that it is long."""
    if sign.name == "risen":
        return int(sign.figures["day"] or 0)
    if sign.name in PLAIN:
        return None
    found = risen(day, np.maximum(sign.lost * 3600, 0.0), frame.unusual)
    if found is None or sign.name != "contended":
        return None if found is None else found[0]
    return _more_to_do(frame, places, day, found[0])


def _more_to_do(frame: Frame, places: Ints, day: Ints, begin: int) -> int | None:
    """Local day, about `begin`, from which on there was more work a day for each who did it; None where there is none.

    A queue for full hands stays for days after what filled it (a promotion, a day off): that is no day on which it
    began. And it grows slowly after one: so it is the work that tells the day. Days of more must mostly lie after it.
    """
    arena, rows = frame.view.arena, frame.all.row[places]
    first, work, count = daily(day, (arena.end[rows] - arena.start[rows]) / SECOND + 1.0, frame.unusual)
    done, actors = frame.start[places] // DAY - first, len(arena.names["actor"]) + 1
    pairs = np.unique(done * actors + arena.codes["actor"][rows] + 1) // actors
    hands = np.bincount(pairs[(pairs >= 0) & (pairs < len(work))], minlength=len(work))
    there = np.flatnonzero(count > 0)
    load = (work / np.maximum(hands, 1))[there]
    best, chosen = 0.0, None
    for split in np.flatnonzero((there >= begin - SLOW - first) & (there <= begin + 1 - first)).tolist():
        before, after = load[:split], load[split:]
        if not split or after.mean() < MORE * before.mean():
            continue
        gain = split * len(after) * float(after.mean() - before.mean()) ** 2
        if gain > best and (after[:, None] > before[None, :]).mean() >= MOSTLY:
            best, chosen = gain, first + int(there[split])
    return chosen


def _cause(queue: Queue, touched: Flags) -> Cause | None:
    """The part of each cause in the waiting of the waits that lose, and the largest; None where nobody waited.

    Where all hands are full the hours off duty, over which a queue is carried, are none of their own: without the
    queue they would not be waited for.
    """
    sums = queue.parts[:, touched].sum(axis=1)
    if sums.sum() <= 0:
        return None
    shares = sums / sums.sum()
    name = "contention" if queue.sign.name == "contended" else CAUSES[int(shares.argmax())]
    return Cause(name, {c: round(float(s), 4) for c, s in zip(CAUSES, shares, strict=True)})


def _levers(sign: Sign, cause: Cause | None) -> tuple[tuple[str, str], ...]:
    """What to try: by the sign, and by the cause where the sign does not say it."""
    own = LEVERS[sign.name]
    if cause is None or sign.name in ("unattended", "batched", "contended"):
        return own
    fitting = BY_CAUSE[cause.name]
    return (fitting, *own) if sign.name in PLAIN else (own[0], fitting, *own[1:])


def _gains(
    queue: Queue, levers: tuple[tuple[str, str], ...], late: Flags, span: float
) -> tuple[dict[str, Gain], Figures]:
    gains: dict[str, Gain] = {}
    figures: Figures = {}
    for lever, _ in levers:
        tried = tries(lever, queue)
        if tried is None:
            continue
        figures |= tried.figures
        found = gain(queue, tried.saved, late, span)
        if found is not None:
            gains[lever] = found
    return gains, figures


def _trend(queue: Queue, day: Ints) -> float:
    """Seconds a week by which the wait grows; without what began so late that only the short ones could have ended."""
    waits = queue.waits
    ended = waits.enabled <= int(waits.start.max()) - int(np.quantile(waits.seconds, 0.95) * SECOND)
    return trend(day[ended], waits.seconds[ended])


def _unknown(queue: Queue) -> Figures:
    """What the data cannot tell: without actors no queue and no shifts, estimated starts, a history too short."""
    found: Figures = {}
    codes = queue.frame.view.arena.codes
    nobody = (codes["actor"][queue.waits.row] < 0) & (codes["system"][queue.waits.row] < 0)
    if float(nobody.mean()) > 0.5:
        found["no_actors"] = 1
    if queue.frame.view.split.found.estimated:
        found["estimated"] = 1
    if queue.frame.weeks < SHORT:
        found["short"] = 1
    return found
