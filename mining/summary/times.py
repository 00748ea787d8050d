"""Service and waiting times by activity, role, actor, system or whatever else events have, and gaps by edge."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mining.part import Part
from mining.summary.blocks import Block, blocks
from mining.summary.exact import Spreads
from mining.summary.histogram import Histogram
from mining.summary.numbering import Numbering
from mining.summary.quantiles import Collector, quantiles, wanted

Codes = npt.NDArray[np.int32]
Buckets = npt.NDArray[np.int16]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class TimesBy:
    """Service and waiting (each as `waits` defines it) by code of a column."""

    service: Spreads
    waiting: Spreads


@dataclass(frozen=True)
class Gaps:
    """Gaps by edge, in order of arrival; `source` and `target` are activity codes (int32)."""

    source: Codes
    target: Codes
    gap: Spreads


def times_by(part: Part, column: str) -> TimesBy:
    """Exact count, total and quantiles by the codes of a column; events without a word in it are left out.

    Raises ValueError for codes or rows out of range.
    """
    size = part.size.get(column, 0)
    service = _spreads(part, size, lambda b: (b.codes(column), b.times.service_bucket, b.times.service))
    waiting = _spreads(part, size, lambda b: (b.codes(column), b.times.waiting_bucket, b.times.waiting))
    return TimesBy(service, waiting)


def gaps(part: Part) -> Gaps:
    """Exact count, total and quantiles of the gap of each edge. Raises ValueError as `times_by`."""
    size = part.size["activity"]
    edges = Numbering()
    for block in blocks(part):
        edges.numbers(block.before("activity"), block.codes("activity"), size, size)
    found = _spreads(
        part,
        edges.size,
        lambda b: (edges.known(b.before("activity"), b.codes("activity")), b.times.gap_bucket, b.times.gap),
    )
    return Gaps(edges.lefts.copy(), edges.rights.copy(), found)


def _spreads(part: Part, size: int, of: Callable[[Block], tuple[Codes, Buckets, Ints]]) -> Spreads:
    histogram = Histogram()
    histogram.reserve(size)
    total = np.zeros(size, np.int64)
    for groups, buckets, values in map(of, blocks(part)):
        histogram.add(groups, buckets, 1)
        there = (groups >= 0) & (buckets >= 0)
        np.add.at(total, groups[there], values[there])
    collector = Collector(wanted(histogram, size))
    for groups, buckets, values in map(of, blocks(part)):
        collector.collect(groups, buckets, values)
    return Spreads(collector.look.counts, total, quantiles(collector.look, [collector.found()]))
