"""Overlaps: consecutive events of a case of which the later starts before everything earlier has ended."""

import numba
import numpy as np
import numpy.typing as npt


def overlaps(offsets: npt.NDArray[np.int64], start: npt.NDArray[np.int64], end: npt.NDArray[np.int64]) -> int:
    """How many events start before the latest end of their case so far."""
    return int(_overlaps(offsets, start, end))


@numba.njit(nogil=True, cache=True)
def _overlaps(offsets: npt.NDArray[np.int64], start: npt.NDArray[np.int64], end: npt.NDArray[np.int64]) -> int:
    count = 0
    for c in range(len(offsets) - 1):
        if offsets[c] == offsets[c + 1]:
            continue
        latest = end[offsets[c]]
        for i in range(offsets[c] + 1, offsets[c + 1]):
            if start[i] < latest:
                count += 1
            latest = max(latest, end[i])
    return count
