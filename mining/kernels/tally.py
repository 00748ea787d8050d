"""A hash table of counts, for kernels that count pairs of words without room for all of them.

`keys` is (slots,) int64, -1 where free; `counts` (slots, columns) int64; `slots` a power of two. No public kernel: the
functions are compiled into those that use them, so after a change delete numba's caches.
"""

from typing import Final

import numpy as np
import numpy.typing as npt
from numba.extending import register_jitable

SLOTS: Final = 1 << 10
"""How many a table begins with."""


@register_jitable
def slot(keys: npt.NDArray[np.int64], key: int) -> np.int64:
    """Where the key (0 or more) stands, or would."""
    mask = len(keys) - 1
    mixed = np.uint64(key) * np.uint64(0x9E3779B97F4A7C15)
    place = np.int64(mixed >> np.uint64(32)) & mask
    while keys[place] != key and keys[place] != -1:
        place = (place + 1) & mask
    return place


@register_jitable
def grown(
    keys: npt.NDArray[np.int64], counts: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The table with twice the slots."""
    wider = np.full(2 * len(keys), -1, np.int64)
    moved = np.zeros((2 * len(keys), counts.shape[1]), np.int64)
    for old in range(len(keys)):
        if keys[old] != -1:
            place = slot(wider, keys[old])
            wider[place] = keys[old]
            moved[place] = counts[old]
    return wider, moved


@register_jitable
def in_order(
    keys: npt.NDArray[np.int64], counts: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The keys that are there, ascending, and their counts (keys, columns)."""
    there = np.flatnonzero(keys != -1)
    there = there[np.argsort(keys[there])]
    return keys[there], counts[there]
