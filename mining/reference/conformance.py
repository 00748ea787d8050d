"""How far each case is from a model: what was skipped, put in, or done in the wrong order."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from mining.alignment.align import Move
from mining.arena import Arena

Kind = Literal["skipped", "inserted", "wrong_order"]


@dataclass(frozen=True)
class Deviation:
    """One departure of a case from the way through the model that is nearest to it."""

    kind: Kind
    steps: tuple[str, ...]
    """Skipped: the activities, in the model's order; inserted: the one; wrong order: (what came too early, what should
    have come before it)."""
    place: int
    """Where it shows: the event (0 is the case's first) that was put in, that came too early, or that came instead of
    what was skipped; where a case ended too soon, its last event."""
    before: str | None
    """The activity that stands before it in the case; None at its beginning."""
    after: str | None
    """The one that stands behind it; None at its end."""


@dataclass(frozen=True)
class Conformance:
    """What a model says of an arena. Paths are numbered in order of the first case that has each."""

    model: str
    """Its name, or that of its file."""
    knows: frozenset[str]
    """Activities of the log that it stands for."""
    unmatched: tuple[str, ...]
    """Tasks of the model that no activity of the log is named like; by their names, or ids where they have none."""
    unknown: tuple[str, ...]
    """Activities of the log that the model doesn't have."""
    of_case: npt.NDArray[np.int32]
    """Per case its path."""
    deviations: tuple[tuple[Deviation, ...] | None, ...]
    """Per path; None where it was not aligned."""
    finished: npt.NDArray[np.bool_]
    """Per path whether its cases are over: of others only what was done is judged, not what is still to come."""
    fitness: float | None
    """1 - deviations / (events + cases x fewest steps through the model), over finished cases that were aligned."""
    precision: float | None
    """See `mining.reference.playing.precision`, over the same cases."""

    @property
    def judged(self) -> npt.NDArray[np.bool_]:
        """Per case whether it was aligned."""
        there = np.array([found is not None for found in self.deviations], dtype=np.bool_)
        return there[self.of_case] if len(there) else np.zeros(len(self.of_case), dtype=np.bool_)

    @property
    def deviating(self) -> npt.NDArray[np.bool_]:
        """Per case whether anything in it deviates."""
        there = np.array([bool(found) for found in self.deviations], dtype=np.bool_)
        return there[self.of_case] if len(there) else np.zeros(len(self.of_case), dtype=np.bool_)


class Judge(Protocol):
    """A model that cases are held against."""

    def conformance(self, arena: Arena, end_activities: Collection[str] = ()) -> Conformance:
        """The model's word on every case of the arena."""
        ...


def deviations(moves: Sequence[Move]) -> tuple[Deviation, ...]:
    """What an alignment says, in order of the case.

    What was skipped in one place and put in at another was done in the wrong order; neighbouring skips are one.
    """
    placed, event = [], 0
    for move in moves:
        placed.append(event)
        event += move.log is not None
    events = [move.log for move in moves if move.log is not None]
    pairs = _pairs(moves)
    moved = {index for pair in pairs for index in pair}
    found: list[Deviation] = []
    for put_in, missed in pairs:
        early = put_in < missed
        between = [m for m in moves[min(put_in, missed) + 1 : max(put_in, missed)] if m.log is not None]
        synchronous = [m for m in between if m.model is not None] or between
        activity = str(moves[put_in].log)
        if not synchronous:
            continue
        other = str(synchronous[-1 if early else 0].log)
        steps = (activity, other) if early else (other, activity)
        place = placed[put_in] if early else events.index(other, placed[missed])
        found.append(_at("wrong_order", steps, place, events, place + 1))
    index = 0
    while index < len(moves):
        move = moves[index]
        if move.model is None and index not in moved:
            found.append(_at("inserted", (str(move.log),), placed[index], events, placed[index] + 1))
        elif move.log is None and index not in moved:
            run = [str(move.model)]
            while index + 1 < len(moves) and moves[index + 1].log is None and index + 1 not in moved:
                index += 1
                run.append(str(moves[index].model))
            found.append(_at("skipped", tuple(run), placed[index], events, placed[index]))
        index += 1
    return tuple(sorted(found, key=lambda d: (d.place, d.kind, d.steps)))


def _at(kind: Kind, steps: tuple[str, ...], place: int, events: Sequence[str], behind: int) -> Deviation:
    before = events[place - 1] if place > 0 else None
    after = events[behind] if behind < len(events) else None
    return Deviation(kind, steps, min(place, max(len(events) - 1, 0)), before, after)


def _pairs(moves: Sequence[Move]) -> list[tuple[int, int]]:
    """(put in, skipped) of the same activity, nearest ones first; each move stands in one pair."""
    near = sorted(
        (abs(i - j), i, j)
        for i, put_in in enumerate(moves)
        if put_in.model is None
        for j, missed in enumerate(moves)
        if missed.log is None and missed.model == put_in.log
    )
    used: set[int] = set()
    pairs = []
    for _, i, j in near:
        if i not in used and j not in used:
            used |= {i, j}
            pairs.append((i, j))
    return sorted(pairs)
