"""What became of the cases caught in a stoppage."""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from mining.arena import Arena
from mining.stalls.caught import OF_CASES, Caught, Flow

Outcome = Literal["waiting", "continued", "doubled", "lost"]
OUTCOMES: Final[tuple[Outcome, ...]] = ("waiting", "continued", "doubled", "lost")
RARELY: Final = 0.05
"""A step that more than so many of its cases have twice is ordinarily repeated: twice is no sign of two hands."""


@dataclass(frozen=True)
class Reconciled:
    """One entry for each of `Caught`."""

    outcome: tuple[Outcome, ...]
    row: npt.NDArray[np.int64]
    """Arena row with which it went on, of a doubled case the step that came second; -1 where it did not."""


def reconcile(
    arena: Arena, flow: Flow, found: Caught, begin: int, until: int | None, now: int, end_activities: tuple[str, ...]
) -> Reconciled:
    """Of each case what came after the event at which it stood, as far as is known at `now`; failed tries count not.

    `until` (µs UTC) is when the flow came again, None while it is silent. *Doubled*: the step that was awaited was done
    twice, and twice is rare for it, or the two were done by another system or kind of actor. *Continued*: something
    came (where a system was silent: the awaited step, another of that system, or an end activity). *Lost*: nothing,
    though the flow has been back, and the step due, for the time this step takes. *Waiting*: the rest.
    """
    outcomes: list[Outcome] = []
    rows = np.full(len(found.case), -1, np.int64)
    own = flow.events(arena)
    ending = np.array([name in end_activities for name in arena.activities], np.bool_)
    repeated = {code: _repeated(arena, code, begin) for code in np.unique(found.next).tolist()}
    settled = np.maximum(found.due, now + 1 if until is None else until) + found.limit
    kinds, systems = arena.codes["actor_kind"], arena.codes["system"]
    for place, (case, row, target) in enumerate(zip(found.case, found.row, found.next, strict=True)):
        after = np.arange(row + 1, arena.offsets[case + 1])
        after = after[~arena.error[after] & (arena.end[after] <= now)]
        done = after[arena.activity[after] == target]
        going = after
        if flow.field != "process" and flow.field not in OF_CASES:
            steps = arena.activity[after]
            going = after[(steps == target) | own[after] | ending[steps]]
        if len(done) > 1 and (
            repeated[int(target)] <= RARELY
            or (kinds[done] != kinds[done[0]]).any()
            or (systems[done] != systems[done[0]]).any()
        ):
            outcomes.append("doubled")
            rows[place] = done[1]
        elif len(going):
            outcomes.append("continued")
            rows[place] = going[0]
        else:
            outcomes.append("lost" if until is not None and now > settled[place] else "waiting")
    return Reconciled(tuple(outcomes), rows)


def _repeated(arena: Arena, code: int, begin: int) -> float:
    """Of the cases that had an activity without an error before `begin`, how many had it more than once."""
    rows = np.flatnonzero((arena.activity == code) & ~arena.error & (arena.end <= begin))
    counts = np.unique(np.searchsorted(arena.offsets, rows, side="right"), return_counts=True)[1]
    return float((counts > 1).mean()) if len(counts) else 0.0
