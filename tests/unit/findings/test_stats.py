"""The shared statistics keep what they promise."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from mining.findings._stats import at_least, at_least_poisson, corrected, higher, local_ranks, lower_bound, rise
from mining.findings._waits import hours
from tests.helpers import HOUR


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_correction_is_benjamini_hochberg(p_values: list[float]) -> None:
    expected = stats.false_discovery_control(np.array(p_values))
    assert corrected(np.array(p_values)) == pytest.approx(expected)


@given(st.integers(0, 50), st.integers(1, 50), st.floats(0.01, 0.99))
def test_binomial_tail(hits: int, trials: int, rate: float) -> None:
    assert at_least(hits, trials, rate) == pytest.approx(float(stats.binom.sf(hits - 1, trials, rate)), abs=1e-9)


@given(st.integers(0, 80), st.floats(0.1, 50))
def test_poisson_tail(hits: int, mean: float) -> None:
    assert at_least_poisson(hits, mean) == pytest.approx(float(stats.poisson.sf(hits - 1, mean)), abs=1e-9)


@given(st.integers(0, 100), st.integers(1, 100))
def test_the_lower_bound_lies_below_the_share(hits: int, more: int) -> None:
    assert 0 <= lower_bound(hits, hits + more) <= hits / (hits + more) + 1e-12


@given(st.lists(st.integers(0, 5), min_size=1, max_size=200))
def test_local_ranks_average_to_a_half(values: list[int]) -> None:
    ranks = local_ranks(np.array(values, dtype=float), np.arange(len(values)))
    assert ((ranks > 0) & (ranks < 1)).all()
    assert ranks.mean() == pytest.approx(0.5)


def test_ranks_do_not_see_what_hits_all_alike() -> None:
    draw = np.random.default_rng(0)
    values = draw.exponential(1, 2000) + np.repeat([0.0, 100.0], 1000)
    late = np.arange(2000) >= 1000
    assert higher(local_ranks(values, np.arange(2000)), late) > 0.01


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_a_level_that_stays_is_no_rise(seed: int) -> None:
    draw = np.random.default_rng(seed)
    found = rise(draw.normal(10, 1, 21) * 50, np.full(21, 50.0))
    assert found is None or found.after < 1.5 * found.before


def test_a_level_that_jumps_is_dated() -> None:
    draw = np.random.default_rng(1)
    level = np.where(np.arange(14) >= 9, 4.0, 2.0)
    found = rise((level + draw.normal(0, 0.1, 14)) * 40, np.full(14, 40.0))
    assert found is not None
    assert found.place == 9
    assert found.p_value < 0.01


@given(st.lists(st.tuples(st.integers(0, 10**12), st.integers(0, 10**12)), min_size=1, max_size=30))
def test_hours_add_up_to_the_waiting(pairs: list[tuple[int, int]]) -> None:
    begin = np.array([min(p) for p in pairs], dtype=np.int64) % (10 * 24 * HOUR)
    end = begin + np.array([abs(a - b) for a, b in pairs], dtype=np.int64) % (5 * 24 * HOUR)
    clock = hours(begin, end)
    assert clock.waiting.sum() == pytest.approx(float((end - begin).sum()) / HOUR, abs=1e-6)
    parts = clock.part(np.ones(len(clock.slots), dtype=np.bool_), begin, end)
    assert parts == pytest.approx((end - begin) / HOUR)
    assert clock.starts.sum() == clock.arrivals.sum() == len(pairs)
