"""When each case ended."""

import numba
import numpy as np
import numpy.typing as npt

from mining.arena import NO_TIME
from mining.kernels.plain import guard_cases, plain


def case_ends(
    first: npt.NDArray[np.int64], last: npt.NDArray[np.int64], end: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """The latest end of each case's events (rows `first:last`), µs; NO_TIME for a case without an event."""
    guard_cases(first, last, end)
    return np.asarray(_case_ends(*plain(first, last, end), NO_TIME))


@numba.njit(nogil=True, cache=True)
def _case_ends(
    first: npt.NDArray[np.int64], last: npt.NDArray[np.int64], end: npt.NDArray[np.int64], missing: int
) -> npt.NDArray[np.int64]:
    found = np.full(len(first), missing, np.int64)
    for c in range(len(first)):
        for i in range(first[c], last[c]):
            found[c] = max(found[c], end[i])
    return found
