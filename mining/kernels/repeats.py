"""Which rows come again."""

from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Repeats:
    """`row[i]` has the hash of `before[i]`, the last row before it that has; both int64, `row` ascending."""

    row: npt.NDArray[np.int64]
    before: npt.NDArray[np.int64]


def repeats(hashes: npt.NDArray[np.uint64]) -> Repeats:
    """All rows whose hash an earlier row has; whether what was hashed is equal as well, the caller must see."""
    return Repeats(*_repeats(hashes))


@numba.njit(nogil=True, cache=True)
def _repeats(hashes: npt.NDArray[np.uint64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    size = 16
    while size < 2 * len(hashes):
        size *= 2
    slots = np.full(size, -1, np.int64)
    before = np.empty(16, np.int64)
    again = np.empty(16, np.int64)
    found = 0
    for row in range(len(hashes)):
        slot = np.int64(hashes[row] & np.uint64(size - 1))
        while slots[slot] >= 0 and hashes[slots[slot]] != hashes[row]:
            slot = (slot + 1) & (size - 1)
        if slots[slot] >= 0:
            if found == len(before):
                before = np.concatenate((before, np.empty(found, np.int64)))
                again = np.concatenate((again, np.empty(found, np.int64)))
            before[found], again[found] = slots[slot], row
            found += 1
        slots[slot] = row
    return again[:found].copy(), before[:found].copy()
