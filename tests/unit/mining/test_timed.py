"""Branches that a timer keeps apart, and what looks like one and isn't."""

from collections.abc import Callable

import numpy as np
import pytest

from mining.arena import Arena
from mining.config import ProcessConfig
from mining.reporting import report
from mining.waiting.enabling import enabling
from tests.helpers import DAY, HOUR, MINUTE, T0, arena, event

CASES = 400
Begin = Callable[[np.ndarray, np.ndarray, np.random.Generator], np.ndarray]


def log(begin: Begin, seed: int = 1, chain: bool = False) -> Arena:
    """s, x, then y, which begins at `begin(end of s, end of x)`; with `chain` x is two steps one after the other."""
    draw = np.random.default_rng(seed)
    left = np.sort(T0 + draw.integers(0, 20 * DAY, CASES))
    taken = draw.integers(5 * MINUTE, HOUR, CASES)
    more = draw.integers(5 * MINUTE, HOUR, CASES) if chain else np.zeros(CASES, np.int64)
    done = left + MINUTE + taken + more
    starts = np.maximum(begin(left, done, draw), done + 1)
    rows = []
    for n in range(CASES):
        case, at, middle = f"c{n}", int(left[n]), int(left[n] + MINUTE + taken[n])
        rows.append(event(case, "s", at - MINUTE, at))
        rows.append(event(case, "x", at + MINUTE, middle))
        if chain:
            rows.append(event(case, "w", middle, int(done[n])))
        rows.append(event(case, "y", int(starts[n]), int(starts[n]) + MINUTE))
    return arena(rows)


def enablers(made: Arena) -> dict[tuple[str, str], int]:
    found = enabling(made)
    told: dict[tuple[str, str], int] = {}
    for row in np.flatnonzero(found.before >= 0).tolist():
        pair = made.activities[made.activity[found.before[row]]], made.activities[made.activity[row]]
        told[pair] = told.get(pair, 0) + 1
    return told


def after(hours: float, spread: float) -> Begin:
    return lambda left, done, draw: (
        left + np.int64(hours * HOUR) + (draw.random(len(left)) * spread * HOUR).astype(np.int64)
    )


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("begin", [after(4, 0), after(4, 2), after(24, 1)])
def test_a_timer_beside_another_branch(begin: Begin, seed: int) -> None:
    made = log(begin, seed)
    assert enablers(made) == {("s", "x"): CASES, ("s", "y"): CASES}
    told = report(made, ProcessConfig("test", "case"), int(made.end.max()))
    assert {(t.source, t.target) for t in told.transitions} == {("s", "x"), ("s", "y")}


def test_where_it_varies_more_than_the_branch_nothing_can_be_told() -> None:
    assert enablers(log(after(24, 24))) == {("s", "x"): CASES, ("x", "y"): CASES}


def test_beside_a_branch_of_two_steps() -> None:
    assert enablers(log(after(4, 0), chain=True)) == {("s", "x"): CASES, ("x", "w"): CASES, ("s", "y"): CASES}


def waits(left: np.ndarray, done: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    return done + draw.exponential(30 * MINUTE, len(done)).astype(np.int64)


def long_waits(left: np.ndarray, done: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    return done + draw.exponential(10 * DAY, len(done)).astype(np.int64)


def nightly(left: np.ndarray, done: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    return (done - 5 * HOUR) // DAY * DAY + DAY + 5 * HOUR


def hourly(left: np.ndarray, done: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    return (done // (4 * HOUR) + 1) * 4 * HOUR


def in_batches(left: np.ndarray, done: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """Of twenty, in the order of s, once the last one is there."""
    return np.concatenate([np.full(len(part), part.max() + MINUTE) for part in np.array_split(done, CASES // 20)])


def by_number(left: np.ndarray, done: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """One desk that is busy all the time takes them in the order of s."""
    free, starts = T0, []
    for ready in done.tolist():
        starts.append(max(free, ready))
        free = starts[-1] + int(draw.exponential(65 * MINUTE))
    return np.array(starts)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("begin", [waits, long_waits, nightly, hourly, in_batches, by_number])
def test_what_follows_and_waits(begin: Begin, seed: int) -> None:
    assert enablers(log(begin, seed)) == {("s", "x"): CASES, ("x", "y"): CASES}


def test_always_at_the_same_time_of_the_day_nothing_can_be_told() -> None:
    """s at ten, y the next morning at nine: by the clock, or 23 hours after s."""
    rows = []
    draw = np.random.default_rng(1)
    for n in range(CASES):
        at = T0 + n * DAY
        rows += [event(f"c{n}", "s", at - MINUTE, at), event(f"c{n}", "y", at + 23 * HOUR, at + 23 * HOUR + MINUTE)]
        rows.append(event(f"c{n}", "x", at, at + int(draw.integers(MINUTE, 5 * HOUR))))
    assert enablers(arena(rows)) == {("s", "x"): CASES, ("x", "y"): CASES}
