"""Whatever a log looks like, detectors answer, quietly, with facts that hold together."""

from dataclasses import replace

import numpy as np
import pytest

from collector.vocabulary.languages import LANGUAGES
from mining.arena import Arena
from mining.findings import detect
from mining.findings.facts import View
from mining.settings import DeadlineSettings, MiningSettings
from mining.story import tell
from tests.helpers import DAY, HOUR, MINUTE, T0, arena, event
from tests.unit.findings.shop import look, shop


def anything(seed: int) -> Arena:
    """A log without sense: overlaps, unknown words, equal times, loops, errors, whatever the seed draws."""
    draw = np.random.default_rng(seed)
    activities = [f"a{n}" for n in range(int(draw.integers(1, 9)))]
    known = draw.random(7) < 0.7
    spread = int(draw.choice([1, HOUR, DAY, 20 * DAY]))
    rows = []
    for number in range(int(draw.integers(1, 300))):
        at = T0 + int(draw.integers(0, spread + 1))
        for place in range(int(draw.integers(1, 9))):
            begin = at + int(draw.integers(0, 3 * HOUR)) * bool(draw.random() < 0.8)
            length = int(draw.integers(0, 40 * MINUTE)) * bool(draw.random() < 0.7)

            def pick(which: int, words: str) -> str | None:
                return f"{words}{int(draw.integers(3))}" if known[which] and draw.random() < 0.9 else None

            rows.append(
                event(
                    f"c{number}",
                    str(draw.choice(activities)),
                    begin,
                    begin + length,
                    event_id=f"{number}/{place}",
                    actor_kind=str(draw.choice(["user", "staff", "system", "device"])),
                    actor=pick(0, "p"),
                    role=pick(1, "r"),
                    system=pick(2, "s"),
                    error="boom" if draw.random() < 0.05 else None,
                    enabled=begin - HOUR if draw.random() < 0.1 else None,
                    channel=pick(3, "c"),
                    shop=pick(4, "h"),
                    amount=int(draw.integers(0, 10_000)) if known[5] else None,
                    fields={"f": f"{int(draw.integers(4))}"} if known[6] else {},
                )
            )
            at = begin + length
    return arena(rows)


@pytest.mark.parametrize("seed", range(60))
def test_any_log_is_answered(seed: int) -> None:
    found = anything(seed)
    view = View(
        found,
        int(found.end.max()) + 30 * DAY * (seed % 2),
        ("a0",) if seed % 3 else (),
        MiningSettings(),
        deadlines=(DeadlineSettings(process="test", step="a1", within_hours=1),),
    )
    facts = detect(view)
    assert facts == detect(view)
    ids = {*found.case_ids.to_pylist()}
    for fact in facts:
        assert 0 <= fact.confidence <= 1
        assert 0 < fact.cases == len(fact.case_rows) <= found.cases
        assert fact.share == fact.cases / found.cases
        assert fact.hours_per_week >= 0
        assert {*fact.example_cases} <= ids
        assert list(fact.case_rows) == sorted({*fact.case_rows})
        assert all(0 <= row < found.events for row in fact.example_rows)
        touched = {found.case_ids[row].as_py() for row in fact.case_rows}
        assert {*fact.example_cases} <= touched
    for language in LANGUAGES:
        for finding in tell(facts, view, "test", language):
            assert "{" not in finding.title + finding.story


def test_moving_a_log_by_a_week_moves_the_facts() -> None:

    found, now = shop(7, cases=500, skip_review=lambda n, channel: n % 20 == 0)
    week = 7 * DAY
    moved = replace(found, start=found.start + week, end=found.end + week)
    here, there = detect(look(found, now)), detect(look(moved, now + week))
    assert [(f.name, f.subject, f.cases) for f in here] == [(f.name, f.subject, f.cases) for f in there]
