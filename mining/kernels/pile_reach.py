"""How far back one must look to tell whether something was done in a batch."""

from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from mining.kernels.batches import pile
from mining.kernels.guard import guard_offsets
from mining.kernels.plain import plain

Times = npt.NDArray[np.int64]


def pile_reach(
    offsets: Times,
    activity: npt.NDArray[np.signedinteger[Any]],
    start: Times,
    end: Times,
    enabled: Times,
    wanted: npt.NDArray[np.bool_],
) -> Times:
    """Per actor (µs) the first enabling time in what might be batches with events that are `wanted` (events,).

    Events of actor `i` stand at `offsets[i]:offsets[i + 1]`, in order of start. The greatest int64 where there is
    none. Raises ValueError for offsets out of range or columns of unequal length.
    """
    guard_offsets(offsets, len(start))
    if not len(activity) == len(start) == len(end) == len(enabled) == len(wanted):
        raise ValueError("the columns differ in length")
    found = np.full(len(offsets) - 1, np.iinfo(np.int64).max)
    _reach(*plain(offsets, activity, start, end, enabled, wanted), found)
    return found


@numba.njit(nogil=True, cache=True)
def _reach(
    offsets: Times, activity: npt.NDArray[np.signedinteger[Any]], start: Times, end: Times, enabled: Times,
    wanted: npt.NDArray[np.bool_], found: Times,
) -> None:  # fmt: skip
    for actor in range(len(offsets) - 1):
        row, last = offsets[actor], offsets[actor + 1]
        while row < last:
            after, _, first, _, _ = pile(row, last, activity, start, end, enabled)
            if after - row > 1 and wanted[row:after].any():
                found[actor] = min(found[actor], first)
            row = after
