"""Compiles (or loads from numba's cache) every kernel before anybody waits for one."""

import numpy as np
import pyarrow as pa

from mining.arena import NO_CODE, NO_TIME, WORDS, Arena, Codes
from mining.details import TableDetails
from mining.kernels.directly_follows import directly_follows
from mining.kernels.pairs import pairs
from mining.kernels.spreads import spreads
from mining.kernels.waits import waits
from mining.kernels.warm_building import warm_building
from mining.kernels.warm_causes import warm_causes
from mining.kernels.warm_choices import warm_choices
from mining.kernels.warm_figures import warm_figures
from mining.summary.warm import warm_summaries


def warm_up() -> None:
    """Run every kernel once with the types it meets in earnest; many seconds the first time on a machine, then one.

    A test proves that building and reporting compile nothing after it.
    """
    warm_building()
    arena = _arena()
    waiting = waits(arena).waiting
    pairs(arena.activity, arena.activity, 2, 2)
    spreads(waiting, arena.activity, 2)
    spreads(waiting, arena.activity.astype(np.int32), 2)
    for width in (np.int16, np.int32):
        codes: Codes = arena.activity.astype(width)
        directly_follows(np.array([0]), np.array([3]), codes, 2)
        directly_follows(np.array([2, 0]), np.array([3, 2]), codes, 2)
        directly_follows(np.array([0]), np.array([3]), codes, 2, dense=0)
    warm_summaries()
    warm_choices()
    warm_figures()
    warm_causes()


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
