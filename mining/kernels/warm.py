"""Compiles (or loads from numba's cache) every kernel before anybody waits for one."""

import numpy as np
import pyarrow as pa

from mining.arena import NO_CODE, NO_TIME, WORDS, Arena
from mining.details import TableDetails
from mining.kernels.activities import activities
from mining.kernels.case_times import case_times
from mining.kernels.directly_follows import directly_follows
from mining.kernels.distinct_cases import distinct_cases
from mining.kernels.handovers import handovers
from mining.kernels.pairs import pairs
from mining.kernels.spreads import spreads
from mining.kernels.variants import variants
from mining.kernels.waits import waits
from mining.kernels.warm_building import warm_building
from mining.kernels.warm_choices import warm_choices


def warm_up() -> None:
    """Run every kernel once with the types it meets in earnest; many seconds the first time on a machine, then one.

    A test proves that building and reporting compile nothing after it.
    """
    warm_building()
    arena = _arena()
    activities(arena)
    variants(arena)
    waiting = waits(arena).waiting
    case_times(arena, waiting)
    follows = directly_follows(arena)
    spreads(waiting, follows.edge, len(follows.count))
    spreads(waiting, arena.activity, 2)
    pairs(arena.activity, arena.activity, 2, 2)
    distinct_cases(arena.offsets, arena.activity, 2)
    handovers(arena.offsets, arena.activity, 2)
    warm_choices()


def _arena() -> Arena:
    unknown = np.full(3, NO_CODE, np.int16)
    return Arena(
        process="warm",
        offsets=np.array([0, 3]),
        case_ids=pa.array(["case"]),
        start=np.arange(3),
        end=np.arange(3),
        enabled=np.full(3, NO_TIME),
        codes=dict.fromkeys(WORDS, unknown) | {"activity": np.array([0, 1, 0], np.int16)},
        names=dict.fromkeys(WORDS, ()) | {"activity": ("a", "b")},
        error=np.zeros(3, np.bool_),
        amount=np.full(3, NO_TIME),
        rows=np.arange(3),
        details=TableDetails(pa.table({})),
    )
