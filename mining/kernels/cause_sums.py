"""The waiting of each transition by cause."""

from collections.abc import Sequence
from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from mining.arena import Codes, Times
from mining.kernels.guard import guard
from mining.kernels.plain import plain

Flags = npt.NDArray[np.bool_]


def cause_sums(
    before: Times,
    activity: Codes,
    enabled: Times,
    start: Times,
    parts: Sequence[Times],
    transitions: Times,
    size: int,
    inside: Flags | None = None,
) -> Times:
    """Sums (5, transitions), int64, over events (events,): of each of the four `parts` (µs), and of what they leave.

    `before` is the row of the event that enabled each (-1: none), `activity` its code 0..size-1; `transitions`, rising,
    are codes of a source times `size` and a target's; others are left out, as are events not `inside`. An event waited
    from `enabled` to `start` (µs), not below 0. Raises ValueError for rows or codes out of range, or columns of
    unequal length.
    """
    columns = [before, activity, enabled, start, *parts, *([] if inside is None else [inside])]
    if any(len(column) != len(before) for column in columns):
        raise ValueError("the columns differ in length")
    if len(parts) != 4:
        raise ValueError("there must be four parts")
    guard(before, len(before))
    guard(activity, size)
    chosen = np.empty(0, np.bool_) if inside is None else inside
    sums = np.zeros((5, len(transitions)), np.int64)
    _sums(*plain(before, activity, enabled, start, *parts, transitions, chosen), size, sums)
    return sums


@numba.njit(nogil=True, cache=True)
def _sums(
    before: Times, activity: npt.NDArray[np.signedinteger[Any]], enabled: Times, start: Times,
    one: Times, two: Times, three: Times, four: Times, transitions: Times, chosen: Flags, size: int, sums: Times,
) -> None:  # fmt: skip
    for row in range(len(before)):
        waited = start[row] - enabled[row]
        if waited <= 0 or before[row] < 0 or (len(chosen) > 0 and not chosen[row]):
            continue
        key = np.int64(activity[before[row]]) * size + activity[row]
        low, high = 0, len(transitions)
        while low < high:
            middle = (low + high) // 2
            if transitions[middle] < key:
                low = middle + 1
            else:
                high = middle
        if low == len(transitions) or transitions[low] != key:
            continue
        sums[0, low] += one[row]
        sums[1, low] += two[row]
        sums[2, low] += three[row]
        sums[3, low] += four[row]
        sums[4, low] += waited - one[row] - two[row] - three[row] - four[row]
