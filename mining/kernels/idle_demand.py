"""When an actor did nothing although something waited for that actor."""

from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

from mining.kernels.busy import Busy
from mining.kernels.guard import guard_offsets
from mining.kernels.plain import plain

Times = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Idle:
    """From `begin` to `end` (µs, int64) `actor` (int64) did nothing, and had something to do."""

    actor: Times
    begin: Times
    end: Times


def idle_demand(offsets: Times, start: Times, enabled: Times, times: Busy) -> Idle:
    """Events of actor `i` stand at `offsets[i]:offsets[i + 1]`, in order of start; `times` are `busy` of the same.

    Something waits for an actor when it could have started and that actor starts it later. One sweep an actor, one
    entry a gap between two things done. Raises ValueError for offsets out of range or columns of unequal length.
    """
    guard_offsets(offsets, len(start))
    guard_offsets(times.offsets, len(times.begin))
    if len(start) != len(enabled) or len(times.offsets) != len(offsets):
        raise ValueError("the columns differ in length")
    return Idle(*_idle(*plain(offsets, start, enabled, times.offsets, times.begin, times.end)))


@numba.njit(nogil=True, cache=True)
def _idle(
    offsets: Times, start: Times, enabled: Times, of: Times, begin: Times, end: Times
) -> tuple[Times, Times, Times]:
    actors = np.empty(len(start), np.int64)
    froms = np.empty(len(start), np.int64)
    untils = np.empty(len(start), np.int64)
    count = 0
    for actor in range(len(offsets) - 1):
        least = np.iinfo(np.int64).max
        segment = of[actor + 1] - 1
        until = np.iinfo(np.int64).max
        for row in range(offsets[actor + 1] - 1, offsets[actor] - 1, -1):
            least = min(least, enabled[row])
            # From the last that was done before this start, up to it: what starts from here on waits as a whole.
            while segment >= of[actor] and begin[segment] >= start[row]:
                segment -= 1
            before = end[segment] if segment >= of[actor] else np.iinfo(np.int64).min
            low, high = max(before, least), min(start[row], until)
            if row > offsets[actor]:
                low = max(low, start[row - 1])
            if high > low:
                actors[count], froms[count], untils[count] = actor, low, high
                count += 1
            until = start[row]
    return actors[:count].copy(), froms[:count].copy(), untils[:count].copy()
