"""Which cases have one activity after another."""

from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from mining.arena import NO_TIME, Codes
from mining.kernels.plain import guard_cases, plain

LONGEST: int = 1 << 61
"""µs; a bound beyond it is none."""


def case_follows(
    first: npt.NDArray[np.int64],
    last: npt.NDArray[np.int64],
    codes: Codes,
    start: npt.NDArray[np.int64],
    end: npt.NDArray[np.int64],
    source: int,
    target: int,
    direct: bool = False,
    within: int | None = None,
) -> npt.NDArray[np.bool_]:
    """One flag a case: whether an event of code `source` is followed by one of code `target`.

    Cases are rows `first:last`, in order. `direct`: with no event between them. `within` (µs): the later one starts
    at most so long after the end of the earlier one; an overlap is no time. Raises ValueError for rows out of range.
    """
    guard_cases(first, last, codes, start, end)
    bound = LONGEST if within is None else min(within, LONGEST)
    columns = plain(first, last, codes, start, end)
    return np.asarray(_case_follows(*columns, source, target, direct, bound, NO_TIME))


@numba.njit(nogil=True, cache=True)
def _case_follows(
    first: npt.NDArray[np.int64],
    last: npt.NDArray[np.int64],
    codes: npt.NDArray[np.signedinteger[Any]],
    start: npt.NDArray[np.int64],
    end: npt.NDArray[np.int64],
    source: int,
    target: int,
    direct: bool,
    within: int,
    missing: int,
) -> npt.NDArray[np.bool_]:
    found = np.zeros(len(first), np.bool_)
    for c in range(len(first)):
        latest = missing  # end of the source event from which least time has gone
        for i in range(first[c], last[c]):
            if codes[i] == target and latest != missing and max(start[i] - latest, 0) <= within:
                found[c] = True
                break
            if direct:
                latest = missing
            if codes[i] == source:
                latest = max(latest, end[i])
    return found
