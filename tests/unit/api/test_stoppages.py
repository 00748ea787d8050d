"""The list of the cases caught in a stoppage over HTTP, as a workbook and on its page."""

import io
import time
from collections.abc import Iterator

import pytest
from openpyxl import load_workbook

from mining.live.knowledge import Knowledge
from mining.live.register import Register
from mining.live.stoppages import Stoppages
from tests.helpers import HOUR, MINUTE
from tests.integration.api import serving
from tests.integration.api.client import TestClient
from tests.unit.api.test_api import everything, get
from tests.unit.findings.test_flow_stopped import DAYS, at, flow

STOP = at(DAYS, 14)
HTML = {"Accept": "text/html"}


@pytest.fixture(scope="module", params=["lasting", "over"])
def stopped(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, TestClient]]:
    """A shop whose gateway beta has stopped; `over`: and goes on with new orders three hours later."""
    folder = tmp_path_factory.mktemp(request.param)

    def knowledge(register: Register) -> Knowledge:
        view = flow(2, STOP + 25 * MINUTE, stop={"beta": STOP})
        made = serving.snapshot(view.arena, register, view.now, view.end_activities)
        stoppages = Stoppages(f"sqlite:///{folder / 'state.sqlite'}")
        stoppages.round({"test": made}, view.now)
        if request.param == "over":
            view = flow(2, STOP + 6 * HOUR, silent=("beta", STOP, STOP + 3 * HOUR))
            made = serving.snapshot(view.arena, register, view.now, view.end_activities)
            stoppages.round({"test": made}, view.now)
        result = Knowledge()
        result.publish({"test": made}, time.time_ns() // 1000, 0.0)
        return result

    with TestClient(serving.application(folder, knowledge), base_url="http://127.0.0.1") as client:
        yield request.param, client


def test_the_list_says_what_waits_and_what_became_of_it(stopped: tuple[str, TestClient]) -> None:
    state, client = stopped
    (row,) = get(client, "/api/v1/processes/test/stoppages")
    assert (row["field"], row["value"]) == ("system", "beta")
    assert (row["until"] is None) == (state == "lasting")
    base = f"/api/v1/findings/{row['finding']}/stoppage"
    whole = get(client, base)
    assert whole["state"] == state
    assert whole["all"] == [row["told"]]
    items = everything(client, base, 1)
    assert len(items) == whole["cases"] == sum(whole["outcomes"].values()) > 0
    assert whole["outcomes"]["waiting" if state == "lasting" else "lost"] == whole["cases"]
    assert {item["system"] for item in items} == {"beta"}
    assert [item["deadline"] for item in items] == sorted(item["deadline"] for item in items)
    assert get(client, f"{base}?outcome=doubled")["items"] == []
    assert get(client, f"{base}?told={row['told']}")["told"] == row["told"]
    assert client.get(f"{base}?told=2020-01-01").status_code == 404
    assert client.get("/api/v1/findings/none/stoppage").status_code == 404


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_the_workbook_has_every_case_and_room_to_write(stopped: tuple[str, TestClient], language: str) -> None:
    _, client = stopped
    (row,) = get(client, "/api/v1/processes/test/stoppages")
    base = f"/api/v1/findings/{row['finding']}/stoppage"
    answer = client.get(f"{base}.xlsx?lang={language}")
    assert answer.status_code == 200
    book = load_workbook(io.BytesIO(answer.content))
    head, *lines = book.worksheets[0].iter_rows()
    assert {line[0].value for line in lines} == {item["case_id"] for item in everything(client, base, 50)}
    assert {line[0].data_type for line in lines} == {"s"}
    names = [str(cell.value) for cell in head]
    empty = names.index("Done by" if language == "en" else "处理人")
    assert all(cell.value is None for line in lines for cell in line[empty : empty + 3])
    assert any("beta" in str(cell.value) for line in book.worksheets[1].iter_rows() for cell in line)


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_its_page_and_the_way_to_it(stopped: tuple[str, TestClient], language: str) -> None:
    state, client = stopped
    (row,) = get(client, "/api/v1/processes/test/stoppages")
    path = f"/findings/{row['finding']}"
    finding = client.get(path, headers=HTML, follow_redirects=False)
    if state == "over":
        assert (finding.status_code, finding.headers["location"]) == (303, f"{path}/stoppage")
    else:
        assert f"{path}/stoppage" in finding.text
    page = client.get(f"{path}/stoppage?lang={language}", headers=HTML)
    assert page.status_code == 200
    assert f"/api/v1{path}/stoppage.xlsx" in page.text
    for item in get(client, f"/api/v1{path}/stoppage?limit=50")["items"]:
        assert item["case_id"] in page.text
    assert client.get(f"{path}/stoppage?outcome=doubled", headers=HTML).status_code == 200
    assert client.get("/findings/none/stoppage", headers=HTML).status_code == 404
