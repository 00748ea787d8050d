"""What a summary counts: edges, activities, groups such as roles, pairs of words, cases."""

from typing import Final

import numba
import numpy as np
import numpy.typing as npt

from mining.arena import NO_TIME
from mining.summary.blocks import Block, Times
from mining.summary.buckets import bucket
from mining.summary.histogram import Histogram, Rows
from mining.summary.numbering import BEGIN, Numbering

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Flags = npt.NDArray[np.int8]

_BITS: Final = 30
"""Bits of each word of a sum of shares; four hold any share of 64-bit times, so the sum is exact in any order."""


def room(counts: npt.NDArray[np.int64], size: int) -> npt.NDArray[np.int64]:
    """The array with at least `size` rows; new ones are 0."""
    if size <= len(counts):
        return counts
    wider = np.zeros((max(size, 2 * len(counts)), *counts.shape[1:]), np.int64)
    wider[: len(counts)] = counts
    return wider


class Activities:
    """Per activity code one row of `counts` (int64) and a histogram of service times."""

    EVENTS, CASES, STARTS, ENDS, REWORK, ERRORS, SERVICE = range(7)
    """Columns: events; cases that have, begin, end with it, or have it twice; errors; total service (µs)."""

    def __init__(self) -> None:
        self.counts: Ints = np.zeros((0, 7), np.int64)
        self.service = Histogram()
        self._seen: Ints = np.zeros((0, 2), np.int64)

    def reserve(self, size: int) -> None:
        """Make room for so many codes."""
        self.counts, self._seen = room(self.counts, size), room(self._seen, size)
        self.service.reserve(size)

    def tally(self, block: Block, stamp: int, sign: int) -> Flags:
        """Count the block; whether each event's activity was done before in its case (1 or 0)."""
        codes, times = block.codes("activity"), block.times
        repeats = np.zeros(len(codes), np.int8)
        _activities(block.offsets, codes, times.service, block.error, self.counts, self._seen, stamp, sign, repeats)
        self.service.add(codes, times.service_bucket, sign)
        return repeats

    def merge(self, other: "Activities", mapping: Codes, sign: int) -> None:
        """Add the counts of another; `mapping` is its code -> this one's."""
        np.add.at(self.counts, mapping, sign * other.counts[: len(mapping)])
        self.service.add_rows(mapped(other.service.rows(), mapping), sign)


class Edges:
    """Direct successions by number; also from BEGIN to each case's first activity, and of activities not known.

    `gap` is a histogram by edge. `shift` is what recorded enabling times change: histogram of waiting minus that of
    gaps, so that `gap + shift` is that of waiting, whether few or all of the events have recorded times.
    """

    COUNT, CASES, GAP, SHIFT = range(4)
    """Columns: successions, cases that have one, total gap, total waiting minus total gap (µs)."""

    def __init__(self) -> None:
        self.numbering = Numbering()
        self.counts: Ints = np.zeros((0, 4), np.int64)
        self.gap = Histogram()
        self.shift = Histogram()
        self._seen: Ints = np.zeros(0, np.int64)

    def number(self, block: Block, size: int) -> Codes:
        """The edge that leads to each event."""
        return self.numbers(block.before("activity"), block.codes("activity"), size)

    def numbers(self, source: Codes, target: Codes, size: int) -> Codes:
        """The number of each edge; new ones get the next."""
        found = self.numbering.numbers(source, target, size, size, BEGIN)
        self._reserve()
        return found

    def known(self, block: Block) -> Codes:
        """The edge that leads to each event; -1 where there is no such edge."""
        return self.numbering.known(block.before("activity"), block.codes("activity"))

    def tally(self, block: Block, size: int, recorded: bool, stamp: int, sign: int) -> None:
        """Count the block."""
        edge, times = self.number(block, size), block.times
        _edges(block.offsets, edge, times.gap, times.waiting, NO_TIME, self.counts, self._seen, stamp, sign)
        self.gap.add(edge, times.gap_bucket, sign)
        if recorded:
            self.shift.add(edge, times.waiting_bucket, sign)
            self.shift.add(edge, times.gap_bucket, -sign)

    def merge(self, other: "Edges", mapping: Codes, size: int, sign: int) -> None:
        """Add the counts of another; `mapping` is its activity code -> this one's."""
        numbering = other.numbering
        left, right = translated(numbering.lefts, mapping), translated(numbering.rights, mapping)
        numbers = self.numbers(left, right, size)
        np.add.at(self.counts, numbers, sign * other.counts[: numbering.size])
        self.gap.add_rows(mapped(other.gap.rows(), numbers), sign)
        self.shift.add_rows(mapped(other.shift.rows(), numbers), sign)

    def _reserve(self) -> None:
        size = self.numbering.size
        self.counts, self._seen = room(self.counts, size), room(self._seen, size)
        self.gap.reserve(size)
        self.shift.reserve(size)


