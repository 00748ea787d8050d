"""Who works on the same cases."""

from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from mining.arena import Codes
from mining.kernels.guard import guard
from mining.kernels.plain import guard_cases, plain
from mining.kernels.tally import SLOTS, grown, in_order, slot


@dataclass(frozen=True)
class WorkingTogether:
    """The pairs that share a case, `left` < `right` (codes, int32), in that order.

    `cases` is how many they share (int64), `each` how many cases every code has, shape (size,), and `crowded` how many
    cases were not looked at because they have too many hands.
    """

    left: npt.NDArray[np.int32]
    right: npt.NDArray[np.int32]
    cases: npt.NDArray[np.int64]
    each: npt.NDArray[np.int64]
    crowded: int


def working_together(
    first: npt.NDArray[np.int64], last: npt.NDArray[np.int64], codes: Codes, size: int, most: int = 1000
) -> WorkingTogether:
    """Count the cases (rows `first:last`) that each two codes (of actor, or role) share; -1 counts for nothing.

    After van der Aalst, Reijers and Song 2005 (metrics based on joint cases), whose share is `cases` by
    `each` of one of them; the case, not the variant, is what is counted. Any number of codes: there are as many
    results as pairs. The cost is the sum over cases of the square of their distinct codes; so that one endless case
    does not take the machine, pairs of cases with more than `most` distinct codes are left out and the cases counted
    in `crowded`. Raises ValueError for codes or rows out of range.
    """
    guard_cases(first, last, codes)
    guard(codes, size)
    keys, counts, each, crowded = _working_together(*plain(first, last, codes), size, most)
    width = max(size, 1)
    return WorkingTogether(
        (keys // width).astype(np.int32), (keys % width).astype(np.int32), counts[:, 0].copy(), each, int(crowded)
    )


@numba.njit(nogil=True, cache=True)
def _working_together(
    first: npt.NDArray[np.int64],
    last: npt.NDArray[np.int64],
    codes: npt.NDArray[np.signedinteger[Any]],
    size: int,
    most: int,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64], int]:
    keys, counts, used = np.full(SLOTS, -1, np.int64), np.zeros((SLOTS, 1), np.int64), 0
    each = np.zeros(size, np.int64)
    seen = np.zeros(size, np.int64)
    owner = np.full(size, -1, np.int64)
    crowded = 0
    for c in range(len(first)):
        distinct = 0
        for i in range(first[c], last[c]):
            code = codes[i]
            if code >= 0 and owner[code] != c:
                owner[code] = c
                each[code] += 1
                seen[distinct] = code
                distinct += 1
        if distinct > most:
            crowded += 1
            continue
        for k in range(1, distinct):
            for m in range(k):
                key = min(seen[k], seen[m]) * size + max(seen[k], seen[m])
                place = slot(keys, key)
                if keys[place] == -1:
                    keys[place] = key
                    used += 1
                    if 2 * used > len(keys):
                        keys, counts = grown(keys, counts)
                        place = slot(keys, key)
                counts[place, 0] += 1
    keys, counts = in_order(keys, counts)
    return keys, counts, each, crowded
