"""Deadlines that were missed for a wait."""

import numpy as np

from mining.findings._columns import HOUR, case_of
from mining.findings._stats import Floats, Ints
from mining.findings.facts import View


def missed_for(view: View, case: Ints, lost: Floats) -> int | None:
    """Cases that missed a deadline and would have met it without the hours lost; None where there are no deadlines.

    `case` and `lost` (hours): one entry a wait. What is not done yet is taken as done now.
    """
    arena = view.arena
    deadlines = [deadline for deadline in view.deadlines if deadline.process == arena.process]
    if not deadlines:
        return None
    spared = np.bincount(case, weights=lost, minlength=arena.cases) * HOUR
    owner = case_of(arena)
    begin = np.minimum.reduceat(arena.start, arena.offsets[:-1])
    late = np.zeros(arena.cases, dtype=np.bool_)
    for deadline in deadlines:
        wanted = (deadline.step,) if deadline.step is not None else view.end_activities
        ends = np.isin(np.array(arena.activities), np.array(wanted)) if wanted else np.ones(len(arena.activities), bool)
        done = np.full(arena.cases, np.iinfo(np.int64).max if wanted else 0)
        rows = np.flatnonzero(ends[arena.activity])
        (np.minimum if wanted else np.maximum).at(done, owner[rows], arena.end[rows])
        done = np.minimum(done, view.now)
        due = begin + int(deadline.within_hours * HOUR)
        late |= (done > due) & (done - spared <= due)
    return int(late.sum())
