"""Which cases have the same sequence of activities."""

from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from mining.arena import Codes
from mining.kernels.plain import guard_cases, plain


@dataclass(frozen=True)
class Paths:
    """Paths in order of the first case that has each.

    `of_case` is each case's path (int32), `example` the first case of each path (int64).
    """

    of_case: npt.NDArray[np.int32]
    example: npt.NDArray[np.int64]


def paths(first: npt.NDArray[np.int64], last: npt.NDArray[np.int64], codes: Codes) -> Paths:
    """Group cases (rows `first:last`, in order) by their codes; cases without an event are alike, too.

    Equal hashes (FNV-1a over whole codes) are checked element by element: no two paths are taken for one. Raises
    ValueError for rows out of range.
    """
    guard_cases(first, last, codes)
    return Paths(*_paths(*plain(first, last, codes)))


@numba.njit(nogil=True, cache=True)
def _paths(
    first: npt.NDArray[np.int64], last: npt.NDArray[np.int64], codes: npt.NDArray[np.signedinteger[Any]]
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
    size = 16
    while size < 2 * len(first):
        size *= 2
    slots = np.full(size, -1, np.int32)
    hashes = np.zeros(len(first), np.uint64)
    of_case = np.empty(len(first), np.int32)
    example = np.empty(len(first), np.int64)
    found = 0
    for c in range(len(first)):
        low, length = first[c], last[c] - first[c]
        mixed = np.uint64(0xCBF29CE484222325)
        for i in range(low, low + length):
            mixed = (mixed ^ np.uint64(codes[i] + 1)) * np.uint64(0x100000001B3)
        mixed ^= mixed >> np.uint64(29)  # for the low bits, which choose the slot
        slot = np.int64(mixed & np.uint64(size - 1))
        while True:
            path = slots[slot]
            if path < 0:
                slots[slot] = found
                hashes[found] = mixed
                example[found] = c
                of_case[c] = found
                found += 1
                break
            other = first[example[path]]
            same = hashes[path] == mixed and last[example[path]] - other == length
            if same:
                for i in range(length):
                    if codes[low + i] != codes[other + i]:
                        same = False
                        break
            if same:
                of_case[c] = path
                break
            slot = (slot + 1) & (size - 1)
    return of_case, example[:found].copy()
