"""How often two words occur together on an event."""

from dataclasses import dataclass
from typing import Final

import numba
import numpy as np
import numpy.typing as npt

from mining.kernels.guard import guard

_DENSE: Final = 1 << 22
"""Cells of the largest table that is counted into directly; beyond it the pairs are sorted."""


@dataclass(frozen=True)
class Pairs:
    """The pairs that occur, in order of `left`, then `right` (int32), and how often (int64).

    `of_row` is the number of each row's pair, -1 where one of its words is not known (int32).
    """

    left: npt.NDArray[np.int32]
    right: npt.NDArray[np.int32]
    count: npt.NDArray[np.int64]
    of_row: npt.NDArray[np.int32]


def pairs(
    left: npt.NDArray[np.int32], right: npt.NDArray[np.int32], left_size: int, right_size: int, dense: int = _DENSE
) -> Pairs:
    """Count the pairs of codes, row by row. Raises ValueError for codes out of range or unequal lengths."""
    left, right = np.ascontiguousarray(left), np.ascontiguousarray(right)
    guard(left, left_size)
    guard(right, right_size)
    if len(left) != len(right):
        raise ValueError("the columns differ in length")
    if left_size * right_size <= dense:
        cells, count, of_row = _count(left, right, left_size, right_size)
    else:
        known = (left >= 0) & (right >= 0)
        keys = left[known].astype(np.int64) * right_size + right[known]
        cells, place, count = np.unique(keys, return_inverse=True, return_counts=True)
        of_row = np.full(len(left), -1, np.int32)
        of_row[known] = place
    return Pairs(
        (cells // max(right_size, 1)).astype(np.int32),
        (cells % max(right_size, 1)).astype(np.int32),
        count.astype(np.int64),
        of_row,
    )


@numba.njit(nogil=True, cache=True)
def _count(
    left: npt.NDArray[np.int32], right: npt.NDArray[np.int32], left_size: int, right_size: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int32]]:
    table = np.zeros(left_size * right_size, np.int64)
    for i in range(len(left)):
        if left[i] >= 0 and right[i] >= 0:
            table[np.int64(left[i]) * right_size + right[i]] += 1
    cells = np.flatnonzero(table)
    count = table[cells]
    for number in range(len(cells)):
        table[cells[number]] = number
    of_row = np.full(len(left), -1, np.int32)
    for i in range(len(left)):
        if left[i] >= 0 and right[i] >= 0:
            of_row[i] = table[np.int64(left[i]) * right_size + right[i]]
    return cells, count, of_row
