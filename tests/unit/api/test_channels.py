"""Channels beside their outcomes, over HTTP and on their page."""

import csv
import dataclasses
import io
import time
from collections.abc import Iterator
from typing import Any

import pytest
from openpyxl import load_workbook

from mining.live.knowledge import Knowledge
from mining.live.register import Register
from tests.helpers import DAY, HOUR, T0, arena, event
from tests.integration.api import serving
from tests.integration.api.client import TestClient
from tests.unit.api.test_api import get

HTML = {"Accept": "text/html"}
PATH = "/api/v1/processes/order/channels"


def knowledge(register: Register) -> Knowledge:
    """400 orders over 40 days and 30 returns; customers of live never come again, those of search every day.

    Live: half of the orders fail once and are paid anew, a third of those shipped are sent back.
    """
    orders: list[dict[str, Any]] = []
    returns: list[dict[str, Any]] = []
    for n in range(400):
        live, at = n % 2 == 0, T0 + n * DAY // 10
        customer = f"once-{n}" if live else f"often-{n % 10}"
        about: dict[str, Any] = {"process": "order", "leading": "order", "channel": "live" if live else "search"}
        orders.append(event(str(n), "Order", at, actor=customer, actor_kind="user", **about))
        if live and n % 4 == 0:
            orders.append(event(str(n), "Pay", at + HOUR, outcome="error", **about))
        orders.append(event(str(n), "Pay", at + 2 * HOUR, **about))
        orders.append(event(str(n), "Cancel" if n % 20 == 0 else "Ship", at + 3 * HOUR, **about))
        if n % 6 == 2 and n < 180:
            back: dict[str, Any] = {"process": "return", "leading": "return"}
            both = [("return", f"r{n}"), ("order", str(n))]
            returns.append({**event(f"r{n}", "Request", at + DAY, **back), "objects": [thing(*each) for each in both]})
            returns.append(event(f"r{n}", "Refund", at + 2 * DAY, **back))
    made = {}
    for process, rows in (("order", orders), ("return", returns)):
        found = arena(rows, process, process)
        made[process] = serving.snapshot(found, register, T0 + 45 * DAY, ("Ship", "Cancel", "Refund"))
    config = dataclasses.replace(made["order"].config, success_activities=("Ship",), refund_activities=("Refund",))
    made["order"] = dataclasses.replace(made["order"], config=config)
    result = Knowledge()
    result.publish(made, time.time_ns() // 1000, 0.0)
    return result


def thing(kind: str, name: str) -> dict[str, str | None]:
    return {"type": kind, "id": name, "qualifier": None}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    app = serving.application(tmp_path_factory.mktemp("channels"), knowledge)
    with TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False) as client:
        yield client


def test_outcomes_by_channel(shop: TestClient) -> None:
    found = get(shop, PATH)
    assert [(row["field"], row["value"], row["cases"]) for row in found["items"]] == [
        ("channel", "live", 200),
        ("channel", "search", 200),
    ]
    live, search = (row["outcomes"] for row in found["items"])
    assert (live["errors"]["value"], live["errors"]["others"], live["errors"]["differs"]) == (0.5, 0.0, "more")
    assert (live["rework"]["value"], search["rework"]["value"]) == (0.5, 0.0)
    assert (live["conversion"]["value"], search["conversion"]["value"]) == (0.9, 1.0)
    assert live["conversion"]["differs"] == "less"
    assert live["duration"]["value"] == 3 * 3600
    assert live["duration"]["differs"] is None
    # Every third order of live of the first 18 days was paid back, of those that were shipped.
    assert search["refunds"]["value"] == 0.0
    assert live["refunds"]["differs"] == "more"
    assert (live["repurchase"]["cases"], live["repurchase"]["value"]) == (200, 0.0)
    assert (search["repurchase"]["cases"], search["repurchase"]["value"]) == (5, 1.0)
    # Three hours, of which nothing is work of the staff, at 1.20 an hour of waiting.
    assert live["cost"]["value"] == pytest.approx(3 * 120, rel=0.05)
    assert found["missing"] == []
    after = {outcome["name"]: outcome["after_s"] for outcome in found["outcomes"]}
    assert (after["conversion"], after["refunds"], after["errors"]) == (3 * 3600, 2 * 86400, None)


def test_what_is_not_said_is_null(shop: TestClient) -> None:
    found = get(shop, "/api/v1/processes/return/channels")
    assert (found["items"], set(found["missing"])) == ([], {"conversion", "refunds", "repurchase"})


def test_a_choice_of_cases(shop: TestClient) -> None:
    (only,) = get(shop, f"{PATH}?channel=live")["items"]
    assert (only["value"], only["outcomes"]["errors"]["others"]) == ("live", None)


def test_csv_and_workbook(shop: TestClient) -> None:
    answer = shop.get(f"{PATH}?format=csv")
    assert answer.headers["content-disposition"].endswith("channels-order.csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [(row["value"], row["errors"], row["errors_differs"]) for row in rows] == [
        ("live", "0.5", "more"),
        ("search", "0.0", "less"),
    ]
    book = load_workbook(io.BytesIO(shop.get(f"{PATH}?format=xlsx&lang=zh").content))
    table = list(book["流量来源"].values)
    head = dict(zip(table[0], table[1], strict=True))
    assert (head["来源"], head["取值"], head["报错"], head["报错: 与其他相比"]) == ("流量来源", "live", 0.5, "偏高")
    assert head["单例成本 (CNY)"] == pytest.approx(3.6, rel=0.05)


def test_a_wrong_format(shop: TestClient) -> None:
    assert shop.get(f"{PATH}?format=pdf").status_code == 422


def test_the_page(shop: TestClient) -> None:
    page = shop.get("/processes/order/channels?lang=en", headers=HTML).text
    assert "Channel live stands out: errors 50%, elsewhere 0%." in page.replace(" %", "%").replace("\u202f", "")
    assert f"{PATH}?format=csv&amp;lang=en" in page
    assert 'href="/processes/order?channel=live"' in page
    chinese = shop.get("/processes/order/channels?lang=zh", headers=HTML).text
    assert "流量来源「live」最突出：报错 50%" in chinese


def test_the_page_of_a_process_without_channels(shop: TestClient) -> None:
    page = shop.get("/processes/return/channels?lang=en", headers=HTML).text
    assert "No case has a channel, platform or shop" in page
