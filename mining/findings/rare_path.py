"""`deviation/rare_path`: a step skipped, or done before another that always comes first, by a few cases."""

from typing import Final

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
    unlocal,
    unusual_days,
)
from mining.findings._departures import told_by_model
from mining.findings._marked import judged
from mining.findings._oddities import RARE, RARE_STEP, Oddity, oddities
from mining.findings._order import ABSENT, Order, order
from mining.findings._segments import began, concentrated
from mining.findings._stats import Flags, Ints
from mining.findings.facts import Fact, View
from mining.findings.positions import Positions

MOST: Final = 12
"""Facts at most; those of the most cases."""


def rare_path(view: View) -> list[Fact]:
    """Odd successions with a pattern to them, one fact each, whatever variants they are spread over.

    Candidates: a direct succession that is rare seen from both sides; an order of two activities that nearly all
    other cases have the other way round; a step missing in a group of cases (by amount or a field) that nearly all of
    the group have. Counts must stand out of what damage spread evenly over all successions would bring (Poisson with
    the margins as expectation, Benjamini-Hochberg). What a field or the amount explains altogether is a branch of its
    own: confidence 0.6. Successions that always go either way are concurrent, no deviation. Of steps that a reference
    model has, `skipped_step` and `wrong_order` tell; of branches that somebody marked, the mark.
    """
    arena = view.arena
    case = case_of(arena)
    found = order(arena, case)
    if found is None:
        return []
    closed = _complete(view, case)
    columns = case_columns(arena)
    amounts = case_amounts(arena)
    name = [arena.activities[int(code)] for code in found.activities]
    odd = [
        oddity
        for oddity in oddities(view, found, closed)
        if not told_by_model(view, *(name[step] for step in (oddity.source, oddity.target, *oddity.between)))
    ]
    told = [_fact(view, found, oddity, columns, amounts) for oddity in odd[:MOST]]
    return [fact for fact in told if not judged(view, fact)]


def _complete(view: View, case: Ints) -> Flags:
    arena = view.arena
    if not view.end_activities:
        return np.ones(arena.cases, dtype=np.bool_)
    ends = np.isin(arena.activity, [a for a, n in enumerate(arena.activities) if n in view.end_activities])
    closed = np.zeros(arena.cases, dtype=np.bool_)
    closed[case[ends]] = True
    return closed


def _fact(view: View, found: Order, oddity: Oddity, columns: list[Column], amounts: Ints) -> Fact:
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
        case_rows=Positions(oddity.cases),
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


def _breadth(oddity: Oddity) -> float:
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
