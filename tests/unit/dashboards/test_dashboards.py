"""The dashboards as Grafana gets them: golden files, and what its schema does not ask for."""

import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

import dashboards.boards
from collector.vocabulary.errors import PermanentError
from collector.vocabulary.languages import LANGUAGES, Language
from dashboards import Sources, build, check, documents
from dashboards.boards import BOARDS
from dashboards.building import render
from dashboards.checking import complaints, panels
from mining import names

GOLDEN = Path(__file__).parents[2] / "golden" / "dashboards"


@pytest.mark.parametrize("language", LANGUAGES)
def test_golden(language: Language) -> None:
    for uid, document in documents(language).items():
        golden = (GOLDEN / f"{uid}.{language}.json").read_text(encoding="utf-8")
        assert render(document) == golden, "if it is meant: python -m tests.golden.dashboards.renew"


def test_check_finds_them_right() -> None:
    assert len(check()) == len(BOARDS) * len(LANGUAGES)


def test_the_tuple_lists_every_file_and_uids_are_the_known_ones() -> None:
    files = {path.stem for path in Path(dashboards.boards.__file__).parent.glob("*.py")} - {"__init__"}
    assert {board.__name__ for board in BOARDS} == files
    assert list(documents("en")) == [names.DASHBOARD_BOTTLENECKS, names.DASHBOARD_ON_CALL, names.DASHBOARD_ROLES]


def test_languages_differ_in_texts_only() -> None:
    def bones(node: Any) -> Any:
        if isinstance(node, dict):
            skipped = {"title", "description", "text", "label", "legendFormat", "name", "params", "options", "value"}
            return {key: bones(value) for key, value in node.items() if key not in skipped}
        return [bones(value) for value in node] if isinstance(node, list) else node

    for english, chinese in zip(documents("en").values(), documents("zh-CN").values(), strict=True):
        assert bones(english) == bones(chinese)
        assert re.search("[\u4e00-\u9fff]", str(chinese["title"]))
        for panel in panels(chinese):
            assert re.search("[\u4e00-\u9fff]", panel["title"]), panel["title"]
            assert not re.search("[\u4e00-\u9fff][A-Za-z0-9]|[A-Za-z0-9][\u4e00-\u9fff]", panel["description"])


@pytest.fixture
def board() -> dict[str, Any]:
    return copy.deepcopy(documents("en")[names.DASHBOARD_ON_CALL])


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (lambda b: b["panels"][0].pop("id"), "panel ids are missing"),
        (lambda b: b.update(editable=True), "editable"),
        (lambda b: b.update(tags=[]), "no tags"),
        (lambda b: b["panels"][0].update(description=""), "without title or description"),
        (lambda b: b["panels"][0]["fieldConfig"]["defaults"].pop("unit"), "without unit"),
        (lambda b: b["panels"][0].update(targets=[]), "without query"),
        (lambda b: b["panels"][10]["targets"].pop(), "needs the queries nodes and edges"),
        (lambda b: b["panels"][0]["datasource"].update(uid="prom"), "is no variable"),
        (lambda b: b["panels"][0]["targets"][0].update(expr="houtai_nothing_total"), "unknown metric"),
        (lambda b: b["panels"][0]["targets"][0].update(expr="rate(houtai_events_total[5m])"), "rate over 5m"),
    ],
)
def test_check_sees_what_is_wrong(board: dict[str, Any], spoil: Any, complaint: str) -> None:
    assert list(complaints(board)) == []
    spoil(board)
    assert any(complaint in found for found in complaints(board))


def test_links_keep_variables_and_time_and_a_page_can_name_its_data_sources() -> None:
    for document in documents("en").values():
        (link,) = json.loads(json.dumps(document))["links"]
        assert (link["asDropdown"], link["includeVars"], link["keepTime"], link["tags"]) == (
            True,
            True,
            True,
            ["houtai"],
        )
        variables = [v["name"] for v in json.loads(json.dumps(document))["templating"]["list"]]
        assert variables == ["datasource", "api", "process"]


def test_no_panel_covers_another() -> None:
    for document in documents("en").values():
        taken: set[tuple[int, int]] = set()
        for panel in panels(document):
            place = panel["gridPos"]
            assert place["x"] + place["w"] <= 24
            cells = {
                (x, y)
                for x in range(place["x"], place["x"] + place["w"])
                for y in range(place["y"], place["y"] + place["h"])
            }
            assert not cells & taken, panel["title"]
            taken |= cells


def test_build_writes_provisioning_that_grafana_expands(tmp_path: Path) -> None:
    sources = Sources(
        prometheus_url="http://prom:9090/", houtai_url="http://houtai:8480/", token_variable="HOUTAI_TOKEN"
    )
    written = build(tmp_path, "zh-CN", sources)
    assert len(written) == len(BOARDS) + 2
    text = (tmp_path / "provisioning/datasources/houtai.yaml").read_text(encoding="utf-8")
    metrics, api = yaml.safe_load(text)["datasources"]
    assert metrics["url"] == "http://prom:9090"
    assert api["jsonData"]["allowedHosts"] == ["http://houtai:8480"]
    assert re.findall(r"\$\S*", text) == ["${HOUTAI_TOKEN}"], "any other dollar would be expanded too"
    provider = yaml.safe_load((tmp_path / "provisioning/dashboards/houtai.yaml").read_text(encoding="utf-8"))
    (one,) = provider["providers"]
    assert sorted(Path(one["options"]["path"]).glob("*.json")) == sorted(p for p in written if p.suffix == ".json")
    assert one["allowUiUpdates"] is False


def test_check_refuses_what_has_no_translation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashboards.checking.has_text", lambda *_: False)
    with pytest.raises(PermanentError, match="is not in the catalogue"):
        check()
