"""`deviation/rework_loop`: work that is done again within a case."""

from typing import Final

import numpy as np

from mining.findings._columns import (
    DAY,
    HOUR,
    Column,
    case_columns,
    case_of,
    event_columns,
    ids,
    local,
    mostly,
    unlocal,
    unusual_days,
    weeks_since,
)
from mining.findings._departures import put_in
from mining.findings._segments import Segments, began, concentrated
from mining.findings._stats import Flags, Ints, lower_bound
from mining.findings.facts import Fact, View, Where
from mining.findings.positions import Positions

FEWEST: Final = 5
USUAL: Final = 0.5
"""Where this share of all cases repeats an activity, repeating is how the work is done."""


def rework_loop(view: View) -> list[Fact]:
    """Activities repeated in a case, loops of several activities told once.

    A repeat right after an attempt that failed with an error is a retry and left to `system_error`. What every other
    case repeats is the way of working (confidence 0.5). Confidence: concentrated in a segment or begun on a day, or
    how surely the share lies over half the warning share. Hours lost: from the end of one go to the end of the next.
    Where a reference model forbids the repetition it is left to `inserted_step`.
    """
    arena = view.arena
    case = case_of(arena)
    repeat, since_before = _repeats(view, case)
    if not repeat.any():
        return []
    activities = len(arena.activities)
    found: list[tuple[int, Ints]] = []
    for activity in np.argsort(-np.bincount(arena.activity[repeat], minlength=activities), kind="stable"):
        cases = np.unique(case[repeat & (arena.activity == activity)])
        if len(cases) >= FEWEST:
            found.append((int(activity), cases))
    facts = []
    columns = case_columns(arena)
    for loop in _loops(found):
        if 2 * int(put_in(view, arena.activities[loop[0][0]])[loop[1]].sum()) >= len(loop[1]):
            continue
        facts.append(_fact(view, case, repeat, since_before, loop, columns))
    return facts


def _repeats(view: View, case: Ints) -> tuple[Flags, Ints]:
    """Whether each event repeats its activity in its case, and the µs from the end of the go before to its own end."""
    arena = view.arena
    key = case * len(arena.activities) + arena.activity
    order = np.argsort(key, kind="stable")
    again = np.zeros(arena.events, dtype=np.bool_)
    again[1:] = key[order][1:] == key[order][:-1]
    repeat = np.zeros(arena.events, dtype=np.bool_)
    lost = np.zeros(arena.events, dtype=np.int64)
    now, before = order[again], order[np.flatnonzero(again) - 1]
    genuine = ~arena.error[before]
    # What somebody did by mistake and put right is `misoperation`.
    genuine &= ~np.isin(now, _put_right(view))
    repeat[now[genuine]] = True
    lost[now] = np.maximum(arena.end[now] - arena.end[before], 0)
    return repeat, lost


def _put_right(view: View) -> Ints:
    """The events that did again what was taken back at once, and those that were sent a second time."""
    found = [slip.until for slip in view.slips if slip.sort != "around"]
    return np.concatenate([*found, np.empty(0, np.int64)])


def _loops(found: list[tuple[int, Ints]]) -> list[tuple[tuple[int, ...], Ints]]:
    """Activities repeated by largely the same cases (half of the smaller set), together."""
    loops: list[tuple[list[int], Ints]] = []
    for activity, cases in found:
        for members, shared in loops:
            both = len(np.intersect1d(shared, cases, assume_unique=True))
            if both >= 0.6 * max(len(shared), len(cases)):
                members.append(activity)
                break
        else:
            loops.append(([activity], cases))
    return [(tuple(members), cases) for members, cases in loops]


