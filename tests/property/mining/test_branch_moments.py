"""Sums over branches beside an obvious version."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mining.kernels.branch_moments import branch_moments

SECOND = 1_000_000
row = st.tuples(st.integers(-1, 11), st.integers(-1, 2), st.integers(0, 200_000), st.integers(0, 9_000))


@settings(deadline=None, max_examples=300)
@given(st.lists(row, max_size=12), st.lists(st.integers(-1, 2), min_size=9, max_size=9))
def test_sums_of_branches(rows: list[tuple[int, int, int, int]], place: list[int]) -> None:
    before = np.array([min(each[0], len(rows) - 1) for each in rows], np.int64)
    codes = np.array([each[1] for each in rows], np.int16)
    start = np.array([each[2] for each in rows], np.int64) * SECOND
    end = start + np.array([each[3] for each in rows], np.int64) * SECOND
    table = np.array(place, np.int32).reshape(3, 3)
    sources, hours = np.zeros((3, 3, 6)), np.zeros((3, 24, 6))
    for y in range(len(rows)):
        x = int(before[y])
        s = int(before[x]) if x >= 0 else -1
        if s < 0 or min(codes[y], codes[x], codes[s]) < 0 or end[x] > start[y] or end[s] > start[x]:
            continue
        pair = table[codes[x], codes[y]]
        if pair >= 0:
            v = int(start[y] - end[s]) // SECOND
            left = int(end[s]) // SECOND
            for sums, u in (
                (sources[pair, codes[s]], int(end[x] - end[s]) // SECOND),
                (hours[pair, left % 86_400 // 3600], left % 3600),
            ):
                sums += [1, u, v, u * u, u * v, v * v]
    found = branch_moments(before, codes, start, end, table, 3)
    assert (found.by_source == sources).all()
    assert (found.by_hour == hours).all()
