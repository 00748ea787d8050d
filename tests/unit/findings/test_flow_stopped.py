"""A flow that stops is seen within minutes by day, and one that rests is left in peace."""

from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from collector.vocabulary.languages import LANGUAGES, Language
from mining.findings._rhythm import rhythm
from mining.findings.facts import View
from mining.findings.flow_stopped import flow_stopped
from mining.settings import BusinessDays, MiningSettings
from mining.story.tell import severity, tell
from tests.helpers import DAY, HOUR, MINUTE, SECOND, T0, arena, event

MIDNIGHT = T0 // DAY * DAY
UTC = ZoneInfo("UTC")
DAYS = 21


def flow(
    seed: int,
    now: int,
    *,
    stop: dict[str, int] | None = None,
    silent: tuple[str, int, int] = ("", 0, 0),
    closed: tuple[int, ...] = (),
) -> View:
    """Orders by day (9 to 21 h, 60 an hour) over two gateways, none on `closed` days.

    `stop`: a gateway is silent from then on; `silent`: from one time to another.
    """
    draw = np.random.default_rng(seed)
    rows = []
    number = 0
    for day in range(DAYS + 1):
        if day in closed:
            continue
        for hour in range(9, 21):
            for second in np.sort(draw.integers(0, 3600, draw.poisson(60))):
                number += 1
                at = MIDNIGHT + day * DAY + hour * HOUR + int(second) * SECOND
                gateway = ("alpha", "beta")[number % 2]
                for name, later in (("Order", 0), ("Pay", 40 * SECOND), ("Done", 5 * MINUTE)):
                    begin = at + later
                    if begin + SECOND > min(now, (stop or {}).get(gateway, now)):
                        continue
                    if gateway == silent[0] and silent[1] < begin + SECOND < silent[2]:
                        continue
                    rows.append(event(f"c{number:06}", name, begin, begin + SECOND, system=gateway))
    return View(arena(rows), now, ("Done",), MiningSettings(), zone=UTC)


def at(day: int, hour: float) -> int:
    return MIDNIGHT + day * DAY + int(hour * HOUR)


def test_a_whole_process_that_stopped_is_told_within_minutes_with_its_cases() -> None:
    stop = at(DAYS, 14)
    view = flow(1, stop + 20 * MINUTE, stop={"alpha": stop, "beta": stop})
    (fact,) = flow_stopped(view)
    assert fact.subject == {"process": "test"}
    assert severity(fact, view.settings) == "critical"
    assert fact.since is not None
    assert stop - MINUTE < fact.since <= stop
    ids = [view.arena.case_ids[row].as_py() for row in fact.case_rows]
    open_cases = {
        view.arena.case_ids[c].as_py()
        for c in range(view.arena.cases)
        if "Done" not in {view.arena.activities[a] for a in view.arena.activity[slice(*view.arena.offsets[c : c + 2])]}
    }
    assert set(ids) == open_cases != set()


def test_one_gateway_that_stopped_is_told_by_its_name() -> None:
    stop = at(DAYS, 14)
    view = flow(2, stop + 25 * MINUTE, stop={"beta": stop})
    (fact,) = flow_stopped(view)
    assert fact.subject == {"system": "beta"}
    assert flow_stopped(replace(view, now=stop + MINUTE)) == []


@pytest.mark.parametrize("seed", range(3))
def test_a_healthy_flow_is_never_missed(seed: int) -> None:
    view = flow(seed, at(DAYS, 23))
    for step in range(3 * 24 * 4):
        assert flow_stopped(replace(view, now=at(DAYS - 2, 0) + step * 15 * MINUTE)) == []


