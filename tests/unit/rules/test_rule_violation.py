"""Findings of declared rules: what they say, when, where, how surely, in both languages."""

from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from collector.vocabulary.languages import LANGUAGES
from mining.arena import Arena, Quality
from mining.config import ProcessConfig
from mining.findings import detect
from mining.findings.facts import Change, Fact, View
from mining.findings.rule_violation import rule_violation
from mining.reporting import reports
from mining.rules.settings import RuleSettings
from mining.settings import MiningSettings
from mining.story.rules import statement
from mining.story.tell import severity, tell, urgency
from tests.helpers import DAY, HOUR, T0, arena, event, log

ENDS = ("Ship",)


def rule(template: str = "precedence", **more: Any) -> RuleSettings:
    asked = {"id": "r", "process": "test", "template": template, "source": "Review", "target": "Ship"} | more
    return RuleSettings.model_validate(asked)


def looked(found: Arena, *rules: RuleSettings, ends: tuple[str, ...] = ENDS, now: int | None = None) -> View:
    now = int(found.end.max()) if now is None else now
    return View(found, now, ends, MiningSettings(), rules=rules, zone=ZoneInfo("UTC"))


def orders(skipped: Any, days: int = 20, a_day: int = 20, system: Any = lambda day: "desk") -> Arena:
    """Order, Review, Ship within two hours; without Review where `skipped(day, number)` says so."""
    rows = []
    for day in range(days):
        for n in range(a_day):
            case, at = f"{day:02d}-{n:02d}", T0 + day * DAY + n * HOUR // 2
            more = {"channel": "live" if n % 4 == 0 else "web", "system": system(day)}
            rows.append(event(case, "Order", at, amount=100 * n, **more))
            if not skipped(day, n):
                rows.append(event(case, "Review", at + HOUR // 2, actor="ann"))
            rows.append(event(case, "Ship", at + HOUR, actor="bob", **more))
    return arena(rows)


def only(view: View) -> Fact:
    (fact,) = rule_violation(view)
    return fact


def test_nothing_where_the_rule_is_kept() -> None:
    assert rule_violation(looked(orders(lambda day, n: False), rule())) == []
    assert rule_violation(looked(orders(lambda day, n: True))) == []


def test_one_breach_is_a_warning_with_its_case_and_row() -> None:
    view = looked(orders(lambda day, n: (day, n) == (3, 4)), rule())
    fact = only(view)
    assert (fact.cases, fact.example_cases, fact.confidence) == (1, ("03-04",), 1.0)
    assert fact.subject == {"rule": "r", "source": "Review", "target": "Ship"}
    (row,) = fact.example_rows
    assert view.arena.activities[view.arena.activity[row]] == "Ship"
    assert (severity(fact, view.settings), urgency(fact, view.settings)) == ("warning", "ticket")
    assert fact.since is None
    assert fact in detect(view)


def test_since_change_and_segment() -> None:
    view = looked(
        orders(lambda day, n: day >= 12 and n % 4 == 0, system=lambda day: "desk"),
        rule(),
    )
    view = replace(view, changes=(Change(T0 + 12 * DAY - HOUR // 2, "desk", "2.0"),))
    fact = only(view)
    assert fact.since == T0 + 12 * DAY + HOUR
    assert fact.change == view.changes[0]
    assert fact.segment[0][:2] == ("channel", "live")


def test_a_bound_that_is_missed_costs_hours() -> None:
    found = orders(lambda day, n: False)
    late = rule("response", source="Order", target="Ship", within_hours=0.25)
    fact = only(looked(found, late))
    assert fact.cases == 400
    assert fact.figures["p50_late_s"] == 2700
    weeks = (int(found.end.max()) - int(found.start.min())) / (7 * DAY)
    assert fact.hours_per_week == pytest.approx(400 * 0.75 / weeks)
    assert only(looked(found, rule("response", source="Order", target="Ship", not_before_hours=3))).figures[
        "p50_late_s"
    ] == pytest.approx(7200)


def test_what_is_still_open_is_pending() -> None:
    found = log(["Order"], ["Order", "Ship"], apart=HOUR)
    asked = rule("response", source="Order", target="Ship", within_hours=5)
    assert rule_violation(looked(found, asked, now=T0 + 5 * HOUR)) == []
    fact = only(looked(found, asked, now=T0 + 7 * HOUR))
    assert (fact.cases, fact.figures["pending"]) == (1, 0)
    assert fact.figures["last"] == int(found.end[0]) + 5 * HOUR


def test_what_may_be_the_rules_own_mistake_is_no_warning() -> None:
    found = orders(lambda day, n: False)
    wrong = only(looked(found, rule(source="Revieww")))
    assert (wrong.confidence, severity(wrong, MiningSettings())) == (0.7, "info")
    endless = looked(found, rule("response", source="Ship", target="Deliver"), ends=())
    assert severity(only(endless), endless.settings) == "info"
    both = looked(found, rule("response", source="Ship", target="Review"), ends=())
    assert severity(only(both), both.settings) == "info"
    ended = looked(found, rule("response", source="Ship", target="Review"))
    assert severity(only(ended), ended.settings) == "warning"


def test_severity_and_price() -> None:
    found = orders(lambda day, n: day == 19)
    assert severity(only(looked(found, rule(severity="info"))), MiningSettings()) == "info"
    critical = only(looked(found, rule(severity="critical")))
    assert (severity(critical, MiningSettings()), urgency(critical, MiningSettings())) == ("critical", "page")
    priced = only(looked(found, rule(price=700)))
    assert priced.money_per_week is not None
    assert urgency(priced, MiningSettings()) == "page"
    past = looked(found, rule(price=700), now=int(found.end.max()) + 3 * DAY)
    assert urgency(only(past), MiningSettings()) == "ticket"


def test_where_spans_are_sampled_only_what_happened_counts() -> None:
    found = replace(orders(lambda day, n: day > 9), quality=Quality(sampled=True))
    assert rule_violation(looked(found, rule())) == []
    assert rule_violation(looked(found, rule("not_succession", source="Order", target="Ship"))) != []


def test_since_leaves_older_cases_alone() -> None:
    found = orders(lambda day, n: day < 5)
    assert only(looked(found, rule())).cases == 100
    assert only(looked(found, rule(since="2026-01-09"))).cases == 20
    assert rule_violation(looked(found, rule(since="2026-01-10"))) == []


def test_both_languages_tell_what_happened() -> None:
    asked = rule(name={"en": "Review first", "zh-CN": "先审核"}, when=[{"field": "amount", "above": 1000}])
    view = looked(orders(lambda day, n: n == 19), asked)
    (english,), (chinese,) = (tell(rule_violation(view), view, "test", language) for language in ("en", "zh-CN"))
    assert english.title == "Review first: broken in 20 cases"
    assert english.story.startswith(
        "In 20 of 180 cases (11 %) Ship was done without Review before it (where amount > 10). The last time was 24 Jan"
    )
    assert chinese.title == "20单违反规则“先审核”"
    assert chinese.story.startswith("180单中有20单（11%）未经「Review」就做了「Ship」（限金额 > 10）。")
    assert english.id == chinese.id


def test_a_person_who_does_both() -> None:
    found = arena([event("one", "Open", T0, actor="ann"), event("one", "Refund", T0 + HOUR, actor="ann")])
    view = looked(found, rule("not_coexistence", source="Open", target="Refund", actor="same"), ends=())
    (told,) = tell(rule_violation(view), view, "test", "en")
    assert told.story.startswith("In 1 of 1 cases (100 %) the same person did Open and Refund.")


@pytest.mark.parametrize(
    ("template", "more", "english"),
    [
        ("absence", {}, "No case has Ship."),
        ("existence", {"at_least": 2}, "Every case has Ship at least 2 times."),
        ("existence", {"at_least": 1, "at_most": 2}, "Every case has Ship 1 to 2 times."),
        ("end", {}, "Every case ends with Ship."),
        ("response", {"within_hours": 48}, "After Order comes Ship (within 2 d)."),
        ("precedence", {"actor": "different"}, "Ship needs Order before it (by different persons)."),
        ("not_coexistence", {"source": ["Order", "Call"]}, "A case with Order or Call has no Ship."),
        (
            "precedence",
            {"counts_when": [{"field": "outcome", "is": "ok"}]},
            "Ship needs Order before it (Order with outcome = ok).",
        ),
    ],
)
def test_a_rule_says_what_it_says(template: str, more: dict[str, Any], english: str) -> None:
    unary = template in ("absence", "existence", "end")
    asked: dict[str, Any] = {"activity": "Ship"} if unary else {"source": "Order", "target": "Ship"}
    stated = RuleSettings.model_validate({"id": "r", "process": "p", "template": template, **asked, **more})
    assert statement(stated, "en") == english
    assert statement(stated, "zh-CN") != english


def test_a_report_notes_names_that_no_event_has() -> None:
    asked = rule(source=["Revieww", "Review"], when=[{"field": "scor", "is": "x"}])
    config = ProcessConfig("test", "case", rules=(asked,))
    found = orders(lambda day, n: False)
    documents = reports(found, config, int(found.end.max()), LANGUAGES)
    assert documents["en"].quality.notes[:2] == (
        "rule r: no event is Revieww; not happened yet, or a name that is not right",
        "rule r: no event has the field scor, which its conditions ask for",
    )
    assert documents["zh-CN"].quality.notes[1] == "规则 r：没有任何事件有其条件所用的字段 scor"
