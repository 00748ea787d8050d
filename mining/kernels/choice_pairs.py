"""How often two words come together in a choice of cases."""

from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from mining.kernels.plain import guard_cases, plain

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.signedinteger[Any]]


def choice_pairs(first: Ints, last: Ints, left: Codes, right: Codes, sizes: tuple[int, int], back: int = 0) -> Ints:
    """Events of the cases `first:last` by word of `left` and of `right`; shape `sizes`, int64.

    `back` 0: both words are of one event. 1: `left` is of the event before in the case. Raises ValueError for rows
    or codes out of range.
    """
    guard_cases(first, last, left, right)
    # A row and a column more: words not known are counted there, without a branch.
    found = np.zeros((sizes[0] + 1, sizes[1] + 1), np.int64)
    if not _count(*plain(first, last, left, right), min(max(back, 0), 1), found):
        raise ValueError(f"a code is out of range (-1..{sizes[0] - 1} and -1..{sizes[1] - 1})")
    return found[1:, 1:]


@numba.njit(nogil=True, cache=True)
def _count(first: Ints, last: Ints, left: Codes, right: Codes, back: int, found: Ints) -> bool:
    for c in range(len(first)):
        for row in range(first[c] + back, last[c]):
            a, b = np.int64(left[np.uintp(row - back)]) + 1, np.int64(right[np.uintp(row)]) + 1
            if a < 0 or b < 0 or a >= found.shape[0] or b >= found.shape[1]:
                return False
            found[np.uintp(a), np.uintp(b)] += 1  # unsigned: numba need not look for places from the end
    return True
