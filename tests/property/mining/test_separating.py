"""What separates a set of cases equals what an obvious look at every value and pair of values finds."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import combinations
from math import comb, erf, isclose, log, sqrt

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mining.contrast.column import Column
from mining.contrast.separating import separating
from mining.contrast.testing import more_often

Case = tuple[bool, tuple[int, ...]]
Values = tuple[tuple[int, int], ...]
"""Field and value."""
Counts = tuple[int, int]
"""Hits and cases."""


def tail(hits: int, size: int, all_hits: int, total: int) -> float:
    if hits * total <= size * all_hits:
        return 1.0
    ways = sum(comb(all_hits, k) * comb(total - all_hits, size - k) for k in range(hits, min(size, all_hits) + 1))
    return float(Fraction(ways, comb(total, size)))


@given(st.integers(1, 60), st.data())
def test_tails_are_exact(total: int, data: st.DataObject) -> None:
    all_hits, size = data.draw(st.integers(0, total)), data.draw(st.integers(0, total))
    hits = data.draw(st.integers(max(0, size + all_hits - total), min(size, all_hits)))
    found = float(more_often([hits], size, all_hits, total)[0])
    assert isclose(found, tail(hits, size, all_hits, total), rel_tol=1e-9)


def lifted(inner: Counts, outer: Counts) -> bool:
    others = max(outer[1] - inner[1], 1)
    return inner[0] / inner[1] >= 1.5 * max((outer[0] - inner[0]) / others, 0.5 / others)


def slow(cases: Sequence[Case], sizes: Sequence[int]) -> tuple[list[tuple[Values, float, Counts, Counts]], list[int]]:
    """Each value or pair that may prove something with its p-value and counts, and how many of both were tried."""

    def count(among: Sequence[Case], *wanted: tuple[int, int]) -> Counts:
        rows = [hit for hit, codes in among if all(codes[field] == value for field, value in wanted)]
        return sum(rows), len(rows)

    def known_of_both_sides(field: int) -> bool:
        sides = ([codes[field] >= 0 for hit, codes in cases if hit == side] for side in (True, False))
        return all(2 * sum(known) >= len(known) for known in sides)

    fields = [field for field in range(len(sizes)) if known_of_both_sides(field)]
    found: list[tuple[Values, float, Counts, Counts]] = []
    tried = [0, 0]
    for field in fields:
        known = [case for case in cases if case[1][field] >= 0]
        whole = count(known)
        for value in range(sizes[field]):
            inner = count(known, (field, value))
            if inner[1] >= max(3, 0.05 * whole[0]) and inner[1] < whole[1]:
                tried[0] += 1
                if inner[0] >= max(3, 0.05 * whole[0]) and lifted(inner, whole):
                    found.append((((field, value),), tail(*inner, *whole), inner, whole))
    for left, right in combinations(fields, 2):
        known = [case for case in cases if case[1][left] >= 0 and case[1][right] >= 0]
        whole = count(known)
        for u in range(sizes[left]):
            for v in range(sizes[right]):
                both, one, other = (
                    count(known, (left, u), (right, v)),
                    count(known, (left, u)),
                    count(known, (right, v)),
                )
                if both[1] < max(3, 0.05 * whole[0]) or both[1] in (one[1], other[1]):
                    continue
                tried[1] += 1
                if both[0] < max(3, 0.05 * whole[0]) or not all(lifted(both, outer) for outer in (whole, one, other)):
                    continue
                cells = [
                    both,
                    (one[0] - both[0], one[1] - both[1]),
                    (other[0] - both[0], other[1] - both[1]),
                    tuple(whole[n] - one[n] - other[n] + both[n] for n in (0, 1)),
                ]
                logs = [log((a + 0.5) / (n + 0.5)) for a, n in cells]
                more = logs[0] - logs[1] - logs[2] + logs[3]
                spread = sqrt(sum(1 / (a + 0.5) - 1 / (n + 0.5) for a, n in cells))
                if more >= log(1.5):
                    chance = 0.5 * (1 - erf(more / spread / sqrt(2)))
                    p = max(chance, *(tail(*both, *outer) for outer in (whole, one, other)))
                    found.append((((left, u), (right, v)), p, both, whole))
    return found, tried


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([20, 100, 250]), st.booleans())
def test_separating(seed: int, size: int, planted: bool) -> None:
    draw = np.random.default_rng(seed)
    sizes = draw.integers(1, 4, 4).tolist()
    codes = np.stack([draw.integers(-1 if n == 3 else 0, values, size) for n, values in enumerate(sizes)])
    chance = np.where((codes[0] == 0) & (codes[1] == 0) & planted, 0.95, 0.1)
    hit = draw.random(size) < chance
    columns = [
        Column(f"f{n}", codes[n].astype(np.int32), tuple(f"v{value}" for value in range(values)))
        for n, values in enumerate(sizes)
    ]
    got = separating(hit, np.ones(size, np.bool_), columns, most=1000, deepest=2)
    cases = [(bool(h), tuple(int(c) for c in row)) for h, row in zip(hit, codes.T, strict=True)]
    found, tried = slow(cases, sizes) if hit.any() and not hit.all() else ([], [0, 0])
    expected = {}
    for length in (1, 2):
        family = sorted((each for each in found if len(each[0]) == length), key=lambda each: each[1])
        adjusted = 1.0
        for rank in range(len(family), 0, -1):
            values, p, inner, whole = family[rank - 1]
            adjusted = min(adjusted, 2 * p * tried[length - 1] / rank)
            if adjusted < 0.01:
                named = tuple((f"f{field}", f"v{value}") for field, value in values)
                expected[named] = (adjusted, inner, whole)
    combined = {named for named in expected if len(named) > 1}
    assert {each.conditions for each in got} <= expected.keys()
    if not combined:
        assert {each.conditions for each in got} == expected.keys()
    for each in got:
        p, inner, whole = expected[each.conditions]
        assert (each.hits, each.cases) == inner
        assert isclose(each.p_value, p, rel_tol=1e-6)
        assert isclose(each.share_of_set, inner[0] / whole[0])
        assert isclose(each.share_of_rest, (inner[1] - inner[0]) / (whole[1] - whole[0]))
    # What is not told of is a part, or a rival, of a combination that is.
    assert not combined or any(len(each.conditions) > 1 for each in got)
