"""The performance spectrum, added up: per edge and bucket of time, how many passed fast or slowly."""

from dataclasses import dataclass
from typing import Any, Final

import numba
import numpy as np
import numpy.typing as npt

from mining.arena import Codes
from mining.kernels.buckets import bucket, guard_edges
from mining.kernels.guard import guard
from mining.kernels.plain import guard_cases, plain
from mining.kernels.tally import SLOTS, grown, in_order, slot

_LARGE: Final = 1000
"""Successions of an edge from which on numpy's sort, which is vectorised, is worth a call of its own."""


@dataclass(frozen=True)
class PerformanceSpectrum:
    """Edges in order of `source`, then `target` (codes, int32), and rows in order of `edge`, then `bucket` (int64).

    `quartiles` is float64, shape (edges, 3), µs: a quarter, half and three quarters of an edge's gaps are at most so
    long. Of each row `count`, shape (rows, 4), is how many successions began in the bucket by class: up to the first
    quartile, up to the median, up to the third, longer; `total` (µs) the sum of their gaps.
    """

    source: npt.NDArray[np.int32]
    target: npt.NDArray[np.int32]
    quartiles: npt.NDArray[np.float64]
    edge: npt.NDArray[np.int64]
    bucket: npt.NDArray[np.int64]
    count: npt.NDArray[np.int64]
    total: npt.NDArray[np.int64]


def performance_spectrum(
    first: npt.NDArray[np.int64],
    last: npt.NDArray[np.int64],
    codes: Codes,
    start: npt.NDArray[np.int64],
    end: npt.NDArray[np.int64],
    size: int,
    edges: npt.NDArray[np.int64],
    source: int = -1,
    target: int = -1,
) -> PerformanceSpectrum:
    """Classes of the direct successions of cases (rows `first:last`), each by the quartiles of its own edge.

    After Denisov, Fahland and van der Aalst 2018 ("Unbiased, fine-grained description of processes performance from
    event data"). A succession stands in the bucket edges[k] <= time < edges[k + 1] (µs UTC) in which the event before
    it ended; those outside all buckets count for the quartiles only. Its gap is 0 where the events overlap. `source`,
    `target`: only edges from or to this code, -1 for all. Quartiles are `numpy.quantile`'s default. Raises ValueError
    for codes, rows or edges that make no sense.
    """
    guard_cases(first, last, codes, start, end)
    guard(codes, size)
    guard_edges(edges)
    columns = plain(first, last, codes, start, end, edges)
    keys, offsets, gaps, places = _gather(*columns, size, source, target)
    ordered = gaps.copy()
    for large in np.flatnonzero(np.diff(offsets) > _LARGE).tolist():
        ordered[offsets[large] : offsets[large + 1]].sort()
    quartiles, edge, into, count, total = _classes(offsets, gaps, ordered, places, len(edges) - 1, _LARGE)
    width = max(size, 1)
    ends = (keys // width).astype(np.int32), (keys % width).astype(np.int32)
    return PerformanceSpectrum(*ends, quartiles, edge, into, count, total)


@numba.njit(nogil=True, cache=True)
def _gather(
    first: npt.NDArray[np.int64],
    last: npt.NDArray[np.int64],
    codes: npt.NDArray[np.signedinteger[Any]],
    start: npt.NDArray[np.int64],
    end: npt.NDArray[np.int64],
    edges: npt.NDArray[np.int64],
    size: int,
    source: int,
    target: int,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int32]]:
    """Edges in order, where their successions begin, and gap and bucket (-1 outside) of each."""
    keys, counts, used = np.full(SLOTS, -1, np.int64), np.zeros((SLOTS, 1), np.int64), 0
    for c in range(len(first)):
        for i in range(first[c] + 1, last[c]):
            a, b = np.int64(codes[i - 1]), np.int64(codes[i])
            if a < 0 or b < 0 or (source >= 0 and a != source) or (target >= 0 and b != target):
                continue
            key = a * size + b
            place = slot(keys, key)
            if keys[place] == -1:
                keys[place] = key
                used += 1
                if 2 * used > len(keys):
                    keys, counts = grown(keys, counts)
                    place = slot(keys, key)
            counts[place, 0] += 1
    found, sizes = in_order(keys, counts)
    offsets = np.zeros(len(found) + 1, np.int64)
    for e in range(len(found)):
        offsets[e + 1] = offsets[e] + sizes[e, 0]
        counts[slot(keys, found[e]), 0] = offsets[e]
    gaps = np.empty(offsets[-1], np.int64)
    places = np.empty(offsets[-1], np.int32)
    k = 0
    for c in range(len(first)):
        for i in range(first[c] + 1, last[c]):
            a, b = np.int64(codes[i - 1]), np.int64(codes[i])
            if a < 0 or b < 0 or (source >= 0 and a != source) or (target >= 0 and b != target):
                continue
            place = slot(keys, a * size + b)
            at = counts[place, 0]
            counts[place, 0] += 1
            gaps[at] = max(start[i] - end[i - 1], 0)
            if edges[0] <= end[i - 1] < edges[-1]:
                k = bucket(edges, end[i - 1], k)
                places[at] = k
            else:
                places[at] = -1
    return found, offsets, gaps, places


@numba.njit(nogil=True, cache=True)
def _classes(
    offsets: npt.NDArray[np.int64],
    gaps: npt.NDArray[np.int64],
    ordered: npt.NDArray[np.int64],
    places: npt.NDArray[np.int32],
    buckets: int,
    large: int,
) -> tuple[
    npt.NDArray[np.float64],
    npt.NDArray[np.int64],
    npt.NDArray[np.int64],
    npt.NDArray[np.int64],
    npt.NDArray[np.int64],
]:
    """Sorts the edges of `ordered` in place; those of more than `large` successions are sorted already."""
    edges = len(offsets) - 1
    quartiles = np.zeros((edges, 3))
    row_of = np.full(buckets, -1, np.int64)
    edge, into = np.empty(len(gaps), np.int64), np.empty(len(gaps), np.int64)
    rows = 0
    # How many rows there are, so that no more room is taken than they need.
    for e in range(edges):
        begin = rows
        for i in range(offsets[e], offsets[e + 1]):
            if places[i] >= 0 and row_of[places[i]] < begin:
                row_of[places[i]] = rows
                into[rows] = places[i]
                edge[rows] = e
                rows += 1
        into[begin:rows] = np.sort(into[begin:rows])
    edge, into = edge[:rows].copy(), into[:rows].copy()
    count, total = np.zeros((rows, 4), np.int64), np.zeros(rows, np.int64)
    begin = 0
    for e in range(edges):
        low, high = offsets[e], offsets[e + 1]
        if high - low <= large:
            ordered[low:high].sort()
        for q in range(3):
            place = (high - low - 1) * (q + 1) / 4
            below = int(np.floor(place))
            above = min(below + 1, high - low - 1)
            rest = place - below
            lower, upper = float(ordered[low + below]), float(ordered[low + above])
            # From the nearer end, as numpy does, so that both round alike.
            quartiles[e, q] = lower + (upper - lower) * rest if rest < 0.5 else upper - (upper - lower) * (1 - rest)
        row = begin
        while row < rows and edge[row] == e:
            row_of[into[row]] = row
            row += 1
        begin = row
        for i in range(low, high):
            if places[i] >= 0:
                kind = 0
                while kind < 3 and gaps[i] > quartiles[e, kind]:
                    kind += 1
                count[row_of[places[i]], kind] += 1
                total[row_of[places[i]]] += gaps[i]
    return quartiles, edge, into, count, total
