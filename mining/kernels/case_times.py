"""How long each case took, and how much of it was work."""

from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

from mining.arena import NO_TIME, Arena
from mining.kernels.guard import guard_offsets


@dataclass(frozen=True)
class CaseTimes:
    """One int64 entry a case, µs.

    `start` and `end` are its earliest start and latest end, `service` the sum of its events' lengths, `busy` the union
    of their intervals (never more than end - start), `waiting` the sum of the waiting given.
    """

    start: npt.NDArray[np.int64]
    end: npt.NDArray[np.int64]
    service: npt.NDArray[np.int64]
    busy: npt.NDArray[np.int64]
    waiting: npt.NDArray[np.int64]

    @property
    def duration(self) -> npt.NDArray[np.int64]:
        """From the first start to the last end, µs."""
        return self.end - self.start


def case_times(arena: Arena, waiting: npt.NDArray[np.int64]) -> CaseTimes:
    """Times of each case; `waiting` is one entry an event (`waits(arena).waiting`), NO_TIME where there is none.

    Raises ValueError where it has another length.
    """
    guard_offsets(arena.offsets, arena.events)
    if len(waiting) != arena.events:
        raise ValueError("waiting must have one entry an event")
    return CaseTimes(*_case_times(arena.offsets, arena.start, arena.end, waiting, NO_TIME))


@numba.njit(nogil=True, cache=True)
def _case_times(
    offsets: npt.NDArray[np.int64],
    start: npt.NDArray[np.int64],
    end: npt.NDArray[np.int64],
    waiting: npt.NDArray[np.int64],
    missing: int,
) -> npt.NDArray[np.int64]:
    found = np.zeros((5, len(offsets) - 1), np.int64)
    for c in range(len(offsets) - 1):
        if offsets[c] == offsets[c + 1]:
            continue
        latest = start[offsets[c]]
        found[0, c] = latest
        for i in range(offsets[c], offsets[c + 1]):
            found[2, c] += end[i] - start[i]
            if end[i] > latest:
                found[3, c] += end[i] - max(start[i], latest)
                latest = end[i]
            if waiting[i] != missing:
                found[4, c] += waiting[i]
        found[1, c] = latest
    return found
