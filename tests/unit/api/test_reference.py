"""The model that a process should follow, over HTTP and on its page."""

import dataclasses
import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from api.one_shot import Columns, Outputs, mine_log
from api.settings import load
from collector.vocabulary.errors import PermanentError
from mining.discovery.bpmn_read import read_bpmn
from mining.discovery.bpmn_xml import bpmn_xml
from mining.reference.reference import Reference
from tests.integration.api.client import TestClient
from tests.unit.reference.test_nets import ENDS, model

REFERENCE = "/api/v1/processes/order/reference"


@pytest.fixture
def judged(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """The process has a model of its first path, with a lane for nobody and one more task than the log."""
    knowing = client.app.state.knowing  # type: ignore[attr-defined]
    snapshot = knowing.snapshot("order")
    path = snapshot.reports["en"].variants[0].path
    tasks = {name.replace(" ", "_"): "task" for name in path}
    drawn = model({**tasks, "ghost": "task", **ENDS}, *_chain("s", *tasks, "ghost", "e"))
    names = dict(zip(tasks, path, strict=True))
    nodes = tuple(dataclasses.replace(node, name=names.get(node.id, node.name)) for node in drawn.nodes)
    reference = Reference(dataclasses.replace(drawn, nodes=nodes), "Order <as drawn>")
    reference.conformance(snapshot.arena, snapshot.config.end_activities)
    changed = dataclasses.replace(snapshot, config=dataclasses.replace(snapshot.config, reference=reference))
    monkeypatch.setattr(knowing, "snapshot", lambda process: changed)
    return client


def _chain(*steps: str) -> list[str]:
    return [f"{a}>{b}" for a, b in pairwise(steps)]


def test_fitness_departures_and_what_matches_nothing(judged: TestClient) -> None:
    document = judged.get(REFERENCE).json()
    assert document["model"] == "Order <as drawn>"
    assert document["compared_cases"] == document["cases"] == 400
    assert 0 < document["fitting_cases"] < 400
    assert 0 < document["fitness"] < 1
    assert document["unmatched_tasks"] == ["ghost"]
    rows = document["departures"]
    assert [row["cases"] for row in rows] == sorted((row["cases"] for row in rows), reverse=True)
    assert all(0 < len(row["example_cases"]) <= 5 for row in rows)
    assert rows[0]["share"] == rows[0]["cases"] / 400


def test_the_model_comes_back_as_bpmn(judged: TestClient) -> None:
    answer = judged.get(f"{REFERENCE}?format=bpmn")
    assert "ghost" in {node.name for node in read_bpmn(answer.content, "r.bpmn").nodes}


@pytest.mark.parametrize(("language", "heading"), [("en", "Beside its model"), ("zh-CN", "与标准流程对照")])
def test_the_page_shows_it(judged: TestClient, language: str, heading: str) -> None:
    page = judged.get(f"/processes/order?lang={language}").text
    assert heading in page
    assert "Order &lt;as drawn&gt;" in page
    assert "<as drawn>" not in page
    assert "ghost" in page


def test_a_process_without_one_says_so(client: TestClient) -> None:
    answer = client.get(REFERENCE)
    assert answer.status_code == 404
    assert "processes.order.model" in answer.text
    assert "Beside its model" not in client.get("/processes/order?lang=en").text


def test_the_configuration_names_the_file_beside_it(tmp_path: Path) -> None:
    drawn = model({"A": "task", **ENDS}, "s>A", "A>e")
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "order.bpmn").write_text(bpmn_xml(drawn))
    (tmp_path / "houtai.yaml").write_text("processes: {order: {leading: order, model: models/order.bpmn}}\n")
    found = load(tmp_path / "houtai.yaml")
    reference = found.judged_config("order").reference
    assert isinstance(reference, Reference)
    assert reference.name == "order"
    (tmp_path / "models" / "order.bpmn").write_text("<definitions>")
    with pytest.raises(PermanentError, match=r"order\.bpmn: line 1"):
        found.judged_config("order")
    assert found.process_config("order").reference is None


def test_mining_a_file_holds_its_cases_against_the_model(tmp_path: Path) -> None:
    (tmp_path / "m.bpmn").write_text(bpmn_xml(model({**dict.fromkeys("ABCD", "task"), **ENDS}, *_chain(*"sABCDe"))))
    config = tmp_path / "houtai.yaml"
    config.write_text("processes: {log: {leading: case, end_activities: [D], model: m.bpmn}}\n")
    rows = [
        f"c{case},{activity},2026-01-{1 + case % 28:02}T0{hour}:00:00Z"
        for case in range(60)
        for hour, activity in enumerate("ABD" if case % 10 == 0 else "ABCD")
    ]
    (tmp_path / "log.csv").write_text("\n".join(["case,activity,timestamp", *rows]))
    mine_log(
        tmp_path / "log.csv",
        Outputs(json=tmp_path / "report.json"),
        Columns(),
        process="log",
        config=config,
        lifecycle="pair",
        timezone=None,
        by="role",
        language="en",
    )
    findings = {f["name"]: f for f in json.loads((tmp_path / "report.json").read_text())["findings"]}
    assert findings["skipped_step"]["title"] == "C skipped in 6 cases"
    assert findings["skipped_step"]["severity"] == "warning"
