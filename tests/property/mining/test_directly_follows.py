"""Directly-follows, gaps, times by any column, and quantiles against slow and obvious versions."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mining.arena import Codes
from mining.kernels.directly_follows import directly_follows
from mining.summary.buckets import OCTAVES, PER_PAGE
from mining.summary.counters import bucketed
from mining.summary.exact import Spreads
from mining.summary.histogram import Histogram
from mining.summary.quantiles import Collector, quantiles, wanted
from mining.summary.times import gaps, times_by
from tests.property.mining import oracle
from tests.property.mining.choices import SIZE, Choice, choices, unhurried
from tests.property.mining.enabling import before
from tests.property.mining.parts import COLUMNS, Log, laid, logs


@given(choices(), st.booleans())
@unhurried
def test_directly_follows_is_the_obvious_one(some: Choice, hashed: bool) -> None:
    found = directly_follows(some.first, some.last, some.codes, SIZE, dense=0 if hashed else SIZE)
    pairs = [[(a.code, b.code) for a, b in pairwise(case) if a.code >= 0 and b.code >= 0] for case in some.cases]
    counts = Counter(pair for case in pairs for pair in case)
    cases = Counter(pair for case in pairs for pair in set(case))
    ours = zip(found.source.tolist(), found.target.tolist(), found.count.tolist(), found.cases.tolist(), strict=True)
    assert list(ours) == [(*pair, counts[pair], cases[pair]) for pair in sorted(counts)]


@given(st.lists(st.lists(st.integers(-1, 3), max_size=6), max_size=6), st.integers(0, 2), st.booleans())
@unhurried
def test_cases_one_after_the_other_are_counted_alike(cases: list[list[int]], before: int, wide: bool) -> None:
    lengths = [len(case) for case in cases]
    offsets = np.cumsum([before, *lengths])
    rows = np.array([9] * before + [code for case in cases for code in case], np.int64)
    codes: Codes = rows.astype(np.int32 if wide else np.int16)
    in_one_run = directly_follows(offsets[:-1], offsets[1:], codes, 10)
    backwards = directly_follows(offsets[:-1][::-1], offsets[1:][::-1], codes, 10)
    for name in ("source", "target", "count", "cases"):
        assert getattr(in_one_run, name).tolist() == getattr(backwards, name).tolist()


def same(found: Spreads, place: int, values: Sequence[int]) -> None:
    assert (int(found.count[place]), int(found.total[place])) == (len(values), sum(values))
    if values:
        theirs = np.quantile(np.array(values, float), [0.5, 0.9, 0.95])
        assert found.quantiles[:, place].tolist() == theirs.tolist()
    else:
        assert np.isnan(found.quantiles[:, place]).all()


@given(st.data(), logs)
@unhurried
def test_times_by_and_gaps_are_the_obvious_ones(data: st.DataObject, log: Log) -> None:
    some = data.draw(laid(log))
    gap = defaultdict(list)
    for case in log:
        for one, other in pairwise(case):
            gap[one.activity, other.activity].append(max(0, other.start - one.end))
    found = gaps(some.part)
    words = some.names["activity"]
    edges = [(words[s], words[t]) for s, t in zip(found.source.tolist(), found.target.tolist(), strict=True)]
    assert sorted(edges) == sorted(gap)
    for place, edge in enumerate(edges):
        same(found.gap, place, gap[edge])
    for name in COLUMNS:
        service, waiting = defaultdict(list), defaultdict(list)
        for case in log:
            rows = [oracle.Happening(str(i), "case", d.activity, d.start, d.end, d.enabled) for i, d in enumerate(case)]
            for i, did in enumerate(case):
                service[getattr(did, name)].append(did.end - did.start)
                wait = oracle.waiting(rows, i, before(rows, set()))
                if wait is not None:
                    waiting[getattr(did, name)].append(wait)
        by = times_by(some.part, name)
        for code, word in enumerate(some.names[name]):
            same(by.service, code, service[word])
            same(by.waiting, code, waiting[word])


@given(st.lists(st.tuples(st.integers(-1, 3), st.integers(-5, 5) | st.integers(-5, 2**62)), max_size=60))
@unhurried
def test_quantiles_found_in_buckets_are_those_of_numpy(rows: list[tuple[int, int]]) -> None:
    groups = np.array([group for group, _ in rows], np.int32)
    values = np.array([value for _, value in rows], np.int64)
    histogram = Histogram()
    histogram.reserve(4)
    histogram.add(groups, bucketed(values), 1)
    collector = Collector(wanted(histogram, 5))
    collector.collect(groups, bucketed(values), values)
    found = quantiles(collector.look, [collector.found()])
    for group in range(5):
        mine = values[groups == group].astype(float)
        theirs = np.quantile(mine, [0.5, 0.9, 0.95]) if len(mine) else np.full(3, np.nan)
        np.testing.assert_array_equal(found[:, group], theirs)
    histogram.add(groups, bucketed(values), -1)
    assert len(histogram.rows().count) == 0


@given(st.lists(st.integers(0, 2**63 - 1), min_size=1))
def test_buckets_rise_with_the_values_and_are_narrow(values: list[int]) -> None:
    ordered = np.sort(np.array(values, np.int64))
    found = bucketed(ordered)
    assert (np.diff(found) >= 0).all()
    assert 0 <= found.min() <= found.max() < OCTAVES * PER_PAGE
    for bucket in np.unique(found).tolist():
        inside = ordered[(found == bucket) & (ordered < 2**53)].tolist()
        if inside:
            assert inside[-1] - inside[0] <= inside[0] / PER_PAGE
