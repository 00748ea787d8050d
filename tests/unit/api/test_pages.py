import re
import time
from html import unescape
from pathlib import Path
from urllib.parse import quote

import pytest

from api.pages import runbooks
from mining.live.knowledge import Knowledge
from mining.live.register import Register
from tests.helpers import log
from tests.integration.api import serving
from tests.integration.api.backoffice import ODD_CASE, ODD_NAME
from tests.integration.api.client import TestClient

HTML = {"Accept": "text/html"}
PAGES = [
    "/",
    "/processes/order",
    "/processes/order?channel=livestream&from=2026-01-06&paths=1&activities=8",
    "/processes/return",
    "/processes/order/cases?open=true",
    "/processes/order/roles",
    f"/processes/order/cases/{quote(ODD_CASE, safe='')}",
    "/runbooks/FlowStopped",
    "/login",
]


@pytest.mark.parametrize("language", ["en", "zh-CN"])
@pytest.mark.parametrize("path", PAGES)
def test_pages_open_in_both_languages(client: TestClient, path: str, language: str) -> None:
    answer = client.get(path, headers={**HTML, "Accept-Language": language})
    assert answer.status_code == 200
    assert f'<html lang="{language}">' in answer.text
    # The policy forbids inline styles and scripts: there must be none to miss.
    assert not re.search(r"<style|\sstyle=|<script(?![^>]*\ssrc=)|\son\w+=", answer.text)
    if language == "zh-CN":
        assert re.search(r"[\u4e00-\u9fff]{2}", answer.text)


def test_every_finding_has_a_page(client: TestClient) -> None:
    for process in ("order", "return"):
        for finding in client.get(f"/api/v1/processes/{process}/findings").json()["items"]:
            page = client.get(f"/findings/{finding['id']}", headers=HTML)
            assert page.status_code == 200
            for case_id in finding["evidence"]["cases"]:
                assert quote(case_id, safe="") in page.text


def test_names_are_escaped(client: TestClient) -> None:
    page = client.get("/processes/order?paths=1", headers=HTML).text
    assert ODD_NAME not in page
    assert "Check &lt;address&gt; &amp;" in page
    assert client.get(f"/processes/order?activity={quote('<script>x')}", headers=HTML).text.count("<script>x") == 0


def test_language_is_kept(own: TestClient) -> None:
    assert 'lang="zh-CN"' in own.get("/?lang=zh", headers=HTML).text
    assert '<html lang="zh-CN">' in own.get("/processes/order", headers=HTML).text
    assert '<html lang="en">' in own.get("/?lang=en", headers=HTML).text


def test_filters_are_chips_that_can_be_taken_off(client: TestClient) -> None:
    page = client.get("/processes/order?channel=search&platform=web", headers=HTML).text
    assert 'href="?platform=web"' in page
    assert 'href="?channel=search"' in page


FURTHER = (
    "/processes/order?without=Cancel%20order&path_from=Pay&path_to=Ship&path=eventual&path_hours=48&min_hours=1.5"
    "&state=open&window=starts&from=2026-01-01&where=channel=search&where_not=platform=web&ends_with=Ship&max_events=9"
)


def test_further_filters_are_chips_and_fill_the_form(client: TestClient) -> None:
    page = unescape(client.get(FURTHER, headers=HTML).text)
    chips = re.findall(r'<li><a href="(\?[^"]*)" aria-label="Take off: ([^"]*)"', page)
    told = [label for _, label in chips]
    assert "Order Pay → Ship (some time later, ≤ 48 h)" in told
    assert {"Without Cancel order", "Takes at least 1.5 h", "Case is open", "In this time started"} <= set(told)
    assert {"channel search", "platform ≠ web", "Ends with Ship", "Events at most 9"} <= set(told)
    without_path = next(address for address, label in chips if label.startswith("Order"))
    assert "path" not in without_path
    assert "min_hours=1.5" in without_path
    assert '<option value="eventual" selected>' in page
    assert '<details class="further" open>' in page
    assert 'type="hidden" name="where" value="channel=search"' in page
    assert '<details class="further">' in client.get("/processes/order?channel=search", headers=HTML).text
    chinese = unescape(client.get(FURTHER, headers={**HTML, "Accept-Language": "zh-CN"}).text)
    assert "Pay → Ship (稍后出现" in chinese
    assert "<span>流量来源</span> search" in chinese
    assert '<option value="" selected>directly' not in page


