"""Hours a week: of which weeks they are, and how stories write them."""

from dataclasses import replace

import numpy as np

from mining.findings import detect
from mining.findings._columns import weeks, weeks_since, window
from mining.findings.facts import View
from mining.settings import MiningSettings
from mining.story.sentences import sentences
from mining.story.words import percent
from tests.helpers import DAY, log
from tests.unit.findings.shop import look, shop

ENDS = ("c",)


def test_a_wrong_clock_does_not_stretch_the_window() -> None:
    found, _ = shop(3, cases=300)
    exact = (int(found.end.max()) - int(found.start.min())) / (7 * DAY)
    assert weeks(found) == exact
    for moment in (0, 10**16):
        start, end = found.start.copy(), found.end.copy()
        start[5] = end[5] = moment
        assert abs(weeks(replace(found, start=start, end=end)) / exact - 1) < 0.02


def test_weeks_since_lie_between_a_day_and_the_window() -> None:
    found, now = shop(3, cases=300)
    view = View(found, now, ENDS, MiningSettings())
    first, last = window(found)
    assert weeks_since(view, None) == weeks_since(view, first - DAY) == weeks(found)
    assert weeks_since(view, last) == 1 / 7
    assert np.isclose(weeks_since(view, last - 2 * DAY), 2 / 7)


def test_a_few_events_are_all_of_the_window() -> None:
    found = log("abc", "abc")
    assert window(found) == (int(found.start.min()), int(found.end.max()))


def test_stuck_cases_lose_at_most_the_week() -> None:
    for fact in detect(look(*shop(3, cases=300))):
        if fact.name == "stuck_case":
            assert fact.hours_per_week <= 168 * fact.cases


def test_percentages_are_spaced_as_the_language_has_it() -> None:
    assert [percent(share, "en") for share in (0, 0.0025, 0.034, 0.71)] == ["0 %", "0.25 %", "3.4 %", "71 %"]
    assert percent(0.013, "zh-CN") == "1.3%"


def test_every_story_is_written_without_stray_signs() -> None:
    view = look(*shop(3, cases=300))
    for fact in detect(view):
        assert "%" not in " ".join(sentences(fact, view, "en")).replace(" %", "")
