"""The directly-follows graph: which activity follows which in a case."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mining.arena import Arena
from mining.kernels.before import before
from mining.kernels.distinct_cases import distinct_cases
from mining.kernels.pairs import pairs


@dataclass(frozen=True)
class DirectlyFollows:
    """Edges in order of source, then target.

    `source` and `target` are activity codes (int32), `count` successions and `cases` cases that have one (int64).
    `edge` is, for each event, the number of the edge that leads to it; -1 for the first of a case (int32).
    """

    source: npt.NDArray[np.int32]
    target: npt.NDArray[np.int32]
    count: npt.NDArray[np.int64]
    cases: npt.NDArray[np.int64]
    edge: npt.NDArray[np.int32]


def directly_follows(arena: Arena) -> DirectlyFollows:
    """All direct successions of the arena; their counts add up to events - cases (van der Aalst 2016, section 5.2)."""
    size = len(arena.activities)
    source = before(arena.offsets, arena.activity)
    found = pairs(source, arena.activity, size, size)
    cases = distinct_cases(arena.offsets, found.of_row, len(found.count))
    return DirectlyFollows(found.left, found.right, found.count, cases, found.of_row)
