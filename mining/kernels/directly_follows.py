"""The directly-follows graph: which activity follows which in a case."""

from dataclasses import dataclass
from typing import Any, Final

import numba
import numpy as np
import numpy.typing as npt

from mining.arena import Codes
from mining.kernels.guard import guard
from mining.kernels.plain import guard_cases, plain
from mining.kernels.tally import SLOTS, grown, in_order, slot

_DENSE: Final = 1 << 11
"""Most activities whose pairs are counted in a table with room for all of them; beyond, pairs are hashed."""


@dataclass(frozen=True)
class DirectlyFollows:
    """Edges in order of source, then target.

    `source` and `target` are codes (int32), `count` successions and `cases` cases that have one (int64).
    """

    source: npt.NDArray[np.int32]
    target: npt.NDArray[np.int32]
    count: npt.NDArray[np.int64]
    cases: npt.NDArray[np.int64]


def directly_follows(
    first: npt.NDArray[np.int64], last: npt.NDArray[np.int64], codes: Codes, size: int, dense: int = _DENSE
) -> DirectlyFollows:
    """All direct successions of known codes (0..size-1) in the cases `first:last`, whose rows are in order.

    Where every event's code is known, counts add up to events - cases (van der Aalst 2016, section 5.2). Raises
    ValueError for codes or rows out of range.
    """
    guard(codes, size)
    guard_cases(first, last, codes)
    columns = plain(first, last, codes)
    if size > dense:
        cells, found = _by_hash(*columns, size, SLOTS)
        return DirectlyFollows(
            (cells // size).astype(np.int32), (cells % size).astype(np.int32), found[:, 0].copy(), found[:, 1].copy()
        )
    if len(first) and np.array_equal(first[1:], last[:-1]):
        low, high = int(first[0]), int(last[-1])
        table = _in_one_run(*plain(first - low, codes[low:high]), size)
    else:
        table = _case_by_case(*columns, size)
    # The first row and column are codes not known.
    square = table[:-1].reshape(size + 1, size + 1, 4)[1:, 1:]
    source, target = np.nonzero(square[:, :, 0])
    found = square[source, target]
    return DirectlyFollows(source.astype(np.int32), target.astype(np.int32), found[:, 0].copy(), found[:, 1].copy())


@numba.njit(nogil=True, cache=True)
def _in_one_run(
    first: npt.NDArray[np.int64], codes: npt.NDArray[np.signedinteger[Any]], size: int
) -> npt.NDArray[np.int64]:
    """Shape (cells, 4): count, cases, number of the last case seen. Cell is (source + 1) * (size + 1) + target + 1.

    Cases lie one after the other, so the rows are one loop without a branch: a loop a case costs twice as much,
    since no processor can tell when it ends. What crosses from one case to the next goes to the last cell.
    """
    begins = np.zeros(len(codes) + 1, np.uint8)
    for row in first:
        begins[row] = 1
    width = size + 1
    crossing = width * width
    table = np.zeros((crossing + 1, 4), np.int64)  # four columns: a cell lies in one line of the cache
    case, before = np.int64(0), np.int64(0)
    for i in range(len(codes)):
        code = np.int64(codes[i]) + 1
        case += begins[i]
        cell = crossing if begins[i] else before * width + code
        table[cell, 0] += 1
        table[cell, 1] += table[cell, 2] != case
        table[cell, 2] = case
        before = code
    return table


@numba.njit(nogil=True, cache=True)
def _case_by_case(
    first: npt.NDArray[np.int64], last: npt.NDArray[np.int64], codes: npt.NDArray[np.signedinteger[Any]], size: int
) -> npt.NDArray[np.int64]:
    """As `_in_one_run`, of cases that lie anywhere."""
    width = size + 1
    table = np.zeros((width * width + 1, 4), np.int64)
    for c in range(len(first)):
        for i in range(first[c] + 1, last[c]):
            cell = (np.int64(codes[i - 1]) + 1) * width + np.int64(codes[i]) + 1
            table[cell, 0] += 1
            table[cell, 1] += table[cell, 2] != c + 1
            table[cell, 2] = c + 1
    return table


@numba.njit(nogil=True, cache=True)
def _by_hash(
    first: npt.NDArray[np.int64],
    last: npt.NDArray[np.int64],
    codes: npt.NDArray[np.signedinteger[Any]],
    size: int,
    slots: int,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    keys = np.full(slots, -1, np.int64)
    counts = np.zeros((slots, 3), np.int64)
    used = 0
    for c in range(len(first)):
        for i in range(first[c] + 1, last[c]):
            if codes[i - 1] < 0 or codes[i] < 0:
                continue
            key = np.int64(codes[i - 1]) * size + np.int64(codes[i])
            place = slot(keys, key)
            if keys[place] == -1:
                if 2 * used >= len(keys):
                    keys, counts = grown(keys, counts)
                    place = slot(keys, key)
                keys[place] = key
                used += 1
            counts[place, 0] += 1
            counts[place, 1] += counts[place, 2] != c + 1
            counts[place, 2] = c + 1
    found: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]] = in_order(keys, counts)
    return found
