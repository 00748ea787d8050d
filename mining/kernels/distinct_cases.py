"""In how many cases something occurs."""

import numba
import numpy as np
import numpy.typing as npt

from mining.kernels.guard import guard, guard_offsets


def distinct_cases(offsets: npt.NDArray[np.int64], keys: npt.NDArray[np.int32], size: int) -> npt.NDArray[np.int64]:
    """Per key in 0..size-1 the number of cases that have an event of it (int64); rows with key -1 don't count.

    Raises ValueError for other keys.
    """
    guard(keys, size)
    guard_offsets(offsets, len(keys))
    return np.asarray(_distinct_cases(offsets, np.ascontiguousarray(keys), size))


@numba.njit(nogil=True, cache=True)
def _distinct_cases(offsets: npt.NDArray[np.int64], keys: npt.NDArray[np.int32], size: int) -> npt.NDArray[np.int64]:
    found = np.zeros(size, np.int64)
    last = np.full(size, -1, np.int64)
    for c in range(len(offsets) - 1):
        for i in range(offsets[c], offsets[c + 1]):
            key = keys[i]
            if key >= 0 and last[key] != c:
                last[key] = c
                found[key] += 1
    return found
