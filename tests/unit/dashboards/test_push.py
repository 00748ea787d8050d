"""Pushing, against an HTTP server that answers as Grafana does."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from collector.vocabulary.errors import PermanentError, RetryableError
from dashboards import push


class Grafana:
    """Folders and dashboards in memory; asks for the token `secret`."""

    def __init__(self) -> None:
        self.folders: dict[str, str] = {}
        self.boards: dict[str, dict[str, Any]] = {}
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.answer([{"uid": uid, "title": title} for uid, title in outer.folders.items()])

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if self.path == "/api/folders":
                    outer.folders[body["uid"]] = body["title"]
                    self.answer(body)
                else:
                    assert self.path == "/api/dashboards/db"
                    uid = body["dashboard"]["uid"]
                    outer.boards[uid] = body
                    self.answer({"uid": uid, "url": f"/d/{uid}", "status": "success"})

            def answer(self, body: object) -> None:
                allowed = self.headers["Authorization"] == "Bearer secret"
                raw = json.dumps(body if allowed else {"message": "Invalid API key"}).encode()
                self.send_response(200 if allowed else 401)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def grafana() -> Iterator[Grafana]:
    made = Grafana()
    yield made
    made.server.shutdown()
    made.thread.join()
    made.server.server_close()


def test_push_puts_every_dashboard_into_its_folder_and_can_be_repeated(grafana: Grafana) -> None:
    for _ in range(2):
        lines = push(grafana.url, "secret", "zh-CN")
    assert lines[0] == f"houtai-bottlenecks: {grafana.url}/d/houtai-bottlenecks"
    assert grafana.folders == {"houtai": "Houtai"}
    assert sorted(grafana.boards) == ["houtai-bottlenecks", "houtai-on-call", "houtai-roles"]
    assert all(body["overwrite"] and body["folderUid"] == "houtai" for body in grafana.boards.values())


def test_a_wrong_token_is_permanent_and_a_missing_grafana_can_come_back(grafana: Grafana) -> None:
    with pytest.raises(PermanentError, match="Grafana refuses"):
        push(grafana.url, "wrong")
    with pytest.raises(RetryableError, match="no Grafana answers"):
        push("http://127.0.0.1:1", "secret")
