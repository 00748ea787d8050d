"""How cases turn out: whose they are, what they cost, what was paid back, who came again."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from mining.arena import Arena
from mining.choosing import Choosable
from mining.config import ProcessConfig
from mining.contrast.customers import customers
from mining.contrast.outcomes import NEVER, Outcomes, outcomes, refunded_at
from mining.settings import PriceSettings
from tests.helpers import DAY, HOUR, T0, arena, event

CONFIG = ProcessConfig("test", "case", end_activities=("Ship", "Cancel"), success_activities=("Ship",))


def thing(kind: str, name: str) -> dict[str, str | None]:
    return {"type": kind, "id": name, "qualifier": None}


def found(
    rows: list[dict[str, Any]], config: ProcessConfig = CONFIG, now: int = T0 + 90 * DAY, refunds: bool = False
) -> Outcomes:
    made = arena(rows, "test", "case")
    return outcomes(Choosable(made), config, now, refunded_at(made, config, (made,)) if refunds else None)


def values(told: Outcomes, name: str) -> list[float | None]:
    (outcome,) = [each for each in told.known if each.name == name]
    return [None if np.isnan(value) else float(value) for value in outcome.values]


def test_success_counts_for_cases_that_are_old_enough() -> None:
    rows = [event(str(n), "Order", T0 + n * DAY) for n in range(5)]
    rows += [event(str(n), "Ship", T0 + (n + 2) * DAY) for n in range(3)]
    told = found(rows, now=T0 + 5 * DAY + DAY // 2)
    assert values(told, "conversion") == [1, 1, 1, 0, None]
    assert told.after_s["conversion"] == 2 * 86400
    assert values(told, "duration") == [2 * 86400] * 3 + [None] * 2


def test_errors_and_rework() -> None:
    rows = [event("a", "Order", T0), event("b", "Order", T0), event("b", "Order", T0 + HOUR, outcome="error")]
    told = found(rows)
    assert (values(told, "errors"), values(told, "rework")) == ([0, 1], [0, 1])


def test_one_end_is_the_success_and_of_several_none() -> None:
    rows = [event("a", "Order", T0), event("a", "Ship", T0 + HOUR)]
    assert values(found(rows, replace(CONFIG, success_activities=(), end_activities=("Ship",))), "conversion") == [1]
    told = found(rows, replace(CONFIG, success_activities=()))
    assert {outcome.name for outcome in told.known} == {"errors", "rework", "duration"}


def test_cost_is_staff_and_waiting_at_their_prices() -> None:
    rows = [
        event("a", "Order", T0, T0 + HOUR, actor="c", actor_kind="user"),
        event("a", "Ship", T0 + 3 * HOUR, T0 + 5 * HOUR, actor="s"),
        event("b", "Order", T0),
    ]
    both = replace(CONFIG, prices=PriceSettings(hour=1000, waiting_hour=10))
    assert values(found(rows, both), "cost") == [2 * 1000 + 2 * 10, None]
    assert values(found(rows, replace(CONFIG, prices=PriceSettings(waiting_hour=10))), "cost") == [20, None]
    assert not any(outcome.name == "cost" for outcome in found(rows).known)


def test_refunds_in_the_case_itself() -> None:
    rows = [event(case, step, T0 + n * HOUR) for case in "abc" for n, step in enumerate(("Order", "Ship"))]
    rows.append(event("b", "Refund", T0 + 5 * HOUR))
    rows.append(event("d", "Order", T0))
    told = found(rows, replace(CONFIG, refund_activities=("Refund",)), refunds=True)
    assert values(told, "refunds") == [0, 1, 0, None]


def test_refunds_of_another_process_by_the_object_it_names() -> None:
    orders = arena([event(case, "Order", T0) for case in "abc"], "test", "case")
    rows: list[dict[str, Any]] = []
    for name, about in (("r1", "b"), ("r2", "zzz"), ("r3", "c")):
        both = [thing("rma", name), thing("case", about)]
        rows.append({**event(name, "Request", T0 + DAY, process="back", leading="rma"), "objects": both})
    rows.append(event("r1", "Refund", T0 + 2 * DAY, process="back", leading="rma"))
    rows.append(event("r1", "Refund", T0 + 3 * DAY, process="back", leading="rma"))
    rows.append(event("r2", "Refund", T0 + 2 * DAY, process="back", leading="rma"))
    returns = arena(rows, "back", "rma")
    config = replace(CONFIG, refund_activities=("Refund",))
    at = refunded_at(orders, config, (orders, returns))
    assert at is not None
    assert at.tolist() == [NEVER, T0 + 2 * DAY, NEVER]
    assert refunded_at(orders, CONFIG, (orders, returns)) is None


def owned(*cases: tuple[str, int, str | None]) -> Arena:
    rows: list[dict[str, Any]] = []
    for case, day, owner in cases:
        objects = [thing("case", case), *([thing("Customer", owner)] if owner else [])]
        rows.append({**event(case, "Order", T0 + day * DAY), "objects": objects})
    return arena(rows, "test", "case")


def test_customers_are_objects_else_actors() -> None:
    numbers = customers(owned(("a", 0, "x"), ("b", 0, "y"), ("c", 0, "x"), ("d", 0, None))).tolist()
    assert (numbers[0], numbers[3]) == (numbers[2], -1)
    assert numbers[0] != numbers[1]
    acted = arena([event(case, "Order", T0, actor=actor, actor_kind="user") for case, actor in ("ax", "by", "cx")])
    assert customers(acted)[0] == customers(acted)[2] != customers(acted)[1]
    assert customers(arena([event("a", "Order", T0, actor="li")])).tolist() == [-1]


@pytest.mark.parametrize(("now", "third"), [(60, 0.0), (11, None)])
def test_who_comes_again_soon(now: int, third: float | None) -> None:
    """Two come again, after one and three days: soon is within two. The last began so late that nobody can say."""
    made = owned(("a", 0, "x"), ("b", 1, "x"), ("c", 2, "y"), ("d", 5, "y"), ("e", 10, "z"), ("f", 3, None))
    told = outcomes(Choosable(made), CONFIG, T0 + now * DAY, None)
    assert values(told, "repurchase") == [1, None, 0, None, third, None]
    assert told.after_s["repurchase"] == 2 * 86400


def test_of_no_case_nothing_is_known() -> None:
    made = arena([event("a", "Order", T0)])
    none = Choosable(replace(made, offsets=made.offsets[:1], case_ids=made.case_ids[:0]))
    assert outcomes(none, CONFIG, T0, None).known == ()
