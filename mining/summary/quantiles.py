"""Exact quantiles of many groups with little memory: which buckets hold them is known, and only these are looked into.

A quantile is `numpy.quantile`'s default (linear interpolation; Hyndman and Fan 1996, type 7).
"""

from dataclasses import dataclass
from typing import Final

import numba
import numpy as np
import numpy.typing as npt

from mining.summary.buckets import OCTAVES
from mining.summary.histogram import Histogram, Rows

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Buckets = npt.NDArray[np.int16]
Masks = npt.NDArray[np.uint32]
Reals = npt.NDArray[np.float64]

SHARES: Final = (0.5, 0.9, 0.95)
_LARGE: Final = 1000
"""Values of a group from which on numpy's sort, which is vectorised, is worth a call of its own."""


@dataclass(frozen=True)
class Wanted:
    """What to look for: `mask` (groups, octaves) has a bit for each bucket that holds a wanted rank.

    `sizes` says how many values of each group that will be, `counts` how many it has. `below` and `above` (shares,
    groups) are the places of the two neighbours among the values found, sorted; `rest` how far between them.
    """

    mask: Masks
    counts: Ints
    sizes: Ints
    below: Ints
    above: Ints
    rest: Reals


def wanted(histogram: Histogram, groups: int) -> Wanted:
    """What to look for in order to know the quantiles of groups 0..groups-1."""
    rows: Rows = histogram.rows()
    mask = np.zeros((groups, OCTAVES), np.uint32)
    counts, sizes = np.zeros(groups, np.int64), np.zeros(groups, np.int64)
    below, above = (np.zeros((len(SHARES), groups), np.int64) for _ in range(2))
    rest = np.zeros((len(SHARES), groups))
    _wanted(rows.group, rows.bucket, rows.count, np.array(SHARES), mask, counts, sizes, below, above, rest)
    return Wanted(mask, counts, sizes, below, above, rest)


class Collector:
    """Values in wanted buckets, as they come."""

    def __init__(self, look: Wanted) -> None:
        self.look = look
        self._groups: Codes = np.empty(1024, np.int32)
        self._values: Ints = np.empty(1024, np.int64)
        self._size = 0

    def collect(self, groups: Codes, buckets: Buckets, values: Ints) -> None:
        """Keep those of the values that are wanted."""
        if self._size + len(values) > len(self._values):
            more = max(len(values), len(self._values))
            self._groups = np.concatenate([self._groups, np.empty(more, np.int32)])
            self._values = np.concatenate([self._values, np.empty(more, np.int64)])
        self._size = _collect(groups, buckets, values, self.look.mask, self._groups, self._values, self._size)

    def trim(self) -> None:
        """Give back the memory for more."""
        self._groups, self._values = self._groups[: self._size].copy(), self._values[: self._size].copy()

    def found(self) -> tuple[Codes, Ints]:
        """Groups and values kept."""
        return self._groups[: self._size], self._values[: self._size]


def quantiles(look: Wanted, found: list[tuple[Codes, Ints]]) -> Reals:
    """Shape (shares, groups), float64; NaN of groups without a value.

    Raises ValueError where there are more or fewer values than the histogram has.
    """
    groups = np.concatenate([g for g, _ in found]) if found else np.zeros(0, np.int32)
    values = np.concatenate([v for _, v in found]) if found else np.zeros(0, np.int64)
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(look.sizes)])
    if not np.array_equal(np.bincount(groups, minlength=len(look.sizes)), look.sizes):
        raise ValueError("these are not the cases that the summary was made of")
    sorted_in(offsets, groups, values, grouped := np.empty(len(values), np.int64))
    return np.asarray(_interpolated(offsets[:-1], grouped, look.counts, look.below, look.above, look.rest))


def sorted_in(offsets: Ints, groups: Codes, values: Ints, grouped: Ints) -> None:
    """Sort the values of each group into its place: group `g` owns `grouped[offsets[g]:offsets[g + 1]]`.

    There must be exactly as many values of each as it has room for.
    """
    _group(offsets, groups, values, grouped)
    for large in np.flatnonzero(np.diff(offsets) > _LARGE).tolist():
        grouped[offsets[large] : offsets[large + 1]].sort()
    _sort(offsets, grouped, _LARGE)


