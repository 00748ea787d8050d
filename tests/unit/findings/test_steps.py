"""Slow steps, growing queues, complex steps: found where they were put in, and nowhere else."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from collector.vocabulary.languages import LANGUAGES, Language
from mining.findings.complex_step import complex_step
from mining.findings.facts import Fact, View
from mining.findings.queue_growing import queue_growing
from mining.findings.slow_step import slow_step
from mining.settings import DeadlineSettings, MiningSettings, WorkingHours
from mining.story.tell import severity, tell
from tests.helpers import DAY, HOUR, MINUTE, SECOND, T0, arena, event
from tests.unit.findings.shop import SHANGHAI, Team, look, shop

MIDNIGHT = T0 - 8 * HOUR
"""Of the shop's first day."""


def only(facts: list[Fact]) -> Fact:
    assert len(facts) == 1, [(fact.subject, fact.figures) for fact in facts]
    return facts[0]


def checks(
    slower: Callable[[int, str, str], float] = lambda at, device, person: 1.0,
    failing: Callable[[int, str], float] = lambda at, device: 0.0,
    spread: float = 0.3,
    cases: int = 3000,
    kind: str = "staff",
) -> View:
    """Three steps by six people on three devices over 21 days; `check` takes 10 minutes, times `slower`."""
    draw = np.random.default_rng(5)
    rows = []
    for number in range(cases):
        at = MIDNIGHT + int(draw.integers(0, 21 * DAY))
        device, person = f"d{draw.integers(3)}", f"p{draw.integers(6)}"
        for step, usual in (("take", 3), ("check", 10), ("send", 3)):
            factor = slower(at, device, person) if step == "check" else 1.0
            end = at + int(usual * MINUTE * draw.lognormal(0, spread if step == "check" else 0.3) * factor)
            failed = step == "check" and draw.random() < failing(at, device)
            rows.append(
                event(
                    f"c{number:04}",
                    step,
                    at,
                    end,
                    actor=person,
                    actor_kind=kind,
                    role="clerk",
                    device=device,
                    system="desk",
                    error="refused" if failed else None,
                )
            )
            at = end + 5 * MINUTE
    return View(arena(rows), MIDNIGHT + 22 * DAY, ("send",), MiningSettings(), zone=SHANGHAI)


def test_a_step_that_is_as_it_was_is_not_slow() -> None:
    assert not slow_step(checks())


def test_a_step_slower_since_a_day() -> None:
    changed = MIDNIGHT + 12 * DAY
    fact = only(slow_step(checks(lambda at, device, person: 2.0 if at >= changed else 1.0, kind="system")))
    assert fact.subject == {"activity": "check"}
    assert fact.figures["pattern"] == "risen"
    assert fact.since == changed
    assert 1.8 < float(fact.figures["ratio"] or 0) < 2.2
    # 3000 cases in three weeks, 10 minutes more each.
    assert fact.hours_per_week == pytest.approx(1000 / 6, rel=0.15)
    assert len(fact.example_cases) == 5
    assert fact.confidence >= 0.8


def test_a_team_slower_at_its_step_is_told_once() -> None:
    changed = MIDNIGHT + 12 * DAY
    view = checks(lambda at, device, person: 6.0 if at >= changed else 1.0)
    assert not slow_step(view)


def test_a_device_that_is_slow() -> None:
    fact = only(slow_step(checks(lambda at, device, person: 2.5 if device == "d1" else 1.0)))
    assert fact.subject == {"activity": "check", "device": "d1"}
    assert fact.segment[0][:2] == ("device", "d1")
    assert fact.since is None
    assert fact.hours_per_week == pytest.approx(1000 / 3 * 15 / 60, rel=0.2)
    assert fact.figures["lost_low"] < fact.hours_per_week < fact.figures["lost_high"]  # type: ignore[operator]
    assert fact.confidence >= 0.8


