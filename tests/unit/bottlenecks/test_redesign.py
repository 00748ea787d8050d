"""Before against after: right where only weekdays or the mix moved, and silent where the data is not enough."""

from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from mining.bottlenecks.measuring import Subject, afterwards, baseline, measure, subject_of
from mining.bottlenecks.redesign import Side, compare
from tests.helpers import DAY, HOUR, T0, arena, event
from tests.unit.bottlenecks.documents import FINDING


def side(
    days: int, seed: int, *, factor: float = 1.0, shop: float = 0.5, first: int = 4, weekend: float = 3.0, n: int = 20
) -> Side:
    """Waits of `days` days: weekends take `weekend` times as long, kind `shop` twice; days differ by chance."""
    random = np.random.default_rng(seed)
    day, kind, seconds = [], [], []
    for number in range(first, first + days):
        mood = random.lognormal(0, 0.2)
        for _ in range(n):
            of_shop = random.random() < shop
            base = 3600 * factor * mood * (weekend if (number + 3) % 7 >= 5 else 1) * (2 if of_shop else 1)
            day.append(number)
            kind.append(int(of_shop))
            seconds.append(base * random.lognormal(0, 0.5))
    return Side(np.array(day), np.array(kind, np.int16), np.array(seconds), ("web", "shop"), len(day), days)


def test_a_real_change_is_seen() -> None:
    verdict = compare(side(28, 1), side(28, 2, factor=0.5, first=32))
    assert verdict.outcome == "better"
    figure = verdict.figures["p50"]
    assert figure.low < figure.difference < figure.high < 0
    assert figure.after / figure.before == pytest.approx(0.5, rel=0.2)
    assert compare(side(28, 1), side(28, 2, factor=2, first=32)).outcome == "worse"


def test_another_mix_of_cases_is_no_change() -> None:
    before, after = side(28, 3, shop=0.1), side(28, 4, shop=0.9, first=32)
    plain = np.mean(after.seconds) - np.mean(before.seconds)
    verdict = compare(before, after)
    assert verdict.outcome == "unclear"
    assert plain > 3 * abs(verdict.figures["mean"].difference)


def test_more_weekends_are_no_change() -> None:
    before = side(28, 5)
    after = side(16, 6, first=37)  # begins on a Saturday: three weekends in sixteen days
    assert compare(before, after).outcome == "unclear"


@pytest.mark.parametrize("days", [14, 28])
def test_the_interval_holds_the_truth_about_as_often_as_it_says(days: int) -> None:
    held = dict.fromkeys(("p50", "p90", "mean"), 0)
    for seed in range(60):
        verdict = compare(side(days, 1000 + seed), side(days, 5000 + seed, first=4 + days))
        for name, figure in verdict.figures.items():
            held[name] += figure.low <= 0 <= figure.high
    assert min(held.values()) >= 51, held  # of 60; 57 expected, 51 is as rare as one in fifty


def test_it_says_what_is_missing() -> None:
    before = side(28, 7)
    assert compare(before, side(9, 8)).missing == "days"
    assert compare(before, side(14, 8, n=2)).missing == "measured"
    other = replace(side(28, 8), kinds=("app", "phone"))
    assert compare(before, other).missing == "mix"
    verdict = compare(before, other)
    assert verdict.figures == {}
    assert verdict.outcome is None


def test_the_same_data_gives_the_same_interval() -> None:
    assert compare(side(28, 1), side(28, 2)) == compare(side(28, 1), side(28, 2))


def test_what_is_kept_is_spread_over_all_days() -> None:
    whole = side(28, 9, n=400)
    kept = whole.some()
    assert len(kept.day) == 5_000
    assert kept.of == len(whole.day)
    assert len(np.unique(kept.day)) == 28
    assert np.median(kept.seconds) == pytest.approx(np.median(whole.seconds), rel=0.05)


def rows(days: int, wait: int, first: int = 0, name: str = "") -> list[dict[str, object]]:
    found = []
    for day in range(first, first + days):
        for n in range(5):
            begin = T0 + day * DAY + n * HOUR
            more: dict[str, Any] = {"channel": "search" if n % 2 else "live"}
            case = f"{name}{day}-{n}"
            found += [
                event(case, "a", begin, **more),
                event(case, "b", begin + wait, begin + wait + HOUR, **more),
            ]
    return found


def test_baseline_and_afterwards_take_what_began_in_their_time() -> None:
    made = arena([*rows(40, 10 * HOUR), *rows(30, 2 * HOUR, first=40)])
    zone, subject = ZoneInfo("UTC"), Subject("waiting", "a", "b")
    then, now = T0 + 40 * DAY, T0 + 70 * DAY
    before = baseline(made, subject, zone, then)
    assert (before.of, before.days) == (28 * 5, 28)
    assert set(before.seconds.tolist()) == {36_000.0}
    after = afterwards(made, subject, zone, then, now, before)
    assert after.of == 150
    assert set(after.kinds) == {"search", "live", ""}
    assert compare(before, after).outcome == "better"
    assert afterwards(made, subject, zone, now - HOUR, now, before).of == 0


def test_what_had_no_time_to_end_counts_on_neither_side() -> None:
    """Every second wait takes three days; of the newest only the short ones have ended."""
    now = T0 + 50 * DAY
    every = [*rows(60, HOUR), *rows(60, 72 * HOUR, name="long ")]
    made = arena(row for row in every if int(str(row["end"])) <= now)
    found = baseline(made, Subject("waiting", "a", "b"), ZoneInfo("UTC"), now)
    assert np.mean(found.seconds > 3700) == pytest.approx(0.5, abs=0.02)
    assert found.days == 28


def test_where_most_never_wait_the_mean_decides() -> None:
    def mostly_none(first: int, seconds: float) -> Side:
        day = np.repeat(np.arange(first, first + 28), 10)
        return Side(day, np.zeros(280, np.int16), np.tile([0.0] * 7 + [seconds] * 3, 28), ("",), 280, 28)

    verdict = compare(mostly_none(4, 7200.0), mostly_none(32, 3600.0))
    assert verdict.decisive == "mean"
    assert verdict.outcome == "better"


def test_days_are_those_of_the_zone() -> None:
    made = arena(rows(2, HOUR))
    late = measure(made, Subject("waiting", "a", "b"), ZoneInfo("Pacific/Auckland"), T0, T0 + 2 * DAY)
    plain = measure(made, Subject("waiting", "a", "b"), ZoneInfo("UTC"), T0, T0 + 2 * DAY)
    assert (late.day - plain.day).max() == 0  # 13 hours ahead: midnight to 4 h UTC is the same day there
    assert (measure(made, Subject("duration"), ZoneInfo("America/New_York"), T0, T0 + DAY).day.min()) == plain.day[
        0
    ] - 1


def test_what_is_measured_follows_from_the_finding() -> None:
    assert subject_of(FINDING) == Subject("waiting", "Check", "Approve")
    assert subject_of(replace(FINDING, subject={"activity": "Pack"})) == Subject("waiting", None, "Pack")
    assert subject_of(replace(FINDING, name="slow_step", subject={"activity": "Pack"})).measure == "service"
    assert subject_of(replace(FINDING, kind="deviation", name="rare_path", subject={})).measure == "duration"
    made = arena(rows(3, HOUR))
    service = measure(made, Subject("service", None, "b"), ZoneInfo("UTC"), T0, T0 + 9 * DAY)
    assert set(service.seconds.tolist()) == {3600.0}
    assert measure(made, Subject("service", None, "z"), ZoneInfo("UTC"), T0, T0 + 9 * DAY).of == 0
