"""What is worked out once for all waits of a view, and which waits stand in one queue."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from mining.findings._columns import SECOND, Column, graded_columns, local, mostly, unusual_days, weeks
from mining.findings._signs import busy_slots
from mining.findings._stats import Flags, Floats, Ints
from mining.findings._waits import Waits, groups, slot
from mining.findings.facts import View

SOURCE_FIELDS: Final = ("role", "system", "module", "device")
"""Of the event that the wait follows."""


@dataclass(frozen=True)
class Frame:
    """What is worked out once for all transitions."""

    view: View
    all: Waits
    enabled: Ints
    """Local µs."""
    start: Ints
    since_last: Floats
    staff_slots: dict[int, Floats]
    """Pace per slot that two thirds of the staff's other activities have, by activity."""
    columns: list[Column]
    """What is known of each wait when it begins."""
    unusual: Ints
    weeks: float


def frame_of(view: View, every: Waits, case: Ints) -> Frame:
    arena = view.arena
    local_start = local(view, arena.start)
    slots = slot(local_start)
    staff = of_kind(view, "staff")
    pace: dict[int, Floats] = {}
    used = np.unique(arena.activity[staff])
    by_activity = {int(a): busy_slots(local_start[m], slots[m]) for a in used for m in [staff & (arena.activity == a)]}
    for activity in range(len(arena.activities)):
        others = [p for a, p in by_activity.items() if a != activity]
        pace[activity] = np.quantile(np.stack(others), 1 / 3, axis=0) if others else np.zeros(48)
    # Only what is known when the wait begins: who ends it depends on how long the queue is.
    before = [Column(f, arena.codes[f][every.before], arena.names[f]) for f in SOURCE_FIELDS if len(arena.names[f]) > 1]
    columns = before + [Column(c.field, c.codes[case[every.row]], c.names) for c in graded_columns(arena)]
    return Frame(
        view,
        every,
        local(view, every.enabled),
        local(view, every.start),
        _since_last(view)[every.row],
        pace,
        columns,
        unusual_days(view),
        weeks(arena),
    )


def of_kind(view: View, kind: str) -> Flags:
    names = view.arena.names["actor_kind"]
    if kind not in names:
        return np.zeros(view.arena.events, dtype=np.bool_)
    flags: Flags = view.arena.codes["actor_kind"] == names.index(kind)
    return flags


def _since_last(view: View) -> Floats:
    """Seconds since the actor's event before ended, at the start of each event; NaN where the actor is unknown."""
    arena = view.arena
    actor, start = arena.codes["actor"], view.split.found.start
    order = np.lexsort((arena.end, start, actor))
    free = np.full(arena.events, np.nan)
    same = np.zeros(arena.events, dtype=np.bool_)
    same[1:] = (actor[order][1:] == actor[order][:-1]) & (actor[order][1:] >= 0)
    before = order[np.flatnonzero(same) - 1]
    free[order[same]] = (start[order[same]] - arena.end[before]) / SECOND
    return free


def queues(frame: Frame) -> list[Ints]:
    """Places of the waits that stand in one queue: those for one activity.

    Activities that mostly follow the same one and are mostly done by the same role of the staff are the outcomes of
    one piece of work (approve or reject): one queue.
    """
    arena, every = frame.view.arena, frame.all
    staff = of_kind(frame.view, "staff")
    found: dict[tuple[int, ...], list[Ints]] = {}
    for target, places in groups(every.target.astype(np.int64)):
        rows = every.row[places]
        key: tuple[int, ...] = (target,)
        role = int(np.bincount(arena.codes["role"][rows] + 1).argmax()) - 1
        if role >= 0 and mostly(staff[rows]):
            key = (-1, int(np.bincount(every.source[places]).argmax()), role)
        found.setdefault(key, []).append(places)
    return [np.concatenate(parts) for _, parts in sorted(found.items())]
