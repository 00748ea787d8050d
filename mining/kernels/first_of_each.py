"""Which rows of a string column hold a text that no row before them holds."""

import numba
import numpy as np
import numpy.typing as npt


def first_of_each(offsets: npt.NDArray[np.int32], raw: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    """One flag a row; row `i` has the bytes `raw[offsets[i]:offsets[i + 1]]` of an Arrow string column.

    A hash table with open addressing; equal hashes are compared byte by byte. Texts that rise from row to row, as
    positions in a file do, need none. Raises ValueError for offsets that leave `raw`.
    """
    if offsets[0] < 0 or offsets[-1] > len(raw) or bool((np.diff(offsets) < 0).any()):
        raise ValueError("a text reaches beyond its bytes")
    if _rising(offsets, raw):
        return np.ones(len(offsets) - 1, np.bool_)
    return np.asarray(_first_of_each(offsets, raw))


@numba.njit(nogil=True, cache=True)
def _rising(offsets: npt.NDArray[np.int32], raw: npt.NDArray[np.uint8]) -> bool:
    for row in range(1, len(offsets) - 1):
        a, b = offsets[row - 1], offsets[row]
        size_a, size_b = b - a, offsets[row + 1] - b
        same = True
        for i in range(min(size_a, size_b)):
            if raw[a + i] != raw[b + i]:
                if raw[a + i] > raw[b + i]:
                    return False
                same = False
                break
        if same and size_a >= size_b:
            return False
    return True


@numba.njit(nogil=True, cache=True)
def _first_of_each(offsets: npt.NDArray[np.int32], raw: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    rows = len(offsets) - 1
    size = 16
    while size < 2 * rows:
        size *= 2
    slots = np.full(size, -1, np.int32)
    hashes = np.empty(rows, np.uint64)
    fresh = np.zeros(rows, np.bool_)
    for row in range(rows):
        low, length = offsets[row], offsets[row + 1] - offsets[row]
        mixed = np.uint64(0xCBF29CE484222325)
        for i in range(low, low + length):
            mixed = (mixed ^ np.uint64(raw[i])) * np.uint64(0x100000001B3)
        mixed ^= mixed >> np.uint64(32)
        hashes[row] = mixed
        slot = np.int64(mixed & np.uint64(size - 1))
        while True:
            other = slots[slot]
            if other < 0:
                slots[slot] = row
                fresh[row] = True
                break
            if hashes[other] == mixed and offsets[other + 1] - offsets[other] == length:
                same = True
                for i in range(length):
                    if raw[low + i] != raw[offsets[other] + i]:
                        same = False
                        break
                if same:
                    break
            slot = (slot + 1) & (size - 1)
    return fresh
