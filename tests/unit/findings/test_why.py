"""Why something waits, after which change, what it missed, what a lever would save: on logs whose answer is known."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from collector.vocabulary.languages import LANGUAGES
from mining.arena import Arena
from mining.findings._changes import change_before
from mining.findings._deadlines import missed_for
from mining.findings._segments import trend
from mining.findings.facts import Change, Fact, View
from mining.findings.waiting import waiting
from mining.settings import DeadlineSettings
from mining.story import tell
from tests.helpers import DAY, HOUR, MINUTE, T0, arena, event
from tests.unit.findings.shop import Team, look, shop

LATER = T0 + 8 * DAY - 8 * HOUR


def pattern(view: View, name: str) -> Fact:
    found = [fact for fact in waiting(view) if fact.figures["pattern"] == name]
    assert len(found) == 1, [fact.figures for fact in waiting(view)]
    return found[0]


def risen(versions: bool = False) -> tuple[Arena, int]:
    """Waits for a system that are two hours longer from the ninth day on, when it also got a new version."""
    draw, rows = np.random.default_rng(0), []
    for number in range(600):
        at = T0 - 8 * HOUR + int(draw.integers(0, 14 * DAY))
        late = at >= LATER
        begin = at + MINUTE + int(draw.exponential(20 * MINUTE)) + late * 2 * HOUR
        fields = {"service.version": "2" if late else "1"} if versions else {}
        rows.append(event(f"c{number}", "a", at, at + MINUTE))
        rows.append(
            event(f"c{number}", "b", begin, begin + MINUTE, actor_kind="system", system="gateway", fields=fields)
        )
    return arena(rows), T0 + 14 * DAY


@pytest.mark.parametrize(
    ("sign", "cause", "team"),
    [
        ("unattended", "unavailability", Team("reviewer", 4, 4, 8, 18)),
        ("batched", "batching", Team("reviewer", 4, 4, 8, 24, batch_hour=17.0)),
        ("contended", "contention", Team("reviewer", 1, 11, 8, 24)),
    ],
)
def test_cause_and_gain_of_what_was_put_in(sign: str, cause: str, team: Team) -> None:
    fact = pattern(look(*shop(1, review=team)), sign)
    assert fact.cause is not None
    assert fact.cause.name == cause
    assert sum(fact.cause.shares.values()) == pytest.approx(1, abs=1e-3)
    gain = fact.gains[fact.levers[0][0]]
    assert 0 <= gain.low <= gain.hours <= gain.high <= fact.hours_per_week + 1e-6
    assert gain.hours > 0.3 * fact.hours_per_week


@pytest.mark.parametrize("seed", range(1, 7))
def test_a_queue_that_only_comes_and_goes_began_on_no_day(seed: int) -> None:
    steady = pattern(look(*shop(seed, review=Team("reviewer", 1, 11, 8, 24))), "contended")
    assert steady.since is None
    slower = Team("reviewer", 1, 7, 8, 24, slower=lambda actor, at: 1.0 if at < LATER else 1.7)
    fact = pattern(look(*shop(seed, review=slower)), "contended")
    assert fact.since is not None
    assert abs(fact.since - LATER) <= DAY


def test_one_more_reviewer_saves_about_what_the_shop_with_two_has() -> None:
    alone, two = (look(*shop(1, review=Team("reviewer", n, 11, 8, 24))) for n in (1, 2))
    fact = pattern(alone, "contended")

    def hours(view: View) -> float:
        rows = np.flatnonzero(view.arena.activity == view.arena.activities.index("Review"))
        return float(view.split.part("contention")[rows].sum()) / HOUR / 2

    gain = fact.gains["add_capacity"]
    saved = hours(alone) - hours(two)
    assert 0.5 * saved < gain.hours < 1.2 * saved


def test_the_change_before_a_rise_is_told() -> None:
    found, now = risen()
    changes = (
        Change(LATER - 9 * DAY, "gateway", "1.9"),
        Change(LATER - HOUR, "gateway", "2.0"),
        Change(LATER - HOUR, "printer", "7"),
        Change(LATER + 3 * DAY, "gateway", "2.1"),
    )
    view = replace(look(found, now), changes=changes)
    fact = pattern(view, "risen")
    assert fact.change == changes[1]
    (finding,) = tell([fact], view, "p", "en")
    assert finding.change == {"time": "2026-01-12T15:00:00Z", "system": "gateway", "what": "2.0"}
    assert "gateway was changed (2.0)" in finding.story


def test_a_new_version_is_seen_without_being_told() -> None:
    view = look(*risen(versions=True))
    fact = pattern(view, "risen")
    assert fact.change is not None
    assert (fact.change.system, fact.change.what) == ("gateway", "2")
    assert LATER <= fact.change.time < LATER + DAY


def test_a_change_elsewhere_is_no_reason() -> None:
    found, now = risen()
    view = replace(look(found, now), changes=(Change(LATER - HOUR, "printer", "7"),))
    assert pattern(view, "risen").change is None
    assert change_before(view, LATER, np.arange(0)) is None


def test_deadlines_count_that_were_missed_for_the_wait_alone() -> None:
    rows = [
        event("in time", "a", T0),
        event("in time", "b", T0 + HOUR),
        event("for the wait", "a", T0),
        event("for the wait", "b", T0 + 5 * HOUR),
        event("late anyway", "a", T0),
        event("late anyway", "b", T0 + 9 * HOUR),
    ]
    found = arena(rows)
    deadline = DeadlineSettings(process=found.process, step="b", within_hours=4)
    view = replace(look(found, T0 + DAY), deadlines=(deadline,))
    case = np.arange(3)
    lost = np.where(np.array(found.case_ids.to_pylist()) == "in time", 0.0, 2.0)
    assert missed_for(view, case, lost) == 1
    assert missed_for(replace(view, deadlines=()), case, lost) is None


def test_a_trend_is_told_only_where_it_is_no_chance() -> None:
    draw = np.random.default_rng(1)
    day = np.repeat(np.arange(20), 30)
    still = draw.exponential(600, len(day))
    assert trend(day, still + 60.0 * day) == pytest.approx(420, rel=0.5)
    assert trend(day, still) == 0
    assert trend(day[:60], still[:60] + day[:60]) == 0


STORIES = Path(__file__).resolve().parents[2] / "golden" / "findings" / "waiting.md"


def test_stories_are_as_they_were_approved() -> None:
    views = {
        sign: look(*shop(1, review=team))
        for sign, team in (
            ("unattended", Team("reviewer", 4, 4, 8, 18)),
            ("batched", Team("reviewer", 4, 4, 8, 24, batch_hour=17.0)),
            ("contended", Team("reviewer", 1, 11, 8, 24)),
        )
    }
    views["risen"] = replace(look(*risen()), changes=(Change(LATER - HOUR, "gateway", "2.0"),))
    lines = []
    for sign, view in views.items():
        for language in LANGUAGES:
            (finding,) = tell([pattern(view, sign)], view, "order", language)
            lines += [f"## {finding.title}", "", finding.story, ""]
            for each in finding.suggestions:
                lines.append(f"- {each.detail} {each.gain_hours_per_week} {each.interval}")
            lines.append("")
    assert STORIES.read_text() == "\n".join(lines)


def test_what_the_data_cannot_tell_is_said() -> None:
    found, now = risen()
    bare = replace(found, codes=found.codes | {n: np.full_like(found.codes[n], -1) for n in ("actor", "system")})
    view = look(bare, now)
    (finding,) = tell([pattern(view, "risen")], view, "p", "en")
    assert "queues and shifts cannot be seen" in finding.story
