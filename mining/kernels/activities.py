"""What each activity does in the log."""

from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

from mining.arena import Arena
from mining.kernels.guard import guard, guard_offsets


@dataclass(frozen=True)
class Activities:
    """One int64 entry an activity code, and `repeats`, one flag an event.

    `events`, `cases` that have it, `starts` and `ends` (cases that begin or end with it), `rework_cases` that have it
    more than once, `errors`. `repeats` says whether the event's activity was done before in its case.
    """

    events: npt.NDArray[np.int64]
    cases: npt.NDArray[np.int64]
    starts: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]
    rework_cases: npt.NDArray[np.int64]
    errors: npt.NDArray[np.int64]
    repeats: npt.NDArray[np.bool_]


def activities(arena: Arena) -> Activities:
    """Counts of each activity of the arena."""
    guard(arena.activity, len(arena.activities))
    guard_offsets(arena.offsets, arena.events)
    counts, repeats = _activities(arena.offsets, arena.activity, arena.error, len(arena.activities))
    events, cases, starts, ends, rework_cases, errors = counts
    return Activities(events, cases, starts, ends, rework_cases, errors, repeats)


@numba.njit(nogil=True, cache=True)
def _activities(
    offsets: npt.NDArray[np.int64], activity: npt.NDArray[np.int32], error: npt.NDArray[np.bool_], size: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    counts = np.zeros((6, size), np.int64)
    repeats = np.zeros(len(activity), np.bool_)
    seen = np.full(size, -1, np.int64)
    twice = np.full(size, -1, np.int64)
    for c in range(len(offsets) - 1):
        if offsets[c] == offsets[c + 1]:
            continue
        for i in range(offsets[c], offsets[c + 1]):
            a = activity[i]
            if a < 0:
                continue
            counts[0, a] += 1
            if seen[a] != c:
                seen[a] = c
                counts[1, a] += 1
            else:
                repeats[i] = True
                if twice[a] != c:
                    twice[a] = c
                    counts[4, a] += 1
            if error[i]:
                counts[5, a] += 1
        first, last = activity[offsets[c]], activity[offsets[c + 1] - 1]
        if first >= 0:
            counts[2, first] += 1
        if last >= 0:
            counts[3, last] += 1
    return counts, repeats
