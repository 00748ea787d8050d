"""The kernel of declared rules equals a look at every pair of events."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mining.kernels.rule_witness import ACTIVATES, COUNTS, rule_witness
from mining.rules.templates import Actor, How
from tests.property.mining.choices import Choice, Row, choices, unhurried

PEOPLE = 3


def gap(one: Row, other: Row, after: bool) -> int:
    return max(0, other.start - one.end if after else one.start - other.end)


@st.composite
def marked(draw: st.DrawFn) -> tuple[Choice, list[int], list[int]]:
    log = draw(choices())
    size = len(log.start)
    marks = draw(st.lists(st.integers(0, ACTIVATES | COUNTS), min_size=size, max_size=size))
    actors = draw(st.lists(st.integers(-1, PEOPLE - 1), min_size=size, max_size=size))
    return log, marks, actors


@unhurried
@given(
    marked(),
    st.booleans(),
    st.sampled_from(["any", "alternate", "chain"]),
    st.sampled_from([None, "same", "different"]),
    st.booleans(),
    st.sampled_from([0, 0, 1, 3, 7]),
    st.none() | st.integers(0, 12),
)
def test_rule_witness(
    made: tuple[Choice, list[int], list[int]],
    after: bool,
    how: How,
    actor: Actor | None,
    sure: bool,
    not_before: int,
    more: int | None,
) -> None:
    log, marks, actors = made
    within = None if more is None else not_before + more
    found = rule_witness(
        log.first, log.last, log.start, log.end, np.array(marks, np.uint8), np.array(actors, log.codes.dtype), PEOPLE,
        after=after, how=how, actor=actor, sure=sure, not_before=not_before, within=within,
    )  # fmt: skip

    def allowed(i: int, j: int) -> bool:
        if actor is None:
            return True
        if actors[i] < 0 or actors[j] < 0:
            return not sure
        return (actors[i] == actors[j]) == (actor == "same")

    expected: list[tuple[int, int]] = []
    gaps: list[int | None] = []
    for c, case in enumerate(log.cases):
        first = int(log.first[c])
        rows = range(first, first + len(case))
        for i in rows:
            if not marks[i] & ACTIVATES:
                continue
            expected.append((c, i))
            others = list(range(i + 1, rows.stop) if after else range(i - 1, first - 1, -1))
            if how == "chain":
                others = others[:1]
            elif how == "alternate":
                reached = next((n for n, j in enumerate(others) if marks[j] & ACTIVATES), len(others))
                others = others[: reached + 1]
            times = [
                gap(case[i - first], case[j - first], after) for j in others if marks[j] & COUNTS and allowed(i, j)
            ]
            times = [time for time in times if not_before <= time and (within is None or time <= within)]
            gaps.append(min(times, default=None))
    assert list(zip(found.case.tolist(), found.row.tolist(), strict=True)) == expected
    theirs: list[int | None] = []
    for (c, i), j in zip(expected, found.witness.tolist(), strict=True):
        if j < 0:
            theirs.append(None)
            continue
        first, case = int(log.first[c]), log.cases[c]
        assert marks[j] & COUNTS
        assert allowed(i, j)
        assert first <= j < first + len(case)
        assert (j > i) == after
        theirs.append(gap(case[i - first], case[j - first], after))
    assert theirs == gaps


def test_what_cannot_be_is_refused() -> None:
    one, two = np.array([0]), np.array([2])
    times, marks, actors = np.array([0, 1]), np.array([1, 2], np.uint8), np.array([0, 0], np.int16)
    with pytest.raises(ValueError, match="not_before"):
        rule_witness(one, two, times, times, marks, actors, 1, after=True, not_before=3, within=2)
    with pytest.raises(ValueError, match="code"):
        rule_witness(one, two, times, times, marks, actors + 1, 1, after=True)
    with pytest.raises(ValueError, match="rows"):
        rule_witness(one, two + 1, times, times, marks, actors, 1, after=True)
