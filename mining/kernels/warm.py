"""Compiles (or loads from numba's cache) every kernel before anybody waits for one."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from mining.arena import NO_CODE, NO_TIME, WORDS, Arena
from mining.kernels.activities import activities
from mining.kernels.case_times import case_times
from mining.kernels.directly_follows import directly_follows
from mining.kernels.first_match import first_match
from mining.kernels.first_of_each import first_of_each
from mining.kernels.handovers import handovers
from mining.kernels.ordering import order
from mining.kernels.overlaps import overlaps
from mining.kernels.spreads import spreads
from mining.kernels.variants import variants
from mining.kernels.waits import waits
from mining.kernels.warm_choices import warm_choices


def warm_up() -> None:
    """Run every kernel once with the types it meets in earnest; many seconds the first time on a machine, then one.

    A test proves that building and reporting compile nothing after it.
    """
    times = np.array([0, 1, 2])
    texts = _frozen(np.arange(4, dtype=np.int32)), _frozen(np.zeros(3, np.uint8))
    first_of_each(*texts)
    order(np.zeros(3, np.int64), 1, times, times, *texts)
    first_match(_frozen(np.array([0, 1], np.int32)), np.ones(1, np.bool_))
    arena = _arena(times)
    overlaps(arena.offsets, arena.start, arena.end)
    activities(arena)
    variants(arena)
    waiting = waits(arena).waiting
    case_times(arena, waiting)
    follows = directly_follows(arena)
    spreads(waiting, follows.edge, len(follows.count))
    handovers(arena.offsets, arena.activity, 2)
    warm_choices()


def _frozen(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Arrow's buffers come read-only, which is a type of its own to numba."""
    values.flags.writeable = False
    return values


def _arena(times: npt.NDArray[np.int64]) -> Arena:
    unknown = np.full(3, NO_CODE, np.int32)
    return Arena(
        process="warm",
        offsets=np.array([0, 3]),
        case_ids=pa.array(["case"]),
        start=times,
        end=times,
        enabled=np.full(3, NO_TIME),
        codes=dict.fromkeys(WORDS, unknown) | {"activity": np.array([0, 1, 0], np.int32)},
        names=dict.fromkeys(WORDS, ()) | {"activity": ("a", "b")},
        error=np.zeros(3, np.bool_),
        amount=np.full(3, NO_TIME),
        event_ids=pa.array(["0", "1", "2"]),
        trace_ids=pa.nulls(3, pa.string()),
    )
