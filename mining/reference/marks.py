"""Branches of a process as somebody judged them: what each case's way over them says."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from mining.arena import Arena
from mining.reference.conformance import Conformance, Deviation

Mark = Literal["intended", "exception", "wrong"]
MARKS: Final[tuple[Mark, ...]] = ("intended", "exception", "wrong")
Branch = tuple[str | None, str | None]
"""From an activity straight to the next of the same case; None for the beginning, or the end, of a case."""
Marks = Mapping[Branch, Mark]


@dataclass(frozen=True)
class Way:
    """A branch that cases take."""

    branch: Branch
    cases: int
    first: int
    """Microseconds UTC: when it was first taken."""
    last: int


@dataclass(frozen=True)
class Steps:
    """Every step of every case, one row each: into its first event, from event to event, out of its last one."""

    key: npt.NDArray[np.int64]
    case: npt.NDArray[np.int64]
    row: npt.NDArray[np.int64]
    """The event that the step leads to; of a last step the one it leads from."""


def steps(arena: Arena, finished: npt.NDArray[np.bool_]) -> Steps:
    """All steps; the end of a case (one flag each in `finished`) counts only where it is over."""
    last = arena.offsets[1:][finished] - 1
    case = np.repeat(np.arange(arena.cases, dtype=np.int64), np.diff(arena.offsets))
    target = arena.activity.astype(np.int64) + 1
    source = np.zeros(arena.events, dtype=np.int64)
    source[1:] = target[:-1]
    source[arena.offsets[:-1]] = 0
    wide = len(arena.activities) + 1
    key = np.concatenate([source * wide + target, target[last] * wide])
    row = np.concatenate([np.arange(arena.events, dtype=np.int64), last.astype(np.int64)])
    return Steps(key, case[row], row)


def finished(arena: Arena, end_activities: tuple[str, ...]) -> npt.NDArray[np.bool_]:
    """Per case whether it is over; without end activities all are."""
    flags = np.ones(arena.cases, dtype=np.bool_)
    if end_activities and arena.cases:
        ending = np.isin(np.array(arena.activities), np.array(end_activities))
        flags = np.logical_or.reduceat(ending[arena.activity], arena.offsets[:-1])
    return flags


def ways(arena: Arena, end_activities: tuple[str, ...]) -> tuple[Way, ...]:
    """Every branch that cases take, in the order of the arena's activities."""
    found = steps(arena, finished(arena, end_activities))
    wide = len(arena.activities) + 1
    keys, place = np.unique(found.key, return_inverse=True)
    once = np.unique(place * np.int64(max(arena.cases, 1)) + found.case) // max(arena.cases, 1)
    cases = np.bincount(once, minlength=len(keys))
    first, last = np.full(len(keys), np.iinfo(np.int64).max), np.full(len(keys), np.iinfo(np.int64).min)
    np.minimum.at(first, place, arena.start[found.row])
    np.maximum.at(last, place, arena.start[found.row])
    names = (None, *arena.activities)
    return tuple(
        Way((names[key // wide], names[key % wide]), int(count), int(begun), int(ended))
        for key, count, begun, ended in zip(keys.tolist(), cases, first, last, strict=True)
    )


def taken(arena: Arena, end_activities: tuple[str, ...], branch: Branch) -> npt.NDArray[np.int64]:
    """The rows at which cases take a branch, ascending."""
    codes = {name: code + 1 for code, name in enumerate(arena.activities)} | {None: 0}
    if not all(end in codes for end in branch):
        return np.empty(0, dtype=np.int64)
    found = steps(arena, finished(arena, end_activities))
    key = codes[branch[0]] * (len(arena.activities) + 1) + codes[branch[1]]
    return np.sort(found.row[found.key == key])


def without_marked(found: Conformance, marks: Marks) -> Conformance:
    """What a drawn model says, but of departures on branches that are marked: there the mark counts."""
    if not marks:
        return found
    told = tuple(
        None if of_path is None else tuple(each for each in of_path if _branch(each) not in marks)
        for of_path in found.deviations
    )
    return replace(found, deviations=told)


def _branch(deviation: Deviation) -> Branch:
    """The step into the event at which it shows."""
    return deviation.before, deviation.after if deviation.kind == "skipped" else deviation.steps[0]
