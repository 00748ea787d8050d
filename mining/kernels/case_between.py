"""Which cases have an event with a value in a range."""

import numba
import numpy as np
import numpy.typing as npt

from mining.arena import NO_TIME
from mining.kernels.plain import guard_cases, plain


def case_between(
    first: npt.NDArray[np.int64], last: npt.NDArray[np.int64], values: npt.NDArray[np.int64], low: int, high: int
) -> npt.NDArray[np.bool_]:
    """One flag a case: whether one of its events (rows `first:last`) has a value in low..high, both taken in.

    NO_TIME stands for no value and is never in the range. Raises ValueError for rows out of range.
    """
    guard_cases(first, last, values)
    low, high = max(low, NO_TIME + 1), min(high, np.iinfo(np.int64).max)
    return np.asarray(_case_between(*plain(first, last, values), low, high))


@numba.njit(nogil=True, cache=True)
def _case_between(
    first: npt.NDArray[np.int64], last: npt.NDArray[np.int64], values: npt.NDArray[np.int64], low: int, high: int
) -> npt.NDArray[np.bool_]:
    found = np.zeros(len(first), np.bool_)
    for c in range(len(first)):
        for i in range(first[c], last[c]):
            if low <= values[i] <= high:
                found[c] = True
                break
    return found
