"""How durations are spread within groups: exact sums and quantiles."""

from dataclasses import dataclass
from typing import Final

import numba
import numpy as np
import numpy.typing as npt

from mining.arena import NO_TIME
from mining.kernels.guard import guard

_LARGE: Final = 1000
"""Values of a group from which on numpy's sort, which is vectorised, is worth a call of its own."""


@dataclass(frozen=True)
class Spreads:
    """One entry a group. `count` and `total` (µs) are exact int64; quantiles are float64 µs, NaN of nothing."""

    count: npt.NDArray[np.int64]
    total: npt.NDArray[np.int64]
    p50: npt.NDArray[np.float64]
    p90: npt.NDArray[np.float64]
    p95: npt.NDArray[np.float64]


def spreads(values: npt.NDArray[np.int64], keys: npt.NDArray[np.int32], size: int) -> Spreads:
    """Spread of `values` (µs) within each of the groups 0..size-1 that `keys` names, one key a value.

    Values that are NO_TIME and rows with key -1 are left out. Quantiles are `numpy.quantile`'s default (linear
    interpolation; Hyndman and Fan 1996, type 7). Raises ValueError for other keys or unequal lengths.
    """
    guard(keys, size)
    if len(values) != len(keys):
        raise ValueError("values and keys differ in length")
    offsets, grouped, total = _grouped(values, np.ascontiguousarray(keys), size, NO_TIME)
    for large in np.flatnonzero(np.diff(offsets) > _LARGE).tolist():
        grouped[offsets[large] : offsets[large + 1]].sort()
    quantiles = _quantiles(offsets, grouped, np.array([0.5, 0.9, 0.95]), _LARGE)
    return Spreads(np.diff(offsets), total, quantiles[0], quantiles[1], quantiles[2])


@numba.njit(nogil=True, cache=True)
def _grouped(
    values: npt.NDArray[np.int64], keys: npt.NDArray[np.int32], size: int, missing: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    offsets = np.zeros(size + 1, np.int64)
    total = np.zeros(size, np.int64)
    for i in range(len(keys)):
        if keys[i] >= 0 and values[i] != missing:
            offsets[keys[i] + 1] += 1
            total[keys[i]] += values[i]
    for g in range(size):
        offsets[g + 1] += offsets[g]
    fill = offsets[:-1].copy()
    grouped = np.empty(offsets[size], np.int64)
    for i in range(len(keys)):
        if keys[i] >= 0 and values[i] != missing:
            grouped[fill[keys[i]]] = values[i]
            fill[keys[i]] += 1
    return offsets, grouped, total


@numba.njit(nogil=True, cache=True)
def _quantiles(
    offsets: npt.NDArray[np.int64], grouped: npt.NDArray[np.int64], shares: npt.NDArray[np.float64], large: int
) -> npt.NDArray[np.float64]:
    """Shape (shares, groups). Sorts the groups of `grouped` in place; those above `large` are sorted already."""
    found = np.full((len(shares), len(offsets) - 1), np.nan)
    for g in range(len(offsets) - 1):
        low, high = offsets[g], offsets[g + 1]
        if low == high:
            continue
        part = grouped[low:high]
        if high - low <= large:
            part.sort()
        for s in range(len(shares)):
            place = (high - low - 1) * shares[s]
            below = int(np.floor(place))
            above = min(below + 1, high - low - 1)
            rest = place - below
            step = float(part[above]) - float(part[below])
            # From the nearer end, as numpy does, so that both round alike.
            found[s, g] = part[below] + step * rest if rest < 0.5 else part[above] - step * (1 - rest)
    return found
