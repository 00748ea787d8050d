"""System errors and time-outs: by where they began, since when, and never the same failure twice."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from collector.vocabulary.timeouts import is_timeout
from mining.findings._failures import densest
from mining.findings.facts import View
from mining.findings.system_error import system_error
from mining.findings.timeout import timeout
from mining.settings import MiningSettings
from mining.story.sentences import sentences
from mining.story.tell import severity, tell
from tests.helpers import DAY, MINUTE, SECOND, T0, arena, event
from tests.unit.findings.shop import look

DAYS, A_DAY = 14, 60
DEEP = {"service": "ledger", "module": "/post", "operation": "INSERT postings", "type": "deadlock", "version": "7.1"}
Made = dict[str, Any] | None


def payments(failing: Callable[[int, np.random.Generator], Made], seconds: float = 1.0) -> View:
    """Orders placed, paid, shipped; `failing` says how a payment fails: `error`, `seconds`, `origin`, `tries` ..."""
    draw = np.random.default_rng(5)
    rows = []
    for number in range(DAYS * A_DAY):
        at = T0 + number * DAY // A_DAY
        case = f"c{number:05d}"
        rows.append(event(case, "Place", at, at + SECOND, system="web"))
        at += MINUTE
        made = failing(at, draw)
        for attempt in range(made.get("tries", 1) if made else 0):
            assert made is not None
            end = at + int(made.get("seconds", seconds) * SECOND)
            span = f"{number:012x}{attempt:04x}"
            origin = {f"error.origin.{name}": value for name, value in made.get("origin", {}).items()}
            if origin:
                origin["error.origin.span"] = "f" * 12 + f"{attempt:04x}" if made.get("deep", True) else span
            origin |= {f"error.waited.{name}": value for name, value in (made.get("waited") or {}).items()}
            key = f"{number:032x}:{span}"
            more: dict[str, Any] = {"trace_id": f"{number:032x}", "module": "/charge", "fields": origin}
            rows.append(event(case, "Pay", at, end, event_id=key, system="bank", error=made["error"], **more))
            at = end + 10 * SECOND
        took = int(seconds * SECOND * float(draw.lognormal(0, 0.3)))
        rows.append(event(case, "Pay", at, at + took, system="bank", module="/charge"))
        rows.append(event(case, "Ship", at + 10 * MINUTE, system="depot"))
    found = arena(rows)
    return look(found, int(found.end.max()))


def after_a_week(share: float, **made: Any) -> Callable[[int, np.random.Generator], Made]:
    """Payments that fail from the eighth day on."""
    return lambda at, draw: made if at >= T0 + 7 * DAY and draw.random() < share else None


def test_an_error_is_told_of_where_it_began() -> None:
    view = payments(after_a_week(0.2, error="500", origin=DEEP))
    (fact,) = system_error(view)
    assert fact.subject == {
        "activity": "Pay",
        "system": "ledger",
        "module": "/post",
        "operation": "INSERT postings",
    }
    assert fact.figures["error_type"] == "deadlock"
    assert fact.figures["version"] == "7.1"
    assert fact.since is not None
    assert abs(fact.since - (T0 + 7 * DAY)) < DAY
    assert severity(fact, MiningSettings()) == "warning"
    first = str(fact.figures["spans"]).split()[0]
    assert first.endswith(":" + "f" * 12 + "0000")
    assert timeout(view) == []
    title, story = sentences(fact, view, "en")
    assert title.startswith("ledger · /post · INSERT postings: deadlock in ")
    assert "because INSERT postings failed in ledger" in story


def test_one_that_began_at_the_step_itself_keeps_the_step_as_its_subject() -> None:
    view = payments(after_a_week(0.2, error="refused", origin=DEEP | {"type": "refused"}, deep=False))
    (fact,) = system_error(view)
    assert fact.subject == {"activity": "Pay", "system": "bank", "module": "/charge"}


def test_two_origins_are_two_findings_and_stray_ones_are_told_together() -> None:
    def failing(at: int, draw: np.random.Generator) -> Made:
        kind = draw.random()
        if kind < 0.05:
            return {"error": "500", "origin": DEEP}
        if kind < 0.1:
            return {"error": "500", "origin": {**DEEP, "service": "stock", "operation": "SELECT items"}}
        if kind < 0.14:
            return {"error": "500", "origin": {**DEEP, "service": "mail", "operation": f"op {draw.integers(50)}"}}
        return None

    view = payments(failing)
    facts = system_error(view)
    told = {(f.subject["system"], f.subject.get("operation")): f.figures["errors"] for f in facts}
    assert set(told) == {("ledger", "INSERT postings"), ("stock", "SELECT items"), ("mail", None)}
    assert sum(int(str(each)) for each in told.values()) == int(view.arena.error.sum())


@pytest.mark.parametrize("seconds", [15.0, 0.2])
def test_what_ran_out_of_time_is_a_timeout_and_no_system_error(seconds: float) -> None:
    view = payments(after_a_week(0.2, error="DEADLINE_EXCEEDED", seconds=seconds))
    assert system_error(view) == []
    (fact,) = timeout(view)
    assert fact.subject == {"activity": "Pay", "system": "bank", "module": "/charge"}
    assert fact.figures["bound_s"] == pytest.approx(seconds, rel=0.05)
    assert severity(fact, MiningSettings()) == "warning"
    (finding,) = tell([fact], view, "order", "zh-CN")
    assert "接口超时" in finding.title


def test_the_deepest_type_decides_whether_it_is_a_timeout() -> None:
    assert timeout(payments(after_a_week(0.2, error="timeout", origin=DEEP))) == []
    (fact,) = timeout(payments(after_a_week(0.2, error="500", origin=DEEP | {"type": "ReadTimedOut"})))
    assert fact.subject["operation"] == "INSERT postings"


def tenth(seconds: Callable[[np.random.Generator], float]) -> Callable[[int, np.random.Generator], Made]:
    """One payment in ten fails, after so many seconds."""
    return lambda at, draw: {"error": "500", "seconds": seconds(draw)} if draw.random() < 0.1 else None


def test_a_timeout_is_told_of_what_was_waited_for() -> None:
    def failing(at: int, draw: np.random.Generator) -> Made:
        if draw.random() > 0.1:
            return None
        waited = {"service": "bank", "operation": "LOCK accounts", "version": "2.1"} if draw.random() < 0.7 else None
        return {"error": "504", "origin": DEEP | {"type": "timeout"}, "waited": waited}

    facts = timeout(payments(failing))
    told = {(f.subject["system"], f.subject["operation"], f.figures["version"]) for f in facts}
    assert told == {("bank", "LOCK accounts", "2.1"), ("ledger", "INSERT postings", "7.1")}


def test_failures_at_one_bound_are_timeouts_whatever_they_are_called() -> None:
    cut = payments(tenth(lambda draw: 30 + draw.random() / 2))
    (fact,) = timeout(cut)
    assert fact.figures["bound_s"] == pytest.approx(30.25, abs=0.3)
    assert system_error(cut) == []
    assert timeout(payments(tenth(lambda draw: 30 * draw.lognormal(0, 0.5)))) == []
    assert timeout(payments(tenth(lambda draw: 1.0))) == []


def test_timeouts_and_other_errors_of_a_step_are_told_apart() -> None:
    def failing(at: int, draw: np.random.Generator) -> Made:
        kind = draw.random()
        return {"error": "timeout", "seconds": 9.0} if kind < 0.1 else {"error": "refused"} if kind < 0.2 else None

    view = payments(failing)
    (late,), (wrong,) = timeout(view), system_error(view)
    assert late.figures["error_type"] == "timeout"
    assert wrong.figures["error_type"] == "refused"
    assert int(str(late.figures["errors"])) + int(str(wrong.figures["errors"])) == int(view.arena.error.sum())


def test_retry_storms() -> None:
    view = payments(after_a_week(0.1, error="refused", tries=5))
    (fact,) = system_error(view)
    assert fact.figures["attempts"] == 6
    assert ("limit_retries", "system") in fact.levers
    assert "these cases go through it 6 times on average" in sentences(fact, view, "en")[1]
    view = payments(after_a_week(0.1, error="500", origin=DEEP | {"calls": "9"}))
    (fact,) = system_error(view)
    assert "9 failing calls for each failed run" in sentences(fact, view, "en")[1]
    (calm,) = system_error(payments(after_a_week(0.1, error="500", origin=DEEP)))
    assert ("limit_retries", "system") not in calm.levers


def test_the_version_of_where_it_began_is_the_change() -> None:
    def failing(at: int, draw: np.random.Generator) -> Made:
        new = at >= T0 + 7 * DAY
        version = "7.2" if new else "7.1"
        return (
            {"error": "500", "origin": DEEP | {"version": version}} if draw.random() < (0.25 if new else 0.02) else None
        )

    (fact,) = system_error(payments(failing))
    assert fact.change is not None
    assert (fact.change.system, fact.change.what) == ("ledger", "7.2")
    assert abs(fact.change.time - (T0 + 7 * DAY)) < DAY


def test_nothing_failed() -> None:
    well = payments(lambda at, draw: None)
    assert (system_error(well), timeout(well)) == ([], [])


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("timeout", True),
        ("java.net.SocketTimeoutException", True),
        ("ReadTimedOut", True),
        ("timed out", True),
        ("DEADLINE_EXCEEDED", True),
        ("ETIMEDOUT", True),
        ("504", True),
        ("接口超时", True),
        ("500", False),
        ("terminal_stalled", False),
        ("runtime_outage", False),
        ("5040", False),
    ],
)
def test_types_that_say_that_something_took_too_long(kind: str, says: bool) -> None:
    assert is_timeout(kind) == says


def test_the_densest_window() -> None:
    assert densest(np.array([])) == 0.0
    assert densest(np.array([1.0, 9.8, 10.0, 10.1, 30.0])) == 9.8
