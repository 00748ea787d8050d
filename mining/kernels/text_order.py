"""Texts in order, by numbers made of their bytes."""

import numba
import numpy as np
import numpy.typing as npt

from mining.kernels.words import eight_bytes

Rows = npt.NDArray[np.int64]


def text_order(offsets: npt.NDArray[np.int64], raw: npt.NDArray[np.uint8]) -> Rows:
    """Rows so that their texts rise, byte by byte (which for UTF-8 is code point by code point); equal ones by row.

    Row `i` has the bytes `raw[offsets[i]:offsets[i + 1]]`. Only what they do not all share is looked at, eight bytes at
    a time as one number; rows that are told apart are done with. Raises ValueError for offsets that leave `raw`.
    """
    count = len(offsets) - 1
    if count < 0 or offsets[0] < 0 or offsets[-1] > len(raw) or bool((np.diff(offsets) < 0).any()):
        raise ValueError("a text reaches beyond its bytes")
    rows = np.arange(count)
    tied = np.zeros(count, np.int64)
    result = rows.copy()
    places = rows.copy()
    at = int(_shared(offsets, raw)) if count > 1 else 0
    while len(rows) > 1:
        keys, ended = _keys(offsets, raw, rows, at)
        order = np.lexsort((rows, ended, keys, tied))
        rows, keys, ended, tied = rows[order], keys[order], ended[order], tied[order]
        result[places] = rows
        new = np.ones(len(rows), np.bool_)
        new[1:] = (tied[1:] != tied[:-1]) | (keys[1:] != keys[:-1]) | (ended[1:] != ended[:-1])
        group = np.cumsum(new)
        # A text that has ended is told apart from all but its equals, and these stand in order of their rows.
        open_ = (np.bincount(group)[group] > 1) & (ended > 8)
        rows, tied, places = rows[open_], group[open_], places[open_]
        at += 8
    return result


@numba.njit(nogil=True, cache=True)
def _shared(offsets: npt.NDArray[np.int64], raw: npt.NDArray[np.uint8]) -> int:
    """How many bytes all texts begin with alike."""
    shared = offsets[1] - offsets[0]
    for row in range(1, len(offsets) - 1):
        shared = min(shared, offsets[row + 1] - offsets[row])
        for i in range(shared):
            if raw[offsets[0] + i] != raw[offsets[row] + i]:
                shared = i
                break
    return int(shared)


@numba.njit(nogil=True, cache=True)
def _keys(
    offsets: npt.NDArray[np.int64], raw: npt.NDArray[np.uint8], rows: Rows, at: int
) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int8]]:
    """Eight bytes from `at` on, big-endian, zeros behind the end; and how many there were, 9 where more follow."""
    keys = np.zeros(len(rows), np.uint64)
    ended = np.zeros(len(rows), np.int8)
    for i in range(len(rows)):
        low = offsets[rows[i]] + at
        left = offsets[rows[i] + 1] - low
        if left >= 8:
            word = eight_bytes(raw, low)
            for byte in range(8):
                keys[i] = keys[i] << np.uint64(8) | (word >> np.uint64(8 * byte)) & np.uint64(255)
        else:
            for byte in range(8):
                keys[i] <<= np.uint64(8)
                if byte < left:
                    keys[i] |= np.uint64(raw[low + byte])
        ended[i] = 9 if left > 8 else max(left, 0)
    return keys, ended
