"""Detectors on a made-up shop: they find what was put in, and nothing in a healthy one."""

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest

import mining.findings
from mining.arena import Arena
from mining.findings import DETECTORS, detect
from mining.findings.facts import Fact, View
from mining.findings.rare_path import rare_path
from mining.findings.rework_loop import rework_loop
from mining.findings.slow_role import slow_role
from mining.findings.stuck_case import stuck_case
from mining.findings.system_error import system_error
from mining.findings.waiting import waiting
from mining.settings import BusinessDays, DeadlineSettings, MiningSettings
from mining.story.tell import severity
from tests.helpers import DAY, HOUR, MINUTE, T0, arena, event, log
from tests.unit.findings.shop import ENDS, Team, look, shop


def warnings(view: View) -> list[Fact]:
    return [fact for fact in detect(view) if severity(fact, view.settings) != "info"]


def only(facts: list[Fact]) -> Fact:
    assert len(facts) == 1, [(fact.name, fact.subject, fact.figures) for fact in facts]
    return facts[0]


def case_number(case_id: str) -> int:
    return int(case_id[1:])


def test_one_file_a_detector() -> None:
    folder = Path(mining.findings.__file__).parent
    files = {p.stem for p in folder.glob("*.py") if not p.stem.startswith("_")} - {"facts", "positions"}
    assert files == {detector.__name__ for detector in DETECTORS}  # type: ignore[attr-defined]


def test_nothing_in_an_empty_arena() -> None:
    assert detect(View(arena([]), 0, ENDS, MiningSettings())) == ()


def test_nothing_in_a_tiny_log() -> None:
    found = log("abc", "abc", "acb", "aabc")
    assert not warnings(View(found, int(found.end.max()), ("c",), MiningSettings()))


@pytest.mark.parametrize("seed", range(6))
def test_a_healthy_shop_raises_no_alarm(seed: int) -> None:
    draw = np.random.default_rng(seed)
    days = (0, 1, 2, 3, 4, 5, 6) if seed % 2 else (0, 1, 2, 3, 4)
    review = Team("reviewer", int(draw.integers(3, 8)), float(draw.uniform(2, 8)), float(draw.integers(7, 10)), 23)
    pick = Team("picker", int(draw.integers(7, 12)), float(draw.uniform(5, 12)), float(draw.integers(7, 10)), 23, days)
    cases = int(draw.integers(300, 1500))
    view = look(*shop(seed, cases=cases, days=int(draw.choice([7, 14])), review=review, pick=pick))
    assert not warnings(view)


def test_the_same_view_gives_the_same_facts() -> None:
    found, now = shop(3, cases=300)
    assert detect(look(found, now)) == detect(look(found, now))


def test_nobody_on_duty_in_the_evening() -> None:
    view = look(*shop(1, review=Team("reviewer", 4, 4, 8, 18)))
    fact = only([f for f in warnings(view) if f.name == "waiting"])
    assert fact.subject == {"activity": "Review", "source": "Pay", "target": "Review"}
    assert (fact.figures["pattern"], fact.figures["from_hour"], fact.figures["to_hour"]) == ("unattended", 18, 8)
    assert (fact.figures["try_from"], fact.figures["try_to"]) == (18, 24)
    assert len(fact.example_cases) == 5
    for case_id in fact.example_cases:
        assert wait_of(view.arena, case_id, "Review") > 6 * HOUR


def wait_of(found: Arena, case_id: str, activity: str) -> int:
    case = found.case_ids.to_pylist().index(case_id)
    rows = np.arange(found.offsets[case], found.offsets[case + 1])
    row = next(r for r in rows if found.activities[found.activity[r]] == activity)
    return int(found.start[row] - found.end[row - 1])


def test_once_a_day_batching() -> None:
    view = look(*shop(2, review=Team("reviewer", 4, 4, 8, 24, batch_hour=17.0)))
    fact = only([f for f in warnings(view) if f.name == "waiting"])
    assert fact.figures["pattern"] == "batched"
    assert fact.figures["hour"] == 17
    assert fact.subject["target"] == "Review"
    assert fact.share > 0.8


@pytest.mark.parametrize("seed", [1, 2])
def test_too_few_people(seed: int) -> None:
    view = look(*shop(seed, review=Team("reviewer", 1, 11, 8, 24)))
    fact = only([f for f in warnings(view) if f.name == "waiting"])
    assert fact.figures["pattern"] == "contended"
    assert fact.subject["target"] == "Review"
    assert fact.levers[0] == ("add_capacity", "business")


