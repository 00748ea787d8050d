"""Which cases are as they were."""

import numba
import numpy as np
import numpy.typing as npt

from mining.kernels.guard import guard_offsets
from mining.kernels.plain import plain

Numbers = npt.NDArray[np.int64]


def same_cases(old_offsets: Numbers, old: Numbers, new_offsets: Numbers, new: Numbers) -> Numbers:
    """Per case of `new` the case of `old` with the same events in the same order; -1 where there is none.

    `old` and `new` are the numbers of events, each at most once in either, those of case `i` at
    `offsets[i]:offsets[i + 1]`. Raises ValueError for offsets out of range or numbers below 0.
    """
    guard_offsets(old_offsets, len(old))
    guard_offsets(new_offsets, len(new))
    most = max(int(old.max(initial=-1)), int(new.max(initial=-1)))
    if min(int(old.min(initial=0)), int(new.min(initial=0))) < 0:
        raise ValueError("a number is below 0")
    first = np.full(most + 1, -1, np.int32)
    found = np.full(len(new_offsets) - 1, -1, np.int64)
    _same(*plain(old_offsets, old, new_offsets, new), first, found)
    return found


@numba.njit(nogil=True, cache=True)
def _same(
    old_offsets: Numbers, old: Numbers, new_offsets: Numbers, new: Numbers, first: npt.NDArray[np.int32], found: Numbers
) -> None:
    for case in range(len(old_offsets) - 1):
        if old_offsets[case] < old_offsets[case + 1]:
            first[old[old_offsets[case]]] = case
    for case in range(len(new_offsets) - 1):
        low, high = new_offsets[case], new_offsets[case + 1]
        if low == high:
            continue
        there = first[new[low]]
        if there < 0 or old_offsets[there + 1] - old_offsets[there] != high - low:
            continue
        at = old_offsets[there]
        k = 0
        while k < high - low and old[at + k] == new[low + k]:
            k += 1
        if k == high - low:
            found[case] = there
