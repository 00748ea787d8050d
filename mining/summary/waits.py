"""Waiting by transition, activity, group and case: what enabled each event, once it is known what runs in parallel."""

from collections.abc import Sequence
from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

from mining.arena import NO_TIME
from mining.part import Part
from mining.summary.blocks import Block, blocks
from mining.summary.counters import bucketed, mapped, room
from mining.summary.histogram import Histogram, Rows
from mining.summary.numbering import BEGIN, Numbering
from mining.summary.summary import Summary

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Waits:
    """Counts of waiting. Transitions are numbered pairs of activities, from BEGIN where nothing enabled an event."""

    numbering: Numbering
    counts: Ints
    """Shape (transitions, 3), int64: events, cases that have one, total waiting (µs)."""
    transitions: Histogram
    activities: Histogram
    groups: dict[str, tuple[Ints, Histogram]]
    """Per group column the total waiting of each code, and the histogram."""
    cases: Histogram
    """What each case took, as `Cases.spread`."""
    waited: int
    """Total over all cases."""


def plainly(summary: Summary) -> Waits:
    """Where nothing runs in parallel: transitions are edges."""
    edges, recorded = summary.edges, summary.cases.sums["recorded"] > 0
    counts = edges.counts[: edges.numbering.size]
    both = edges.gap
    if recorded:
        both = Histogram()
        both.reserve(edges.numbering.size)
        for rows in (edges.gap.rows(), edges.shift.rows()):
            both.add_rows(rows, 1)
    total = counts[:, edges.GAP] + counts[:, edges.SHIFT]
    return Waits(
        numbering=edges.numbering,
        counts=np.column_stack([counts[:, edges.COUNT], counts[:, edges.CASES], total]),
        transitions=both,
        activities=_by_target(both, edges.numbering, len(summary.names.get("activity", ()))),
        groups={name: (group.counts[:, group.WAITING], group.waiting) for name, group in summary.groups.items()},
        cases=summary.cases.spread,
        waited=summary.cases.sums["waited"],
    )


class Counting:
    """Counts the waiting of blocks of enabled parts; one thread each."""

    def __init__(self, summary: Summary) -> None:
        self._summary = summary
        self.numbering = Numbering()
        self.counts: Ints = np.zeros((0, 3), np.int64)
        self.transitions = Histogram()
        self.groups: dict[str, tuple[Ints, Histogram]] = {}
        for name in summary.groups:
            histogram = Histogram()
            histogram.reserve(len(summary.names.get(name, ())))
            self.groups[name] = np.zeros(len(summary.names.get(name, ())), np.int64), histogram
        self.cases = Histogram()
        self.cases.reserve(1)
        self.waited = 0
        self._seen: Ints = np.zeros(0, np.int64)
        self._stamp = 1

    def look(self, part: Part) -> None:
        """Count all cases of an enabled part."""
        names = [name for name in self.groups if name in part.codes]
        for block in blocks(part):
            self._tally(block, names)

    def _tally(self, block: Block, names: Sequence[str]) -> None:
        times, size = block.times, len(self._summary.names.get("activity", ()))
        numbers = self.numbering.numbers(block.enablers, block.codes("activity"), size, size, BEGIN)
        self._reserve()
        _transitions(block.offsets, numbers, times.waiting, NO_TIME, self.counts, self._seen, self._stamp)
        self.transitions.add(numbers, times.waiting_bucket, 1)
        for name in names:
            total, histogram = self.groups[name]
            _totals(block.codes(name), times.waiting, NO_TIME, total)
            histogram.add(block.codes(name), times.waiting_bucket, 1)
        self.cases.add(np.zeros(block.cases, np.int32), bucketed(times.waited), 1)
        self.waited += int(times.waited.sum())
        self._stamp += block.cases

    def add(self, other: "Counting") -> None:
        """Add what another counted."""
        size = len(self._summary.names.get("activity", ()))
        numbers = self.numbering.numbers(other.numbering.lefts, other.numbering.rights, size, size, BEGIN)
        self._reserve()
        np.add.at(self.counts, numbers, other.counts[: other.numbering.size])
        self.transitions.add_rows(mapped(other.transitions.rows(), numbers), 1)
        for name, (total, histogram) in other.groups.items():
            self.groups[name][0][:] += total
            self.groups[name][1].add_rows(histogram.rows(), 1)
        self.cases.add_rows(other.cases.rows(), 1)
        self.waited += other.waited

    def waits(self) -> Waits:
        """What was counted."""
        cases, spread = Histogram(), self._summary.cases
        cases.reserve(3)
        rows = spread.spread.rows()
        kept = rows.group != spread.WAITED
        cases.add_rows(Rows(rows.group[kept], rows.bucket[kept], rows.count[kept]), 1)
        cases.add_rows(mapped(self.cases.rows(), np.array([spread.WAITED], np.int32)), 1)
        return Waits(
            numbering=self.numbering,
            counts=self.counts[: self.numbering.size],
            transitions=self.transitions,
            activities=_by_target(self.transitions, self.numbering, len(self._summary.names.get("activity", ()))),
            groups=self.groups,
            cases=cases,
            waited=self.waited,
        )

    def _reserve(self) -> None:
        size = self.numbering.size
        self.counts, self._seen = room(self.counts, size), room(self._seen, size)
        self.transitions.reserve(size)


def added_up(summary: Summary, counted: Sequence[Counting]) -> Waits:
    """All that was counted of the summary's cases."""
    whole = Counting(summary)
    for each in counted:
        whole.add(each)
    return whole.waits()


def _by_target(histogram: Histogram, numbering: Numbering, size: int) -> Histogram:
    found = Histogram()
    found.reserve(size)
    found.add_rows(mapped(histogram.rows(), np.array(numbering.rights, np.int32)), 1)
    return found


@numba.njit(nogil=True, cache=True)
def _transitions(
    offsets: Ints, numbers: Codes, waiting: Ints, missing: int, counts: Ints, seen: Ints, stamp: int
) -> None:
    for c in range(len(offsets) - 1):
        mark = stamp + c
        for k in range(offsets[c], offsets[c + 1]):
            n = numbers[k]
            counts[n, 0] += 1
            if seen[n] != mark:
                seen[n] = mark
                counts[n, 1] += 1
            if waiting[k] != missing:
                counts[n, 2] += waiting[k]


@numba.njit(nogil=True, cache=True)
def _totals(codes: Codes, waiting: Ints, missing: int, total: Ints) -> None:
    for k in range(len(codes)):
        if codes[k] >= 0 and waiting[k] != missing:
            total[codes[k]] += waiting[k]
