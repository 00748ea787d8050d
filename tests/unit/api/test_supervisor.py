"""What the supervisor makes of processes that end."""

import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.supervisor import WRONG_INPUT, Child, supervise

SERVER = """
import http.server, json, os, pathlib, sys, time
name, data = sys.argv[1], pathlib.Path(sys.argv[2])
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        played = data / "played"
        ready = name == "receiver" or (played.exists() and time.time() - played.stat().st_mtime > 0.5)
        if ready and name == "miner":
            (data / "asked").touch()
        self.send_response(int(sys.argv[3]) if ready else 503)
        self.end_headers()
    def log_message(self, *_):
        pass
server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
(data / "run").mkdir(exist_ok=True)
written = json.dumps({"pid": os.getpid(), "host": "127.0.0.1", "port": server.server_port})
(data / "run" / f"{name}.json").write_text(written)
if name == "receiver":
    (data / "run" / "receiver-grpc.json").write_text(json.dumps({**json.loads(written), "port": 4317}))
server.serve_forever()
"""
DEMO = "import pathlib, sys; pathlib.Path(sys.argv[1], 'played').touch()"
CONVERTER = """
import pathlib, sys, time
while not pathlib.Path(sys.argv[1], "asked").exists():
    time.sleep(0.05)
sys.exit(2)
"""


@pytest.fixture(autouse=True)
def _signals() -> Iterator[None]:
    before = {name: signal.getsignal(name) for name in (signal.SIGTERM, signal.SIGINT)}
    yield
    for name, handler in before.items():
        signal.signal(name, handler)


def script(name: str, code: str, *arguments: str) -> Child:
    return Child(name, (sys.executable, "-c", code, *arguments))


@pytest.mark.parametrize("answer", ["200", "401"], ids=["open", "behind a token"])
def test_a_demo_that_is_over_keeps_nothing_back_and_wrong_input_ends_it_all(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], answer: str
) -> None:
    data = str(tmp_path)
    children = [
        script("receiver", SERVER, "receiver", data, "200"),
        script("converter", CONVERTER, data),
        script("miner", SERVER, "miner", data, answer),
        script("demo", DEMO, data),
    ]
    assert supervise(children, tmp_path, "en") == WRONG_INPUT
    out = capsys.readouterr().out
    assert "Houtai is ready." in out
    assert "OTLP/gRPC   http://127.0.0.1:4317" in out
