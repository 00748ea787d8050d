"""Cases that stand still are told apart from those that end where they stand and from the edge of the log."""

from collections.abc import Callable

import numpy as np
import pytest

from collector.vocabulary.languages import LANGUAGES, Language
from mining.findings.facts import View
from mining.findings.stuck_case import stuck_case
from mining.settings import MiningSettings
from mining.story.tell import severity, tell
from tests.helpers import DAY, HOUR, T0, arena, event

DAYS = 20
A_DAY = 24


def queue(stops: Callable[[int, float], bool], *, hours: float = 1.0, seed: int = 1, ending: int = DAYS) -> View:
    """An order an hour for 20 days, checked after `hours` on average (exponential), then done.

    `stops`: given number of day and a draw in 0..1, whether one is never checked; `ending`: day on which the log ends.
    """
    draw = np.random.default_rng(seed)
    rows = []
    now = T0 + ending * DAY
    for n in range(DAYS * A_DAY):
        at = T0 + n * HOUR
        day, chance, wait = n // A_DAY, float(draw.random()), int(draw.exponential(hours) * HOUR)
        steps = [("Order", at)] if stops(day, chance) else [("Order", at), ("Check", at + wait), ("Done", at + wait)]
        rows += [event(f"c{n:04}", name, time) for name, time in steps if time <= now]
    return View(arena(rows), now, ("Done",), MiningSettings())


def told(view: View) -> list[tuple[object, str, int]]:
    return [(f.subject.get("activity"), severity(f, view.settings), f.cases) for f in stuck_case(view)]


def test_a_few_that_never_go_on_are_stuck_from_the_first_day_on() -> None:
    ((activity, level, cases),) = told(queue(lambda _, chance: chance < 0.03))
    assert (activity, level) == ("Order", "warning")
    assert 5 <= cases <= 25


def test_where_many_cases_end_they_are_given_up_and_not_stuck() -> None:
    ((_, level, cases),) = told(queue(lambda _, chance: chance < 0.4))
    assert level == "info"
    assert cases > 100


def test_a_break_of_the_last_days_is_no_end_of_its_own() -> None:
    view = queue(lambda day, chance: day >= DAYS - 8 and chance < 0.5)
    ((_, level, cases),) = told(view)
    assert level == "warning"
    assert cases > 0.1 * view.arena.cases


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("hours", [1.0, 24.0, 120.0])
def test_a_slow_step_cries_no_wolf_at_the_edge_of_the_log(hours: float, seed: int) -> None:
    view = queue(lambda *_: False, hours=hours, seed=seed)
    assert told(view) == []


def test_open_cases_count_in_what_the_step_needs() -> None:
    """Half of what came in the last weeks is open: those that went on already are the quick ones."""
    view = queue(lambda *_: False, hours=240.0, seed=3)
    arena = view.arena
    last = arena.offsets[1:] - 1
    open_ = np.diff(arena.offsets) == 1
    assert open_.mean() > 0.25
    waited = (view.now - arena.end[last[open_]]) / HOUR
    assert waited.max() > 240
    assert told(view) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_its_story_says_that_it_may_be_an_end(language: Language) -> None:
    view = queue(lambda _, chance: chance < 0.4)
    (finding,) = tell(stuck_case(view), view, "p", language)
    assert {"en": "an end of its own", "zh-CN": "本来就是一个终点"}[language] in finding.story
    assert "{" not in finding.story