def test_a_wait_that_grew_from_a_day_on() -> None:
    change = T0 + 8 * DAY - 8 * HOUR
    rows = []
    draw = np.random.default_rng(0)
    for number in range(600):
        at = T0 - 8 * HOUR + int(draw.integers(0, 14 * DAY))
        wait = int(draw.exponential(20 * MINUTE)) + (2 * HOUR if at >= change else 0)
        rows.append(event(f"c{number}", "a", at, at + MINUTE))
        rows.append(event(f"c{number}", "b", at + MINUTE + wait, at + 2 * MINUTE + wait, actor_kind="system"))
    found = arena(rows)
    fact = only(list(waiting(look(found, T0 + 14 * DAY))))
    assert fact.figures["pattern"] == "risen"
    assert fact.since == change
    assert {*fact.example_cases} <= {f"c{n}" for n in range(600)}
    assert fact.confidence >= 0.99


def test_a_holiday_is_no_rise() -> None:
    rows = []
    draw = np.random.default_rng(0)
    for number in range(600):
        at = T0 - 8 * HOUR + int(draw.integers(0, 10 * DAY))
        wait = int(draw.exponential(20 * MINUTE)) + (9 * HOUR if at >= T0 + 7 * DAY - 8 * HOUR else 0)
        rows.append(event(f"c{number}", "a", at, at + MINUTE))
        rows.append(event(f"c{number}", "b", at + MINUTE + wait, at + 2 * MINUTE + wait, actor_kind="system"))
    view = look(arena(rows), T0 + 10 * DAY)
    holidays = tuple(date(2026, 1, 12 + n) for n in range(3))
    assert [f.figures["pattern"] for f in waiting(view)] == ["risen"]
    quiet = replace(view, business_days=BusinessDays(holidays=holidays))
    assert all(severity(fact, quiet.settings) == "info" for fact in waiting(quiet))


def test_a_wait_of_one_shop_only() -> None:
    rows = []
    draw = np.random.default_rng(0)
    for number in range(600):
        at = T0 + int(draw.integers(0, 14 * DAY))
        place = ("north", "south", "east")[number % 3]
        wait = int(draw.exponential(20 * MINUTE)) * (4 if place == "east" else 1)
        rows.append(event(f"c{number}", "a", at, at + MINUTE, shop=place))
        rows.append(
            event(f"c{number}", "b", at + MINUTE + wait, at + 2 * MINUTE + wait, shop=place, actor_kind="system")
        )
    fact = only(list(waiting(look(arena(rows), T0 + 14 * DAY))))
    assert fact.figures["pattern"] == "uneven"
    assert fact.segment[0][:2] == ("shop", "east")
    assert all(int(case_id[1:]) % 3 == 2 for case_id in fact.example_cases)


def test_the_customers_time_is_not_the_houses() -> None:
    rows = []
    draw = np.random.default_rng(0)
    for number in range(400):
        at = T0 + int(draw.integers(0, 14 * DAY))
        wait = int(draw.exponential(20 * HOUR))
        rows.append(event(f"c{number}", "a", at, at + MINUTE))
        rows.append(event(f"c{number}", "b", at + MINUTE + wait, actor_kind="user"))
    view = look(arena(rows), T0 + 20 * DAY)
    fact = only(list(waiting(view)))
    assert (fact.figures["pattern"], severity(fact, view.settings)) == ("outside", "info")


def test_a_step_skipped() -> None:
    view = look(*shop(1, skip_review=lambda n, channel: n % 40 == 0))
    fact = only([f for f in warnings(view) if f.name == "rare_path"])
    assert fact.subject["activity"] == "Review"
    assert (fact.subject["source"], fact.subject["target"]) == ("Pay", "Pick")
    assert all(case_number(c) % 40 == 0 for c in fact.example_cases)
    assert {int(view.arena.case_ids[r].as_py()[1:]) % 40 for r in fact.case_rows} == {0}


def test_a_step_before_the_one_that_must_come_first() -> None:
    view = look(*shop(2, ship_first=lambda n: n % 40 == 7))
    fact = only([f for f in warnings(view) if f.name == "rare_path"])
    assert fact.figures["how"] == "order"
    assert fact.subject == {
        "source": "Review",
        "target": "Ship",
        "activity": "Pick",
        "path": ("Review", "Ship", "Pick"),
    }
    assert all(case_number(c) % 40 == 7 for c in fact.example_cases)


