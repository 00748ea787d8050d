"""The pages in a real Chromium, from the real server."""

import json
import os
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.integration.api import serving
from tests.integration.api.backoffice import ODD_CASE

CHROMIUM = Path(os.environ.get("HOUTAI_CHROMIUM", "/usr/bin/chromium"))
ROOT = Path(__file__).resolve().parents[3]
pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed here (apt install chromium)"),
]
PAGES = [
    "/",
    "/processes/order",
    "/processes/return?channel=livestream&paths=1",
    "/processes/order/cases",
    "/processes/order/roles",
    "/processes/order/channels",
    "/processes/order/contrast?min_hours=48",
    "/processes/order/bottlenecks",
    "/processes/return/bottlenecks?channel=livestream",
    f"/processes/order/cases/{quote(ODD_CASE, safe='')}",
    "FINDING",
    "/runbooks/FlowStopped",
    "/login",
    "/processes/order?activity=Nothing",
    "/processes/order?path_from=Pay&path_to=Ship&path=eventual&path_hours=48&without=Cancel%20order",
]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    app = serving.application(tmp_path_factory.mktemp("pages"), lambda register: serving.shop(register, 1500))
    with serving.served(app) as found:
        yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield found
        found.close()


def ask(address: str, path: str) -> Any:
    with urllib.request.urlopen(f"{address}{path}", timeout=20) as answer:
        return json.load(answer)


def first_finding(address: str) -> str:
    return str(ask(address, "/api/v1/processes/return/findings")["items"][0]["id"])


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_pages_fit_and_nothing_is_wrong_in_the_console(
    address: str, browser: Any, language: str, width: int, scheme: str
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, locale=language, color_scheme=scheme)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type != "log" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    for path in PAGES:
        path = f"/findings/{first_finding(address)}" if path == "FINDING" else path
        answer = page.goto(address + path)
        assert answer.status == 200, path
        assert page.evaluate("document.documentElement.lang") == language
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), (path, width)
        assert complaints == [], path
    context.close()


def test_focus_is_visible_and_the_map_lights_up(address: str, browser: Any) -> None:
    page = browser.new_page()
    page.goto(f"{address}/processes/order")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    node = page.locator("svg.process-map a:has(.node)", has_text="Pay").first
    node.hover()
    assert page.locator("svg.process-map.lit .node.on").count() >= 3
    node.click()
    page.wait_for_url("**activity=Pay**")
    assert page.locator(".chips").inner_text().strip().startswith("activity Pay")
    page.close()


def test_a_line_of_the_map_is_marked_by_keyboard_and_by_finger(address: str, browser: Any) -> None:
    page = browser.new_page()
    page.goto(f"{address}/processes/order?lang=en")
    page.locator(".process-map a[aria-label*='Reserve stock → Pick and pack']").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**mark_from=Reserve+stock**")
    page.locator(".chosen button[value=intended]").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "mark_from" not in url)
    assert page.locator(".process-map .edge.intended[data-from='Reserve stock']").count() == 1
    page.close()
    context = browser.new_context(viewport={"width": 390, "height": 800}, has_touch=True, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/processes/order?lang=zh-CN")
    page.locator(".process-map a[aria-label*='Reserve stock → Pick and pack']").tap()
    page.wait_for_url("**mark_from=Reserve+stock**")
    page.locator(".chosen button", has_text="应有").tap()
    page.wait_for_url(lambda url: "mark_from" not in url)
    assert page.locator(".process-map .edge.intended[data-from]").count() == 0
    context.close()


def test_sliders_and_filters_end_up_in_the_address(address: str, browser: Any) -> None:
    page = browser.new_page()
    page.goto(f"{address}/processes/order?channel=search")
    page.locator("#paths").focus()
    page.keyboard.press("End")
    page.wait_for_url("**paths=1**")
    assert "channel=search" in page.url
    page.locator("details.filter > summary").click()
    page.locator("select[name=platform]").select_option("web")
    page.locator("details.further > summary").click()
    page.locator("select[name=path_from]").select_option("Pay")
    page.locator("select[name=path_to]").select_option("Ship")
    page.locator("select[name=path]").select_option("eventual")
    page.locator("form.fields button").click()
    page.wait_for_url("**platform=web**")
    assert "path_from=Pay&path=eventual&path_to=Ship" in page.url
    assert all(f"&{name}=" not in page.url for name in ("from", "window", "min_hours", "without"))
    page.locator(".chips a", has_text="Pay → Ship").click()
    page.wait_for_url(lambda url: "path" not in url.replace("paths=", "").replace("/processes", ""))
    page.locator(".chips a", has_text="web").click()
    page.wait_for_url(lambda url: "platform" not in url)
    page.close()


def test_pages_work_without_script(address: str, browser: Any) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/processes/order")
    assert page.locator("svg.process-map .node").count() > 5
    page.locator("form.sliders button").click()
    assert "paths=0.8" in page.url
    context.close()


def test_a_status_set_in_the_form_is_on_the_record(address: str, browser: Any) -> None:
    finding = first_finding(address)
    page = browser.new_page()
    page.goto(f"{address}/findings/{finding}")
    page.locator("select[name=status]").select_option("acknowledged")
    page.locator("input[name=owner]").fill("王丽")
    page.locator(".status-form button").click()
    page.wait_for_load_state()
    assert page.locator(".badge.status").first.inner_text() == "acknowledged"
    page.close()
    operation = ask(address, "/api/v1/operations")["items"][0]
    assert operation["subject"] == finding
    assert operation["after"] == {"owner": "王丽", "status": "acknowledged"}


def test_a_case_leads_on_to_its_finding_and_back(address: str, browser: Any) -> None:
    page = browser.new_page()
    page.goto(f"{address}/findings/{first_finding(address)}")
    page.locator(".examples a").first.click()
    page.wait_for_url("**/cases/**")
    assert page.locator(".timeline .event").count() > 1
    page.locator(".findings a").first.click()
    page.wait_for_url("**/findings/**")
    page.close()


def test_the_bottleneck_report_prints_on_a4_without_cut_tables(address: str, browser: Any, tmp_path: Path) -> None:
    path = f"{address}/api/v1/processes/return/bottlenecks?format=html&lang=en"
    file = tmp_path / "return.html"
    with urllib.request.urlopen(path, timeout=20) as answer:
        file.write_bytes(answer.read())
    for shown in (f"{address}/processes/return/bottlenecks?lang=en", file.as_uri()):
        page = browser.new_page(viewport={"width": 690, "height": 1000})  # A4 less its margins
        page.emulate_media(media="print")
        page.goto(shown)
        cut = page.evaluate(
            "[...document.querySelectorAll('table,svg')].filter(e => e.getBoundingClientRect().right > 691).length"
        )
        assert cut == 0, shown
        page.close()


def test_a_redesign_is_begun_and_done_by_the_form(address: str, browser: Any) -> None:
    found = ask(address, "/api/v1/processes/order/findings")["items"]
    finding = next(each["id"] for each in found if each["kind"] == "bottleneck")
    page = browser.new_page()
    page.goto(f"{address}/findings/{finding}?lang=en")
    page.locator("select[name=status]").select_option("in_redesign")
    page.locator(".status-form button").click()
    page.wait_for_selector("input[name=done_at]")
    page.locator("input[name=done_at]").fill("2026-01-12")
    page.locator(".status-form button").click()
    page.wait_for_load_state()
    assert "Done on 2026-01-12" in page.locator(".redesigned").inner_text()
    page.close()
