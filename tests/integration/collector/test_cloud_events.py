"""CloudEvents to a real receiver, directly and by way of the API's port, as far as events in the store."""

import json
import os
from pathlib import Path

import httpx
import pyarrow.parquet as pq
import pytest

from api.api_settings import ApiSettings, TokenSettings
from api.routes.events import Forward
from collector.store import Store
from tests.integration.api import serving
from tests.integration.api.client import TestClient
from tests.integration.collector.processes import converter, receiver, wait_for

pytestmark = pytest.mark.integration
STRUCTURED = {"content-type": "application/cloudevents+json"}


def event(number: int) -> bytes:
    return json.dumps({"specversion": "1.0", "id": str(number), "source": "erp", "type": "paid"}).encode()


def test_events_come_to_the_store_once(tmp_path: Path) -> None:
    with receiver(tmp_path) as one, converter(tmp_path):
        url = f"http://127.0.0.1:{one.port}/api/v1/events"
        for number in (1, 2, 2):
            assert httpx.post(url, content=event(number), headers=STRUCTURED).json() == {"accepted": 1}

        def spans() -> list[str]:
            return [
                name
                for each in Store(tmp_path).segments("spans")
                for name in pq.ParquetFile(each.path).read(["name"])["name"].to_pylist()
            ]

        wait_for(lambda: len(spans()) >= 2)
        assert spans() == ["paid", "paid"]


def test_the_api_passes_events_on(tmp_path: Path) -> None:
    tokens = tuple(
        TokenSettings(name=role, token=f"{role}-token-0123456789", role=role)  # type: ignore[arg-type]
        for role in ("viewer", "operator")
    )
    api = ApiSettings(host="0.0.0.0", tokens=tokens)
    (tmp_path / "api").mkdir()
    app = serving.application(tmp_path / "api", lambda register: serving.shop(register, 60), api)
    operator = STRUCTURED | {"authorization": "Bearer operator-token-0123456789"}
    with TestClient(app, base_url="http://houtai.example") as client:
        away = client.post("/api/v1/events", content=event(1), headers=operator)
        assert (away.status_code, away.headers["retry-after"], away.json()["status"]) == (503, "5", 503)
        with receiver(tmp_path, token="T") as one:
            assert one.port
            app.state.forward = Forward(tmp_path, "T")
            assert client.post("/api/v1/events", content=event(1), headers=STRUCTURED).status_code == 401
            viewer = operator | {"authorization": "Bearer viewer-token-0123456789"}
            assert client.post("/api/v1/events", content=event(1), headers=viewer).status_code == 403
            taken = client.post("/api/v1/events", content=event(1), headers=operator)
            assert (taken.status_code, taken.json()) == (202, {"accepted": 1})
            binary = {"ce-specversion": "1.0", "ce-id": "2", "ce-source": "erp", "ce-type": "paid"}
            bad = client.post("/api/v1/events", content=b"{", headers=operator | binary | {"content-type": "text/json"})
            assert (bad.status_code, bad.json()["attribute"]) == (400, "data")
        gone = client.post("/api/v1/events", content=event(3), headers=operator)
        assert (gone.status_code, gone.headers["content-type"]) == (503, "application/problem+json")
        # A receiver that was killed leaves its address behind.
        (tmp_path / "run" / "receiver.json").write_text(json.dumps({"pid": os.getpid(), "host": "::", "port": 9}))
        assert client.post("/api/v1/events", content=event(3), headers=operator).status_code == 503
        assert "/api/v1/events" in client.get("/openapi.json", headers=operator).json()["paths"]
