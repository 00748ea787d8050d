"""The bottleneck report over HTTP, and findings in redesign."""

import io
from dataclasses import replace
from html import escape

import pytest
from openpyxl import load_workbook

from tests.integration.api.client import TestClient

PAGE = "/processes/return/bottlenecks"
FILE = "/api/v1/processes/return/bottlenecks"


def a_bottleneck(client: TestClient) -> str:
    items = client.get("/api/v1/processes/return/findings").json()["items"]
    return next(str(each["id"]) for each in items if each["kind"] == "bottleneck")


@pytest.mark.parametrize(("lang", "head"), [("en", "Bottlenecks by hours a week"), ("zh-CN", "瓶颈排名")])
def test_the_page_in_both_languages(client: TestClient, lang: str, head: str) -> None:
    answer = client.get(f"{PAGE}?lang={lang}")
    assert answer.status_code == 200
    assert head in answer.text
    assert "svg" in answer.text
    assert f'{FILE}?format=pdf&amp;lang={lang}"' in answer.text
    assert "/findings/" in answer.text
    assert "/static/report.css" in answer.text


def test_filters_hold_for_the_page_and_its_files(client: TestClient) -> None:
    all_of_it = client.get(f"{FILE}?lang=en").json()
    some = client.get(f"{FILE}?lang=en&channel=livestream").json()
    assert some["made"] != all_of_it["made"]
    assert "channel=livestream&amp;format=pdf" in client.get(f"{PAGE}?channel=livestream&lang=en").text
    empty = client.get(f"{PAGE}?activity=Nothing&lang=en")
    assert "No case passes these filters" in empty.text
    assert client.get("/processes/nothing/bottlenecks").status_code == 404


def test_numbers_lead_to_their_cases_and_values_to_a_filter(client: TestClient) -> None:
    page = client.get(f"{PAGE}?channel=livestream&lang=en").text
    assert "/processes/return/cases?channel=livestream&amp;path_from=" in page
    assert 'href="?channel=livestream&amp;activity=Approve+return"' in page
    link = page.split('href="/processes/return/cases?')[1].split('"')[0].replace("&amp;", "&")
    assert client.get(f"/processes/return/cases?{link}").status_code == 200


def test_files(client: TestClient) -> None:
    page = client.get(f"{FILE}?format=html&lang=en")
    assert page.headers["content-type"].startswith("text/html")
    assert page.headers["content-disposition"] == "attachment; filename*=UTF-8''return.html"
    assert page.text.startswith("<!doctype html>")
    printed = client.get(f"{FILE}?format=pdf&lang=zh-CN")
    assert printed.headers["content-type"] == "application/pdf"
    assert printed.content.startswith(b"%PDF-")
    book = load_workbook(io.BytesIO(client.get(f"{FILE}?format=xlsx&lang=zh-CN").content))
    assert "瓶颈" in book.sheetnames
    assert client.get(f"{FILE}?format=docx").status_code == 422


def test_a_finding_in_redesign_is_frozen_then_compared(own: TestClient) -> None:
    finding = a_bottleneck(own)
    path = f"/api/v1/findings/{finding}"
    assert own.get(f"{path}/redesign").status_code == 404
    early = own.patch(path, json={"done_at": "2026-01-10"})
    assert early.status_code == 422
    assert "in_redesign first" in early.text
    assert own.patch(path, json={"status": "in_redesign", "owner": "li"}).json()["status"] == "in_redesign"
    frozen = own.get(f"{path}/redesign").json()
    assert frozen["before"] > 0
    assert frozen["done_at"] is None
    assert frozen["figures"] == {}
    again = own.patch(path, json={"status": "in_redesign"})
    assert again.status_code == 200
    assert own.get(f"{path}/redesign").json()["frozen_at"] == frozen["frozen_at"], "set again, it stays as it was"
    assert own.patch(path, json={"done_at": "2999-01-01"}).status_code == 422
    assert own.patch(path, json={"done_at": "1999-01-01"}).status_code == 422
    assert own.patch(path, json={"done_at": "2026-01-10T12:00:00"}).status_code == 200
    done = own.get(f"{path}/redesign").json()
    assert done["done_at"] == "2026-01-10T04:00:00Z", "a time without a zone is one of the process"
    assert done["missing"] == "days"
    assert done["figures"] == {}
    record = own.get("/api/v1/operations").json()["items"][0]
    assert record["after"] == {"owner": "li", "status": "in_redesign", "done_at": "2026-01-10T04:00:00Z"}
    shown = own.get(f"/findings/{finding}?lang=en").text
    assert "Not enough data yet" in shown
    assert 'name="done_at" value="2026-01-10"' in shown
    assert "Not enough data yet" in own.get(f"{PAGE}?lang=en").text


