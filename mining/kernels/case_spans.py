"""What each case took."""

from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

from mining.arena import NO_TIME
from mining.kernels.plain import guard_cases, plain

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class CaseSpans:
    """Per case, µs: `begin` and `end`, `work` (sum of services), `busy` (their union), `waited`; `overlaps` counts
    events that start before everything earlier in the case ended. All int64; 0 for a case without an event.
    """

    begin: Ints
    end: Ints
    work: Ints
    busy: Ints
    waited: Ints
    overlaps: Ints


def case_spans(first: Ints, last: Ints, start: Ints, end: Ints, enabled: Ints) -> CaseSpans:
    """Of the cases `first:last`, whose rows are in order; `enabled` is empty where no event has it.

    Raises ValueError for rows out of range.
    """
    guard_cases(first, last, start, end, *([enabled] if len(enabled) else []))
    found = np.zeros((6, len(first)), np.int64)
    _spans(*plain(first, last, start, end, enabled), NO_TIME, found)
    return CaseSpans(*found)


@numba.njit(nogil=True, cache=True)
def _spans(first: Ints, last: Ints, start: Ints, end: Ints, enabled: Ints, missing: int, found: Ints) -> None:
    recorded = len(enabled) > 0
    for c in range(len(first)):
        if first[c] >= last[c]:
            continue
        latest = start[first[c]]
        found[0, c] = latest
        for i in range(first[c], last[c]):
            found[2, c] += end[i] - start[i]
            waited = 0
            if i > first[c]:
                waited = max(start[i] - end[i - 1], 0)
                found[5, c] += start[i] < latest
            if recorded and enabled[i] != missing:
                waited = max(start[i] - enabled[i], 0)
            found[4, c] += waited
            found[3, c] += max(end[i] - max(start[i], latest), 0)
            latest = max(latest, end[i])
        found[1, c] = latest
