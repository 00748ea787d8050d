"""The first element of each list that matches."""

import numba
import numpy as np
import numpy.typing as npt


def first_match(offsets: npt.NDArray[np.int32], match: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """For each list `offsets[i]:offsets[i + 1]` the position of its first true element of `match`; -1 without one."""
    if len(offsets) and (offsets.min() < 0 or offsets.max() > len(match)):
        raise ValueError("a list reaches beyond its elements")
    return np.asarray(_first_match(offsets, match))


@numba.njit(nogil=True, cache=True)
def _first_match(offsets: npt.NDArray[np.int32], match: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    found = np.full(max(len(offsets) - 1, 0), -1, np.int64)
    for i in range(len(found)):
        for j in range(offsets[i], offsets[i + 1]):
            if match[j]:
                found[i] = j
                break
    return found