def test_the_form_takes_a_day(own: TestClient) -> None:
    finding = a_bottleneck(own)
    form = {"content-type": "application/x-www-form-urlencoded"}
    set_to = own.post(f"/findings/{finding}", content="status=in_redesign&owner=li", headers=form)
    assert set_to.status_code in (200, 303)
    own.post(f"/findings/{finding}", content="status=in_redesign&owner=li&done_at=2026-01-08", headers=form)
    assert own.get(f"/api/v1/findings/{finding}/redesign").json()["done_at"] == "2026-01-07T16:00:00Z"
    wrong = own.post(f"/findings/{finding}", content="status=in_redesign&owner=li&done_at=soon", headers=form)
    assert wrong.status_code == 422
    assert "is no date" in wrong.text


def test_what_a_change_made_an_end_of_is_still_told(own: TestClient) -> None:
    finding = a_bottleneck(own)
    own.patch(f"/api/v1/findings/{finding}", json={"status": "in_redesign"})
    own.patch(f"/api/v1/findings/{finding}", json={"done_at": "2026-01-10"})
    knows = own.app.state.knowing  # type: ignore[attr-defined]
    snapshot = knows.knowledge.snapshot("return")
    title = next(f.title for f in snapshot.reports["en"].findings if f.id == finding)
    gone = {
        lang: replace(report, findings=tuple(f for f in report.findings if f.id != finding))
        for lang, report in snapshot.reports.items()
    }
    knows.knowledge.publish({"return": replace(snapshot, reports=gone)}, snapshot.now, 0.0)
    page = own.get(f"{PAGE}?lang=en").text
    assert "Changes to what is no bottleneck any more" in page
    assert escape(title) in page.split("Changes to what is no bottleneck any more")[1]
    assert own.get(f"/api/v1/findings/{finding}").status_code == 404
    assert own.get(f"/api/v1/findings/{finding}/redesign").json()["done_at"] == "2026-01-09T16:00:00Z"
    path = f"/api/v1/findings/{finding}/redesign"
    assert own.put(path, json={"done_at": "2026-01-11"}).json()["done_at"] == "2026-01-10T16:00:00Z"
    assert own.put("/api/v1/findings/none/redesign", json={"done_at": "2026-01-11"}).status_code == 404
    assert own.put(path, json={"done_at": "2999-01-11"}).status_code == 422
    assert own.put(path, json={}).status_code == 422
    page = own.get(f"/findings/{finding}?lang=zh-CN").text
    assert "已不再出现" in page
    assert 'name="done_at" value="2026-01-11"' in page
    form = {"content-type": "application/x-www-form-urlencoded"}
    wrong = own.post(f"/findings/{finding}", content="done_at=soon", headers=form)
    assert wrong.status_code == 422
    assert own.post(f"/findings/{finding}", content="done_at=2026-01-12", headers=form).status_code in (200, 303)
    assert own.get(path).json()["done_at"] == "2026-01-11T16:00:00Z"
    assert own.get("/findings/none").status_code == 404