def test_a_device_slow_since_a_day() -> None:
    changed = MIDNIGHT + 14 * DAY
    slow = checks(lambda at, device, person: 3.0 if device == "d1" and at >= changed else 1.0)
    fact = only(slow_step(slow))
    assert fact.subject == {"activity": "check", "device": "d1"}
    assert fact.since == changed


def test_a_slow_person_is_no_slow_step() -> None:
    assert not slow_step(checks(lambda at, device, person: 3.0 if person == "p1" else 1.0))


def test_where_many_fail_the_errors_come_first() -> None:
    view = checks(
        lambda at, device, person: 2.5 if device == "d1" else 1.0,
        lambda at, device: 0.3 if device == "d1" else 0.01,
    )
    fact = only(slow_step(view))
    assert severity(fact, view.settings) == "info"
    assert 0.25 < float(fact.figures["errors"] or 0) < 0.35


def test_a_heavy_tail_is_for_information() -> None:
    view = checks(spread=2.2)
    fact = only(slow_step(view))
    assert (fact.figures["pattern"], severity(fact, view.settings)) == ("tail", "info")


@pytest.mark.parametrize(("kind", "told"), [("staff", []), ("system", ["tail"])])
def test_nights_of_people_within_the_work_are_no_work(kind: str, told: list[str]) -> None:
    rows = []
    draw = np.random.default_rng(2)
    for number in range(800):
        day = MIDNIGHT + (number % 28) * DAY
        at = day + int(draw.uniform(9, 18) * HOUR)
        end = at + int(90 * MINUTE * draw.lognormal(0, 0.3))
        # What is not done at six is put away until nine.
        end += 15 * HOUR if end > day + 18 * HOUR else 0
        rows.append(event(f"c{number:04}", "check", at, end, actor=f"p{number % 4}", actor_kind=kind, role="clerk"))
    hours = {"from": "MONDAY", "to": "SUNDAY", "beginTime": "09:00", "endTime": "18:00"}
    calendars = {"clerk": (WorkingHours.model_validate(hours),)} if kind == "staff" else {}
    view = View(arena(rows), MIDNIGHT + 29 * DAY, (), MiningSettings(), zone=SHANGHAI, calendars=calendars)
    assert [fact.figures["pattern"] for fact in slow_step(view)] == told


def test_a_healthy_shop_has_no_growing_queue() -> None:
    for seed in range(4):
        assert not queue_growing(look(*shop(seed, days=14)))


def counter(capacity: float, days: int = 24, begins: int = 10, lead: bool = False, stuck: float = 0.0) -> View:
    """60 cases a day for a desk that does 100, and from day `begins` on `capacity` a day, first come first served."""
    draw = np.random.default_rng(11)
    rows, free = [], 0
    times = np.sort(MIDNIGHT + draw.integers(0, days * DAY, 60 * days))
    now = MIDNIGHT + days * DAY
    for number, at in enumerate(int(t) for t in times):
        rows.append(event(f"c{number:05}", "ask", at, at + SECOND, actor_kind="system"))
        ready = at + SECOND
        if draw.random() < stuck:
            continue
        begin = ready + int(draw.uniform(60, 84) * HOUR) if lead else max(ready, free)
        length = DAY / (100 if begin < MIDNIGHT + begins * DAY else capacity) * draw.lognormal(0, 0.2)
        free = begin + int(length)
        if free <= now:
            rows.append(event(f"c{number:05}", "answer", begin, free, actor="desk 1", role="desk"))
    return View(arena(rows), now, ("answer",), MiningSettings(), zone=SHANGHAI)


def test_a_queue_that_grows() -> None:
    view = counter(40)
    fact = only(queue_growing(view))
    assert fact.subject == {"activity": "answer"}
    assert fact.since is not None
    assert abs(fact.since - (MIDNIGHT + 10 * DAY)) <= 2 * DAY
    assert float(fact.figures["a_day"] or 0) == pytest.approx(20, rel=0.25)
    assert float(fact.figures["a_day_low"] or 0) < 20 < float(fact.figures["a_day_high"] or 0)
    # Of a queue of n at the end a day's work of 40 clears 40.
    assert float(fact.figures["more_hours"] or 0) == pytest.approx(20 / (40 / 24), rel=0.4)
    assert severity(fact, view.settings) == "warning"
    assert len(fact.example_cases) == 5


