"""Where texts belong among texts in order."""

import numba
import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]


def text_place(offsets: Rows, raw: Bytes, ordered: Rows, fresh: Rows) -> Rows:
    """For each row of `fresh` how many rows of `ordered`, whose texts rise, have a lesser text (binary search).

    Row `i` has the bytes `raw[offsets[i]:offsets[i + 1]]`. Raises ValueError for a row out of range.
    """
    for rows in (ordered, fresh):
        if len(rows) and (rows.min() < 0 or rows.max() >= len(offsets) - 1):
            raise ValueError("a row is out of range")
    return np.asarray(_place(offsets, raw, ordered, fresh))


@numba.njit(nogil=True, cache=True)
def _place(offsets: Rows, raw: Bytes, ordered: Rows, fresh: Rows) -> Rows:
    found = np.empty(len(fresh), np.int64)
    for i in range(len(fresh)):
        low, high = 0, len(ordered)
        a, size_a = offsets[fresh[i]], offsets[fresh[i] + 1] - offsets[fresh[i]]
        while low < high:
            middle = (low + high) // 2
            b = offsets[ordered[middle]]
            size_b = offsets[ordered[middle] + 1] - b
            less = size_b < size_a
            for k in range(min(size_a, size_b)):
                if raw[a + k] != raw[b + k]:
                    less = raw[b + k] < raw[a + k]
                    break
            if less:
                low = middle + 1
            else:
                high = middle
        found[i] = low
    return found
