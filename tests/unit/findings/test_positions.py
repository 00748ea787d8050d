"""Positions stand for a tuple of ascending numbers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mining.findings.positions import NOWHERE, Positions


@given(st.lists(st.integers(0, 50)), st.integers(-1, 51))
def test_like_a_sorted_tuple_of_different_numbers(given: list[int], asked: int) -> None:
    found, plain = Positions(given), tuple(sorted(set(given)))
    assert tuple(found) == plain
    assert found == plain
    assert found == Positions(given[::-1])
    assert len(found) == len(plain)
    assert bool(found) == bool(plain)
    assert (asked in found) == (asked in plain)
    assert found[1:] == plain[1:]
    assert np.asarray(found).tolist() == list(plain)
    assert hash(found) == hash(Positions(plain))


def test_nothing_writes_to_them() -> None:
    found = Positions([3, 1])
    assert found[0] == 1
    with pytest.raises(ValueError, match="read-only"):
        found.rows[0] = 7
    assert found != (1, 2)
    assert repr(found) == "Positions([1, 3])"
    assert NOWHERE == ()