class Group:
    """Per code of a column (role, say) one row of `counts` (int64) and histograms of service and waiting."""

    EVENTS, CASES, SERVICE, WAITING, REWORK, ERRORS = range(6)
    """Columns: events, cases, total service and waiting (µs), events done before in their case, errors."""

    def __init__(self) -> None:
        self.counts: Ints = np.zeros((0, 6), np.int64)
        self.service = Histogram()
        self.waiting = Histogram()
        self._seen: Ints = np.zeros(0, np.int64)

    def reserve(self, size: int) -> None:
        """Make room for so many codes."""
        self.counts, self._seen = room(self.counts, size), room(self._seen, size)
        self.service.reserve(size)
        self.waiting.reserve(size)

    def tally(self, block: Block, name: str, repeats: Flags, stamp: int, sign: int) -> None:
        """Count the block by its column `name`."""
        codes, times = block.codes(name), block.times
        _groups(
            block.offsets, codes, times.service, times.waiting, NO_TIME, repeats, block.error, self.counts, self._seen,
            stamp, sign,
        )  # fmt: skip
        self.service.add(codes, times.service_bucket, sign)
        self.waiting.add(codes, times.waiting_bucket, sign)

    def merge(self, other: "Group", mapping: Codes, sign: int) -> None:
        """Add the counts of another; `mapping` is its code -> this one's."""
        np.add.at(self.counts, mapping, sign * other.counts[: len(mapping)])
        self.service.add_rows(mapped(other.service.rows(), mapping), sign)
        self.waiting.add_rows(mapped(other.waiting.rows(), mapping), sign)


class Pairs:
    """How often two words come together, by number."""

    def __init__(self) -> None:
        self.numbering = Numbering()
        self.counts: Ints = np.zeros(0, np.int64)

    def tally(
        self, left: Codes, right: Codes, left_size: int, right_size: int, sign: int, differing: bool = False
    ) -> None:
        """Count pairs of which both words are known and (`differing`) not alike."""
        numbers = self.numbering.numbers(left, right, left_size, right_size, BEGIN)
        self.counts = room(self.counts, self.numbering.size)
        _count_pairs(numbers, left, right, differing, self.counts, sign)

    def merge(self, other: "Pairs", left: Codes, right: Codes, left_size: int, right_size: int, sign: int) -> None:
        """Add the counts of another; `left` and `right` are its codes -> this one's."""
        numbering = other.numbering
        mine = translated(numbering.lefts, left), translated(numbering.rights, right)
        self.add(*mine, left_size, right_size, sign * other.counts[: numbering.size])

    def add(self, left: Codes, right: Codes, left_size: int, right_size: int, counts: Ints) -> None:
        """Add so many of each pair."""
        numbers = self.numbering.numbers(left, right, left_size, right_size, BEGIN)
        self.counts = room(self.counts, self.numbering.size)
        np.add.at(self.counts, numbers, counts)


class Cases:
    """Sums over cases (Python integers, which have no end), and histograms of what each case took."""

    SHARE = ("share_1", "share_2", "share_3", "share_4")
    FIELDS = ("events", "cases", "overlaps", "recorded", "duration", "work", "waited", "lasting", *SHARE)
    """`recorded`: events with an enabling time.

    `lasting`: cases with a duration; `share_..`: the sum of busy / duration over them, 30 bits of each apiece."""
    DURATION, WORK, WAITED = range(3)
    """Groups of the histogram."""

    def __init__(self) -> None:
        self.sums: dict[str, int] = dict.fromkeys(self.FIELDS, 0)
        self.spread = Histogram()
        self.spread.reserve(3)

    def tally(self, block: Block, sign: int) -> None:
        """Count the block."""
        times = block.times
        found = (
            block.events,
            block.cases,
            times.overlaps,
            times.recorded,
            times.duration.sum(),
            times.work.sum(),
            times.waited.sum(),
        )
        for name, value in zip(self.FIELDS, (*found, *_shares(times.busy, times.duration)), strict=True):
            self.sums[name] += sign * int(value)
        for group, values in enumerate(of_cases(times)):
            self.spread.add(np.full(len(values), group, np.int32), bucketed(values), sign)

    def merge(self, other: "Cases", sign: int) -> None:
        """Add the sums of another."""
        for name, value in other.sums.items():
            self.sums[name] += sign * value
        self.spread.add_rows(other.spread.rows(), sign)

    @property
    def efficiency(self) -> float | None:
        """Mean of busy / duration over the cases with a duration; None without such, or where no event has a length."""
        sums = self.sums
        if not sums["lasting"] or not sums["work"]:
            return None
        whole = 0
        for name in self.SHARE:
            whole = (whole << _BITS) + sums[name]
        return whole / (1 << (len(self.SHARE) * _BITS)) / sums["lasting"]


