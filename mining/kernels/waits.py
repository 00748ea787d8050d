"""Gap and waiting of each event."""

from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

from mining.arena import NO_TIME, Arena
from mining.kernels.guard import guard_offsets


@dataclass(frozen=True)
class Waits:
    """One int64 entry an event, µs; NO_TIME where there is none.

    `gap` is from the end of the event before it in the case to its start, 0 where they overlap; a case's first event
    has none. `waiting` is from when it was enabled to its start: the recorded time where there is one, else its gap.
    """

    gap: npt.NDArray[np.int64]
    waiting: npt.NDArray[np.int64]


def waits(arena: Arena) -> Waits:
    """Gap and waiting of each event of the arena. A recorded enabling after the start is a waiting of 0."""
    guard_offsets(arena.offsets, arena.events)
    gap, waiting = _waits(arena.offsets, arena.start, arena.end, np.ascontiguousarray(arena.enabled), NO_TIME)
    return Waits(gap, waiting)


@numba.njit(nogil=True, cache=True)
def _waits(
    offsets: npt.NDArray[np.int64],
    start: npt.NDArray[np.int64],
    end: npt.NDArray[np.int64],
    enabled: npt.NDArray[np.int64],
    missing: int,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    gap = np.full(len(start), missing, np.int64)
    waiting = np.full(len(start), missing, np.int64)
    for c in range(len(offsets) - 1):
        for i in range(offsets[c], offsets[c + 1]):
            if i > offsets[c]:
                gap[i] = max(start[i] - end[i - 1], 0)
                waiting[i] = gap[i]
            if enabled[i] != missing:
                waiting[i] = max(start[i] - enabled[i], 0)
    return gap, waiting
