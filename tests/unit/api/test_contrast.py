"""What sets cases apart, over HTTP and on its page."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from mining.live.knowledge import Knowledge
from mining.live.register import Register
from tests.helpers import HOUR, T0, arena, event
from tests.integration.api import serving
from tests.integration.api.client import TestClient
from tests.unit.api.test_api import get

HTML = {"Accept": "text/html"}
PATH = "/api/v1/processes/order/contrast"
PAIR = [{"field": "channel", "value": "live"}, {"field": "platform", "value": "ios"}]


def knowledge(register: Register) -> Knowledge:
    """1,200 orders: of those from live on iOS most take five hours, of all others one in ten."""
    rows: list[dict[str, Any]] = []
    for n in range(1200):
        channel, platform = ("live", "search", "<b>")[n % 3], ("ios", "android")[n // 3 % 2]
        slow = n // 6 % 10 < (8 if (channel, platform) == ("live", "ios") else 1)
        about: dict[str, Any] = {"process": "order", "leading": "order", "channel": channel, "platform": platform}
        rows.append(event(str(n), "Order", T0 + n * HOUR, **about))
        rows.append(event(str(n), "Ship", T0 + n * HOUR + (5 if slow else 1) * HOUR, **about))
    found = arena(rows, "order", "order")
    made = Knowledge()
    made.publish(
        {"order": serving.snapshot(found, register, int(found.end.max()), ("Ship",))}, time.time_ns() // 1000, 0.0
    )
    return made


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    app = serving.application(tmp_path_factory.mktemp("contrast"), knowledge)
    with TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False) as client:
        yield client


def test_a_combination_sets_the_slow_cases_apart(shop: TestClient) -> None:
    found = get(shop, f"{PATH}?min_hours=5")
    assert (found["cases"], found["others"], found["next"]) == (260, 940, None)
    assert {"channel", "platform"} <= set(found["fields"])
    (only,) = found["items"]
    assert only["conditions"] == PAIR
    assert (only["cases"], only["chosen"]) == (200, 160)
    assert only["share"] == pytest.approx(160 / 260)
    assert only["share_of_others"] == pytest.approx(40 / 940)
    assert only["interval"][0] < only["lift"] < only["interval"][1]
    assert only["lift"] == pytest.approx(8, rel=0.05)
    assert only["p_value"] < 1e-10


def test_against_another_choice(shop: TestClient) -> None:
    found = get(shop, f"{PATH}?min_hours=5&against=channel%3Dlive")
    assert found["left_out"] == ["channel"]
    # The slow ones of all channels, and the fast ones of live.
    assert (found["cases"], found["others"]) == (260, 220)
    assert found["items"][0]["conditions"] == PAIR[1:]


def test_what_the_filters_name_is_not_said_again(shop: TestClient) -> None:
    found = get(shop, f"{PATH}?channel=live")
    assert (found["left_out"], found["items"]) == (["channel"], [])


def test_without_a_filter_there_is_nothing_to_compare_with(shop: TestClient) -> None:
    found = get(shop, PATH)
    assert (found["cases"], found["others"], found["items"]) == (1200, 0, [])


@pytest.mark.parametrize(
    ("against", "wrong"),
    [
        ("colour=red", "there is no filter 'colour'"),
        ("&&", "is no filter"),
        ("min_hours=x", "min_hours"),
        ("channel=a&channel=b", "channel is given more than once"),
        ("where=colour=red", "there is no field 'colour'"),
    ],
)
def test_a_wrong_choice_to_compare_with(shop: TestClient, against: str, wrong: str) -> None:
    answer = shop.get(PATH, params={"min_hours": "5", "against": against})
    assert answer.status_code == 422
    assert wrong in answer.json()["detail"]


def test_actors_are_for_managers(guarded: TestClient) -> None:
    from tests.unit.api.conftest import TOKENS

    answer = guarded.get(
        PATH, params={"against": "where=actor=li"}, headers={"Authorization": f"Bearer {TOKENS['viewer']}"}
    )
    assert answer.status_code == 403


def test_the_page(shop: TestClient) -> None:
    page = shop.get("/processes/order/contrast?min_hours=5&lang=en", headers=HTML).text
    assert "What sets these 260 cases apart most: channel live + platform ios." in page
    assert "4.3%" in page.replace("\u2009", "").replace(" %", "%")
    chinese = shop.get("/processes/order/contrast?min_hours=5&lang=zh", headers=HTML).text
    assert "这 260 个流程实例最突出的不同" in chinese


def test_the_page_before_cases_are_chosen(shop: TestClient) -> None:
    page = shop.get("/processes/order/contrast?lang=en", headers=HTML).text
    assert "Which cases?" in page
    assert "?min_hours=5" in page
    assert "?state=open" in page


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("channel=none", "No case passes these filters"),
        ("min_hours=1", "There is no other case to compare with"),
        ("channel=%3Cb%3E", "Nothing that is known sets these 400 cases apart from the 800 others."),
    ],
)
def test_pages_of_nothing(shop: TestClient, asked: str, said: str) -> None:
    page = shop.get(f"/processes/order/contrast?lang=en&{asked}", headers=HTML)
    assert page.status_code == 200
    assert said in page.text
    assert "<b> " not in page.text


def test_a_filtered_process_leads_there(shop: TestClient) -> None:
    page = shop.get("/processes/order?min_hours=5", headers=HTML).text
    assert "/processes/order/contrast?min_hours=5" in page


def test_the_page_of_another_choice(shop: TestClient) -> None:
    page = shop.get(
        "/processes/order/contrast", params={"min_hours": "5", "against": "channel=live&platform=ios", "lang": "en"},
        headers=HTML,
    ).text  # fmt: skip
    assert "Compared with:" in page
    # Without one of its filters the other choice keeps the rest.
    assert 'href="?min_hours=5&amp;against=channel%3Dlive"' in page