def of_cases(times: Times) -> tuple[Ints, Ints, Ints]:
    """What each case took, by group of `Cases.spread`."""
    return times.duration, times.work, times.waited


def bucketed(values: Ints) -> npt.NDArray[np.int16]:
    """The bucket of each value."""
    out = np.empty(len(values), np.int16)
    _bucketed(values, out)
    return out


def translated(codes: Codes, mapping: Codes) -> Codes:
    """Codes by `mapping`; those below 0 stay."""
    out = codes.copy()
    known = codes >= 0
    out[known] = mapping[codes[known]]
    return out


def mapped(rows: Rows, mapping: Codes) -> Rows:
    """Counters of other groups."""
    return Rows(mapping[rows.group], rows.bucket, rows.count) if len(rows.group) else rows


@numba.njit(nogil=True, cache=True)
def _bucketed(values: Ints, out: npt.NDArray[np.int16]) -> None:
    for k in range(len(values)):
        out[k] = bucket(values[k])


@numba.njit(nogil=True, cache=True)
def _count_pairs(numbers: Codes, left: Codes, right: Codes, differing: bool, counts: Ints, sign: int) -> None:
    """Every pair has a number, and those that don't count add 0: whether one counts, no processor could foresee."""
    for k in range(len(numbers)):
        a, b = left[k], right[k]
        counts[numbers[k]] += sign * ((a >= 0) & (b >= 0) & ((not differing) | (a != b)))


@numba.njit(nogil=True, cache=True)
def _activities(
    offsets: Ints, codes: Codes, service: Ints, error: Codes, counts: Ints, seen: Ints, stamp: int, sign: int,
    repeats: Flags,
) -> None:  # fmt: skip
    for c in range(len(offsets) - 1):
        mark = stamp + c
        for k in range(offsets[c], offsets[c + 1]):
            a = codes[k]
            if a < 0:
                continue
            counts[a, 0] += sign
            counts[a, 5] += sign * error[k]
            counts[a, 6] += sign * service[k]
            if seen[a, 0] != mark:
                seen[a, 0] = mark
                counts[a, 1] += sign
            else:
                repeats[k] = 1
                if seen[a, 1] != mark:
                    seen[a, 1] = mark
                    counts[a, 4] += sign
        first, last = codes[offsets[c]], codes[offsets[c + 1] - 1]
        if first >= 0:
            counts[first, 2] += sign
        if last >= 0:
            counts[last, 3] += sign


@numba.njit(nogil=True, cache=True)
def _edges(
    offsets: Ints, edge: Codes, gap: Ints, waiting: Ints, missing: int, counts: Ints, seen: Ints, stamp: int, sign: int
) -> None:
    for c in range(len(offsets) - 1):
        mark = stamp + c
        for k in range(offsets[c], offsets[c + 1]):
            e = edge[k]
            counts[e, 0] += sign
            if seen[e] != mark:
                seen[e] = mark
                counts[e, 1] += sign
            since = np.int64(0)
            if gap[k] != missing:
                since = gap[k]
                counts[e, 2] += sign * since
            if waiting[k] != missing:
                counts[e, 3] += sign * (waiting[k] - since)


@numba.njit(nogil=True, cache=True)
def _groups(
    offsets: Ints, codes: Codes, service: Ints, waiting: Ints, missing: int, repeats: Flags, error: Codes,
    counts: Ints, seen: Ints, stamp: int, sign: int,
) -> None:  # fmt: skip
    for c in range(len(offsets) - 1):
        mark = stamp + c
        for k in range(offsets[c], offsets[c + 1]):
            g = codes[k]
            if g < 0:
                continue
            counts[g, 0] += sign
            if seen[g] != mark:
                seen[g] = mark
                counts[g, 1] += sign
            counts[g, 2] += sign * service[k]
            if waiting[k] != missing:
                counts[g, 3] += sign * waiting[k]
            counts[g, 4] += sign * repeats[k]
            counts[g, 5] += sign * error[k]


@numba.njit(nogil=True, cache=True)
def _shares(busy: Ints, duration: Ints) -> npt.NDArray[np.int64]:
    found = np.zeros(5, np.int64)
    scale = np.float64(1 << 30)
    for c in range(len(busy)):
        if duration[c] > 0:
            found[0] += 1
            share = busy[c] / duration[c]
            for word in range(1, 5):
                share *= scale
                whole = np.int64(share)
                found[word] += whole
                share -= whole
    return found
