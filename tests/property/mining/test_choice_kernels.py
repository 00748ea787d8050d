"""Kernels on a choice of cases equal slow, obvious ones in plain Python."""

from collections import Counter
from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mining.arena import NO_TIME
from mining.kernels.case_between import case_between
from mining.kernels.case_ends import case_ends
from mining.kernels.case_follows import case_follows
from mining.kernels.case_has import case_has
from mining.kernels.concurrency import concurrency
from mining.kernels.eventually_follows import eventually_follows
from mining.kernels.over_time import over_time
from mining.kernels.performance_spectrum import performance_spectrum
from mining.kernels.repetitions import repetitions
from mining.kernels.widths import common
from mining.kernels.working_together import working_together
from tests.property.mining.choices import SIZE, Choice, Row, choices, unhurried

bounds = st.none() | st.integers(0, 12)
edges_of_buckets = st.lists(st.integers(-8, 45), min_size=2, max_size=7, unique=True).map(sorted)


def gap(earlier: Row, later: Row) -> int:
    return max(0, later.start - earlier.end)


@unhurried
@given(choices(), st.sets(st.integers(0, SIZE - 1)))
def test_case_has(log: Choice, wanted: set[int]) -> None:
    flags = np.array([code in wanted for code in range(SIZE)])
    found = case_has(log.first, log.last, log.codes, flags)
    assert found.tolist() == [any(row.code in wanted for row in case) for case in log.cases]


@unhurried
@given(choices(), st.integers(-9, 40), st.integers(-9, 40))
def test_case_between(log: Choice, low: int, high: int) -> None:
    values = np.where(log.codes < 0, NO_TIME, log.start)
    found = case_between(log.first, log.last, values, low, high)
    theirs = [any(row.code >= 0 and low <= row.start <= high for row in case) for case in log.cases]
    assert found.tolist() == theirs
    anything = case_between(log.first, log.last, values, NO_TIME, 1 << 70)
    assert anything.tolist() == [any(row.code >= 0 for row in case) for case in log.cases]


@unhurried
@given(choices())
def test_case_ends(log: Choice) -> None:
    theirs = [max((row.end for row in case), default=NO_TIME) for case in log.cases]
    assert case_ends(log.first, log.last, log.end).tolist() == theirs


@unhurried
@given(choices(), st.integers(0, SIZE - 1), st.integers(0, SIZE - 1), st.booleans(), bounds)
def test_case_follows(log: Choice, source: int, target: int, direct: bool, within: int | None) -> None:
    found = case_follows(log.first, log.last, log.codes, log.start, log.end, source, target, direct, within)
    theirs = []
    for case in log.cases:
        pairs = pairwise(case) if direct else combinations(case, 2)
        theirs.append(
            any(a.code == source and b.code == target and (within is None or gap(a, b) <= within) for a, b in pairs)
        )
    assert found.tolist() == theirs


@unhurried
@given(choices(), bounds)
def test_eventually_follows(log: Choice, within: int | None) -> None:
    found = eventually_follows(log.first, log.last, log.codes, log.start, log.end, SIZE, within)
    count: Counter[tuple[int, int]] = Counter()
    cases: Counter[tuple[int, int]] = Counter()
    for case in log.cases:
        mine = Counter(
            (a.code, b.code)
            for a, b in combinations(case, 2)
            if a.code >= 0 and b.code >= 0 and (within is None or gap(a, b) <= within)
        )
        count += mine
        cases += Counter(set(mine))
    keys = list(zip(found.source.tolist(), found.target.tolist(), strict=True))
    assert keys == sorted(count)
    assert found.count.tolist() == [count[key] for key in keys]
    assert found.cases.tolist() == [cases[key] for key in keys]


@unhurried
@given(choices(), st.integers(1, SIZE))
def test_working_together(log: Choice, most: int) -> None:
    found = working_together(log.first, log.last, log.codes, SIZE, most)
    hands = [{row.code for row in case if row.code >= 0} for case in log.cases]
    pairs = Counter(pair for codes in hands if len(codes) <= most for pair in combinations(sorted(codes), 2))
    assert list(zip(found.left.tolist(), found.right.tolist(), strict=True)) == sorted(pairs)
    assert found.cases.tolist() == [pairs[pair] for pair in sorted(pairs)]
    assert found.each.tolist() == [sum(code in codes for codes in hands) for code in range(SIZE)]
    assert found.crowded == sum(len(codes) > most for codes in hands)


