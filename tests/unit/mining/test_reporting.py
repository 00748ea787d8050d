import dataclasses
import json
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from mining.arena import Arena
from mining.config import ProcessConfig
from mining.findings.facts import Fact
from mining.findings.positions import Positions
from mining.reporting import document, iso, open_cases, report, reports
from tests.helpers import HOUR, MINUTE, T0, arena, event, log

CONFIG = ProcessConfig("test", "case", end_activities=("close",), currency="CNY", zone=ZoneInfo("Asia/Shanghai"))
GOLDEN = Path(__file__).parents[2] / "golden" / "mining" / "document.json"


def tiny() -> Arena:
    """Three cases: a straight one, one with an error and rework, one still open with an overlap."""
    clerk: dict[str, Any] = {"role": "clerk", "actor": "ann", "system": "crm", "module": "form"}
    boss: dict[str, Any] = {"role": "boss", "actor": "bob", "system": "erp"}
    return arena(
        [
            event("o-1", "open", T0, T0 + MINUTE, event_id="01", system="shop", actor_kind="user"),
            event("o-1", "check", T0 + HOUR, T0 + HOUR + 5 * MINUTE, event_id="02", **clerk),
            event("o-1", "close", T0 + 2 * HOUR, T0 + 2 * HOUR + MINUTE, event_id="03", **boss),
            event("o-2", "open", T0 + MINUTE, T0 + 2 * MINUTE, event_id="04", system="shop", actor_kind="user"),
            event("o-2", "check", T0 + HOUR, T0 + HOUR + 9 * MINUTE, event_id="05", error="timeout", **clerk),
            event("o-2", "check", T0 + 3 * HOUR, T0 + 3 * HOUR + MINUTE + 1, event_id="06", **clerk),
            event("o-2", "close", T0 + 5 * HOUR, T0 + 5 * HOUR + MINUTE, event_id="07", enabled=T0 + 4 * HOUR, **boss),
            event("o-3", "open", T0 + HOUR, T0 + 2 * HOUR, event_id="08", system="shop", actor_kind="user"),
            event("o-3", "check", T0 + HOUR + MINUTE, T0 + HOUR + 2 * MINUTE, event_id="09", **clerk),
        ]
    )


def fact(name: str, cases: tuple[int, ...]) -> Fact:
    subject: dict[str, str | tuple[str, ...]] = {"source": "open", "target": "check"}
    figures: dict[str, float | int | str | None] = {"how": "shortcut", "between": None, "normal": 9, "usual_share": 0.9}
    return Fact("deviation", name, subject, 0.9, len(cases), 0.3, 0.0, ("o-3",), figures, case_rows=Positions(cases))


def test_the_document_of_a_tiny_log() -> None:
    """Golden; after a wanted change write it anew with `python -m tests.unit.mining.test_reporting`."""
    found = document(report(tiny(), CONFIG, T0, facts=()))
    assert found == json.loads(GOLDEN.read_text())


def test_the_document_has_the_contracts_keys_in_order() -> None:
    found = document(report(tiny(), CONFIG, T0, facts=()))
    assert list(found) == [
        *("schema", "process", "log", "quality", "currency", "nodes", "edges", "transitions"),
        *("variants", "cases", "roles", "handovers", "findings"),
    ]
    assert json.loads(json.dumps(found)) == found


def test_a_variant_is_deviating_where_a_rare_path_says_so() -> None:
    found = report(tiny(), CONFIG, T0, facts=[fact("rare_path", (2,))])
    assert {v.path for v in found.variants if v.deviating} == {("open", "check")}
    assert [f.name for f in found.findings] == ["rare_path"]
    some = log("ab", "ab", "ab", "ac", "ac")
    found = report(some, CONFIG, T0, facts=[fact("rare_path", (0, 3))])
    assert {v.path: v.deviating for v in found.variants} == {("a", "b"): False, ("a", "c"): True}


def test_open_cases_are_those_without_an_end_activity() -> None:
    assert open_cases(tiny(), ("close",)) == 1
    assert open_cases(tiny(), ("close", "check")) == 0
    assert open_cases(tiny(), ("no such",)) == 3
    assert open_cases(tiny(), ()) == 0
    assert open_cases(log(), ("close",)) == 0


def test_handovers_are_between_actors_where_asked_or_where_no_role_is_known() -> None:
    by_actor = report(tiny(), CONFIG, T0, by="actor", facts=())
    assert [(h.source, h.target, h.count) for h in by_actor.handovers] == [("ann", "bob", 2)]
    some = log("ab", actors={"a": "ann", "b": "bob"})
    both = reports(some, CONFIG, T0, ("en", "zh-CN"), facts=())
    assert [(h.source, h.target) for h in both["en"].handovers] == [("ann", "bob")]
    assert both["en"].roles == ()
    assert both["en"].quality.notes == ("no role is known: handovers are between actors",)
    assert both["zh-CN"].quality.notes == ("没有岗位信息：转交按操作方统计。",)
    assert dataclasses.replace(both["zh-CN"], quality=both["en"].quality) == both["en"]


def test_notes_of_the_log_are_said_in_the_language() -> None:
    some = arena([event("x", "a", 9, 3), event("x", "b", 9, 10)])
    found = reports(some, CONFIG, T0, ("en", "zh-CN"), facts=())
    assert found["en"].quality.notes == some.quality.notes
    assert found["zh-CN"].quality.notes == ("有 1 个事件的结束早于开始，按没有时长的事件处理。",)


def test_an_empty_log_has_a_document() -> None:
    found = document(report(log(), CONFIG, T0))
    assert found["log"] == {
        **dict.fromkeys(("events", "cases", "activities", "variants", "open_cases"), 0),
        "from": None,
        "to": None,
    }
    assert found["cases"] == {
        **dict.fromkeys(
            ("duration_s", "service_s", "waiting_s"), {"total": 0.0} | dict.fromkeys(("mean", "p50", "p90", "p95"))
        ),
        "efficiency": None,
    }


def test_one_event_alone_and_events_without_length() -> None:
    alone = report(log("a", service=0), CONFIG, T0, facts=())
    assert (alone.cases.duration_s.total, alone.cases.efficiency) == (0.0, None)
    assert report(log("ab", service=0), CONFIG, T0, facts=()).cases.efficiency is None
    assert report(log("ab"), CONFIG, T0, facts=()).cases.efficiency == pytest.approx(2 / 62)


def test_times_are_iso_8601_utc() -> None:
    assert iso(T0) == "2026-01-05T00:00:00Z"
    assert iso(T0 + 1) == "2026-01-05T00:00:00.000001Z"
    assert iso(10**18).startswith("33658-")


if __name__ == "__main__":
    renewed = document(report(tiny(), CONFIG, T0, facts=()))
    GOLDEN.write_text(json.dumps(renewed, ensure_ascii=False, indent=1) + "\n")
