"""How often words occur in a choice of cases."""

from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from mining.kernels.choice_times import Rowwise
from mining.kernels.plain import guard_cases, plain

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.signedinteger[Any]]


@dataclass(frozen=True)
class ChoiceCounts:
    """One row a code, int64: `edges` successions and cases; `activities` events, cases, starts, ends, cases with more
    than one, errors; `roles` events, cases, events whose activity was done before in the case, errors, waiting (µs).
    """

    edges: Ints
    activities: Ints
    roles: Ints


def choice_counts(
    first: Ints,
    last: Ints,
    start: Ints,
    end: Ints,
    enabled: Ints,
    error: npt.NDArray[np.bool_],
    rowwise: Rowwise,
    missing: int,
) -> ChoiceCounts:
    """Count the events of the cases `first:last`. `missing` stands for no time in `enabled`, which may be empty.

    Raises ValueError for rows out of range.
    """
    codes = rowwise.edge, rowwise.activity, rowwise.role
    guard_cases(first, last, start, end, error, *codes, *([enabled] if len(enabled) else []))
    columns = plain(first, last, start, end, enabled, error, *codes)
    edges, activities, roles = rowwise.sizes
    found = ChoiceCounts(
        np.zeros((edges, 2), np.int64), np.zeros((activities, 6), np.int64), np.zeros((roles, 5), np.int64)
    )
    _count(*columns, missing, found.edges, found.activities, found.roles)
    return found


@numba.njit(nogil=True, cache=True)
def _count(
    first: Ints,
    last: Ints,
    start: Ints,
    end: Ints,
    enabled: Ints,
    error: npt.NDArray[np.bool_],
    edge: Codes,
    activity: Codes,
    role: Codes,
    missing: int,
    edges: Ints,
    activities: Ints,
    roles: Ints,
) -> None:
    recorded = len(enabled) > 0
    seen_edge, seen_role = np.full(len(edges), -1, np.int64), np.full(len(roles), -1, np.int64)
    seen = np.full((len(activities), 2), -1, np.int64)
    for c in range(len(first)):
        if first[c] >= last[c]:
            continue
        for row in range(first[c], last[c]):
            i = np.uintp(row)  # unsigned, so that numba does not look for places from the end
            has_edge, has_activity, has_role = edge[i] >= 0, activity[i] >= 0, role[i] >= 0
            e, a, r = np.uintp(edge[i]), np.uintp(activity[i]), np.uintp(role[i])
            if has_edge and row > first[c]:
                edges[e, 0] += 1
                edges[e, 1] += seen_edge[e] != c
                seen_edge[e] = c
            again = False
            if has_activity:
                again = seen[a, 0] == c
                activities[a, 0] += 1
                activities[a, 5] += error[i]
                if not again:
                    seen[a, 0] = c
                    activities[a, 1] += 1
                elif seen[a, 1] != c:
                    seen[a, 1] = c
                    activities[a, 4] += 1
            if has_role:
                waited = 0
                if row > first[c]:
                    waited = max(start[i] - end[np.uintp(row - 1)], 0)
                if recorded and enabled[i] != missing:
                    waited = max(start[i] - enabled[i], 0)
                roles[r, 0] += 1
                roles[r, 1] += seen_role[r] != c
                seen_role[r] = c
                roles[r, 2] += again
                roles[r, 3] += error[i]
                roles[r, 4] += waited
        opening, closing = activity[first[c]], activity[last[c] - 1]
        if opening >= 0:
            activities[opening, 2] += 1
        if closing >= 0:
            activities[closing, 3] += 1
