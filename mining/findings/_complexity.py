"""How much there is to a step: ways out of it, goes, fields, systems, hands."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow.compute as pc

from mining.findings._columns import case_of, segment_fields
from mining.findings._frame import of_kind
from mining.findings._stats import Flags, Floats, Ints
from mining.findings.facts import View

PARTS: Final = ("branches", "retries", "fields", "systems", "hands")
LEAST_STEPS: Final = 5
"""Steps below which none can stand out."""
FLOOR: Final = {"branches": 0.5, "retries": 0.25, "fields": 1.0, "systems": 0.25, "hands": 0.25}
"""Least unit of the spread of a part among steps: so much more is not yet much."""
LEAST: Final = {"branches": 3.0, "retries": 1.3, "fields": 3.0, "systems": 1.5, "hands": 1.5}
"""What a step must have at least to have too much of it."""


@dataclass(frozen=True)
class Visits:
    """All visits of cases to steps: one row per case and activity, sorted by both."""

    case: Ints
    activity: Ints
    goes: Ints
    first_row: Ints
    """Arena row of the first go."""
    last_row: Ints
    ways: Ints
    """Different next activities, the end of the case among them; other than at the step itself."""
    systems: Ints
    """Different pairs of system and module."""
    hands: Ints
    """Different people, or roles where people aren't known."""
    spent: Floats
    """Seconds from the first start to the last end at the step."""
    usual_way: Flags
    """Whether all goes went on the way that most do."""


def visits(view: View) -> Visits:
    """Shape (visits,)."""
    arena = view.arena
    case, activity = case_of(arena), arena.activity.astype(np.int64)
    size = len(arena.activities)
    key = case * size + activity
    order = np.argsort(key, kind="stable")
    ordered = key[order]
    fresh = np.append(True, ordered[1:] != ordered[:-1])
    first = np.flatnonzero(fresh)
    visit = np.empty(len(key), dtype=np.int64)
    visit[order] = np.cumsum(fresh) - 1
    number = len(first)
    goes = np.diff(np.append(first, len(key)))
    following = np.full(len(key), size, dtype=np.int64)
    inner = np.append(case[1:] == case[:-1], False)
    following[:-1][inner[:-1]] = activity[1:][inner[:-1]]
    away = following != activity
    table = np.bincount(activity[away] * (size + 1) + following[away], minlength=size * (size + 1))
    main = table.reshape(size, size + 1).argmax(axis=1)
    strayed = np.zeros(number, dtype=np.bool_)
    strayed[visit[away & (following != main[activity])]] = True
    module = arena.codes["system"].astype(np.int64) * (len(arena.names["module"]) + 1) + arena.codes["module"]
    known = arena.codes["system"] >= 0
    staff = of_kind(view, "staff")
    by = "actor" if (arena.codes["actor"][staff] >= 0).any() else "role"
    hand = arena.codes[by].astype(np.int64)
    rows = order[first]
    return Visits(
        ordered[first] // size,
        ordered[first] % size,
        goes,
        rows,
        order[np.append(first[1:], len(key)) - 1],
        _different(visit[away], following[away], number),
        _different(visit[known], module[known], number),
        _different(visit[staff & (hand >= 0)], hand[staff & (hand >= 0)], number),
        (np.maximum.reduceat(arena.end[order], first) - arena.start[rows]) / 1e6,
        ~strayed,
    )


def _different(visit: Ints, value: Ints, number: int) -> Ints:
    """How many different values each visit has."""
    order = np.lexsort((value, visit))
    fresh = np.ones(len(order), dtype=np.bool_)
    fresh[1:] = (visit[order][1:] != visit[order][:-1]) | (value[order][1:] != value[order][:-1])
    counts: Ints = np.bincount(visit[order][fresh], minlength=number)
    return counts


def scores(view: View, every: Visits, least: int) -> tuple[Ints, dict[str, Floats], dict[str, Floats]]:
    """Activities with at least `least` visits; per part the measure of each, and its robust z among them.

    Branches: exp of the entropy of where it leads (so many equally frequent ways); retries: goes a visit; fields:
    further fields filled at an event; systems and hands: different ones at a visit, each with its mean.
    z: from the median, over 1.4826 times the median absolute deviation, that at least FLOOR.
    """
    arena = view.arena
    size = len(arena.activities)
    count = np.bincount(every.activity, minlength=size).astype(np.float64)
    steps = np.flatnonzero(count >= least)
    if len(steps) < LEAST_STEPS:
        return steps, {}, {}
    measured = {"branches": _branches(view)}
    for part, values in (("retries", every.goes), ("systems", every.systems), ("hands", every.hands)):
        measured[part] = np.bincount(every.activity, weights=values, minlength=size) / np.maximum(count, 1)
    filled = np.zeros(size)
    for name in segment_fields(arena):
        there = pc.is_valid(arena.fields[name]).to_numpy(zero_copy_only=False)
        filled += np.bincount(arena.activity[there], minlength=size)
    measured["fields"] = filled / np.maximum(np.bincount(arena.activity, minlength=size), 1)
    measured = {part: measured[part][steps] for part in PARTS}
    far: dict[str, Floats] = {}
    for part, of_steps in measured.items():
        middle = np.median(of_steps)
        spread = max(1.4826 * float(np.median(np.abs(of_steps - middle))), FLOOR[part])
        far[part] = (of_steps - middle) / spread
    return steps, measured, far


def _branches(view: View) -> Floats:
    arena = view.arena
    size = len(arena.activities)
    last = np.zeros(arena.events, dtype=np.bool_)
    last[arena.offsets[1:][np.diff(arena.offsets) > 0] - 1] = True
    row = np.flatnonzero(~last)
    source, target = arena.activity[row].astype(np.int64), arena.activity[row + 1]
    away = source != target
    table = np.bincount(source[away] * size + target[away], minlength=size * size).reshape(size, size)
    share = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    entropy = -(share * np.log(np.where(share > 0, share, 1.0))).sum(axis=1)
    result: Floats = np.exp(entropy)
    return result


def stand_out(measured: dict[str, Floats], far: dict[str, Floats], place: int, z: float) -> list[str]:
    """Parts of which a step has too much, the clearest first."""
    there = [part for part in PARTS if far[part][place] >= z and measured[part][place] >= LEAST[part]]
    return sorted(there, key=lambda part: -far[part][place])