@unhurried
@given(choices())
def test_repetitions(log: Choice) -> None:
    found = repetitions(log.first, log.last, log.codes, SIZE)
    for code in range(SIZE):
        loops = [sum(a.code == b.code == code for a, b in pairwise(case)) for case in log.cases]
        times = [sum(row.code == code for row in case) for case in log.cases]
        later = [max(n - 1, 0) - loop for n, loop in zip(times, loops, strict=True)]
        assert found.self_loops[code] == sum(loops)
        assert found.self_loop_cases[code] == sum(n > 0 for n in loops)
        assert found.returns[code] == sum(later)
        assert found.return_cases[code] == sum(n > 0 for n in later)
        assert found.rework_cases[code] == sum(n > 1 for n in times)


@unhurried
@given(choices(), st.floats(0.1, 1), st.floats(0, 1))
def test_concurrency(log: Choice, share: float, tolerance: float) -> None:
    found = concurrency(log.first, log.last, log.codes, log.start, log.end, SIZE, share, tolerance)
    direct = Counter((a.code, b.code) for case in log.cases for a, b in pairwise(case))
    rows = []
    for a, b in combinations(range(SIZE), 2):
        crossing = [
            sum(
                {x.code, y.code} == {a, b} and min(x.end, y.end) > max(x.start, y.start)
                for x, y in combinations(case, 2)
            )
            for case in log.cases
        ]
        together = sum({a, b} <= {row.code for row in case} for case in log.cases)
        overlapping = sum(n > 0 for n in crossing)
        forward, backward = direct[a, b], direct[b, a]
        codes = [[row.code for row in case] for case in log.cases]
        loops = sum(case[i : i + 3] in ([a, b, a], [b, a, b]) for case in codes for i in range(len(case)))
        if not overlapping and not forward and not backward:
            continue
        swaps = forward and backward and abs(forward - backward) < tolerance * (forward + backward)
        plainly = loops == 0 and direct[a, a] == 0 and direct[b, b] == 0
        parallel = (overlapping > 0 and overlapping >= share * together) or bool(swaps and plainly)
        rows.append((a, b, together, overlapping, sum(crossing), forward, backward, loops, parallel))
    columns = (
        found.left,
        found.right,
        found.together,
        found.overlapping,
        found.overlaps,
        found.forward,
        found.backward,
        found.loops,
        found.parallel,
    )
    assert list(zip(*(column.tolist() for column in columns), strict=True)) == rows


@unhurried
@given(choices(), edges_of_buckets, st.data())
def test_over_time(log: Choice, edges: list[int], data: st.DataObject) -> None:
    flags = data.draw(st.none() | st.lists(st.booleans(), min_size=len(log.cases), max_size=len(log.cases)))
    recorded = data.draw(st.booleans())
    enabled = np.where(log.start % 3 == 0, NO_TIME, log.start - log.start % 5) if recorded else None
    closed = None if flags is None else np.array(flags, np.bool_)
    found = over_time(
        log.first, log.last, log.codes, log.start, log.end, SIZE, np.array(edges), enabled=enabled, closed=closed
    )
    lives = [
        (case[0].start, max(row.end for row in case) if flags is None or flags[c] else None)
        for c, case in enumerate(log.cases)
        if case
    ]
    spent: Counter[tuple[str, int, int]] = Counter()
    for case in log.cases:
        for i, row in enumerate(case):
            since = case[i - 1].end if i else row.start
            if recorded and row.start % 3:
                since = row.start - row.start % 5
            for kind, low, high in (("busy", row.start, row.end), ("queued", since, row.start)):
                for k, (begin, end) in enumerate(pairwise(edges)):
                    spent[kind, row.code, k] += max(0, min(high, end) - max(low, begin))
    for k, (begin, end) in enumerate(pairwise(edges)):
        assert found.started[k] == sum(begin <= born < end for born, _ in lives)
        assert found.ended[k] == sum(gone is not None and begin <= gone < end for _, gone in lives)
        assert found.open[k] == sum(born < end and (gone is None or gone >= end) for born, gone in lives)
        assert found.events[k] == sum(begin <= row.start < end for case in log.cases for row in case)
        for code in range(SIZE):
            assert found.busy[code, k] == spent["busy", code, k]
            assert found.queued[code, k] == spent["queued", code, k]


