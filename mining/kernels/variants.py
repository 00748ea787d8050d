"""Variants: cases with the same sequence of activities."""

from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

from mining.arena import Arena
from mining.kernels.guard import guard_offsets


@dataclass(frozen=True)
class Variants:
    """Most cases first, equal ones in order of their path.

    `of_case` is each case's variant (int32); `cases` the number of cases of each and `example` one of them (int64).
    """

    of_case: npt.NDArray[np.int32]
    cases: npt.NDArray[np.int64]
    example: npt.NDArray[np.int64]


def variants(arena: Arena) -> Variants:
    """All variants of the arena. Equal hashes are checked element by element: no two paths are taken for one."""
    guard_offsets(arena.offsets, arena.events)
    of_case, example = _variants(arena.offsets, arena.activity)
    cases = np.bincount(of_case, minlength=len(example))
    # Big-endian bytes of the codes compare like the codes, and these like the names.
    raw = arena.activity.astype(">i4").tobytes()
    low, high = (arena.offsets[example] * 4).tolist(), (arena.offsets[example + 1] * 4).tolist()
    ranked = sorted(range(len(example)), key=lambda v: (-cases[v], raw[low[v] : high[v]]))
    rank = np.empty(len(example), np.int32)
    rank[ranked] = np.arange(len(example), dtype=np.int32)
    return Variants(rank[of_case], cases[ranked], example[ranked])


@numba.njit(nogil=True, cache=True)
def _variants(
    offsets: npt.NDArray[np.int64], activity: npt.NDArray[np.int32]
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
    cases = len(offsets) - 1
    size = 16
    while size < 2 * cases:
        size *= 2
    slots = np.full(size, -1, np.int32)
    hashes = np.zeros(cases, np.uint64)
    of_case = np.empty(cases, np.int32)
    example = np.empty(cases, np.int64)
    found = 0
    for c in range(cases):
        low, length = offsets[c], offsets[c + 1] - offsets[c]
        mixed = np.uint64(0xCBF29CE484222325)  # FNV-1a over whole codes, then a final mix for the low bits
        for i in range(low, low + length):
            mixed = (mixed ^ np.uint64(activity[i] + 1)) * np.uint64(0x100000001B3)
        mixed ^= mixed >> np.uint64(29)
        slot = np.int64(mixed & np.uint64(size - 1))
        while True:
            variant = slots[slot]
            if variant < 0:
                slots[slot] = found
                hashes[found] = mixed
                example[found] = c
                of_case[c] = found
                found += 1
                break
            other = offsets[example[variant]]
            same = hashes[variant] == mixed and offsets[example[variant] + 1] - other == length
            if same:
                for i in range(length):
                    if activity[low + i] != activity[other + i]:
                        same = False
                        break
            if same:
                of_case[c] = variant
                break
            slot = (slot + 1) & (size - 1)
    return of_case, example[:found].copy()