def plain_quantiles(offsets: Ints, grouped: Ints, shares: tuple[float, ...]) -> Reals:
    """Quantiles of groups that stand sorted, all of them; shape (shares, groups)."""
    counts = np.diff(offsets)
    place = (counts - 1)[None, :] * np.array(shares)[:, None]
    below = np.floor(place).astype(np.int64)
    above = np.minimum(below + 1, counts - 1)
    return np.asarray(_interpolated(offsets[:-1], grouped, counts, below, above, place - below))


@numba.njit(nogil=True, cache=True)
def _wanted(
    group: Codes, bucket: Buckets, count: Ints, shares: Reals, mask: Masks, counts: Ints, sizes: Ints, below: Ints,
    above: Ints, rest: Reals,
) -> None:  # fmt: skip
    low = 0
    while low < len(group):
        g = group[low]
        high = low
        total = np.int64(0)
        while high < len(group) and group[high] == g:
            total += count[high]
            high += 1
        if 0 <= g < len(counts):
            counts[g] = total
            for s in range(len(shares)):
                place = (total - 1) * shares[s]
                below[s, g] = np.int64(np.floor(place))
                above[s, g] = min(below[s, g] + 1, total - 1)
                rest[s, g] = place - below[s, g]
            before, kept = np.int64(0), np.int64(0)
            for row in range(low, high):
                after = before + count[row]
                take = False
                for s in range(len(shares)):
                    take = take or before <= below[s, g] < after or before <= above[s, g] < after
                if take:
                    mask[g, bucket[row] >> 5] |= np.uint32(1) << np.uint32(bucket[row] & 31)
                    kept += count[row]
                before = after
            sizes[g] = kept
            # A rank becomes a place among the values kept: less what lies in buckets before it that are not kept.
            before, kept = np.int64(0), np.int64(0)
            lower, upper = below[:, g].copy(), above[:, g].copy()
            for row in range(low, high):
                after = before + count[row]
                if (mask[g, bucket[row] >> 5] >> np.uint32(bucket[row] & 31)) & np.uint32(1):
                    for s in range(len(shares)):
                        if before <= lower[s] < after:
                            below[s, g] = lower[s] - before + kept
                        if before <= upper[s] < after:
                            above[s, g] = upper[s] - before + kept
                    kept += count[row]
                before = after
        low = high


@numba.njit(nogil=True, cache=True)
def _collect(
    groups: Codes, buckets: Buckets, values: Ints, mask: Masks, out_groups: Codes, out_values: Ints, size: int
) -> int:
    for k in range(len(groups)):
        group, bucket = np.int64(groups[k]), np.int64(buckets[k])
        if group < 0 or bucket < 0 or group >= len(mask):
            continue
        if (mask[group, bucket >> 5] >> np.uint32(bucket & 31)) & np.uint32(1):
            out_groups[size], out_values[size] = group, values[k]
            size += 1
    return size


@numba.njit(nogil=True, cache=True)
def _group(offsets: Ints, groups: Codes, values: Ints, grouped: Ints) -> None:
    fill = offsets[:-1].copy()
    for k in range(len(groups)):
        g = groups[k]
        if g >= 0 and fill[g] < offsets[g + 1]:
            grouped[fill[g]] = values[k]
            fill[g] += 1


@numba.njit(nogil=True, cache=True)
def _sort(offsets: Ints, grouped: Ints, large: int) -> None:
    for g in range(len(offsets) - 1):
        if 1 < offsets[g + 1] - offsets[g] <= large:
            grouped[offsets[g] : offsets[g + 1]].sort()


@numba.njit(nogil=True, cache=True)
def _interpolated(low: Ints, grouped: Ints, counts: Ints, below: Ints, above: Ints, rest: Reals) -> Reals:
    found = np.full(below.shape, np.nan)
    for g in range(len(counts)):
        if counts[g] == 0:
            continue
        for s in range(len(below)):
            lower, upper = float(grouped[low[g] + below[s, g]]), float(grouped[low[g] + above[s, g]])
            step = upper - lower
            # From the nearer end, as numpy does, so that both round alike.
            found[s, g] = lower + step * rest[s, g] if rest[s, g] < 0.5 else upper - step * (1 - rest[s, g])
    return found
