"""Who is caught in a stoppage, what became of them, and how long a step takes to be left."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mining.stalls.caught import Flow, caught
from mining.stalls.leaving import leaving
from mining.stalls.reconciling import reconcile
from tests.helpers import HOUR, MINUTE
from tests.unit.stalls.stopped_shop import BEGIN, ENDS, UNTIL, shop

BANK, ALL = Flow("system", "bank"), Flow("process", "test")
WHAT = {"c1": "on", "c2": "never", "c3": "twice", "c4": "failed", "c5": "else"}


@pytest.mark.parametrize("flow", [BANK, ALL])
def test_each_case_that_was_due_is_caught_and_reconciled(flow: Flow) -> None:
    found = shop(WHAT, whole=flow is ALL)
    who = caught(found, flow, BEGIN, UNTIL, ENDS)
    assert found.case_ids.take(who.case).to_pylist() == list(WHAT)
    assert {found.activities[code] for code in who.next} == {"Pay"}
    assert {found.names["system"][code] for code in who.system} == {"bank"}
    late = reconcile(found, flow, who, BEGIN, UNTIL, UNTIL + 3 * HOUR, ENDS)
    assert late.outcome == ("continued", "lost", "doubled", "lost", "continued")
    assert found.activities[found.activity[late.row[4]]] == "Done"
    assert (late.row[[1, 3]] == -1).all()
    soon = reconcile(found, flow, who, BEGIN, UNTIL, UNTIL + 30 * MINUTE, ENDS)
    assert soon.outcome == ("continued", "waiting", "doubled", "waiting", "continued")
    lasting = reconcile(found, flow, who, BEGIN, None, UNTIL - MINUTE, ENDS)
    assert set(lasting.outcome) <= {"waiting", "continued"}


def test_what_is_not_due_yet_or_is_over_is_not_caught() -> None:
    found = shop(WHAT)
    # An order placed as the silence ends has still its minute.
    assert "z" not in found.case_ids.take(caught(found, BANK, BEGIN, UNTIL, ENDS).case).to_pylist()
    assert len(caught(found, BANK, BEGIN, UNTIL, ()).case) == 0
    assert len(caught(found, Flow("system", "unheard of"), BEGIN, UNTIL, ENDS).case) == 0
    # What waits for the bank does not wait for paper.
    assert len(caught(found, Flow("system", "paper"), BEGIN, UNTIL, ENDS).case) == 0
    # One that stood for days when it began was given up before.
    early = dataclasses.replace(found, end=found.end.copy())
    place = found.find("c1")
    assert place is not None
    early.end[found.offsets[place]] -= 30 * HOUR
    assert "c1" not in found.case_ids.take(caught(early, BANK, BEGIN, UNTIL, ENDS).case).to_pylist()


def test_a_step_that_is_often_repeated_is_no_double() -> None:
    found = shop({"c1": "twice"})
    who = caught(found, BANK, BEGIN, UNTIL, ENDS)
    same = dataclasses.replace(found, codes={**found.codes, "system": np.zeros(found.events, np.int16)})
    assert reconcile(same, BANK, who, BEGIN, UNTIL, UNTIL + HOUR, ENDS).outcome == ("doubled",)
    # Every case has been paid twice before: twice says nothing.
    activity = found.activity.copy()
    activity[activity == found.activities.index("Done")] = found.activities.index("Pay")
    often = dataclasses.replace(same, codes={**same.codes, "activity": activity})
    assert reconcile(often, BANK, who, BEGIN, UNTIL, UNTIL + HOUR, ENDS).outcome == ("continued",)


@given(
    took=st.lists(st.integers(0, 30), min_size=0, max_size=40),
    still=st.lists(st.integers(0, 30), min_size=0, max_size=40),
)
def test_the_product_limit_equals_the_textbook(took: list[int], still: list[int]) -> None:
    found = leaving(np.array(took, np.int64), np.array(still, np.int64))
    standing, expected = 1.0, []
    for time in sorted(set(took)):
        at_risk = sum(t >= time for t in took) + sum(t >= time for t in still)
        standing *= 1 - took.count(time) / at_risk
        expected.append(standing)
    assert found.times.tolist() == sorted(set(took))
    assert found.standing.tolist() == pytest.approx(expected)
    assert found.share == pytest.approx(1 - standing if took else 0)
    if took:
        assert found.within(1.0) <= max(took)
        assert found.within(0.5) <= found.within(0.99)
        if not still:
            assert found.within(0.5) == sorted(took)[(len(took) - 1) // 2]
