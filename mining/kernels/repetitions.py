"""What is done again in a case: at once (a self-loop) or later (rework)."""

from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from mining.arena import Codes
from mining.kernels.guard import guard
from mining.kernels.plain import guard_cases, plain


@dataclass(frozen=True)
class Repetitions:
    """One int64 entry an activity code.

    `self_loops` are events whose predecessor has the same activity, `returns` those whose activity was done before
    but not just before; `self_loop_cases` and `return_cases` the cases that have one, `rework_cases` those that have
    the activity more than once.
    """

    self_loops: npt.NDArray[np.int64]
    self_loop_cases: npt.NDArray[np.int64]
    returns: npt.NDArray[np.int64]
    return_cases: npt.NDArray[np.int64]
    rework_cases: npt.NDArray[np.int64]


def repetitions(first: npt.NDArray[np.int64], last: npt.NDArray[np.int64], codes: Codes, size: int) -> Repetitions:
    """Count the repetitions in the cases (rows `first:last`, in order); codes in -1..size-1, -1 counts for nothing.

    `rework_cases` are those of pm4py's get_rework_cases_per_activity; a self-loop is the edge from an activity to
    itself (a loop of length one). Raises ValueError for codes or rows out of range.
    """
    guard_cases(first, last, codes)
    guard(codes, size)
    return Repetitions(*_repetitions(*plain(first, last, codes), size))


@numba.njit(nogil=True, cache=True)
def _repetitions(
    first: npt.NDArray[np.int64], last: npt.NDArray[np.int64], codes: npt.NDArray[np.signedinteger[Any]], size: int
) -> npt.NDArray[np.int64]:
    found = np.zeros((5, size), np.int64)
    seen, looped, returned, again = np.full(size, -1), np.full(size, -1), np.full(size, -1), np.full(size, -1)
    for c in range(len(first)):
        for i in range(first[c], last[c]):
            code = codes[i]
            if code < 0:
                continue
            if seen[code] != c:
                seen[code] = c
                continue
            if codes[i - 1] == code:
                found[0, code] += 1
                if looped[code] != c:
                    looped[code] = c
                    found[1, code] += 1
            else:
                found[2, code] += 1
                if returned[code] != c:
                    returned[code] = c
                    found[3, code] += 1
            if again[code] != c:
                again[code] = c
                found[4, code] += 1
    return found
