"""Rows grouped by a small key: counting sort."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit

from mining.kernels.guard import guard


@dataclass(frozen=True)
class Groups:
    """`rows[offsets[g]:offsets[g + 1]]` are the rows of group `g` in rising order; both int64."""

    offsets: npt.NDArray[np.int64]
    rows: npt.NDArray[np.int64]


def group(keys: npt.NDArray[np.int32], size: int) -> Groups:
    """Group the rows by `keys` in 0..size-1; rows with key -1 belong to none. Raises ValueError for other keys."""
    guard(keys, size)
    offsets, rows = _group(keys, size)
    return Groups(offsets, rows)


@njit(nogil=True, cache=True)
def _group(keys: npt.NDArray[np.int32], size: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    offsets = np.zeros(size + 1, np.int64)
    for i in range(len(keys)):
        if keys[i] >= 0:
            offsets[keys[i] + 1] += 1
    for g in range(size):
        offsets[g + 1] += offsets[g]
    fill = offsets[:-1].copy()
    rows = np.empty(offsets[size], np.int64)
    for i in range(len(keys)):
        if keys[i] >= 0:
            rows[fill[keys[i]]] = i
            fill[keys[i]] += 1
    return offsets, rows
