"""How long things took in a choice of cases: by edge, activity and role, in one pass.

Rows and groups are unsigned where they are looked up: numba then leaves out what makes negative places count from the
end, which took two fifths of the time.
"""

from dataclasses import dataclass
from typing import Any, Final

import numba
import numpy as np
import numpy.typing as npt

from mining.arena import NO_TIME
from mining.kernels.guard import guard
from mining.kernels.plain import guard_cases, plain
from mining.summary.buckets import OCTAVES, PER_PAGE, bucket

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.signedinteger[Any]]
BUCKETS: Final = OCTAVES * PER_PAGE
_SPARE: Final = 6
"""Room that one event's values may be written to before it is known whether they count."""


@dataclass(frozen=True)
class Rowwise:
    """What each row belongs to: `edge` leads to it, then its `activity` and `role`; -1 for none.

    Groups are numbered through: `sizes` edges by gap, as many by waiting, activities by waiting, activities by
    service, roles by service. Columns have one width.
    """

    edge: Codes
    activity: Codes
    role: Codes
    sizes: tuple[int, int, int]
    """How many edges, activities, roles there are."""

    def __post_init__(self) -> None:
        """Raise ValueError for codes out of range: once, not for every choice."""
        for column, size in zip((self.edge, self.activity, self.role), self.sizes, strict=True):
            guard(column, size)

    @property
    def offsets(self) -> Ints:
        """Where each family of groups begins, and how many there are in all; shape (6,)."""
        edges, activities, roles = self.sizes
        return np.cumsum(np.array([0, edges, edges, activities, activities, roles]))


@dataclass(frozen=True)
class ChoiceTimes:
    """Per group its `total` (µs, int64), and how many values each bucket has: `counts` (int32, groups by BUCKETS)."""

    total: Ints
    counts: npt.NDArray[np.int32]


def choice_times(first: Ints, last: Ints, start: Ints, end: Ints, enabled: Ints, rowwise: Rowwise) -> ChoiceTimes:
    """Count the times of the events of the cases `first:last`.

    `enabled` is empty where no event has it; waiting is then the gap and its edges are not counted again. Raises
    ValueError for rows out of range.
    """
    columns = _checked(first, last, start, end, enabled, rowwise)
    groups = int(rowwise.offsets[-1])
    total, counts = np.zeros(groups, np.int64), np.zeros((groups, BUCKETS), np.int32)
    _count(*columns, rowwise.offsets, NO_TIME, total, counts)
    return ChoiceTimes(total, counts)


def choice_values(
    first: Ints,
    last: Ints,
    start: Ints,
    end: Ints,
    enabled: Ints,
    rowwise: Rowwise,
    mask: npt.NDArray[np.uint32],
    room: int,
) -> tuple[npt.NDArray[np.int32], Ints]:
    """Groups and values of those times whose bucket has its bit in `mask` (groups, OCTAVES); `room` for so many.

    Raises ValueError as `choice_times`, and where the room does not do.
    """
    columns = _checked(first, last, start, end, enabled, rowwise)
    if mask.shape != (int(rowwise.offsets[-1]), OCTAVES):
        raise ValueError("the mask has not one row a group")
    groups, values = np.empty(room + _SPARE, np.int32), np.empty(room + _SPARE, np.int64)
    found = _collect(*columns, rowwise.offsets, NO_TIME, mask, groups, values)
    if found < 0:
        raise ValueError("more values than there is room for")
    return groups[:found], values[:found]


def _checked(
    first: Ints, last: Ints, start: Ints, end: Ints, enabled: Ints, rowwise: Rowwise
) -> tuple[npt.NDArray[Any], ...]:
    codes = rowwise.edge, rowwise.activity, rowwise.role
    guard_cases(first, last, start, end, *codes, *([enabled] if len(enabled) else []))
    return plain(first, last, start, end, enabled, *codes)


