"""Declared rules over HTTP and on their page."""

import dataclasses
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from api.routes.rules import newest_first
from mining.live.knowledge import Knowledge
from mining.live.register import Register
from mining.rules.settings import RuleSettings
from tests.helpers import DAY, HOUR, T0, arena, event
from tests.integration.api import serving
from tests.integration.api.client import TestClient
from tests.unit.api.test_api import everything, get

HTML = {"Accept": "text/html"}
RULES = (
    RuleSettings(
        id="review",
        name={"en": "Review first", "zh-CN": "先审核"},
        process="order",
        template="precedence",
        source=("Review",),
        target=("Ship",),
        price=500,
    ),
    RuleSettings(
        id="in-time", process="order", template="response", source=("Order",), target=("Ship",), within_hours=2
    ),
    RuleSettings(id="lost", process="order", template="absence", activity=("Lose",), severity="critical"),
)


def knowledge(register: Register, rules: Sequence[RuleSettings] = RULES) -> Knowledge:
    """Ten days of ten orders: two a day skip the review, one a day ships late, the last case is open."""
    rows: list[dict[str, Any]] = []
    for day in range(10):
        for n in range(10):
            case, at = f"{day}/{n}", T0 + day * DAY + n * HOUR
            rows.append(event(case, "Order", at, process="order", leading="order", channel="web" if n else "<b>"))
            if n > 1:
                rows.append(event(case, "Review", at + HOUR, process="order", leading="order"))
            if (day, n) != (9, 9):
                later = 5 * HOUR if n == 5 else HOUR + HOUR // 2
                more: dict[str, Any] = {"role": "shipper", "system": "wms"}
                rows.append(event(case, "Ship", at + later, process="order", leading="order", **more))
    found = arena(rows, "order", "order")
    made = serving.snapshot(found, register, int(found.end.max()), ("Ship",))
    config = dataclasses.replace(made.config, rules=tuple(rules))
    result = Knowledge()
    result.publish({"order": dataclasses.replace(made, config=config)}, time.time_ns() // 1000, 0.0)
    return result


@pytest.fixture(scope="module")
def ruled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    app = serving.application(tmp_path_factory.mktemp("ruled"), knowledge)
    with TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False) as client:
        yield client


PATH = "/api/v1/processes/order/rules"


def test_counts_and_words(ruled: TestClient) -> None:
    rows = {row["rule"]: row for row in everything(ruled, PATH, 2)}
    assert list(rows) == ["in-time", "lost", "review"]
    review, late, lost = rows["review"], rows["in-time"], rows["lost"]
    assert [review[name] for name in ("activations", "fulfilled", "broken", "pending")] == [99, 79, 20, 0]
    assert (review["cases"], review["broken_cases"], review["name"]) == (99, 20, "Review first")
    assert review["last_broken"] == "2026-01-14T02:30:00Z"
    assert [late[name] for name in ("activations", "fulfilled", "broken", "pending")] == [100, 89, 10, 1]
    assert late["says"] == "After Order comes Ship (within 2 h)."
    assert (lost["broken"], lost["fulfilled"], lost["unknown"]) == (0, 100, ["Lose"])
    assert get(ruled, f"{PATH}?lang=zh")["items"][2]["says"] == "「Ship」之前须有「Review」。"


def test_buckets_add_up(ruled: TestClient) -> None:
    for bucket in ("hour", "day", "week"):
        for row in get(ruled, f"{PATH}?bucket={bucket}")["items"]:
            for name in ("fulfilled", "broken", "pending"):
                assert sum(part[name] for part in row["over_time"]) == row[name]
    days = get(ruled, PATH)["items"][2]["over_time"]
    assert [day["broken"] for day in days] == [2] * 10
    assert days[0]["begin"] == "2026-01-04T16:00:00Z"


def test_a_choice_of_cases(ruled: TestClient) -> None:
    chosen = get(ruled, f"{PATH}?channel=web")["items"][2]
    assert (chosen["cases"], chosen["broken_cases"]) == (89, 10)
    within = get(ruled, f"{PATH}?from=2026-01-06&to=2026-01-06&window=starts")["items"][2]
    assert within["cases"] == 10
    assert get(ruled, f"{PATH}?channel=none")["items"][2]["over_time"] == []


def test_breaches_page_by_page(ruled: TestClient) -> None:
    found = everything(ruled, f"{PATH}/review/breaches", 3)
    assert found == everything(ruled, f"{PATH}/review/breaches", 1000)
    assert len(found) == 20
    assert found[0] == {
        "case_id": "9/1",
        "time": "2026-01-14T02:30:00Z",
        "place": 1,
        "activity": "Ship",
        "role": "shipper",
        "system": "wms",
        "late_s": None,
    }
    late = everything(ruled, f"{PATH}/in-time/breaches", 100)
    assert {row["late_s"] for row in late} == {3 * 3600}
    assert late[0]["time"] == "2026-01-14T07:00:00Z"
    assert len(everything(ruled, f"{PATH}/review/breaches?channel=web", 3)) == 10


def test_keys_of_breaches_ascend(ruled: TestClient) -> None:
    from api.routes.documents import RuleBreach

    rows = [RuleBreach(**row) for row in everything(ruled, f"{PATH}/review/breaches", 1000)]
    keys = [newest_first(row) for row in rows]
    assert keys == sorted(set(keys))


def test_what_is_not_there(ruled: TestClient) -> None:
    assert ruled.get(f"{PATH}/nothing/breaches").status_code == 404
    assert ruled.get("/api/v1/processes/nothing/rules").status_code == 404
    assert ruled.get("/processes/order/rules?rule=nothing", headers=HTML).status_code == 404
    assert ruled.get(f"{PATH}?bucket=year").status_code == 422


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_the_page(ruled: TestClient, language: str) -> None:
    page = ruled.get("/processes/order/rules", headers={**HTML, "Accept-Language": language})
    assert page.status_code == 200
    sentence = {
        "en": "2 of 3 rules are broken, most often: Review first (20 cases).",
        "zh-CN": "3条规则中有2条被违反，最多的是：先审核（20单）。",
    }[language]
    assert sentence in page.text
    assert 'href="/processes/order/cases/9%2F1"' in page.text
    assert "<b>" not in page.text.split('id="breaches"')[1]
    other = ruled.get("/processes/order/rules?rule=lost&channel=web", headers={**HTML, "Accept-Language": language})
    assert {"en": "No case breaks it.", "zh-CN": "没有单违反此规则。"}[language] in other.text


def test_a_page_without_rules_says_how_to_state_one(tmp_path: Path) -> None:
    app = serving.application(tmp_path, lambda register: knowledge(register, ()))
    with TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False) as client:
        page = client.get("/processes/order/rules", headers=HTML)
        assert page.status_code == 200
        assert "template: precedence" in page.text
        assert get(client, PATH)["items"] == []