@unhurried
@given(choices(), edges_of_buckets, st.integers(-1, SIZE - 1), st.integers(-1, SIZE - 1))
def test_performance_spectrum(log: Choice, edges: list[int], source: int, target: int) -> None:
    found = performance_spectrum(
        log.first, log.last, log.codes, log.start, log.end, SIZE, np.array(edges), source, target
    )
    gaps: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for case in log.cases:
        for a, b in pairwise(case):
            if min(a.code, b.code) >= 0 and source in (-1, a.code) and target in (-1, b.code):
                gaps.setdefault((a.code, b.code), []).append((a.end, gap(a, b)))
    assert list(zip(found.source.tolist(), found.target.tolist(), strict=True)) == sorted(gaps)
    rows = []
    for number, edge in enumerate(sorted(gaps)):
        quartiles = np.quantile([wait for _, wait in gaps[edge]], [0.25, 0.5, 0.75])
        assert found.quartiles[number].tolist() == quartiles.tolist()
        for k, (begin, end) in enumerate(pairwise(edges)):
            inside = [wait for moment, wait in gaps[edge] if begin <= moment < end]
            if inside:
                classes = Counter(int(np.count_nonzero(quartiles < wait)) for wait in inside)
                rows.append((number, k, [classes[n] for n in range(4)], sum(inside)))
    columns = (found.edge.tolist(), found.bucket.tolist(), found.count.tolist(), found.total.tolist())
    assert list(zip(*columns, strict=True)) == rows


def test_many_words_fit_whatever_they_are() -> None:
    """Tables grow: thousands of words, each once."""
    size = 3000
    codes = np.arange(size, dtype=np.int32)
    first, last, times = np.array([0]), np.array([size]), np.arange(size)
    found = working_together(first, last, codes, size, most=size)
    assert len(found.left) == size * (size - 1) // 2
    follows = eventually_follows(first, last, codes, times, times, size, within=2)
    assert len(follows.source) == 2 * size - 3
    assert (follows.target - follows.source).max() == 2


def test_what_makes_no_sense_is_refused() -> None:
    none, one, codes = np.zeros(0, np.int64), np.zeros(1, np.int64), np.zeros(1, np.int16)
    with pytest.raises(ValueError, match="outside the columns"):
        case_ends(one, one + 2, one)
    with pytest.raises(ValueError, match="outside the columns"):
        case_ends(one - 1, one, one)
    with pytest.raises(ValueError, match="one entry a case"):
        case_ends(none, one, one)
    with pytest.raises(ValueError, match="differ in length"):
        case_follows(one, one, codes, none, one, 0, 0)
    with pytest.raises(ValueError, match="out of range"):
        case_has(one, one, codes + np.int16(2), np.ones(2, np.bool_))
    with pytest.raises(ValueError, match="within"):
        eventually_follows(one, one, codes, one, one, 1, -1)
    with pytest.raises(ValueError, match="must rise"):
        over_time(one, one, codes, one, one, 1, np.array([3, 3]))
    with pytest.raises(ValueError, match="one entry a case"):
        over_time(one, one, codes, one, one, 1, np.array([3, 4]), closed=np.zeros(2, np.bool_))


def test_columns_are_brought_to_one_width() -> None:
    narrow, wide = np.zeros(2, np.int16), np.zeros(2, np.int32)
    assert [column.dtype for column in common(narrow, narrow)] == [np.int16, np.int16]
    assert [column.dtype for column in common(narrow, wide)] == [np.int32, np.int32]
    assert common(narrow)[0] is narrow
