"""What sets cases apart: what is planted is found, and of nothing nothing."""

import numpy as np
import numpy.typing as npt
import pytest

from mining.contrast.column import Column
from mining.contrast.separating import Separation, separating

CASES = 20_000
Planted = tuple[tuple[str, str], ...]


def columns(draw: np.random.Generator, cases: int = CASES, fields: int = 12) -> list[Column]:
    """Fields of 2 to 7 values, some of them unknown of a tenth of the cases."""
    made = []
    for number in range(fields):
        size = 2 + number % 6
        codes = draw.integers(0, size, cases)
        if number % 4 == 3:
            codes[draw.random(cases) < 0.1] = -1
        made.append(Column(f"f{number}", codes.astype(np.int32), tuple(f"v{value}" for value in range(size))))
    return made


def holds(made: list[Column], planted: Planted) -> npt.NDArray[np.bool_]:
    by_field = {column.field: column for column in made}
    flags = [by_field[field].codes == by_field[field].names.index(value) for field, value in planted]
    return np.asarray(np.logical_and.reduce(flags))


def found(chances: list[tuple[Planted, float]], seed: int, base: float = 0.03) -> tuple[Separation, ...]:
    """What separates hits, of which each planted condition makes so many times as many."""
    draw = np.random.default_rng(seed)
    made = columns(draw)
    chance = np.full(CASES, base)
    for planted, times in chances:
        chance[holds(made, planted)] *= times
    hit = draw.random(CASES) < chance
    return separating(hit, np.ones(CASES, np.bool_), made)


PAIR: Planted = (("f2", "v1"), ("f5", "v0"))
TRIPLE: Planted = (("f1", "v1"), ("f2", "v0"), ("f6", "v1"))


@pytest.mark.parametrize("seed", range(5))
def test_a_planted_pair_is_named_and_its_parts_are_not(seed: int) -> None:
    assert [each.conditions for each in found([(PAIR, 8)], seed)] == [PAIR]


@pytest.mark.parametrize("seed", range(5))
def test_a_planted_triple_is_named(seed: int) -> None:
    assert found([(TRIPLE, 15)], seed)[0].conditions == TRIPLE


@pytest.mark.parametrize("seed", range(5))
def test_two_values_that_work_side_by_side_are_no_combination(seed: int) -> None:
    one, other = (("f2", "v1"),), (("f5", "v0"),)
    assert {each.conditions for each in found([(one, 4), (other, 4)], seed)} == {one, other}


def test_a_pair_and_a_value_of_its_own() -> None:
    alone: Planted = (("f8", "v2"),)
    assert {each.conditions for each in found([(PAIR, 8), (alone, 3)], 1)} == {PAIR, alone}


def test_a_part_that_does_something_alone_stays_beside_the_pair() -> None:
    part: Planted = (("f2", "v1"),)
    assert {each.conditions for each in found([(PAIR, 4), (part, 4)], 1)} == {PAIR, part}


def test_random_labels_are_set_apart_by_nothing() -> None:
    """At 0.01, one draw in a hundred may name something."""
    draw = np.random.default_rng(4)
    made = columns(draw, 2000, 10)
    every = np.ones(2000, np.bool_)
    wrong = sum(bool(separating(draw.random(2000) < share, every, made)) for share in np.tile([0.02, 0.1, 0.5], 50))
    assert wrong <= 3


def test_figures() -> None:
    codes = np.repeat([0, 1, -1], [100, 300, 10]).astype(np.int32)
    hit = np.zeros(410, np.bool_)
    hit[:60] = hit[100:130] = hit[400:402] = True
    (only,) = separating(hit, np.ones(410, np.bool_), [Column("channel", codes, ("live", "search"))])
    assert (only.conditions, only.cases, only.hits) == ((("channel", "live"),), 100, 60)
    assert (only.share_of_set, only.share_of_rest) == (60 / 90, 40 / 310)
    assert only.lift == pytest.approx((60.5 / 100.5) / (30.5 / 300.5))
    assert only.interval[0] < 6 < only.interval[1]
    assert only.p_value < 1e-20


def test_only_the_pool_is_compared() -> None:
    codes = np.repeat([0, 1], 200).astype(np.int32)
    hit = np.arange(400) % 2 == 0
    hit[:100] = True
    pool = np.arange(400) >= 100
    column = Column("channel", codes, ("live", "search"))
    assert separating(hit, np.ones(400, np.bool_), [column])
    assert separating(hit, pool, [column]) == ()


def test_what_is_recorded_of_the_set_alone_does_not_set_it_apart() -> None:
    codes = np.repeat([0, 1, -1], [300, 100, 400]).astype(np.int32)
    hit = np.arange(800) < 390
    assert separating(hit, np.ones(800, np.bool_), [Column("refund_reason", codes, ("torn", "late"))]) == ()


@pytest.mark.parametrize("hits", [0, 50])
def test_nothing_to_compare_with(hits: int) -> None:
    column = Column("channel", np.zeros(50, np.int32), ("live", "search"))
    assert separating(np.arange(50) < hits, np.ones(50, np.bool_), [column]) == ()


def test_of_many_fields_those_that_separate_best_are_combined() -> None:
    draw = np.random.default_rng(8)
    made = columns(draw, CASES, 40)
    pair: Planted = (("f32", "v1"), ("f38", "v0"))
    chance = np.where(holds(made, pair), 0.4, 0.03)
    told = separating(draw.random(CASES) < chance, np.ones(CASES, np.bool_), made)
    assert [each.conditions for each in told] == [pair]


def test_fields_with_very_many_values_are_not_combined() -> None:
    draw = np.random.default_rng(8)
    words = tuple(str(number) for number in range(1100))
    made = [Column(name, draw.integers(0, 1100, 5000).astype(np.int32), words) for name in ("shop", "town")]
    made[0].codes[:1000] = 5
    hit = np.arange(5000) < 800
    assert [each.conditions for each in separating(hit, np.ones(5000, np.bool_), made)] == [(("shop", "5"),)]
