"""The discovered model over HTTP."""

from mining.discovery.bpmn_read import read_bpmn
from mining.discovery.tree import read_tree
from tests.integration.api.client import TestClient

MODEL = "/api/v1/processes/order/model"


def test_every_form_says_what_it_covers(client: TestClient) -> None:
    whole = client.get(f"{MODEL}?noise=0")
    assert whole.status_code == 200, whole.text
    document = whole.json()
    assert document["all_cases"] == 400
    assert document["coverage"] == document["cases"] / 400
    assert float(whole.headers["houtai-coverage"]) == round(document["coverage"], 4)
    bpmn = client.get(f"{MODEL}?noise=0&format=bpmn")
    model = read_bpmn(bpmn.content, "model.bpmn")
    tasks = {node.name for node in model.nodes if node.kind == "task"}
    assert tasks == read_tree(document["tree"]).activities
    assert "of 400 cases" in bpmn.text
    assert client.get(f"{MODEL}?format=pnml").text.startswith("<?xml")
    assert client.get(f"{MODEL}?format=tree&noise=0").text.strip() == document["text"]


def test_the_page_offers_the_model_of_the_cases_it_shows(client: TestClient) -> None:
    page = client.get("/processes/order?channel=search&lang=zh-CN").text
    assert 'href="/api/v1/processes/order/model?channel=search&amp;format=bpmn"' in page
    assert "下载 BPMN 模型" in page


def test_filters_apply_and_nonsense_is_refused(client: TestClient) -> None:
    assert client.get(f"{MODEL}?channel=search").json()["all_cases"] < 400
    assert client.get(f"{MODEL}?noise=2").status_code == 422
    assert client.get("/api/v1/processes/nothing/model").status_code == 404
