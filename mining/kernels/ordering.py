"""Rows in order of case, then start, then end, then arrival."""

from dataclasses import dataclass
from typing import Any, Final

import numba
import numpy as np
import numpy.typing as npt

from mining.kernels.guard import guard
from mining.kernels.plain import plain

_RUN: Final = 16


@dataclass(frozen=True)
class Ordering:
    """`rows[offsets[c]:offsets[c + 1]]` are the rows of case `c` in order; all int64.

    `start` and `end` are those of `rows`. `ties` are places in `rows` whose case, start and end are those of the place
    before.
    """

    offsets: npt.NDArray[np.int64]
    rows: npt.NDArray[np.int64]
    start: npt.NDArray[np.int64]
    end: npt.NDArray[np.int64]
    ties: npt.NDArray[np.int64]


def order(
    case: npt.NDArray[np.int32], cases: int, start: npt.NDArray[np.int64], end: npt.NDArray[np.int64]
) -> Ordering:
    """Order all rows; `case` holds a number in 0..cases-1 for each.

    Counting sort by case, then a merge sort (insertion sort for short runs) inside the case. Raises ValueError for a
    case number out of range, or columns of unequal length.
    """
    if not len(case) == len(start) == len(end):
        raise ValueError("the columns differ in length")
    if len(case) and (case.min() < 0 or case.max() >= cases):
        raise ValueError("a case number is out of range")
    return Ordering(*_order(case, cases, start, end))


def by_code(codes: npt.NDArray[np.signedinteger[Any]], size: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[Any]]:
    """Offsets, (size + 1,) int64, and rows of each code 0..size-1, as they come, int32 where that is wide enough.

    Rows of codes below 0 are left out. Raises ValueError for a code of size or more.
    """
    guard(codes, size)
    rows = np.empty(np.count_nonzero(codes >= 0), np.int32 if len(codes) <= np.iinfo(np.int32).max else np.int64)
    return _by_code(*plain(codes), size, rows), rows


@numba.njit(nogil=True, cache=True)
def _by_code(codes: npt.NDArray[np.signedinteger[Any]], size: int, rows: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    offsets = np.zeros(size + 2, np.int64)
    for i in range(len(codes)):
        if codes[i] >= 0:
            offsets[np.int64(codes[i]) + 2] += 1
    for code in range(size):
        offsets[code + 2] += offsets[code + 1]
    for i in range(len(codes)):
        if codes[i] >= 0:
            rows[offsets[np.int64(codes[i]) + 1]] = i
            offsets[np.int64(codes[i]) + 1] += 1
    return offsets[:-1]


@numba.njit(nogil=True, cache=True)
def _order(
    case: npt.NDArray[np.int32], cases: int, start: npt.NDArray[np.int64], end: npt.NDArray[np.int64]
) -> tuple[
    npt.NDArray[np.int64],
    npt.NDArray[np.int64],
    npt.NDArray[np.int64],
    npt.NDArray[np.int64],
    npt.NDArray[np.int64],
]:
    count = len(case)
    offsets = np.zeros(cases + 1, np.int64)
    for i in range(count):
        offsets[case[i] + 1] += 1
    longest = np.int64(0)
    for c in range(cases):
        longest = max(longest, offsets[c + 1])
        offsets[c + 1] += offsets[c]
    fill = offsets[:-1].copy()
    rows = np.empty(count, np.int64)
    begin = np.empty(count, np.int64)
    finish = np.empty(count, np.int64)
    for i in range(count):
        place = fill[case[i]]
        fill[case[i]] = place + 1
        rows[place], begin[place], finish[place] = i, start[i], end[i]
    spare = np.empty((3, longest), np.int64)
    ties = 0
    for c in range(cases):
        low, high = offsets[c], offsets[c + 1]
        for run in range(low, high, _RUN):
            for i in range(run + 1, min(run + _RUN, high)):
                row, b, e = rows[i], begin[i], finish[i]
                j = i
                while j > run and (b < begin[j - 1] or (b == begin[j - 1] and e < finish[j - 1])):
                    rows[j], begin[j], finish[j] = rows[j - 1], begin[j - 1], finish[j - 1]
                    j -= 1
                rows[j], begin[j], finish[j] = row, b, e
        width = _RUN
        while width < high - low:
            for left in range(low, high - width, 2 * width):
                _merge(rows, begin, finish, spare, left, left + width, min(left + 2 * width, high))
            width *= 2
        for i in range(low + 1, high):
            if begin[i] == begin[i - 1] and finish[i] == finish[i - 1]:
                ties += 1
    tied = np.empty(ties, np.int64)
    ties = 0
    if len(tied):
        for c in range(cases):
            for i in range(offsets[c] + 1, offsets[c + 1]):
                if begin[i] == begin[i - 1] and finish[i] == finish[i - 1]:
                    tied[ties] = i
                    ties += 1
    return offsets, rows, begin, finish, tied


@numba.njit(nogil=True, cache=True)
def _merge(
    rows: npt.NDArray[np.int64],
    begin: npt.NDArray[np.int64],
    finish: npt.NDArray[np.int64],
    spare: npt.NDArray[np.int64],
    left: int,
    middle: int,
    right: int,
) -> None:
    """Merge two sorted neighbouring runs; of equal entries those of the left stay first."""
    if begin[middle] > begin[middle - 1] or (
        begin[middle] == begin[middle - 1] and finish[middle] >= finish[middle - 1]
    ):
        return
    size = middle - left
    for i in range(size):
        spare[0, i], spare[1, i], spare[2, i] = rows[left + i], begin[left + i], finish[left + i]
    i, j, k = 0, middle, left
    while i < size:
        if j < right and (begin[j] < spare[1, i] or (begin[j] == spare[1, i] and finish[j] < spare[2, i])):
            rows[k], begin[k], finish[k] = rows[j], begin[j], finish[j]
            j += 1
        else:
            rows[k], begin[k], finish[k] = spare[0, i], spare[1, i], spare[2, i]
            i += 1
        k += 1
