"""Which cases have an event of a kind."""

from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from mining.arena import Codes
from mining.kernels.guard import guard
from mining.kernels.plain import guard_cases, plain


def case_has(
    first: npt.NDArray[np.int64], last: npt.NDArray[np.int64], codes: Codes, wanted: npt.NDArray[np.bool_]
) -> npt.NDArray[np.bool_]:
    """One flag a case: whether one of its events (rows `first:last`) has a wanted code.

    `wanted` has one flag a code 0..size-1; code -1 is never wanted. Raises ValueError for codes or rows out of range.
    """
    guard_cases(first, last, codes)
    guard(codes, len(wanted))
    # One place more for code -1, which numba takes for the last.
    return np.asarray(_case_has(*plain(first, last, codes, np.append(wanted, False))))


@numba.njit(nogil=True, cache=True)
def _case_has(
    first: npt.NDArray[np.int64],
    last: npt.NDArray[np.int64],
    codes: npt.NDArray[np.signedinteger[Any]],
    wanted: npt.NDArray[np.bool_],
) -> npt.NDArray[np.bool_]:
    found = np.zeros(len(first), np.bool_)
    for c in range(len(first)):
        for i in range(first[c], last[c]):
            if wanted[codes[i]]:
                found[c] = True
                break
    return found