def test_a_filter_of_several_values_has_a_chip_each(client: TestClient) -> None:
    page = unescape(client.get("/processes/order?without=Pay&without=Ship", headers=HTML).text)
    assert 'href="?without=Ship" aria-label="Take off: Without Pay"' in page
    assert 'href="?without=Pay" aria-label="Take off: Without Ship"' in page
    assert 'type="hidden" name="without" value="Ship"' in page


def test_nothing_left_by_the_filters_is_said(client: TestClient) -> None:
    page = client.get("/processes/order?activity=Nothing", headers=HTML)
    assert page.status_code == 200
    assert "No case passes these filters" in page.text
    assert "No case passes" in client.get("/processes/order/cases?activity=Nothing", headers=HTML).text
    assert client.get("/processes/order/roles?activity=Nothing", headers=HTML).status_code == 200


@pytest.mark.parametrize(
    "path", ["/processes/none", "/findings/none", "/runbooks/none", "/runbooks/%2e.%2fx", "/nothing"]
)
def test_a_browser_gets_errors_as_pages(client: TestClient, path: str) -> None:
    answer = client.get(path, headers={**HTML, "Accept-Language": "zh"})
    assert answer.status_code == 404
    assert "text/html" in answer.headers["content-type"]
    assert "此地址没有内容" in answer.text


def test_an_unknown_language_is_an_error_page(client: TestClient) -> None:
    answer = client.get("/?lang=fr", headers=HTML)
    assert answer.status_code == 422
    assert "lang:" in answer.text


def test_before_the_first_event(tmp_path: Path) -> None:
    app = serving.application(tmp_path, lambda _: Knowledge())
    with TestClient(app, base_url="http://127.0.0.1") as client:
        assert "Waiting for the first events" in client.get("/", headers=HTML).text


def test_a_process_without_a_case_and_without_roles(tmp_path: Path) -> None:
    def knowledge(register: Register) -> Knowledge:
        known = Knowledge()
        made = {"test": serving.snapshot(log("ab", "acb"), register, 0), "none": serving.snapshot(log(), register, 0)}
        known.publish(made, time.time_ns() // 1000, 0.0)
        return known

    with TestClient(serving.application(tmp_path, knowledge), base_url="http://127.0.0.1") as client:
        for path in ("/", "/processes/test", "/processes/none", "/processes/none/cases", "/processes/none/roles"):
            assert client.get(path, headers=HTML).status_code == 200, path
        assert "No role is known" in client.get("/processes/test/roles", headers=HTML).text
        for path in ("report", "map", "map?format=svg", "map?format=bpmn", "performance-spectrum", "catalog", "cases"):
            assert client.get(f"/api/v1/processes/none/{path}").status_code == 200, path


def test_a_miner_that_is_behind_is_said(tmp_path: Path) -> None:
    def knowledge(register: Register) -> Knowledge:
        known = serving.shop(register, 20)
        known.publish({}, time.time_ns() // 1000, 95.0)
        return known

    with TestClient(serving.application(tmp_path, knowledge), base_url="http://127.0.0.1") as client:
        assert "1.6 min old" in client.get("/", headers=HTML).text


def test_the_form_changes_status_and_owner(own: TestClient) -> None:
    finding = own.get("/api/v1/processes/order/findings").json()["items"][0]["id"]
    page = own.post(f"/findings/{finding}", data={"status": "in_redesign", "owner": " Li "}, headers=HTML)
    assert page.status_code == 200
    assert "local set in redesign" in page.text
    assert own.get(f"/api/v1/findings/{finding}").json()["owner"] == "Li"
    refused = own.post(f"/findings/{finding}", data={"status": "nonsense"}, headers=HTML)
    assert refused.status_code == 422
    assert "nonsense" in refused.text
    assert own.post(f"/findings/{finding}", data={"owner": "x" * 30_000}).status_code == 413


def test_static_files(client: TestClient) -> None:
    page = client.get("/", headers=HTML).text
    for address in re.findall(r'(?:href|src)="(/static/[^"]+)"', page):
        answer = client.get(address)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
    assert client.get("/static/houtai.css").headers["cache-control"] == "no-cache"
    assert client.get("/static/none").status_code == 404
    assert client.get("/favicon.ico").status_code == 200


def test_every_runbook_opens_in_both_languages(client: TestClient) -> None:
    assert runbooks.names()
    for name in runbooks.names():
        for language in ("en", "zh-CN"):
            assert client.get(f"/runbooks/{name}?lang={language}", headers=HTML).status_code == 200
