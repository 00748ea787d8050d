"""Causes of waiting in logs of which it is known why they wait."""

import numpy as np
import pytest

from mining.arena import Arena
from mining.settings import WorkingHours
from mining.waiting.causes import CAUSES, Split, split
from mining.waiting.enabling import enabling
from tests.helpers import DAY, HOUR, arena, event

MINUTE = HOUR // 60
MONDAY = 4 * DAY + 52 * 7 * DAY
"""A Monday, 0:00 UTC."""


def shares(rows: list[dict[str, object]], **more: object) -> dict[str, float]:
    """Part of all waiting each cause took, rounded; causes that took none are left out."""
    told = arena(rows)
    found = split(told, enabling(told), **more)  # type: ignore[arg-type]
    adds_up(told, found)
    total = max(int(found.waiting.sum()), 1)
    return {cause: round(float(found.part(cause).sum()) / total, 2) for cause in CAUSES if found.part(cause).any()}


def adds_up(told: Arena, found: Split) -> None:
    parts = found.rows(np.arange(told.events))
    assert (parts >= 0).all()
    assert parts.sum(0).tolist() == found.waiting.tolist()


def asked(case: str, at: int, begun: int, took: int, actor: str, activity: str = "check") -> list[dict[str, object]]:
    """A case: asked for by a customer, done by somebody some time later."""
    return [
        event(case, "ask", at, at, event_id=f"{case}a"),
        event(case, activity, begun, begun + took, event_id=f"{case}b", actor=actor),
    ]


def office(at: int) -> int:
    """The moment from `at` on at which an office that is open from 9 to 17 on weekdays is open."""
    while (at // DAY + 3) % 7 >= 5 or at % DAY >= 17 * HOUR or at % DAY < 9 * HOUR:
        at = at // DAY * DAY + 9 * HOUR if at % DAY < 9 * HOUR and (at // DAY + 3) % 7 < 5 else (at // DAY + 1) * DAY
    return at


def test_a_queue_is_contention() -> None:
    generator, free, rows = np.random.default_rng(1), 0, []
    at = MONDAY
    for number in range(600):
        at += int(generator.exponential(20)) * MINUTE
        begun = max(at, free)
        free = begun + int(generator.integers(5, 30)) * MINUTE
        rows += asked(str(number), at, begun, free - begun, "ann")
    assert shares(rows) == {"contention": 1.0}


def test_a_delay_day_and_night_is_nobodys_absence() -> None:
    generator, rows = np.random.default_rng(2), []
    for number in range(600):
        at = MONDAY + number * 97 * MINUTE
        rows += asked(str(number), at, at + int(generator.integers(2, 20)) * HOUR, MINUTE, f"clerk {number % 40}")
    assert shares(rows)["extraneous"] > 0.97


def test_nights_and_weekends_are_learned_where_something_waits_through_them() -> None:
    generator, rows, free = np.random.default_rng(3), [], 0
    for number in range(800):
        at = MONDAY + int(generator.integers(0, 60 * 24 * 60)) * MINUTE
        rows.append((at, number))
    told = []
    for at, number in sorted(rows):
        begun = max(office(at), office(free))
        free = begun + 4 * MINUTE
        told += asked(str(number), at, begun, 4 * MINUTE, "ann")
    found = shares(told)
    assert found["unavailability"] > 0.9
    assert found.get("extraneous", 0.0) < 0.03


def test_a_calendar_that_is_given_counts() -> None:
    week = [
        WorkingHours.model_validate({"from": "MONDAY", "to": "SUNDAY", "beginTime": "10:00", "endTime": "12:00:00"})
    ]
    rows = asked("1", MONDAY + 11 * HOUR, MONDAY + DAY + 11 * HOUR, HOUR, "ann")
    assert shares(rows, given={"ann": week}) == {"unavailability": 0.92, "extraneous": 0.08}
    assert shares(rows) == {"extraneous": 1.0}
    role = [{**each, "role": "clerk"} for each in rows]
    assert shares(role, given={"clerk": week}) == {"unavailability": 0.92, "extraneous": 0.08}


def test_a_pause_in_the_night_is_no_work_that_others_wait_for() -> None:
    hours = [WorkingHours.model_validate({"from": "MONDAY", "to": "SUNDAY", "beginTime": "08:00", "endTime": "20:00"})]
    rows = asked("1", MONDAY + 19 * HOUR, MONDAY + 19 * HOUR, 14 * HOUR, "ann")
    rows += asked("2", MONDAY + 19 * HOUR + MINUTE, MONDAY + DAY + 9 * HOUR, HOUR, "ann")
    found = shares(rows, given={"ann": hours})
    assert found == {"unavailability": 0.86, "contention": 0.14}


def test_what_is_let_pile_up_is_batching_and_what_flows_is_not() -> None:
    piled, flowing = [], []
    for day in range(30):
        for number in range(12):
            at = MONDAY + day * DAY + 8 * HOUR + number * 30 * MINUTE
            begun = MONDAY + day * DAY + 23 * HOUR + number * MINUTE
            piled += asked(f"{day} {number}", at, begun, MINUTE // 2, "poster")
            flowing += asked(f"{day} {number}", at, at + 3 * DAY, MINUTE // 2, "poster")
    assert shares(piled)["batching"] > 0.97
    assert "batching" not in shares(flowing)


def test_somebody_overtakes() -> None:
    rows = []
    for number in range(40):
        at = MONDAY + number * (DAY + 7 * HOUR)
        rows += asked(f"{number} slow", at, at + 3 * HOUR, HOUR, "ann")
        rows += asked(f"{number} quick", at + HOUR, at + HOUR, 2 * HOUR, "ann", "other")
    assert shares(rows) == {"prioritisation": 0.67, "extraneous": 0.33}


def test_nobody_waits_for_one_of_many_while_another_is_free() -> None:
    """Everybody may take it, and it starts two hours later whoever is busy: that is no queue."""
    generator, rows = np.random.default_rng(4), []
    for number in range(1500):
        at = MONDAY + number * 7 * MINUTE
        begun = at + 2 * HOUR + int(generator.integers(0, 5)) * MINUTE
        rows += asked(str(number), at, begun, 6 * MINUTE, f"clerk {generator.integers(5)}")
    found = shares(rows)
    assert found["extraneous"] > 0.9


@pytest.mark.parametrize("rows", [[], asked("1", MONDAY, MONDAY, 0, "ann")])
def test_where_nothing_waits_nothing_is_told(rows: list[dict[str, object]]) -> None:
    assert shares(rows) == {}
