from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree as ET

import pytest

from api.routes.stoppages import XLSX
from mining.report import SCHEMA
from tests.integration.api.backoffice import ODD_CASE, ODD_NAME
from tests.integration.api.client import TestClient

ORDER = "/api/v1/processes/order"


def get(client: TestClient, path: str) -> Any:
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


def everything(client: TestClient, path: str, limit: int) -> list[Any]:
    items: list[Any] = []
    cursor = ""
    while True:
        part = get(client, f"{path}{'&' if '?' in path else '?'}limit={limit}{cursor}")
        assert len(part["items"]) <= limit
        items += part["items"]
        if part["next"] is None:
            return items
        cursor = f"&cursor={part['next']}"


def test_processes(client: TestClient) -> None:
    order, back = get(client, "/api/v1/processes")["items"]
    assert order["process"] == "order"
    assert order["title"] == "Order"
    assert (order["cases"], back["process"]) == (400, "return")
    assert set(order) >= {"process", "cases", "open_cases", "events", "findings"}
    assert get(client, "/api/v1/processes?lang=zh-CN")["items"][0]["title"] == "订单"


def test_report_is_the_contracts_document(client: TestClient) -> None:
    report = get(client, f"{ORDER}/report")
    assert report["schema"] == SCHEMA
    assert set(report["log"]) == {"events", "cases", "activities", "variants", "from", "to", "open_cases"}
    assert report["log"]["cases"] == 400
    assert report["findings"]
    chinese = get(client, f"{ORDER}/report?lang=zh-CN")
    assert [f["id"] for f in chinese["findings"]] == [f["id"] for f in report["findings"]]
    assert chinese["findings"][0]["title"] != report["findings"][0]["title"]


def test_filters_keep_whole_cases(client: TestClient) -> None:
    whole = get(client, f"{ORDER}/report")["log"]
    parts = [get(client, f"{ORDER}/report?channel={c}")["log"] for c in ("search", "partner", "livestream")]
    assert sum(part["cases"] for part in parts) == whole["cases"]
    assert sum(part["events"] for part in parts) == whole["events"]
    cancelled = get(client, f"{ORDER}/report?activity=Cancel%20order")
    assert all("Cancel order" in v["path"] for v in cancelled["variants"])
    variant = get(client, f"{ORDER}/variants")["items"][0]
    one = get(client, f"{ORDER}/report?variant={variant['id']}")
    assert [v["path"] for v in one["variants"]] == [variant["path"]]
    assert one["log"]["cases"] == variant["cases"]
    assert get(client, f"{ORDER}/report?min_share=0.3")["log"]["variants"] == 1
    assert get(client, f"{ORDER}/report?from=2030-01-01")["log"]["cases"] == 0
    day = get(client, f"{ORDER}/report?from=2026-01-07&to=2026-01-07")["log"]["cases"]
    assert 0 < day < whole["cases"]
    assert get(client, f"{ORDER}/report?role=courier&system=logistics&platform=web")["log"]["cases"] > 0
    assert get(client, f"{ORDER}/report?channel=")["log"] == whole


def cases(client: TestClient, query: str) -> int:
    return int(get(client, f"{ORDER}/report?{query}")["log"]["cases"])