def test_a_holiday_and_the_night_are_quiet_and_the_morning_after_is_not() -> None:
    holiday = BusinessDays(holidays=(date(1970, 1, 1) + timedelta(days=MIDNIGHT // DAY + DAYS - 1),))
    stop = at(DAYS - 2, 21)
    view = flow(4, stop, stop={"alpha": stop, "beta": stop})
    for now in (at(DAYS - 1, 3), at(DAYS - 1, 15), at(DAYS, 8.9)):
        assert flow_stopped(replace(view, now=now, business_days=holiday)) == []
    assert flow_stopped(replace(view, now=at(DAYS, 9.5), business_days=holiday))
    assert flow_stopped(replace(view, now=at(DAYS - 1, 15)))


def test_a_make_up_workday_is_expected_to_be_one() -> None:
    first = MIDNIGHT // DAY
    weekend = tuple(d for d in range(DAYS + 1) if (first + d - 4) % 7 >= 5)
    saturday = max(d for d in weekend if (first + d - 4) % 7 == 5)
    view = flow(5, at(saturday, 0), closed=weekend)
    asked = replace(view, now=at(saturday, 12))
    assert flow_stopped(asked) == []
    days = BusinessDays(workdays=(date(1970, 1, 1) + timedelta(days=first + saturday),))
    assert flow_stopped(replace(asked, business_days=days))


def test_all_that_falls_silent_together_is_no_source_that_stopped() -> None:
    """An end of the log: the other gateway has one last event, and nothing more."""
    stop = at(DAYS, 14)
    view = flow(6, stop + 40 * MINUTE, stop={"beta": stop, "alpha": stop + MINUTE})
    assert all("system" not in fact.subject for fact in flow_stopped(view))


def test_a_log_of_the_past_and_a_short_one_say_nothing() -> None:
    view = flow(7, at(DAYS, 14))
    assert flow_stopped(replace(view, now=at(DAYS + 8, 14))) == []
    assert flow_stopped(replace(flow(7, at(6, 14)), now=at(6, 18))) == []


def test_a_log_that_was_read_once_and_ends_has_not_stopped() -> None:
    stop = at(DAYS, 14)
    view = flow(1, stop + 30 * MINUTE, stop={"alpha": stop, "beta": stop})
    assert flow_stopped(replace(view, imported=("c", "d"))) == []
    assert flow_stopped(replace(view, imported=("d",)))
    # The last order came live: what follows a log that was read is heard.
    last = max(range(view.arena.events), key=lambda row: int(view.arena.end[row]))
    ids = view.arena.event_ids.to_pylist()
    assert flow_stopped(replace(view, imported=tuple(sorted({i[:7] for i in ids} - {ids[last][:7]}))))


def test_while_nobody_listens_nothing_is_silent() -> None:
    stop = at(DAYS, 14)
    view = flow(1, stop + HOUR, stop={"alpha": stop, "beta": stop})
    assert flow_stopped(replace(view, listening=view.now)) == []
    assert flow_stopped(replace(view, listening=view.now - 3 * MINUTE)) == []
    (fact,) = flow_stopped(replace(view, listening=stop + 10 * MINUTE))
    assert fact.since == stop + 10 * MINUTE
    (fact,) = flow_stopped(replace(view, listening=stop - DAY))
    assert fact.since is not None
    assert fact.since <= stop


def test_a_choice_of_cases_says_nothing() -> None:
    stop = at(DAYS, 14)
    view = flow(1, stop + 30 * MINUTE, stop={"alpha": stop, "beta": stop})
    assert flow_stopped(view)
    assert flow_stopped(replace(view, known=view.split)) == []


def test_one_batch_a_day_is_silent_until_the_next() -> None:
    rows = [
        event(f"c{day}-{n}", "Post", at(day, 2) + n * SECOND, at(day, 2) + n * SECOND + SECOND)
        for day in range(DAYS)
        for n in range(500)
    ]
    view = View(arena(rows), at(DAYS - 1, 23), (), MiningSettings(), zone=UTC)
    assert all(flow_stopped(replace(view, now=at(DAYS - 1, hour / 2))) == [] for hour in range(5, 52))


def test_the_rhythm_expects_what_a_quiet_week_has() -> None:
    view = flow(8, at(DAYS, 14))
    found = rhythm(view, np.sort(view.arena.end), view.now)
    assert found is not None
    moments = np.array([at(DAYS, 10), at(DAYS, 11)])
    before, after = found.until(moments)
    assert 100 < after - before < 180
    assert found.chance(at(DAYS, 0), at(DAYS, 8)) == pytest.approx(1.0)
    assert found.chance(at(DAYS, 10), at(DAYS, 11)) < 1e-6


@pytest.mark.parametrize("language", LANGUAGES)
def test_its_story(language: Language) -> None:
    stop = at(DAYS, 14)
    for stopped in ({"alpha": stop, "beta": stop}, {"beta": stop}):
        view = flow(9, stop + 30 * MINUTE, stop=stopped)
        (finding,) = tell(flow_stopped(view), view, "test", language)
        assert finding.urgency == "page"
        for sentence in (finding.title, finding.story, *(s.detail for s in finding.suggestions)):
            assert sentence
            assert "{" not in sentence
            assert (language == "zh-CN") == any("一" <= letter <= "鿿" for letter in sentence)