def test_a_branch_of_its_own_is_no_deviation() -> None:
    paths = []
    for number in range(600):
        path = ["a", "d"] if number % 30 == 0 else ["a", "b", "c", "d"]
        paths.append((path, "POS" if number % 30 == 0 else "web"))
    rows = []
    for number, (path, platform) in enumerate(paths):
        for place, activity in enumerate(path):
            at = T0 + number * HOUR + place * 10 * MINUTE
            rows.append(event(f"c{number}", activity, at, at + MINUTE, platform=platform))
    view = look(arena(rows), T0 + 30 * DAY)
    fact = only(list(rare_path(view)))
    assert fact.figures["explained_by"] == "platform"
    assert severity(fact, view.settings) == "info"


def test_a_needed_step_left_out_by_amount() -> None:
    rows = []
    draw = np.random.default_rng(1)
    for number in range(900):
        amount = int(draw.integers(1_00, 1000_00))
        needs = amount >= 700_00
        skips = needs and number % 25 == 0
        path = ["a", "review", "b", "c"] if needs and not skips else ["a", "b", "c"]
        for place, activity in enumerate(path):
            at = T0 + number * HOUR + place * 10 * MINUTE
            rows.append(event(f"c{number}", activity, at, at + MINUTE, amount=amount if place == 0 else None))
    view = replace(look(arena(rows), T0 + 60 * DAY), end_activities=("c",))
    fact = only(list(rare_path(view)))
    assert (fact.figures["how"], fact.figures["needed_by"]) == ("exempt", "amount")
    assert fact.subject["activity"] == "review"
    assert all(int(c[1:]) % 25 == 0 for c in fact.example_cases)


def test_concurrent_steps_have_no_order() -> None:
    rows = []
    for number in range(600):
        at = T0 + number * HOUR
        rows.append(event(f"c{number}", "a", at, at + MINUTE))
        first = at + (4 if number % 25 else 1) * MINUTE
        rows.append(event(f"c{number}", "pack", at + 2 * MINUTE, at + 9 * MINUTE))
        rows.append(event(f"c{number}", "print", first, first + 5 * MINUTE))
        rows.append(event(f"c{number}", "z", at + 20 * MINUTE, at + 21 * MINUTE))
    assert not [f for f in warnings(look(arena(rows), T0 + 60 * DAY)) if f.name == "rare_path"]


def test_noise_spread_evenly_is_no_pattern() -> None:
    draw = np.random.default_rng(5)
    rows = []
    letters = list("abcdefghij")
    for number in range(800):
        path = list(letters)
        if draw.random() < 0.15:
            x, y = draw.integers(0, len(path), 2)
            path[x], path[y] = path[y], path[x]
        for place, activity in enumerate(path):
            at = T0 + number * HOUR + place * 10 * MINUTE
            rows.append(event(f"c{number}", activity, at, at + MINUTE))
    assert not [f for f in warnings(look(arena(rows), T0 + 60 * DAY)) if f.name == "rare_path"]


def test_rework_of_one_channel() -> None:
    view = look(*shop(1, correct=lambda channel, at: channel == "livestream" and at % 5 == 0))
    fact = only([f for f in warnings(view) if f.name == "rework_loop"])
    assert fact.subject["activity"] == "Correct address"
    assert fact.segment[0][:2] == ("channel", "livestream")
    assert fact.hours_per_week > 5
    channels = view.arena.names["channel"]
    for row in fact.case_rows:
        assert channels[view.arena.codes["channel"][view.arena.offsets[row]]] == "livestream"


def test_a_loop_is_told_once_with_its_way() -> None:
    paths = ["abcbcd" if n % 10 == 0 else "abcd" for n in range(300)]
    found = log(*paths, apart=HOUR)
    fact = only(list(rework_loop(look(found, int(found.end.max())))))
    assert fact.cases == 30
    assert fact.figures["path"] in ("b → c → b", "c → b → c")


def test_a_retry_after_an_error_is_no_rework() -> None:
    view = look(*shop(1, cases=600, failing=lambda at, platform: 0.1))
    assert not [f for f in rework_loop(view) if f.subject["activity"] == "Pay"]


def test_errors_since_a_moment() -> None:
    change = T0 + 9 * DAY
    view = look(*shop(1, failing=lambda at, platform: 0.08 if at > change else 0.002))
    fact = only([f for f in warnings(view) if f.kind == "error"])
    assert fact.subject == {"activity": "Pay", "system": "gateway", "module": "POST /charge"}
    assert fact.figures["error_type"] == "timeout"
    assert fact.since is not None
    assert abs(fact.since - change) < 18 * HOUR
    assert not fact.burst


def test_errors_of_one_platform() -> None:
    view = look(*shop(2, failing=lambda at, platform: 0.06 if platform == "ios" else 0.002))
    fact = only([f for f in warnings(view) if f.kind == "error"])
    assert fact.segment[0][:2] == ("platform", "ios")