def test_filters_by_order_absence_and_size(client: TestClient) -> None:
    whole = get(client, f"{ORDER}/report")
    count = whole["log"]["cases"]
    edge = whole["edges"][3]
    ends = f"path_from={quote(edge['source'])}&path_to={quote(edge['target'])}"
    direct = cases(client, ends)
    assert direct == edge["cases"] == cases(client, f"{ends}&path=direct")
    assert cases(client, f"{ends}&path=not_direct") == count - direct
    later = cases(client, f"{ends}&path=eventual")
    assert later >= direct
    assert cases(client, f"{ends}&path=never") == count - later
    assert 0 < cases(client, f"{ends}&path_hours={edge['gap_s']['p50'] / 3600}") < direct
    cancelled = cases(client, "activity=Cancel%20order")
    assert cases(client, "without=Cancel%20order") == count - cancelled
    assert cases(client, "where=activity=Cancel%20order") == cancelled
    assert cases(client, "where_not=activity=Cancel%20order&without=") == count - cancelled
    channels = [cases(client, f"where=channel={name}") for name in ("search", "partner")]
    assert cases(client, "where=channel=search&where=channel=partner") == sum(channels)
    assert cases(client, "where=channel=search&where_not=channel=search") == 0
    assert 0 < cases(client, "where=payment.method=card") < count
    median = whole["cases"]["duration_s"]["p50"] / 3600
    assert cases(client, f"min_hours={median}") + cases(client, f"max_hours={median}") >= count
    assert 0 < cases(client, f"min_hours={median}&max_hours=&state=") < count
    assert cases(client, "min_events=1&max_events=10000") == count
    assert cases(client, "min_events=10000") == 0
    assert cases(client, "min_amount=0") + cases(client, "max_amount=-1") == cases(client, "min_amount=-1000000")
    assert cases(client, "state=open") == whole["log"]["open_cases"]
    assert cases(client, "state=closed") == count - whole["log"]["open_cases"]
    starts = {v["path"][0] for v in whole["variants"]}
    assert sum(cases(client, f"starts_with={quote(name)}") for name in starts) == count
    both = "&".join(f"ends_with={quote(v['path'][-1])}" for v in whole["variants"])
    assert cases(client, both) == count
    days = "from=2026-01-07&to=2026-01-08"
    touching, inside = cases(client, days), cases(client, f"{days}&window=within")
    assert 0 < inside < touching
    assert inside <= cases(client, f"{days}&window=starts") <= touching
    assert inside <= cases(client, f"{days}&window=ends") <= touching
    assert cases(client, "window=within") == count


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("path_from=Pay", "path_to: name this activity, too"),
        ("path_to=Pay", "path_from: name this activity, too"),
        ("path=sideways", "path: Input should be 'direct', 'eventual', 'not_direct' or 'never'"),
        ("path_from=Pay&path_to=Ship&path_hours=-1", "path_hours: Input should be greater than or equal to 0"),
        ("where=channel", "where: 'channel' is no name=value"),
        ("where=%3Dweb", "where: '=web' is no name=value"),
        ("where=taste=sweet", "where: there is no field 'taste' in these events"),
        ("min_hours=9&max_hours=3", "max_hours: 3.0 is less than min_hours, 9.0"),
        ("min_hours=long", "min_hours: Input should be a valid number, unable to parse string as a number"),
        ("max_hours=inf", "max_hours: Input should be a finite number"),
        ("min_events=1.5", "min_events: Input should be a valid integer, unable to parse string as an integer"),
        ("state=stuck", "state: Input should be 'open' or 'closed'"),
        ("window=beside", "window: Input should be 'touches', 'within', 'starts' or 'ends'"),
    ],
)
def test_a_filter_that_makes_no_sense_is_named(client: TestClient, query: str, told: str) -> None:
    answer = client.get(f"{ORDER}/report?{query}")
    assert (answer.status_code, answer.json()["detail"]) == (422, told)


def test_map_formats(client: TestClient) -> None:
    drawn = get(client, f"{ORDER}/map")
    assert drawn["all_cases"] == 400
    graph = get(client, f"{ORDER}/map?format=nodegraph")
    ids = {node["id"] for node in graph["nodes"]}
    assert all(edge["source"] in ids and edge["target"] in ids for edge in graph["edges"])
    svg = client.get(f"{ORDER}/map?format=svg&paths=1&lang=zh-CN")
    assert svg.headers["content-type"].startswith("image/svg+xml")
    texts = " ".join(ET.fromstring(svg.text).itertext())
    assert ODD_NAME.split(" &")[0] in texts
    assert "单" in texts
    bpmn = client.get(f"{ORDER}/map?format=bpmn")
    root = ET.fromstring(bpmn.text)
    refs = {e.get("sourceRef") for e in root.iter() if e.get("sourceRef")}
    assert refs <= {e.get("id") for e in root.iter()}
    assert client.get(f"{ORDER}/map?format=png").status_code == 422


@pytest.mark.parametrize("limit", [7, 50])
@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("findings", "id"),
        ("variants", "id"),
        ("cases", "case_id"),
        ("cases?open=true", "case_id"),
        ("roles", "role"),
        ("handovers", None),
        ("catalog", None),
        ("performance-spectrum?source=Ship", None),
    ],
)
def test_lists_page_by_page_are_the_list_whole(client: TestClient, path: str, key: str | None, limit: int) -> None:
    parts = everything(client, f"{ORDER}/{path}", limit)
    whole = everything(client, f"{ORDER}/{path}", 1000)
    assert parts == whole
    assert parts
    if key is not None:
        assert len({item[key] for item in parts}) == len(parts)


