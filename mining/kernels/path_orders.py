"""In which order activities come, over the paths of all cases."""

from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from mining.arena import Codes
from mining.kernels.guard import guard, guard_offsets
from mining.kernels.plain import plain
from mining.kernels.tally import SLOTS, grown, in_order, slot

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class PathOrders:
    """Pairs of activities that cases have both, `left` < `right` (codes, int32), in that order; int64 counts.

    `together` cases that have both; of those that have each once, in how many the `left_first` and the `right_first`;
    `loops` triples left, right, left or right, left, right.
    """

    left: npt.NDArray[np.int32]
    right: npt.NDArray[np.int32]
    together: Ints
    left_first: Ints
    right_first: Ints
    loops: Ints


def path_orders(offsets: Ints, steps: Codes, cases: Ints, size: int) -> PathOrders:
    """Path `i` is `steps[offsets[i]:offsets[i + 1]]` (codes -1..size-1, -1 for any other step), of so many `cases`.

    The cost is steps, plus the square of each path's distinct codes. Raises ValueError for codes or offsets out of
    range.
    """
    guard_offsets(offsets, len(steps))
    guard(steps, size)
    if len(cases) != len(offsets) - 1:
        raise ValueError("cases must have one entry a path")
    keys, counts = _orders(*plain(offsets, steps, cases), size)
    width = max(size, 1)
    columns = [counts[:, n].copy() for n in range(4)]
    return PathOrders((keys // width).astype(np.int32), (keys % width).astype(np.int32), *columns)


@numba.njit(nogil=True, cache=True)
def _orders(offsets: Ints, steps: npt.NDArray[np.signedinteger[Any]], cases: Ints, size: int) -> tuple[Ints, Ints]:
    keys, counts, used = np.full(SLOTS, -1, np.int64), np.zeros((SLOTS, 4), np.int64), 0
    times = np.zeros(size, np.int64)
    seen = np.empty(size, np.int64)  # the codes of the path, in order of their first step
    for path in range(len(cases)):
        many = cases[path]
        low, high = offsets[path], offsets[path + 1]
        if many == 0:
            continue
        distinct = 0
        for i in range(low, high):
            code = np.int64(steps[i])
            if code >= 0:
                if times[code] == 0:
                    seen[distinct] = code
                    distinct += 1
                times[code] += 1
        for k in range(distinct):
            for n in range(k):
                a, b = seen[n], seen[k]
                key = min(a, b) * size + max(a, b)
                place = slot(keys, key)
                if keys[place] == -1:
                    keys[place] = key
                    used += 1
                    if 2 * used > len(keys):
                        keys, counts = grown(keys, counts)
                        place = slot(keys, key)
                counts[place, 0] += many
                if times[a] == 1 and times[b] == 1:
                    counts[place, 1 if a < b else 2] += many
        for i in range(low + 2, high):
            a, b = np.int64(steps[i - 1]), np.int64(steps[i])
            if a >= 0 and b >= 0 and a != b and steps[i - 2] == b:
                counts[slot(keys, min(a, b) * size + max(a, b)), 3] += many
        for k in range(distinct):
            times[seen[k]] = 0
    keys, counts = in_order(keys, counts)
    return keys, counts