def test_a_burst_of_errors_now() -> None:
    rows = []
    for number in range(1500):
        at = T0 + number * 10 * MINUTE
        bad = number >= 1494 or number % 300 == 0
        for attempt in range(4):
            rows.append(
                event(f"c{number}", "pay", at + attempt * MINUTE, error="refused" if bad else None, system="gateway")
            )
    found = arena(rows)
    fact = only(list(system_error(look(found, int(found.end.max())))))
    assert fact.burst
    assert severity(fact, MiningSettings()) == "warning"


def test_stuck_orders() -> None:
    view = look(*shop(1, stuck=lambda n: n % 100 == 7))
    fact = only([f for f in warnings(view) if f.name == "stuck_case"])
    assert fact.subject == {"activity": "Review"}
    assert not fact.stopped
    assert all(int(view.arena.case_ids[r].as_py()[1:]) % 100 == 7 for r in fact.case_rows)


def test_stuck_orders_past_their_deadline_are_critical() -> None:
    view = look(*shop(1, stuck=lambda n: n % 100 == 7))
    late = replace(view, deadlines=(DeadlineSettings(process="test", step="Ship", within_hours=48),))
    fact = only([f for f in stuck_case(late) if f.subject == {"activity": "Review"}])
    assert fact.deadlines_missed
    assert severity(fact, late.settings) == "critical"


def test_silent_telemetry_makes_no_case_stuck() -> None:
    view = look(*shop(1))
    assert stuck_case(view) == stuck_case(replace(view, now=view.now + 60 * DAY)) == []


def test_a_rise_of_seconds_is_not_worth_a_warning() -> None:
    rows = []
    draw = np.random.default_rng(0)
    for number in range(600):
        at = T0 - 8 * HOUR + int(draw.integers(0, 14 * DAY))
        wait = int(draw.exponential(20 * MINUTE // 60)) * (4 if at >= T0 + 8 * DAY - 8 * HOUR else 1)
        rows.append(event(f"c{number}", "a", at, at + MINUTE))
        rows.append(event(f"c{number}", "b", at + MINUTE + wait, at + 2 * MINUTE + wait, actor_kind="system"))
        rows.append(event(f"c{number}", "c", at + 2 * DAY, at + 2 * DAY + MINUTE, actor_kind="system"))
    view = look(arena(rows), T0 + 14 * DAY)
    assert all(severity(fact, view.settings) == "info" for fact in waiting(view))


def test_without_end_activities_nothing_is_stuck() -> None:
    view = look(*shop(1, stuck=lambda n: n % 100 == 7))
    assert not stuck_case(replace(view, end_activities=()))


def test_a_slow_person() -> None:
    view = look(*shop(1, review=Team("reviewer", 4, 4, 8, 24, slower=lambda a, t: 2.0 if a == "reviewer 1" else 1.0)))
    fact = only([f for f in warnings(view) if f.name == "slow_role"])
    assert fact.subject == {"role": "reviewer", "activity": "Review", "actor": "reviewer 1"}
    assert 1.7 < float(fact.figures["ratio"] or 0) < 2.3


def test_a_team_that_became_slower() -> None:
    change = T0 + 8 * DAY - 8 * HOUR
    view = look(*shop(1, review=Team("reviewer", 4, 4, 8, 24, slower=lambda a, t: 2.0 if t > change else 1.0)))
    fact = only([f for f in warnings(view) if f.name == "slow_role"])
    assert fact.since == change
    assert fact.figures["part"] == "past"


def test_one_role_slower_than_another_at_the_same_work() -> None:
    draw = np.random.default_rng(0)
    rows = []
    for number in range(500):
        at = T0 + number * HOUR
        role = ("day shift", "temps")[number % 2]
        length = draw.lognormal(0, 0.3) * (10 if role == "temps" else 6)
        rows.append(event(f"c{number}", "pack", at, at + int(length * MINUTE), role=role, actor=f"{role} {number % 6}"))
    fact = only(list(slow_role(look(arena(rows), T0 + 30 * DAY))))
    assert fact.subject == {"role": "temps", "activity": "pack"}


def test_times_are_those_of_the_zone() -> None:
    view = look(*shop(1, cases=900, review=Team("reviewer", 4, 4, 8, 18)))
    fact = only([f for f in waiting(view) if f.figures["pattern"] == "unattended"])
    assert fact.figures["from_hour"] == 18
    assert datetime.fromtimestamp(T0 / 1e6, tz=UTC).hour == 0