def test_a_cursor_stays_where_it_is_when_the_limit_changes(client: TestClient) -> None:
    first = get(client, f"{ORDER}/cases?limit=10")
    rest = get(client, f"{ORDER}/cases?limit=5&cursor={first['next']}")
    assert rest["items"] == get(client, f"{ORDER}/cases?limit=15")["items"][10:]


def test_cases_are_newest_first(client: TestClient) -> None:
    starts = [case["start"] for case in everything(client, f"{ORDER}/cases", 100)]
    assert starts == sorted(starts, reverse=True)
    assert len(starts) == 400


def test_one_case(client: TestClient) -> None:
    case = get(client, f"{ORDER}/cases/{quote(ODD_CASE, safe='')}")
    assert case["case_id"] == ODD_CASE
    assert case["stands_at"] == case["events"][-1]["activity"]
    assert {"type": "order", "id": ODD_CASE, "qualifier": None} in case["objects"]
    assert case["deadlines"][0]["due"]
    open_case = get(client, f"{ORDER}/cases?open=true&limit=1")["items"][0]["case_id"]
    found = get(client, f"{ORDER}/cases/{open_case}")
    assert found["open"]
    assert sum(step["share"] for step in found["next"]) == pytest.approx(1)
    assert [step["cases"] for step in found["next"]] == sorted((s["cases"] for s in found["next"]), reverse=True)
    starts = [event["start"] for event in found["events"]]
    assert starts == sorted(starts)


def test_findings_name_cases_that_are_there(client: TestClient) -> None:
    for finding in get(client, f"{ORDER}/findings")["items"]:
        assert get(client, f"/api/v1/findings/{finding['id']}") == finding
        for case_id in finding["evidence"]["cases"]:
            assert get(client, f"{ORDER}/cases/{quote(case_id, safe='')}")["case_id"] == case_id


def test_spectrum_defaults_to_the_longest_wait(client: TestClient) -> None:
    rows = get(client, f"{ORDER}/performance-spectrum")["items"]
    assert {(row["source"], row["target"]) for row in rows} == {("Ship", "Deliver")}
    assert all(row["seconds"] >= 0 for row in rows)
    assert get(client, f"{ORDER}/performance-spectrum?source=nothing")["items"] == []


def test_catalog(client: TestClient) -> None:
    rows = everything(client, f"{ORDER}/catalog", 100)
    pay = next(row for row in rows if row["activity"] == "Pay")
    assert (pay["system"], pay["module"], pay["field"]) == ("payment-gateway", "/pay", "payment.method")
    assert pay["filled"] == pay["events"]


def test_status_change_is_seen_at_once_and_on_the_record(own: TestClient) -> None:
    finding = get(own, f"{ORDER}/findings")["items"][0]
    path = f"/api/v1/findings/{finding['id']}"
    changed = own.patch(path, json={"status": "acknowledged", "owner": "Li Wei"})
    assert changed.status_code == 200
    assert (changed.json()["status"], changed.json()["owner"]) == ("acknowledged", "Li Wei")
    assert own.patch(path, json={"status": "resolved"}).json()["owner"] == "Li Wei"
    for listed in (f"{ORDER}/findings", f"{ORDER}/report"):
        answer = get(own, listed)
        rows = answer["items"] if "items" in answer else answer["findings"]
        assert rows[0]["status"] == "resolved"
    second, first = get(own, "/api/v1/operations")["items"]
    assert (first["who"], first["subject"]) == ("local", finding["id"])
    assert first["before"] == {"status": "open", "owner": None}
    assert first["after"] == {"status": "acknowledged", "owner": "Li Wei"}
    assert second["before"] == first["after"]


