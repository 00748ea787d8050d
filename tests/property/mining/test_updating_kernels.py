"""The kernels that bring causes of waiting up to date beside obvious Python versions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mining.kernels.pile_reach import pile_reach
from mining.kernels.place_ranges import place_ranges
from mining.kernels.rows_since import rows_since
from mining.kernels.same_cases import same_cases

Rows = list[int]
NEVER = np.iinfo(np.int64).max


def offsets(parts: list[Rows]) -> np.ndarray:
    return np.append(0, np.cumsum([len(part) for part in parts])).astype(np.int64)


def whole(parts: list[Rows]) -> np.ndarray:
    return np.array([value for part in parts for value in part], np.int64)


@st.composite
def cases(draw: st.DrawFn) -> list[Rows]:
    """Events, each in one case."""
    numbers = draw(st.lists(st.integers(0, 12), unique=True, max_size=10))
    cuts = sorted(draw(st.lists(st.integers(0, len(numbers)), max_size=4)))
    return [numbers[low:high] for low, high in zip([0, *cuts], [*cuts, len(numbers)], strict=True)]


@settings(deadline=None, max_examples=300)
@given(cases(), cases(), st.booleans())
def test_which_cases_are_as_they_were(old: list[Rows], new: list[Rows], stay: bool) -> None:
    if stay:
        new = list(reversed(old))
    found = same_cases(offsets(old), whole(old), offsets(new), whole(new))
    assert found.tolist() == [old.index(case) if case and case in old else -1 for case in new]


def test_numbers_below_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="below 0"):
        same_cases(np.array([0, 1]), np.array([-1]), np.array([0, 0]), np.empty(0, np.int64))


@settings(deadline=None, max_examples=200)
@given(cases(), st.booleans(), st.integers(0, 12))
def test_ranges_are_placed(parts: list[Rows], moved: bool, seed: int) -> None:
    source, ends = whole(parts), offsets(parts)
    if moved:  # rows of the same range, or none
        source = np.array(
            [ends[i] + value % len(part) if value % 3 else -1 for i, part in enumerate(parts) for value in part],
            np.int64,
        )
    order = np.argsort([(seed + k * 7) % 13 for k in range(len(parts))], kind="stable")
    to = np.zeros(len(parts), np.int64)
    to[order] = np.append(0, np.cumsum(np.diff(ends)[order]))[:-1] + 2
    into = np.full(len(source) + 4, -9, np.int64)
    place_ranges(source, ends[:-1], ends[1:], to, into, moved)
    wanted = [-9, -9]
    for i in order.tolist():
        by = to[i] - ends[i] if moved else 0
        wanted += [value + by if value >= 0 else value for value in source[ends[i] : ends[i + 1]].tolist()]
    assert into.tolist() == [*wanted, -9, -9]


def test_ranges_outside_are_refused() -> None:
    one, two = np.zeros(1, np.int64), np.full(1, 2)
    for first, last, to, into in ((one, two, one, one), (two, one, one, one), (one, one + 1, one + 1, one)):
        with pytest.raises(ValueError, match="outside"):
            place_ranges(one, first, last, to, into)
    with pytest.raises(ValueError, match="one entry"):
        place_ranges(one, one, one, two[:0], one)


rows = st.lists(st.tuples(st.integers(-1, 2), st.integers(-1, 1), st.integers(0, 9)), max_size=40)


@settings(deadline=None, max_examples=200)
@given(rows, st.lists(st.integers(0, 9) | st.just(NEVER), min_size=5, max_size=5))
def test_rows_from_a_moment_on(told: list[tuple[int, int, int]], since: list[int]) -> None:
    actor, instead, end = (np.array([each[k] for each in told], np.int64) for k in range(3))
    found = rows_since(actor.astype(np.int16), instead.astype(np.int16), 3, end, np.array(since))
    who = [a if a >= 0 else 3 + i if i >= 0 else None for a, i, _ in told]
    assert found.tolist() == [k for k, one in enumerate(who) if one is not None and told[k][2] >= since[one]]


def test_more_rows_than_there_was_room_for() -> None:
    none = np.zeros(5000, np.int16)
    assert rows_since(none, none, 1, np.arange(5000), np.array([10, 0])).tolist() == list(range(10, 5000))


event = st.tuples(st.integers(0, 1), st.integers(0, 6), st.integers(0, 6), st.integers(0, 3), st.booleans())


@settings(deadline=None, max_examples=300)
@given(st.lists(st.lists(event, max_size=7), min_size=1, max_size=3))
def test_how_far_back_a_batch_reaches(told: list[list[tuple[int, int, int, int, bool]]]) -> None:
    minute = 60_000_000
    actors = [sorted(actor, key=lambda e: (e[2], e[2] + e[3])) for actor in told]
    flat = [each for actor in actors for each in actor]
    activity = np.array([each[0] for each in flat], np.int16)
    start = np.array([each[2] for each in flat], np.int64) * minute
    enabled = np.array([min(each[1], each[2]) for each in flat], np.int64) * minute
    end = start + np.array([each[3] for each in flat], np.int64) * minute
    wanted = np.array([each[4] for each in flat], np.bool_)
    ends = np.append(0, np.cumsum([len(actor) for actor in actors])).astype(np.int64)
    found = pile_reach(ends, activity, start, end, enabled, wanted)
    for actor in range(len(actors)):
        reach, row = NEVER, int(ends[actor])
        while row < ends[actor + 1]:
            pile, latest = [row], int(end[row])
            for after in range(row + 1, int(ends[actor + 1])):
                pause = min((start[after] - enabled[after]) // 100, 5 * minute)
                if activity[after] != activity[row] or enabled[after] > start[row] or start[after] > latest + pause:
                    break
                pile.append(after)
                latest = max(latest, int(end[after]))
            if len(pile) > 1 and wanted[pile].any():
                reach = min(reach, int(enabled[pile].min()))
            row = pile[-1] + 1
        assert found[actor] == reach
