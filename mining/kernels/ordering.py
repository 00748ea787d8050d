"""Rows in order of case, then start, then end, then event id, without sorting a string column."""

from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

_RUN = 16


@dataclass(frozen=True)
class Ordering:
    """`rows[offsets[c]:offsets[c + 1]]` are the rows of case `c` in order; both int64."""

    offsets: npt.NDArray[np.int64]
    rows: npt.NDArray[np.int64]


def order(
    case: npt.NDArray[np.int64],
    cases: int,
    start: npt.NDArray[np.int64],
    end: npt.NDArray[np.int64],
    id_offsets: npt.NDArray[np.int32],
    id_bytes: npt.NDArray[np.uint8],
) -> Ordering:
    """Order all rows; `case` holds a number in 0..cases-1 for each.

    Counting sort by case, then a merge sort (insertion sort for short runs) inside the case. The event ids are given
    as an Arrow string column's buffers: row `i` has bytes `id_bytes[id_offsets[i]:id_offsets[i + 1]]`; they are looked
    at only where start and end are equal. Raises ValueError for a case number out of range.
    """
    if len(case) and (case.min() < 0 or case.max() >= cases):
        raise ValueError("a case number is out of range")
    offsets, rows = _order(case, cases, start, end, id_offsets, id_bytes)
    return Ordering(offsets, rows)


@numba.njit(nogil=True, cache=True)
def _before(
    a: int,
    b: int,
    start: npt.NDArray[np.int64],
    end: npt.NDArray[np.int64],
    id_offsets: npt.NDArray[np.int32],
    id_bytes: npt.NDArray[np.uint8],
) -> bool:
    """Whether row `a` stands strictly before row `b`."""
    if start[a] != start[b]:
        return bool(start[a] < start[b])
    if end[a] != end[b]:
        return bool(end[a] < end[b])
    first_a, first_b = id_offsets[a], id_offsets[b]
    size_a, size_b = id_offsets[a + 1] - first_a, id_offsets[b + 1] - first_b
    for i in range(min(size_a, size_b)):
        if id_bytes[first_a + i] != id_bytes[first_b + i]:
            return bool(id_bytes[first_a + i] < id_bytes[first_b + i])
    return bool(size_a < size_b)


@numba.njit(nogil=True, cache=True)
def _order(
    case: npt.NDArray[np.int64],
    cases: int,
    start: npt.NDArray[np.int64],
    end: npt.NDArray[np.int64],
    id_offsets: npt.NDArray[np.int32],
    id_bytes: npt.NDArray[np.uint8],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    offsets = np.zeros(cases + 1, np.int64)
    for i in range(len(case)):
        offsets[case[i] + 1] += 1
    for c in range(cases):
        offsets[c + 1] += offsets[c]
    fill = offsets[:-1].copy()
    rows = np.empty(len(case), np.int64)
    for i in range(len(case)):
        rows[fill[case[i]]] = i
        fill[case[i]] += 1
    spare = np.empty(len(case), np.int64)
    for c in range(cases):
        low, high = offsets[c], offsets[c + 1]
        for run in range(low, high, _RUN):
            for i in range(run + 1, min(run + _RUN, high)):
                row = rows[i]
                j = i
                while j > run and _before(row, rows[j - 1], start, end, id_offsets, id_bytes):
                    rows[j] = rows[j - 1]
                    j -= 1
                rows[j] = row
        width = _RUN
        while width < high - low:
            for left in range(low, high - width, 2 * width):
                middle, right = left + width, min(left + 2 * width, high)
                if not _before(rows[middle], rows[middle - 1], start, end, id_offsets, id_bytes):
                    continue
                spare[left:middle] = rows[left:middle]
                i, j, k = left, middle, left
                while i < middle and j < right:
                    if _before(rows[j], spare[i], start, end, id_offsets, id_bytes):
                        rows[k] = rows[j]
                        j += 1
                    else:
                        rows[k] = spare[i]
                        i += 1
                    k += 1
                while i < middle:
                    rows[k] = spare[i]
                    i += 1
                    k += 1
            width *= 2
    return offsets, rows
