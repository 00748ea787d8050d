"""`stall/stuck_case`: open cases that have stood at one point longer than cases that went on ever did."""

from typing import Final

import numpy as np

from mining.findings._columns import DAY, HOUR, SECOND, WEEK, case_columns, case_of, ids, local, mostly
from mining.findings._segments import concentrated
from mining.findings._stats import Flags, Ints, lower_bound
from mining.findings._waits import groups, waits
from mining.findings.facts import Fact, View
from mining.findings.positions import Positions
from mining.stalls.leaving import leaving

FEWEST: Final = 3
FEWEST_PAST: Final = 30
OVERTAKEN: Final = 10
"""Cases that came later to the same point and have gone on from it."""
ENDS: Final = 0.1
"""Where more of the earlier half of the cases than this never went on, the step is an end of its own."""


def stuck_case(view: View) -> list[Fact]:
    """Per last activity the open cases that waited three times what 99 of 100 that go on need, and were overtaken.

    What they need is read off the product-limit estimator (`mining.stalls.leaving`), in which those that still stand
    count too. Passing the mark is a sign only if hardly any case comes back from behind it: confidence is the lower
    bound of the share that never went on, of all that passed the mark (so slow but living steps raise no alarm), rising
    with their number. It is 0.6 at most where mostly the customer takes the next step, or where more than one in ten of
    the earlier half of the cases never went on: there cases are given up, or end, rather than being stuck.
    """
    arena = view.arena
    if not view.end_activities or arena.cases == 0:
        return []
    closing = np.isin(arena.activity, [a for a, n in enumerate(arena.activities) if n in view.end_activities])
    case = case_of(arena)
    closed = np.zeros(arena.cases, dtype=np.bool_)
    closed[case[closing]] = True
    last = arena.offsets[1:] - 1
    # The case stands where the event that ended last left it.
    standing = np.flatnonzero(~closed & (np.diff(arena.offsets) > 0))
    if len(standing) == 0:
        return []
    # After the last event nothing is known to stand still: it may be the telemetry that is silent.
    horizon = min(view.now, int(arena.end.max()))
    every = waits(arena, view.split.found, case)
    past = dict(groups(every.source.astype(np.int64)))
    facts = []
    for activity, places in groups(arena.activity[last[standing]].astype(np.int64)):
        before = past.get(activity)
        if before is None or len(before) < FEWEST_PAST:
            continue
        came = arena.end[every.before[before]]
        took = (every.start[before] - came).clip(0)
        here = standing[places]
        since = arena.end[last[here]]
        age = (horizon - since).clip(0)
        p99 = leaving(took, age).within(0.99)
        mark = max(3 * p99, HOUR)
        # Overtaken: later arrivals have gone on. In a night, a holiday or a stoppage nobody overtakes anybody.
        arrived = np.sort(came)
        overtaken = len(arrived) - np.searchsorted(arrived, since, side="right")
        stuck = here[(age > mark) & (overtaken >= OVERTAKEN)]
        if len(stuck) < FEWEST:
            continue
        half = np.median(np.concatenate([came, since]))
        ends = 1.0 - leaving(took[came <= half], age[since <= half]).share
        facts.append(_fact(view, case, activity, stuck, took, p99, mark, ends, every.row[before]))
    return facts


def _fact(
    view: View,
    case: Ints,
    activity: int,
    stuck: Ints,
    took: Ints,
    p99: int,
    mark: int,
    ends: float,
    next_rows: Ints,
) -> Fact:
    arena = view.arena
    last = arena.offsets[1:] - 1
    came_back = int((took > mark).sum())
    never = lower_bound(len(stuck), len(stuck) + came_back)
    confidence = min(0.99, 0.25 + 0.75 * never + 0.02 * min(len(stuck), 10))
    kinds = arena.names["actor_kind"]
    customer = "user" in kinds and mostly(arena.codes["actor_kind"][next_rows] == kinds.index("user"))
    if customer or ends > ENDS:
        confidence = min(confidence, 0.6)
    age = (view.now - arena.end[last[stuck]]) / SECOND
    order = stuck[np.argsort(-age, kind="stable")]
    hit = np.zeros(arena.cases, dtype=np.bool_)
    hit[stuck] = True
    reached = np.zeros(arena.cases, dtype=np.bool_)
    reached[case[arena.activity == activity]] = True
    missed = _missed(view, hit) if view.deadlines and not customer else None
    usual = float(np.median(took)) / SECOND
    stood = local(view, arena.end[last[stuck]])
    return Fact(
        kind="stall",
        name="stuck_case",
        subject={"activity": arena.activities[activity]},
        confidence=confidence,
        cases=len(stuck),
        share=len(stuck) / arena.cases,
        # What they stood within the last week: a case cannot lose more than 168 h of it.
        hours_per_week=float((age - usual).clip(0, WEEK / SECOND).sum()) / 3600,
        example_cases=ids(arena, order),
        case_rows=Positions(stuck),
        example_rows=tuple(int(r) for r in last[order[:5]]),
        figures={
            "oldest_s": float(age.max()),
            "p50_age_s": float(np.median(age)),
            "usual_s": usual,
            "p99_s": p99 / SECOND,
            "mark_s": mark / SECOND,
            "ends_share": ends,
            "ends": int(ends > ENDS),
            "came_back": came_back,
            "customer": int(customer),
            "first_day": int(stood.min() // DAY),
        },
        since=int(arena.end[last[stuck]].min()),
        stopped=bool(missed) and confidence >= view.settings.warning_confidence,
        deadlines_missed=missed,
        segment=concentrated(hit, reached, case_columns(arena)),
        levers=(("clear_stuck", "business"), ("watch_stuck", "system")),
    )


def _missed(view: View, hit: Flags) -> int:
    """How many of the cases are open past a deadline."""
    arena = view.arena
    late = np.zeros(arena.cases, dtype=np.bool_)
    first = np.minimum.reduceat(arena.start, arena.offsets[:-1])
    case = case_of(arena)
    for deadline in view.deadlines:
        if deadline.process != arena.process:
            continue
        over = view.now > first + deadline.within_hours * HOUR
        if deadline.step is not None:
            done = np.zeros(arena.cases, dtype=np.bool_)
            if deadline.step in arena.activities:
                done[case[arena.activity == arena.activities.index(deadline.step)]] = True
            over = over & ~done
        late |= over
    return int((late & hit).sum())