@numba.njit(nogil=True, cache=True)
def _count(
    first: Ints,
    last: Ints,
    start: Ints,
    end: Ints,
    enabled: Ints,
    edge: Codes,
    activity: Codes,
    role: Codes,
    offsets: Ints,
    missing: int,
    total: Ints,
    counts: npt.NDArray[np.int32],
) -> None:
    recorded = len(enabled) > 0
    for c in range(len(first)):
        for row in range(first[c], last[c]):
            i = np.uintp(row)
            took = end[i] - start[i]
            waited = -1
            if row > first[c]:
                waited = max(start[i] - end[np.uintp(row - 1)], 0)
            of_gap = bucket(waited)
            e, a, r = np.int64(edge[i]), np.int64(activity[i]), np.int64(role[i])
            if e >= 0 and waited >= 0:
                total[np.uintp(e)] += waited
                counts[np.uintp(e), np.uintp(of_gap)] += 1
            if recorded:
                if enabled[i] != missing:
                    waited = max(start[i] - enabled[i], 0)
                    of_gap = bucket(waited)
                if e >= 0 and waited >= 0:
                    total[np.uintp(offsets[1] + e)] += waited
                    counts[np.uintp(offsets[1] + e), np.uintp(of_gap)] += 1
            of_took = bucket(took)
            if a >= 0:
                if waited >= 0:
                    total[np.uintp(offsets[2] + a)] += waited
                    counts[np.uintp(offsets[2] + a), np.uintp(of_gap)] += 1
                total[np.uintp(offsets[3] + a)] += took
                counts[np.uintp(offsets[3] + a), np.uintp(of_took)] += 1
            if r >= 0:
                total[np.uintp(offsets[4] + r)] += took
                counts[np.uintp(offsets[4] + r), np.uintp(of_took)] += 1


@numba.njit(nogil=True, cache=True)
def _collect(
    first: Ints,
    last: Ints,
    start: Ints,
    end: Ints,
    enabled: Ints,
    edge: Codes,
    activity: Codes,
    role: Codes,
    offsets: Ints,
    missing: int,
    mask: npt.NDArray[np.uint32],
    groups: npt.NDArray[np.int32],
    values: Ints,
) -> int:
    recorded = len(enabled) > 0
    size = 0
    for c in range(len(first)):
        for row in range(first[c], last[c]):
            i = np.uintp(row)
            if size > len(groups) - _SPARE:
                return -1
            took = end[i] - start[i]
            waited = -1
            if row > first[c]:
                waited = max(start[i] - end[np.uintp(row - 1)], 0)
            e, a, r = np.int64(edge[i]), np.int64(activity[i]), np.int64(role[i])
            if e >= 0 and waited >= 0:
                size = _keep(e, bucket(waited), waited, mask, groups, values, size)
            if recorded:
                if enabled[i] != missing:
                    waited = max(start[i] - enabled[i], 0)
                if e >= 0 and waited >= 0:
                    size = _keep(offsets[1] + e, bucket(waited), waited, mask, groups, values, size)
            place = bucket(took)
            if a >= 0:
                if waited >= 0:
                    size = _keep(offsets[2] + a, bucket(waited), waited, mask, groups, values, size)
                size = _keep(offsets[3] + a, place, took, mask, groups, values, size)
            if r >= 0:
                size = _keep(offsets[4] + r, place, took, mask, groups, values, size)
    return size if size <= len(groups) - _SPARE else -1


@numba.njit(nogil=True, cache=True, inline="always")
def _keep(
    group: int,
    place: int,
    value: int,
    mask: npt.NDArray[np.uint32],
    groups: npt.NDArray[np.int32],
    values: Ints,
    size: int,
) -> int:
    """Write the value behind those kept, and step on where it is wanted; groups and values have a place to spare."""
    groups[np.uintp(size)], values[np.uintp(size)] = group, value
    return size + int((mask[np.uintp(group), np.uintp(place >> 5)] >> np.uint32(place & 31)) & np.uint32(1))
