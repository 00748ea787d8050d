import numpy as np
import pytest

from mining.arena import NO_TIME
from mining.kernels.directly_follows import directly_follows
from mining.kernels.first_match import first_match
from mining.kernels.guard import guard_offsets
from mining.kernels.ordering import order
from mining.kernels.pairs import pairs
from mining.kernels.spreads import spreads
from mining.kernels.taking import recode, take_codes
from mining.kernels.text_order import text_order
from mining.kernels.waits import waits
from tests.helpers import HOUR, MINUTE, arena, event, log


def codes(*values: int) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
    return np.array(values, np.int32)


def test_gap_and_waiting() -> None:
    found = waits(
        arena(
            [
                event("x", "a", 0, 10),
                event("x", "b", 5, 8),
                event("x", "c", 20, 30, enabled=15),
                event("x", "d", 40, enabled=50),
                event("y", "a", 9, enabled=2),
            ]
        )
    )
    assert found.gap.tolist() == [NO_TIME, 0, 12, 10, NO_TIME]
    assert found.waiting.tolist() == [NO_TIME, 0, 5, 0, 7]


def test_the_test_language_waits_an_hour() -> None:
    some = log("ab")
    assert waits(some).gap.tolist() == [NO_TIME, HOUR]
    assert (some.end - some.start).tolist() == [MINUTE, MINUTE]


def test_quantiles_are_those_of_numpy() -> None:
    generator = np.random.default_rng(5)
    values = generator.integers(0, 10**12, 5000)
    keys = generator.integers(-1, 40, 5000).astype(np.int32)
    values[::50] = NO_TIME
    found = spreads(values, keys, 41)
    for key in range(40):
        part = values[(keys == key) & (values != NO_TIME)]
        assert (found.count[key], found.total[key]) == (len(part), part.sum())
        theirs = np.quantile(part.astype(np.float64), [0.5, 0.9, 0.95])
        assert [found.p50[key], found.p90[key], found.p95[key]] == theirs.tolist()
    assert (found.count[40], found.total[40], np.isnan(found.p50[40])) == (0, 0, True)


def test_pairs_by_table_and_by_sorting_are_the_same() -> None:
    generator = np.random.default_rng(6)
    left, right = (generator.integers(-1, 30, 500).astype(np.int32) for _ in range(2))
    table, by_sorting = pairs(left, right, 30, 30), pairs(left, right, 30, 30, dense=0)
    for name in ("left", "right", "count", "of_row"):
        ours, theirs = getattr(table, name), getattr(by_sorting, name)
        assert ours.dtype == theirs.dtype
        assert ours.tolist() == theirs.tolist()


def test_codes_and_offsets_out_of_range_are_refused() -> None:
    with pytest.raises(ValueError, match="out of range"):
        directly_follows(np.array([0]), np.array([2]), codes(0, 3), 3)
    with pytest.raises(ValueError, match="outside the columns"):
        directly_follows(np.array([0]), np.array([3]), codes(0, 2), 3)
    with pytest.raises(ValueError, match="out of range"):
        pairs(codes(-2), codes(0), 1, 1)
    with pytest.raises(ValueError, match="differ in length"):
        pairs(codes(0, 0), codes(0), 1, 1)
    with pytest.raises(ValueError, match="differ in length"):
        spreads(np.array([1]), codes(), 1)
    with pytest.raises(ValueError, match="must rise"):
        guard_offsets(np.array([0, 5, 4]), 4)
    with pytest.raises(ValueError, match="beyond its elements"):
        first_match(codes(0, 2), np.ones(1, np.bool_))
    with pytest.raises(ValueError, match="out of range"):
        order(codes(1), 1, np.array([0]), np.array([0]))
    with pytest.raises(ValueError, match="differ in length"):
        order(codes(0), 1, np.array([0]), np.array([0, 1]))
    with pytest.raises(ValueError, match="beyond its bytes"):
        text_order(np.array([0, 2]), np.zeros(1, np.uint8))
    with pytest.raises(ValueError, match="row is out of range"):
        take_codes(codes(0).reshape(1, 1), np.array([1]), [1])
    with pytest.raises(ValueError, match="code is out of range"):
        take_codes(codes(1).reshape(1, 1), np.array([0]), [1])
    with pytest.raises(ValueError, match="code is out of range"):
        recode(codes(1), codes(0))
