"""Passages, two periods, trends, lines of the spectrum, arrivals against starts."""

import numpy as np
import pytest

from mining.arena import Arena, Times
from mining.bottlenecks.load import load
from mining.bottlenecks.passages import Grouped, passages
from mining.bottlenecks.periods import changes, periods, trend
from mining.bottlenecks.spectrum import spectrum_lines
from mining.config import ProcessConfig
from mining.kernels.case_ends import case_ends
from mining.reporting import report
from tests.helpers import DAY, HOUR, T0, arena, event, log


def weekly(hours: list[float], cases: int = 40) -> list[dict[str, object]]:
    """One week a number: so many cases, evenly, that wait so many hours between a and b."""
    rows = []
    for week, wait in enumerate(hours):
        for n in range(cases):
            begin = T0 + week * 7 * DAY + n * 7 * DAY // cases + HOUR
            case = f"{week}-{n}"
            rows += [event(case, "a", begin), event(case, "b", begin + round(wait * HOUR))]
    return rows


def ends_of(made: Arena) -> Times:
    return case_ends(made.offsets[:-1], made.offsets[1:], made.end)


def test_passages_are_the_transitions_of_the_report() -> None:
    made = log("abc", "acb", "ab")
    found = passages(made)
    told = {(t.source, t.target): t for t in report(made, ProcessConfig("test", "case"), T0 + DAY).transitions}
    for (source, target), transition in told.items():
        own = found.between(source, target)
        assert len(own.row) == transition.count
        assert own.seconds.sum() == pytest.approx(transition.waiting_s.total)
    assert len(found.row) == sum(t.count for t in told.values())


def test_grouped_passages_are_the_same() -> None:
    found = passages(log("abcab", "acb", "ab", "ca"))
    grouped = Grouped(found)
    assert sum(len(grouped.of(pair).row) for pair in grouped.pairs) == len(found.row)
    for pair in (*grouped.pairs, ("c", "x")):
        for name in ("row", "case", "begin", "end"):
            assert (getattr(grouped.of(pair), name) == getattr(found.between(*pair), name)).all()
    for target in "abcx":
        assert sorted(grouped.into(target).row.tolist()) == found.between(None, target).row.tolist()
    assert Grouped(passages(log("a"))).pairs == ()


def test_two_periods_are_whole_weeks_with_enough_cases() -> None:
    made = arena(weekly([2, 2, 1, 4]))
    begins = made.start[made.offsets[:-1]]
    two = periods(begins, ends_of(made))
    assert two is not None
    assert two.days == 7
    (change,) = changes(Grouped(passages(made)), two)
    assert (change.source, change.target) == ("a", "b")
    assert change.now.p50 == pytest.approx(4 * 3600, rel=0.01)
    assert change.before.p50 == pytest.approx(3600, rel=0.01)
    assert change.more > 0


def test_few_cases_take_longer_periods_and_a_short_log_has_none() -> None:
    many = arena(weekly([1.0] * 8, cases=10))
    assert (found := periods(many.start[many.offsets[:-1]], ends_of(many))) is not None
    assert found.days == 28
    short = arena(weekly([1.0]))
    assert periods(short.start[short.offsets[:-1]], ends_of(short)) is None
    assert periods(np.empty(0, np.int64), np.empty(0, np.int64)) is None


def test_a_trend_adds_up_to_all_waiting() -> None:
    made = arena(weekly([1, 2, 3]))
    end = int(made.end.max())
    found = trend(passages(made), int(made.start.min()), end)
    assert len(found) == 3
    assert sum(found) == pytest.approx(40 * 6.0, rel=0.05)
    assert found[0] < found[1] < found[2]
    assert trend(passages(made), end - DAY, end) == ()


def test_lines_are_in_their_quarter_and_say_when_sampled() -> None:
    found = spectrum_lines(passages(arena(weekly([1, 2, 3, 4], cases=100))), T0, T0 + 30 * DAY, most=50)
    assert found is not None
    assert len(found.begin) == 50
    assert found.sampled
    assert found.of == 400
    assert set(found.quartile.tolist()) == {0, 1, 2, 3}
    assert (np.diff(found.begin) >= 0).all()
    whole = spectrum_lines(passages(arena(weekly([1, 2, 3, 4]))), T0, T0 + 30 * DAY)
    assert whole is not None
    assert not whole.sampled
    assert spectrum_lines(passages(log("a")), 0, DAY) is None


def test_arrivals_starts_and_queue_agree() -> None:
    made = arena(weekly([30, 30]))
    bounds = T0 + np.arange(20, dtype=np.int64) * DAY
    found = load(passages(made), bounds, int(made.end.max()))
    assert found.arrived.sum() == found.started.sum() == 80
    assert (np.cumsum(found.arrived - found.started) == found.queued).all()
    assert found.queued.max() >= 5
    assert found.capacity >= np.median(found.started[found.started > 0])
