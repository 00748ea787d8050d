"""What enabled each event, and the counts it is decided from, are what obvious Python finds."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mining.arena import NO_TIME
from mining.kernels.enabling import enabling_rows
from mining.kernels.overlapping import overlapping
from mining.kernels.path_orders import path_orders
from mining.summary.enabled import EVER, ended_before
from mining.waiting.enabling import enabling
from tests.helpers import arena, event
from tests.property.mining import enabling as plainly
from tests.property.mining.choices import unhurried

WORDS = "abcd"


@dataclass(frozen=True)
class Done:
    activity: str
    start: int
    end: int
    enabled: int | None = None
    actor: str | None = None


times = st.integers(0, 9) | st.integers(-(2**40), 2**40)
dones = st.builds(
    lambda activity, start, took: Done(activity, start, start + took),
    st.sampled_from(WORDS),
    times,
    st.just(0) | st.integers(-3, 9) | st.integers(0, 2**40),
)
cases = st.lists(dones, max_size=9).map(lambda case: sorted(case, key=lambda e: (e.start, e.end)))
logs = st.lists(cases, max_size=7)


def laid(log: Sequence[Sequence[Done]]) -> tuple[np.ndarray, ...]:
    """First and last row of each case, codes, start, end; with a row of nobody before each case."""
    rows: list[Done] = []
    first, last = [], []
    for case in log:
        rows.append(Done("a", 3, 5))
        first.append(len(rows))
        rows += case
        last.append(len(rows))
    columns = first, last, [WORDS.index(e.activity) for e in rows], [e.start for e in rows], [e.end for e in rows]
    return tuple(np.array(column, np.int64) for column in columns)


@unhurried
@given(logs, st.sets(st.sampled_from(list(combinations(WORDS, 2)))))
def test_the_enabling_row(log: list[list[Done]], pairs: set[tuple[str, str]]) -> None:
    first, last, codes, start, end = laid(log)
    matrix = np.zeros((4, 4), np.bool_)
    for a, b in pairs:
        matrix[WORDS.index(a), WORDS.index(b)] = matrix[WORDS.index(b), WORDS.index(a)] = True
    alone = np.flatnonzero(~matrix.any(axis=1))
    found = enabling_rows(first, last, np.where(np.isin(codes, alone), -1, codes).astype(np.int32), start, end, matrix)
    beside = {frozenset(pair) for pair in pairs}
    wanted = np.full(len(codes), -1)
    for low, case in zip(first.tolist(), log, strict=True):
        for i, place in enumerate(plainly.before(case, beside)):
            wanted[low + i] = -1 if place is None else low + place
    assert found.tolist() == wanted.tolist()


@unhurried
@given(logs)
def test_what_overlaps(log: list[list[Done]]) -> None:
    first, last, codes, start, end = laid(log)
    found = overlapping(first, last, codes.astype(np.int16), start, end, 4)
    wanted: Counter[tuple[int, int]] = Counter()
    for case in log:
        crossing = {tuple(sorted((e.activity, f.activity))) for e, f in combinations(case, 2) if f.start < e.end}
        wanted.update((WORDS.index(a), WORDS.index(b)) for a, b in crossing if a != b)
    pairs = list(zip(found.left.tolist(), found.right.tolist(), strict=True))
    assert pairs == sorted(wanted)
    assert found.cases.tolist() == [wanted[pair] for pair in pairs]


@unhurried
@given(st.lists(st.tuples(st.lists(st.integers(-1, 3), max_size=9), st.integers(0, 5)), max_size=6))
def test_the_orders_of_paths(paths: list[tuple[list[int], int]]) -> None:
    together, first, loops = Counter[tuple[int, int]](), Counter[tuple[int, int]](), Counter[tuple[int, int]]()
    for path, many in paths:
        for a, b in combinations(sorted({*path} - {-1}), 2):
            together[a, b] += many
            for one, other in ((a, b), (b, a)):
                once = path.count(one) == path.count(other) == 1
                first[one, other] += many * (once and path.index(one) < path.index(other))
                loops[a, b] += many * sum(path[i : i + 3] == [one, other, one] for i in range(len(path)))
    offsets = np.cumsum([0, *(len(path) for path, _ in paths)])
    steps = np.array([step for path, _ in paths for step in path], np.int32)
    found = path_orders(offsets, steps, np.array([many for _, many in paths], np.int64), 4)
    pairs = list(zip(found.left.tolist(), found.right.tolist(), strict=True))
    assert pairs == sorted(pair for pair in together if together[pair])
    assert found.together.tolist() == [together[pair] for pair in pairs]
    assert found.left_first.tolist() == [first[pair] for pair in pairs]
    assert found.right_first.tolist() == [first[b, a] for a, b in pairs]
    assert found.loops.tolist() == [loops[pair] for pair in pairs]


@unhurried
@given(st.lists(st.tuples(st.integers(-1, 2), st.integers(0, 6)), max_size=30))
def test_when_actors_were_free(rows: list[tuple[int, int]]) -> None:
    found = ended_before(np.array([a for a, _ in rows], np.int16), np.array([e for _, e in rows], np.int64))
    for (actor, end), free in zip(rows, found.tolist(), strict=True):
        earlier = [other for of, other in rows if of == actor and other < end]
        assert free == (NO_TIME if actor < 0 else max(earlier, default=EVER))


def test_rows_and_codes_out_of_range_are_refused() -> None:
    low, high, times, codes = np.array([0]), np.array([2]), np.array([0, 1]), np.array([0, 1])
    with pytest.raises(ValueError, match="out of range"):
        enabling_rows(low, high, codes, times, times, np.zeros((1, 1), np.bool_))
    with pytest.raises(ValueError, match="square"):
        enabling_rows(low, high, codes, times, times, np.zeros((2, 1), np.bool_))
    with pytest.raises(ValueError, match="outside"):
        enabling_rows(low, high + 1, codes, times, times, np.zeros((2, 2), np.bool_))
    with pytest.raises(ValueError, match="out of range"):
        overlapping(low, high, codes, times, times, 1)
    with pytest.raises(ValueError, match="out of range"):
        path_orders(np.array([0, 2]), codes, np.array([1]), 1)
    with pytest.raises(ValueError, match="one entry a path"):
        path_orders(np.array([0, 2]), codes, np.array([1, 1]), 2)


def enabling_activities(rows: list[tuple[str, str, int, int]]) -> set[tuple[str | None, str]]:
    """Transitions of a log of case, activity, start and end (minutes)."""
    made = arena([event(c, a, s * 60_000_000, e * 60_000_000, event_id=str(n)) for n, (c, a, s, e) in enumerate(rows)])
    found = enabling(made)
    names = [made.activities[code] for code in made.activity]
    return {(None if b < 0 else names[b], name) for b, name in zip(found.before.tolist(), names, strict=True)}


def test_branches_begin_at_their_split_and_end_in_their_join() -> None:
    """`pick` then `pack` beside `bill`; `pick` and `bill` overlap always, `pack` and `bill` in some cases."""
    rows = []
    for c in range(40):
        late = 6 * (c % 2)
        case = [("order", 0, 1), ("pick", 2, 4), ("bill", 3, 6 + late), ("pack", 8, 9), ("ship", 20, 21)]
        rows += [(str(c), a, s, e) for a, s, e in case]
    assert enabling_activities(rows) == {
        (None, "order"), ("order", "pick"), ("order", "bill"), ("pick", "pack"), ("pack", "ship"), ("bill", "ship"),
    }  # fmt: skip


def test_a_loop_is_not_concurrency() -> None:
    path = ["draft", "review", "draft", "review", "send"]
    rows = [(str(c), a, 3 * i, 3 * i + 2) for c in range(20) for i, a in enumerate(path[2 * (c % 2) :])]
    assert enabling_activities(rows) == {(None, "draft"), *pairwise(path)}


def test_a_rare_overlap_is_not_concurrency() -> None:
    rows = [(str(c), a, s, e) for c in range(100) for a, s, e in (("a", 0, 5 + (c == 7)), ("b", 5, 9))]
    assert enabling_activities(rows) == {(None, "a"), ("a", "b")}
