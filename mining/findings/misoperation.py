"""`error/misoperation`: what persons do by mistake: undone at once, sent twice, worked around."""

from typing import Final

import numpy as np

from mining.findings._changes import VERSION, change_before
from mining.findings._columns import (
    DAY,
    HOUR,
    SECOND,
    Column,
    case_columns,
    case_of,
    event_columns,
    ids,
    local,
    unlocal,
    unusual_days,
    weeks_since,
)
from mining.findings._segments import Segments, began, concentrated
from mining.findings._slips import Slip, shared_code
from mining.findings._stats import Ints
from mining.findings.facts import Fact, View
from mining.findings.positions import Positions

CHANGED, PLACED, PLAIN = 0.95, 0.9, 0.6
"""Confidence of what began on a day, of what is at one place, and of what always was everywhere: people slip."""
PLACES: Final = frozenset({"system", "module", "device", "channel", "platform", "shop", VERSION})
"""What a form may differ by; who uses it is another matter."""
LEVERS: Final = {
    "undone": (("ask_before", "front_end"), ("part_buttons", "front_end")),
    "twice": (("lock_button", "front_end"), ("refuse_double", "system")),
    "around": (("mend_way", "front_end"), ("find_cause", "business")),
}


def misoperation(view: View) -> list[Fact]:
    """One fact for each step and way of slipping; its subject is the form or button, who slips stands in `segment`.

    Hours lost: from the slip to what put it right. What a repetition undoes is told here and not as `rework_loop`: the
    same person, soon after, through a step that is there for nothing else.
    """
    if not view.slips:
        return []
    arena = view.arena
    of_cases = case_columns(arena)
    case = case_of(arena)
    columns = [*event_columns(arena), *(Column(c.field, c.codes[case], c.names) for c in of_cases)]
    known = list({column.field: column for column in columns}.values())
    return [_fact(view, case, slip, known) for slip in view.slips]


def _fact(view: View, case: Ints, slip: Slip, columns: list[Column]) -> Fact:
    arena = view.arena
    pool = np.flatnonzero(arena.activity == slip.activity)
    if slip.sort == "around":
        pool = pool[arena.error[pool]]
    hit = np.isin(pool, slip.rows, assume_unique=True)
    subject: dict[str, str | tuple[str, ...]] = {"activity": arena.activities[slip.activity]}
    if slip.other != slip.activity:
        subject["target"] = arena.activities[slip.other]
    for part in ("system", "module"):
        if (code := shared_code(arena.codes[part][slip.rows])) >= 0:
            subject[part] = arena.names[part][code]
    change = began(local(view, arena.start[pool]) // DAY, hit, unusual_days(view))
    since = unlocal(view, change[0]) if change else None
    here = [Column(c.field, c.codes[pool], c.names) for c in columns if c.field not in subject]
    segments = concentrated(hit, np.ones(len(pool), dtype=np.bool_), here)
    late = slip.rows if since is None else slip.rows[arena.start[slip.rows] >= since]
    late = late if len(late) else slip.rows
    shown = _clear(arena.start, late, segments, columns)
    cases = np.unique(case[slip.rows])
    lost = (arena.end if slip.sort == "twice" else arena.start)[slip.until] - arena.start[slip.rows]
    lost = np.maximum(lost, 0)[np.isin(slip.rows, late)]
    actors = np.bincount(arena.codes["actor"][slip.rows])
    placed = any(field in PLACES and lift >= 3 for field, _, lift, *_ in segments)
    return Fact(
        kind="error",
        name="misoperation",
        subject=subject,
        confidence=CHANGED if change is not None else PLACED if placed else PLAIN,
        cases=len(cases),
        share=len(cases) / arena.cases,
        hours_per_week=float(lost.sum()) / HOUR / weeks_since(view, since),
        example_cases=ids(arena, case[shown]),
        case_rows=Positions(cases),
        example_rows=tuple(int(row) for row in shown[:5]),
        figures={
            "sort": slip.sort,
            "slips": len(slip.rows),
            "runs": len(pool),
            "rate": len(slip.rows) / len(pool),
            "rest": slip.rest,
            "people": int((actors > 0).sum()),
            "most_of_one": int(actors.max()) / len(slip.rows),
            "gap_s": float(np.median(arena.start[slip.rows + 1] - arena.start[slip.rows])) / SECOND,
            "before": change[1] if change else None,
            "after": change[2] if change else None,
        },
        since=since,
        change=None if since is None else change_before(view, since, late),
        segment=segments,
        levers=((("undo_change", "system"),) if change else ()) + LEVERS[slip.sort],
    )


def _clear(start: Ints, rows: Ints, segments: Segments, columns: list[Column]) -> Ints:
    """The rows that show it best: where it concentrates, the newest first."""
    if segments:
        column = next(c for c in columns if c.field == segments[0][0])
        inside = rows[column.codes[rows] == column.names.index(segments[0][1])]
        rows = inside if len(inside) else rows
    newest: Ints = rows[np.argsort(-start[rows], kind="stable")]
    return newest