def _fact(
    view: View, case: Ints, repeat: Flags, lost: Ints, loop: tuple[tuple[int, ...], Ints], columns: list[Column]
) -> Fact:
    arena, (members, cases) = view.arena, loop
    lead = members[0]
    doing = np.zeros(arena.cases, dtype=np.bool_)
    rows = np.flatnonzero(arena.activity == lead)
    doing[case[rows]] = True
    hit = np.zeros(arena.cases, dtype=np.bool_)
    hit[cases] = True
    again = np.flatnonzero(repeat & (arena.activity == lead))
    begun = local(view, arena.start[arena.offsets[:-1]]) // DAY
    # What few cases do at all says most about the cases that come to do it.
    pool = doing if 2 * int(doing.sum()) >= arena.cases else np.ones(arena.cases, dtype=np.bool_)
    change = began(begun[pool], hit[pool], unusual_days(view))
    segments = concentrated(hit, pool, columns) or _attempts(view, case, again, rows, columns)
    reach = int(doing.sum())
    users = "user" in arena.names["actor_kind"] and mostly(
        arena.codes["actor_kind"][again] == arena.names["actor_kind"].index("user")
    )
    if len(cases) >= USUAL * arena.cases:
        confidence = 0.5
    elif change is not None or segments:
        confidence = 0.95
    else:
        sure = lower_bound(len(cases), arena.cases) >= view.settings.warning_share
        confidence = 0.85 if sure and not users else 0.7
    # The loop in the order in which it is walked, read off the first repeat.
    path = _walk(view, again, members)
    times = np.bincount(case[again], minlength=arena.cases)[cases]
    since = unlocal(view, change[0]) if change else None
    late = again[begun[case[again]] >= change[0]] if change else again
    hours = float(lost[late].sum()) / HOUR
    clear = cases
    for narrower in (
        begun[cases] >= change[0] if change else np.ones(len(cases), dtype=np.bool_),
        _inside(view, case, again, cases, segments[0], columns) if segments else np.ones(len(cases), dtype=np.bool_),
    ):
        clear = np.intersect1d(clear, cases[narrower]) if np.isin(clear, cases[narrower]).any() else clear
    order = clear[np.argsort(-begun[clear], kind="stable")]
    shown = again[np.isin(case[again], order[:5])]
    return Fact(
        kind="deviation",
        name="rework_loop",
        subject={"activity": arena.activities[lead]},
        confidence=confidence,
        cases=len(cases),
        share=len(cases) / arena.cases,
        hours_per_week=hours / weeks_since(view, since),
        example_cases=ids(arena, order),
        case_rows=Positions(cases),
        example_rows=tuple(int(r) for r in shown[:5]),
        figures={
            # Not in the subject: the way round may vary while the problem, and its id, stay.
            "path": " → ".join(path),
            "steps": len(path),
            "repeats": len(again),
            "reach": reach,
            "share_of_reach": len(cases) / reach,
            "times": round(float(times.mean()) + 1, 2),
            "extra_s": float(np.median(lost[again])) / 1e6,
            "before": change[1] if change else None,
            "after": change[2] if change else None,
        },
        since=since,
        segment=segments,
        levers=(("check_at_entry", "front_end"), ("fix_segment", "business"))
        if segments
        else (("check_at_entry", "front_end"), ("find_cause", "business")),
    )


def _attempts(view: View, case: Ints, again: Ints, rows: Ints, known: list[Column]) -> Segments:
    """Where the goes that had to be done again concentrate: the device, system, person that did them."""
    arena = view.arena
    before = rows[np.searchsorted(rows, again) - 1]
    failed = np.isin(rows, before)
    fields = {column.field for column in known}
    columns = [
        Column(column.field, column.codes[rows], column.names)
        for column in event_columns(arena)
        if column.field not in fields
    ]
    return concentrated(failed, np.ones(len(rows), dtype=np.bool_), columns)


def _walk(view: View, again: Ints, members: tuple[int, ...]) -> tuple[str, ...]:
    """The most common way from one go to the next, both ends included."""
    arena = view.arena
    walks: dict[tuple[int, ...], int] = {}
    for row in again[:500]:
        back = int(row) - 1
        while arena.activity[back] != members[0]:
            back -= 1
        walk = tuple(int(a) for a in arena.activity[back : row + 1])
        walks[walk] = walks.get(walk, 0) + 1
    best = min(walks, key=lambda w: (-walks[w], len(w), w))
    return tuple(arena.activities[a] for a in best)


def _inside(view: View, case: Ints, again: Ints, cases: Ints, segment: Where, columns: list[Column]) -> Flags:
    """Which of `cases` are of the segment: by a case column, or by the event of a go."""
    flags: Flags
    for column in columns:
        if column.field == segment[0]:
            flags = column.codes[cases] == column.names.index(segment[1])
            return flags
    column = next(c for c in event_columns(view.arena) if c.field == segment[0])
    code = column.names.index(segment[1])
    lead = view.arena.activity == view.arena.activity[again[0]]
    flags = np.isin(cases, case[lead & (column.codes == code)])
    return flags