@pytest.mark.parametrize("body", [{}, {"status": "done"}, {"state": "open"}, {"owner": 3}, [1]])
def test_a_change_that_makes_no_sense_changes_nothing(own: TestClient, body: object) -> None:
    finding = get(own, f"{ORDER}/findings")["items"][0]
    answer = own.patch(f"/api/v1/findings/{finding['id']}", json=body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert get(own, "/api/v1/operations")["items"] == []


def test_changes(own: TestClient) -> None:
    release = {"system": "payment-gateway", "version": "4.2.1", "time": "2026-01-15T13:58:00+08:00", "author": "Wang"}
    kept = own.post("/api/v1/changes", json=release)
    assert kept.status_code == 201
    assert kept.json()["time"] == "2026-01-15T05:58:00Z"
    for day in (10, 20, 12):
        own.post("/api/v1/changes", json={"system": "erp", "kind": "rule", "time": f"2026-01-{day}T00:00:00Z"})
    times = [change["time"] for change in everything(own, "/api/v1/changes", 1)]
    assert times == sorted(times, reverse=True)
    assert len(times) == 4
    assert [o["what"] for o in everything(own, "/api/v1/operations", 3)] == ["add change"] * 4
    assert own.post("/api/v1/changes", json={"kind": "release"}).status_code == 422


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/v1/processes/none/report", 404),
        ("GET", "/api/v1/processes/none/cases", 404),
        ("GET", f"{ORDER}/cases/none", 404),
        ("GET", "/api/v1/findings/none", 404),
        ("GET", "/api/v1/nothing", 404),
        ("GET", "/nothing", 404),
        ("DELETE", f"{ORDER}/report", 405),
        ("GET", f"{ORDER}/report?from=yesterday", 422),
        ("GET", f"{ORDER}/report?to=9999-12-31", 422),
        ("GET", f"{ORDER}/report?lang=fr", 422),
        ("GET", f"{ORDER}/report?min_share=2", 422),
        ("GET", f"{ORDER}/report?by=team", 422),
        ("GET", f"{ORDER}/cases?limit=0", 422),
        ("GET", f"{ORDER}/cases?limit=1001", 422),
        ("GET", f"{ORDER}/cases?cursor=nonsense", 422),
        ("GET", f"{ORDER}/cases?cursor=WyJ4Il0", 422),
        ("GET", "/api/v1/operations?cursor=WyJ4Il0", 422),
        ("GET", f"{ORDER}/map?activities=0", 422),
    ],
)
def test_errors_are_problem_details(client: TestClient, method: str, path: str, status: int) -> None:
    answer = client.request(method, path)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"]
    assert "Traceback" not in answer.text


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (b"{}", "body: nothing to change: give status, owner or done_at"),
        (b'{"status": x}', "body: not JSON, at character 11"),
    ],
)
def test_a_wrong_body_is_told_plainly(own: TestClient, sent: bytes, told: str) -> None:
    answer = own.patch("/api/v1/findings/any", content=sent, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["detail"]) == (422, told)


def test_what_breaks_inside_is_a_problem_too(own: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr("api.routes.processes.case", broken)
    answer = own.get(f"{ORDER}/cases/O100001")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "secret" not in answer.text
    assert "content-security-policy" in answer.headers


def test_openapi_documents_every_answer(client: TestClient) -> None:
    document = get(client, "/openapi.json")
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            answers = operation["responses"]
            kind = XLSX if path.endswith(".xlsx") else "application/json"
            ok = next(answers[status] for status in ("200", "201", "202", "204") if status in answers)
            assert "204" in answers or ok["content"][kind]["schema"], (path, method)
            assert "application/problem+json" in answers["404"]["content"]
    log = document["components"]["schemas"]["LogDocument"]["properties"]
    assert "from" in log


def test_probes_and_metrics(client: TestClient) -> None:
    assert client.get("/healthz").text == "ok\n"
    assert client.get("/readyz").text == "ready\n"
    metrics = client.get("/metrics")
    assert metrics.headers["content-type"].startswith("text/plain; version=0.0.4")


def test_moments_that_are_none_are_refused(own: TestClient) -> None:
    assert own.get(f"{ORDER}/report?from=0001-01-01T00:00:00").status_code == 422
    for time in (1, "2026-01-31T08:00"):
        answer = own.post("/api/v1/changes", json={"system": "erp", "time": time})
        assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json"), time
    assert own.get("/api/v1/changes").json()["items"] == []


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/api/v1/processes", "/"])
def test_what_answers_get_answers_head(client: TestClient, path: str) -> None:
    answer = client.head(path)
    assert (answer.status_code, answer.content) == (200, b"")
