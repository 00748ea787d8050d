"""Facts of what cases do otherwise than the model of their process says."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from mining.findings._changes import change_before
from mining.findings._columns import (
    DAY,
    HOUR,
    SECOND,
    Column,
    case_of,
    graded_columns,
    ids,
    local,
    unlocal,
    unusual_days,
    weeks_since,
)
from mining.findings._segments import began, concentrated
from mining.findings._stats import Flags, Floats, Ints
from mining.findings.facts import Fact, View
from mining.findings.positions import Positions
from mining.reference.conformance import Conformance, Kind

MOST: Final = 12
"""Facts of one kind; those of the most cases."""
ALIKE: Final = 0.9
"""Departures of which so many cases are the same are one."""
SURE: Final = 0.95
UNSURE: Final = 0.6
"""Where most cases depart, the model may be what is wrong."""
NAMES: Final[dict[Kind, str]] = {
    "skipped": "skipped_step",
    "inserted": "inserted_step",
    "wrong_order": "wrong_order",
}


@dataclass
class Departure:
    """One departure from the model, and the cases that show it."""

    steps: tuple[str, ...]
    also: tuple[tuple[str, ...], ...]
    """Others of its kind in the same cases."""
    cases: Ints
    """Ascending."""
    rows: Ints
    """Of each case the event at which it shows first."""
    source: str | None
    """The activity that mostly stands before that event."""
    target: str | None
    """The one that mostly follows."""


def departures(view: View, kind: Kind) -> list[Fact]:
    """One fact for each departure of that kind, those of the most cases first; none without a model."""
    found = view.conformance
    if found is None:
        return []
    columns = graded_columns(view.arena)
    merged = _merged(_collected(view, found, kind))
    return [_fact(view, found, kind, each, columns) for each in merged[:MOST]]


def departing(view: View, found: Conformance, kinds: Sequence[Kind]) -> list[Ints]:
    """The cases of every departure."""
    return [each.cases for kind in kinds for each in _merged(_collected(view, found, kind))]


def lasting(view: View, cases: Ints) -> Floats:
    """Seconds from start to end of each case."""
    arena = view.arena
    first = arena.start[arena.offsets[cases]]
    seconds: Floats = (np.maximum.reduceat(arena.end, arena.offsets[:-1])[cases] - first) / SECOND
    return seconds


def _collected(view: View, found: Conformance, kind: Kind) -> list[Departure]:
    arena = view.arena
    shown: dict[tuple[str, ...], dict[int, tuple[int, str | None, str | None]]] = {}
    for path, told in enumerate(found.deviations):
        for each in told or ():
            if each.kind == kind:
                shown.setdefault(each.steps, {}).setdefault(path, (each.place, each.before, each.after))
    counts = np.bincount(found.of_case, minlength=len(found.deviations))
    order = np.argsort(found.of_case, kind="stable")
    begin = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])
    delays = _delays(view, found) if kind == "skipped" else {}
    retries = _retries(view) if kind == "inserted" else np.empty(0, dtype=np.bool_)
    result = []
    for steps, paths in shown.items():
        of_path = [order[begin[path] : begin[path + 1]] for path in paths]
        cases = np.concatenate(of_path)
        places = np.concatenate([np.full(len(c), paths[p][0]) for c, p in zip(of_path, paths, strict=True)])
        around: dict[tuple[str | None, str | None], int] = {}
        for path, (_, before, after) in paths.items():
            around[before, after] = around.get((before, after), 0) + int(counts[path])
        source, target = max(around, key=lambda pair: (around[pair], str(pair)))
        sort = np.argsort(cases)
        cases, rows = cases[sort].astype(np.int64), (arena.offsets[cases] + places)[sort]
        if kind == "inserted":
            # Another go after one that failed is the error's doing, and `system_error` tells of it.
            own = ~retries[rows]
            cases, rows = cases[own], rows[own]
        if kind == "skipped":
            late = min(delays.get(step, 0) for step in steps)
            passed = view.now - arena.end[arena.offsets[cases + 1] - 1] > late
            cases, rows = cases[passed], rows[passed]
        if not len(cases):
            continue
        result.append(Departure(steps, (), cases, rows, source, target))
    return sorted(result, key=lambda each: (-len(each.cases), each.steps))


def _delays(view: View, found: Conformance) -> dict[str, int]:
    """By what came too late in some case the longest (µs) it took after what it should have come before.

    So long a case that seems to have skipped it may still be waiting for it.
    """
    arena = view.arena
    delays: dict[str, int] = {}
    for each in _collected(view, found, "wrong_order"):
        first = each.steps[1]
        codes = arena.activity == arena.activities.index(first)
        there = np.flatnonzero(codes)
        place = np.searchsorted(there, each.rows)
        known = place < len(there)
        took = arena.start[there[place[known]]] - arena.start[each.rows[known]]
        delays[first] = max(delays.get(first, 0), int(took.max(initial=0)))
    return delays


def _retries(view: View) -> Flags:
    """Whether each event repeats an activity whose go before in the case failed."""
    arena = view.arena
    key = case_of(arena) * len(arena.activities) + arena.activity
    order = np.argsort(key, kind="stable")
    again = np.flatnonzero(key[order][1:] == key[order][:-1]) + 1
    flags = np.zeros(arena.events, dtype=np.bool_)
    flags[order[again]] = arena.error[order[again - 1]]
    return flags


def _merged(found: Sequence[Departure]) -> list[Departure]:
    kept: list[Departure] = []
    for each in found:
        for other in kept:
            both = len(np.intersect1d(each.cases, other.cases, assume_unique=True))
            if both >= ALIKE * len(np.union1d(each.cases, other.cases)):
                other.also = (*other.also, each.steps)
                break
        else:
            kept.append(each)
    return kept


def _fact(view: View, found: Conformance, kind: Kind, each: Departure, columns: list[Column]) -> Fact:
    arena = view.arena
    hit = np.zeros(arena.cases, dtype=np.bool_)
    hit[each.cases] = True
    pool = found.judged
    begun = local(view, arena.start[arena.offsets[:-1]]) // DAY
    change = began(begun[pool], hit[pool], unusual_days(view))
    since = unlocal(view, change[0]) if change else None
    late = begun[each.cases] >= change[0] if change else np.ones(len(each.cases), dtype=np.bool_)
    late = late if late.any() else np.ones(len(each.cases), dtype=np.bool_)
    cases, rows = each.cases[late], each.rows[late]
    recent = np.argsort(-arena.start[arena.offsets[cases]], kind="stable")
    share = len(each.cases) / max(int(pool.sum()), 1)
    own, usual = _durations(view, found, each.cases)
    hours = _hours(view, rows) / weeks_since(view, since) if kind == "inserted" else 0.0
    known = set(each.steps) <= found.knows
    return Fact(
        kind="deviation",
        name=NAMES[kind],
        subject=_subject(kind, each),
        confidence=UNSURE if share > 0.5 else SURE,
        cases=len(each.cases),
        share=len(each.cases) / arena.cases,
        hours_per_week=hours,
        example_cases=ids(arena, cases[recent]),
        case_rows=Positions(each.cases),
        example_rows=tuple(int(row) for row in rows[recent[:5]]),
        figures={
            "model": found.model,
            "steps": ", ".join(each.steps),
            "also": ", ".join((" → " if kind == "wrong_order" else ", ").join(steps) for steps in each.also) or None,
            "known": int(known),
            "p50_s": own,
            "usual_s": usual,
            "cost_hours": round(_hours(view, rows), 2) if kind == "inserted" else None,
        },
        since=since,
        change=change_before(view, since, rows) if since is not None else None,
        segment=concentrated(hit, pool, [*columns, *_doers(view, each)]),
        levers=(
            ("settle_model", "business") if kind == "inserted" else ("block_shortcut", "system"),
            ("find_cause", "business"),
        ),
    )


def _subject(kind: Kind, each: Departure) -> dict[str, str | tuple[str, ...]]:
    if kind == "wrong_order":
        early, first = each.steps
        path = tuple(step for step in (each.source, early, first) if step is not None)
        return {"activity": first, "target": early, "source": each.source or early, "path": path}
    subject: dict[str, str | tuple[str, ...]] = {"activity": each.steps[0]}
    if each.source is not None:
        subject["source"] = each.source
    if each.target is not None:
        subject["target"] = each.target
    way = (each.source, *(each.steps if kind == "inserted" else ()), each.target)
    subject["path"] = tuple(step for step in way if step is not None)
    return subject


def _durations(view: View, found: Conformance, cases: Ints) -> tuple[float | None, float | None]:
    """Median seconds from start to end of the finished ones of `cases`, and of finished cases as the model has them."""
    over = found.finished[found.of_case]
    own = cases[over[cases]]
    usual = np.flatnonzero(over & found.judged & ~found.deviating)
    if not len(own) or not len(usual):
        return None, None
    return float(np.median(lasting(view, own))), float(np.median(lasting(view, usual)))


def _hours(view: View, rows: Ints) -> float:
    """Hours that the events took, from the end of the one before in the case to their own."""
    arena = view.arena
    first = np.isin(rows, arena.offsets[:-1])
    begun = np.where(first, arena.start[rows], arena.end[np.maximum(rows - 1, 0)])
    return float(np.maximum(arena.end[rows] - begun, 0).sum()) / HOUR


def _doers(view: View, each: Departure) -> list[Column]:
    """By whom and with what the event was done at which it shows."""
    arena = view.arena
    found = []
    for name in ("role", "actor", "device", "system"):
        codes = np.full(arena.cases, -1, dtype=np.int32)
        codes[each.cases] = arena.codes[name][each.rows]
        found.append(Column(name, codes, arena.names[name]))
    return found


def told_by_model(view: View, *steps: str) -> bool:
    """Whether a model stands for all these steps, so that its word on them counts and no guess is needed."""
    return view.conformance is not None and view.conformance.knows.issuperset(steps)


def put_in(view: View, activity: str) -> Flags:
    """Per case whether the activity was done where the model has none; all False without a model."""
    found = view.conformance
    if found is None:
        return np.zeros(view.arena.cases, dtype=np.bool_)
    of_path = [
        any(each.kind == "inserted" and each.steps == (activity,) for each in told or ()) for told in found.deviations
    ]
    flags: Flags = np.array(of_path, dtype=np.bool_)[found.of_case]
    return flags
