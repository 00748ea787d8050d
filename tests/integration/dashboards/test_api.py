"""Every question a dashboard asks of the API gets rows, and every column of it is there."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from dashboards import documents
from dashboards.checking import panels
from tests.integration.api.serving import application, served, shop

pytestmark = pytest.mark.integration
MAY_BE_EMPTY = ("items.#(urgency==", "items.#(kind==")
"""Rows that are picked by a value: the made-up shop need not have one."""


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    app = application(tmp_path_factory.mktemp("api"), lambda register: shop(register, 400))
    with served(app) as address, httpx.Client(base_url=address, timeout=30) as made:
        yield made


def pick(document: Any, path: str) -> Any:
    """The part of gjson that the dashboards use: names, positions, `#(name=="value")#`, `@tostr`."""
    for part in path.split("."):
        condition = re.fullmatch(r'#\((\w+)=="(\w+)"\)#', part)
        if condition:
            document = [row for row in document if row[condition[1]] == condition[2]]
        elif part == "@tostr":
            document = str(document)
        elif isinstance(document, list):
            document = document[int(part)] if int(part) < len(document) else None
        else:
            document = document[part]
        if document is None:
            return None
    return document


def test_every_question_is_answered_with_its_columns(client: httpx.Client) -> None:
    asked = 0
    for document in documents("zh-CN").values():
        for panel in panels(document):
            for target in panel["targets"]:
                if "url" not in target:
                    continue
                url = target["url"].replace("${process:percentencode}", "order")
                params = {given["key"]: given["value"] for given in target["url_options"]["params"]}
                answer = client.get(url, params=params)
                assert answer.status_code == 200, (url, answer.text)
                rows = pick(answer.json(), target["root_selector"])
                assert rows or target["root_selector"].startswith(MAY_BE_EMPTY), panel["title"]
                for column in target["columns"]:
                    for row in rows:
                        value = pick(row, column["selector"])
                        if column["type"] == "number":
                            assert value is None or isinstance(value, int | float), column
                        else:
                            assert value is None or isinstance(value, str), column
                asked += 1
    assert asked == 9


def test_the_map_has_what_the_node_graph_wants(client: httpx.Client) -> None:
    drawn = client.get("/api/v1/processes/order/map", params={"format": "nodegraph"}).json()
    nodes = {node["id"] for node in drawn["nodes"]}
    assert all({"id", "source", "target"} <= set(edge) for edge in drawn["edges"])
    assert {end for edge in drawn["edges"] for end in (edge["source"], edge["target"])} <= nodes
