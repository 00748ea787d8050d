"""Marks of branches over HTTP and on the page: kept, on the record, by whoever may."""

import re
from typing import Any

import pytest

from tests.integration.api.client import TestClient
from tests.unit.api.conftest import TOKENS

MARKS = "/api/v1/processes/order/marks"


def rows(client: TestClient, **query: str | int) -> list[dict[str, Any]]:
    return list(client.get(MARKS, params={"limit": 1000, **query}).json()["items"])


def test_every_branch_is_listed_and_not_judged_at_first(own: TestClient) -> None:
    found = rows(own)
    assert found
    assert all(row["mark"] is None and row["cases"] and not row["new"] for row in found)
    assert [row["first_seen"] for row in found] == sorted((row["first_seen"] for row in found), reverse=True)
    first = own.get(MARKS, params={"limit": 2}).json()
    rest = own.get(MARKS, params={"limit": 1000, "cursor": first["next"]}).json()
    assert [*first["items"], *rest["items"]] == found


def test_a_mark_is_kept_recorded_changed_and_taken_away(own: TestClient) -> None:
    found = rows(own)[0]
    branch = {"source": found["source"], "target": found["target"]}
    assert own.put(MARKS, json={**branch, "mark": "wrong"}).status_code == 204
    row = next(row for row in rows(own) if row["mark"] is not None)
    assert (row["source"], row["target"], row["mark"]) == (found["source"], found["target"], "wrong")
    assert row["marked_at"]
    assert rows(own)[-1] == row
    assert own.put(MARKS, json={**branch, "mark": "exception"}).status_code == 204
    # Another service over the same folder knows it, too.
    knowing = own.app.state.knowing  # type: ignore[attr-defined]
    assert type(knowing.marks)(knowing.operations.url).marks("order") == {tuple(branch.values()): "exception"}
    gone = {name: value for name, value in branch.items() if value is not None}
    assert own.delete(MARKS, params=gone).status_code == 204
    assert all(row["mark"] is None for row in rows(own))
    told = [
        (each["before"], each["after"])
        for each in own.get("/api/v1/operations").json()["items"]
        if each["what"] == "mark branch"
    ]
    assert told == [
        ({"mark": "exception"}, None),
        ({"mark": "wrong"}, {"mark": "exception"}),
        (None, {"mark": "wrong"}),
    ]


def test_a_branch_that_appears_after_the_first_mark_is_new(own: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    found = rows(own)
    knowing = own.app.state.knowing  # type: ignore[attr-defined]
    monkeypatch.setattr(knowing, "clock", lambda: 1)
    own.put(MARKS, json={"source": found[0]["source"], "target": found[0]["target"], "mark": "intended"})
    assert {row["new"] for row in rows(own) if row["mark"] is None} == {True}


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"source": "Nobody", "target": None, "mark": "wrong"}, "source: process 'order' has no activity 'Nobody'"),
        ({"mark": "wrong"}, "one of them must be an activity"),
        ({"source": "Nobody", "mark": "fine"}, "mark"),
    ],
)
def test_what_cannot_be_marked_is_told(client: TestClient, body: dict[str, str], told: str) -> None:
    answer = client.put(MARKS, json=body)
    assert answer.status_code == 422
    assert told in answer.text


def test_what_is_not_marked_cannot_be_unmarked(client: TestClient) -> None:
    found = rows(client)[0]
    gone = {name: str(found[name]) for name in ("source", "target") if found[name] is not None}
    assert client.delete(MARKS, params=gone).status_code == 422


def test_who_may_only_look_marks_nothing(guarded: TestClient) -> None:
    def bearer(role: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {TOKENS[role]}"}

    found = guarded.get(MARKS, headers=bearer("viewer")).json()["items"][0]
    body = {"source": found["source"], "target": found["target"], "mark": "wrong"}
    assert guarded.put(MARKS, json=body, headers=bearer("viewer")).status_code == 403
    assert guarded.put(MARKS, json=body, headers=bearer("operator")).status_code == 204
    kept = [row for row in guarded.get(MARKS, headers=bearer("viewer")).json()["items"] if row["mark"]]
    assert [row["marked_by"] for row in kept] == ["operator li"]


def test_a_line_of_the_map_leads_to_three_buttons_that_mark_it(own: TestClient) -> None:
    found = next(row for row in rows(own) if row["source"] is not None and row["target"] is not None)
    source, target = found["source"], found["target"]
    page = own.get("/processes/order?paths=1").text
    lines = re.findall(r'<a href="\?([^"]*mark_from=[^"]*)#marks" aria-label="[^"]*→', page)
    assert lines
    chosen = own.get("/processes/order", params={"paths": 1, "mark_from": source, "mark_to": target}).text
    section = chosen[chosen.index('<div class="chosen">') :]
    assert f"{source} → {target}" in section[:2000]
    assert re.findall(r'name="mark" value="(\w*)"', section)[:3] == ["intended", "exception", "wrong"]
    form = {"source": source, "target": target, "mark": "wrong"}
    answer = own.post("/processes/order/marks?paths=1", data=form, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/processes/order?paths=1#marks")
    assert own.app.state.knowing.marks.marks("order") == {(source, target): "wrong"}  # type: ignore[attr-defined]
    after = own.get("/processes/order?paths=1&activities=60").text
    assert 'aria-pressed="true">✕ wrong' in after
    assert re.search(r'<g class="edge[^"]* wrong" data-from="' + re.escape(source), after)
    # Pressed once more, a button takes the mark away.
    own.post("/processes/order/marks", data={"source": source, "target": target, "mark": ""})
    assert own.app.state.knowing.marks.marks("order") == {}  # type: ignore[attr-defined]


def test_a_form_that_says_nothing_known_is_refused(own: TestClient) -> None:
    answer = own.post("/processes/order/marks", data={"source": "x", "mark": "fine"})
    assert answer.status_code == 422


def test_the_page_is_read_in_chinese_and_by_those_who_may_only_look(client: TestClient, guarded: TestClient) -> None:
    assert "尚未判定" in client.get("/processes/order?lang=zh-CN").text
    bearer = {"Authorization": f"Bearer {TOKENS['viewer']}"}
    page = guarded.get("/processes/order?lang=en", headers=bearer).text
    assert "Branches: intended, exception or wrong" in page
    assert 'name="mark"' not in page
