"""What is found of cases that depart from a model, and what then is not told a second time."""

import dataclasses

import pytest

from collector.vocabulary.languages import LANGUAGES
from mining.arena import Arena
from mining.findings import detect
from mining.findings.facts import Fact, View
from mining.reference.reference import Reference
from mining.settings import MiningSettings
from mining.story import tell
from mining.story.tell import severity
from tests.helpers import DAY, HOUR, MINUTE, T0, arena, event, log
from tests.unit.reference.test_nets import ENDS, model

SEQUENCE = model({**dict.fromkeys("ABCD", "task"), **ENDS}, "s>A", "A>B", "B>C", "C>D", "D>e")
JUDGE = Reference(SEQUENCE, "Order")
DEPARTURES = ("model_violation", "skipped_step", "inserted_step", "wrong_order")


def view(seen: Arena, now: int | None = None) -> View:
    now = int(seen.end.max()) if now is None else now
    return View(seen, now, ("D",), MiningSettings(), reference=JUDGE)


def found(seen: View) -> dict[str, list[Fact]]:
    facts: dict[str, list[Fact]] = {}
    for fact in detect(seen):
        facts.setdefault(fact.name, []).append(fact)
    return facts


def test_each_kind_with_its_cases_and_subject() -> None:
    seen = view(log(*["ABCD"] * 90, *["ABD"] * 4, *["ABXCD"] * 3, *["ACBD"] * 3), now=T0 + 200 * DAY)
    facts = found(seen)
    (skipped,), (inserted,), (order,), (whole,) = (
        facts[name] for name in ("skipped_step", "inserted_step", "wrong_order", "model_violation")
    )
    assert skipped.subject == {"activity": "C", "source": "B", "target": "D", "path": ("B", "D")}
    assert skipped.case_rows == (90, 91, 92, 93)
    assert inserted.subject == {"activity": "X", "source": "B", "target": "C", "path": ("B", "X", "C")}
    assert inserted.case_rows == (94, 95, 96)
    # A gap of an hour before it and a minute of its own, three times.
    assert inserted.figures["cost_hours"] == pytest.approx(3 * (HOUR) / HOUR, rel=0.05)
    assert order.subject == {"activity": "B", "target": "C", "source": "A", "path": ("A", "C", "B")}
    assert order.case_rows == (97, 98, 99)
    assert (whole.cases, whole.share) == (10, 0.1)
    assert {severity(f, seen.settings) for f in (skipped, inserted, order)} == {"warning"}
    assert severity(whole, seen.settings) == "info", "what is told one by one is not told again as loudly"


def test_many_small_departures_make_one_warning() -> None:
    # Each of 15 further steps in one case.
    odd = [("A", "B", f"odd {n}", "C", "D") for n in range(15)]
    seen = view(log(*["ABCD"] * 1785, *odd, apart=HOUR))
    facts = found(seen)
    assert all(severity(f, seen.settings) == "info" for f in facts["inserted_step"])
    assert len(facts["inserted_step"]) == 12
    (whole,) = facts["model_violation"]
    assert whole.cases == 15
    assert whole.share < 0.01
    assert severity(whole, seen.settings) == "info"
    louder = view(log(*["ABCD"] * 785, *odd, apart=HOUR))
    (whole,) = found(louder)["model_violation"]
    assert severity(whole, louder.settings) == "warning"


def test_a_log_as_the_model_has_it_shows_nothing_and_open_cases_are_no_skips() -> None:
    facts = found(view(log(*["ABCD"] * 50, *["AB"] * 50)))
    assert not set(facts) & set(DEPARTURES)


def test_what_most_cases_do_puts_the_model_in_doubt() -> None:
    seen = view(log(*["ABCD"] * 20, *["ABD"] * 80))
    (skipped,) = found(seen)["skipped_step"]
    assert severity(skipped, seen.settings) == "info"
    assert "out of date" in tell([skipped], seen, "p", "en")[0].story


def test_a_model_takes_the_place_of_guesses() -> None:
    seen = log(*["ABCD"] * 200, *["ABD"] * 8, *["ABCBCD"] * 8)
    without = {fact.name for fact in detect(dataclasses.replace(view(seen), reference=None))}
    assert {"rare_path", "rework_loop"} <= without
    assert not without & set(DEPARTURES)
    judged = {fact.name for fact in detect(view(seen))}
    assert {"skipped_step", "inserted_step"} <= judged
    assert not judged & {"rare_path", "rework_loop"}


def test_another_go_after_one_that_failed_is_left_to_the_error() -> None:
    rows = []
    for case in range(60):
        at = T0 + case * DAY
        for place, name in enumerate("ABBCD" if case < 6 else "ABCD"):
            error = "timeout" if case < 6 and place == 1 else None
            start = at + place * HOUR
            rows.append(event(f"c{case:02}", name, start, start + MINUTE, error=error, event_id=f"{case}-{place}"))
    assert "inserted_step" not in found(view(arena(rows)))


def test_what_may_still_come_late_is_no_skip_yet() -> None:
    """Where D is done before C, C comes three days later: of one that had its D yesterday nobody knows."""
    rows = []

    def add(case: str, path: str, at: int, late: int = 0) -> None:
        for place, name in enumerate(path):
            start = at + place * HOUR + (late if place == 3 else 0)
            rows.append(event(case, name, start, start + MINUTE))

    for number in range(50):
        add(f"a{number:02}", "ABCD", T0 + number * DAY)
    for number in range(5):
        add(f"b{number}", "ABDC", T0 + number * DAY, late=3 * DAY)
    add("c0", "ABD", T0 + 40 * DAY)
    facts = found(view(arena(rows), now=T0 + 41 * DAY))
    assert "skipped_step" not in facts
    facts = found(view(arena(rows), now=T0 + 50 * DAY))
    assert [fact.cases for fact in facts["skipped_step"]] == [1]


def test_since_when_and_where() -> None:
    rows = []
    for case in range(400):
        late = case >= 300 and case % 4 == 0
        for place, name in enumerate("ABD" if late else "ABCD"):
            start = T0 + case * 3 * HOUR + place * MINUTE
            rows.append(event(f"c{case:03}", name, start, shop="west" if late or case % 8 == 0 else "east"))
    (fact,) = found(view(arena(rows)))["skipped_step"]
    assert fact.since is not None
    assert abs(fact.since - (T0 + 300 * 3 * HOUR)) <= DAY
    assert fact.segment[0][:2] == ("shop", "west")
    assert len(fact.example_cases) == 5


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_stories(language: str) -> None:
    seen = view(
        log(*["ABCD"] * 90, *["ABD"] * 4, *["AB"] * 2, *["BCD"] * 2, *["ABXCD"] * 3, *["ACBD"] * 3, *["ABBCD"] * 3)
    )
    told = tell([f for f in detect(seen) if f.name in DEPARTURES], seen, "p", language)  # type: ignore[arg-type]
    titles = {finding.name: finding.title for finding in told}
    assert set(titles) == set(DEPARTURES)
    if language == "zh-CN":
        assert titles["wrong_order"] == "3单「C」先于「B」"
        assert all("标准流程" in finding.story for finding in told)
    else:
        assert titles["wrong_order"] == "C before B in 3 cases"
        assert all("the model “Order”" in finding.story for finding in told)