def test_a_queue_that_grows_breaks_the_deadline() -> None:
    limit = DeadlineSettings(process="test", step="answer", within_hours=24 * 30)
    fact = only(queue_growing(replace(counter(40), deadlines=(limit,))))
    assert 10 < float(fact.figures["deadline_days"] or 0) < 60
    assert fact.deadlines_missed == 0


@pytest.mark.parametrize("view", [counter(100), counter(70), counter(100, lead=True), counter(100, stuck=0.1)])
def test_a_stable_queue_is_none(view: View) -> None:
    assert not queue_growing(view)


def test_a_weekly_cycle_is_no_growth() -> None:
    for days in (12, 13, 14, 19, 20):
        review = Team("reviewer", 8, 3, 8, 23, (0, 1, 2, 3, 4))
        assert not queue_growing(look(*shop(days, cases=60 * days, days=days, review=review)))


def complicated(costs: bool, share: float = 0.4) -> View:
    """Six plain steps and `decide`, done by several people in several goes and followed by one of six; or not."""
    draw = np.random.default_rng(3)
    rows = []
    for number in range(900):
        at = MIDNIGHT + int(draw.integers(0, 14 * DAY))
        case = f"c{number:04}"
        for step in "abc":
            rows.append(event(case, step, at, at + MINUTE, actor=f"p{number % 5}", role="clerk"))
            at += 10 * MINUTE
        goes = 4 if draw.random() < share else 2 if draw.random() < 0.5 else 1
        length = int(20 * MINUTE * draw.lognormal(0, 0.3) / (1 if costs else goes))
        for go in range(goes):
            rows.append(event(case, "decide", at, at + length, actor=f"q{go}", role="clerk"))
            at += length + (HOUR if costs and go < goes - 1 else 0)
        rows.append(event(case, f"way {number % 6}", at + MINUTE, at + 2 * MINUTE, actor="z", role="clerk"))
    return View(arena(rows), MIDNIGHT + 15 * DAY, (), MiningSettings(), zone=SHANGHAI)


def test_a_complex_step_that_costs() -> None:
    fact = only(complex_step(complicated(costs=True)))
    assert fact.subject == {"activity": "decide"}
    assert {"retries", "hands", "branches"} <= set(str(fact.figures["parts"]).split(", "))
    assert float(fact.figures["ratio"] or 0) > 1.5
    assert fact.hours_per_week > 100
    assert len(fact.example_cases) == 5


def test_what_is_complex_and_costs_nothing_is_not_told() -> None:
    assert not complex_step(complicated(costs=False))


def test_a_healthy_shop_has_no_complex_step() -> None:
    for seed in range(4):
        assert not complex_step(look(*shop(seed)))


@pytest.mark.parametrize("language", LANGUAGES)
def test_stories(language: Language) -> None:
    changed = MIDNIGHT + 12 * DAY
    views = (
        checks(lambda at, device, person: 2.0 if at >= changed else 1.0, kind="system"),
        checks(lambda at, device, person: 3.0 if device == "d1" and at >= changed else 1.0),
        checks(lambda at, device, person: 2.5 if device == "d1" else 1.0, lambda at, device: 0.3 * (device == "d1")),
        checks(spread=2.2),
        replace(counter(40), deadlines=(DeadlineSettings(process="test", step="answer", within_hours=24 * 30),)),
        complicated(costs=True),
    )
    for view in views:
        facts = [*slow_step(view), *queue_growing(view), *complex_step(view)]
        for finding in tell(facts, view, "test", language):
            for sentence in (finding.title, finding.story, *(s.detail for s in finding.suggestions)):
                assert sentence.strip()
                assert "{" not in sentence
                assert "None" not in sentence
            if language == "zh-CN":
                assert any("一" <= letter <= "鿿" for letter in finding.title)
