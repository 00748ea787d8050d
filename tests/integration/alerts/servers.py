"""Real servers for a test: started on free ports, waited for, ended by their process ids."""

import contextlib
import json
import shutil
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

NEEDED = ("prometheus", "prometheus-alertmanager", "promtool", "amtool")
MISSING = [name for name in NEEDED if shutil.which(name) is None]
REASON = f"not installed: {', '.join(MISSING)} (Debian: apt-get install prometheus prometheus-alertmanager)"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def get(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=10) as answer:
        body = answer.read()
    return json.loads(body) if body[:1] in (b"{", b"[") else body


def post(url: str) -> None:
    with urllib.request.urlopen(urllib.request.Request(url, method="POST"), timeout=10):
        pass


def until(what: Callable[[], Any], seconds: float, message: str) -> Any:
    """The first true value of `what` within `seconds`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError):
            found = what()
            if found:
                return found
        time.sleep(0.2)
    raise AssertionError(f"{message}: not within {seconds} s")


@contextlib.contextmanager
def running(command: Sequence[str], ready: str, log: Path) -> Iterator[None]:
    """A server that answers at the URL `ready`; its output goes to `log`."""
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        try:
            until(lambda: process.poll() is not None or get(ready) is not None, 60, f"{command[0]} answers")
            assert process.poll() is None, log.read_text()
            yield
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


class Webhook:
    """Remembers what Alertmanager posts, by path."""

    def __init__(self) -> None:
        self.alerts: dict[str, list[dict[str, Any]]] = {}
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.alerts.setdefault(self.path, []).extend(body["alerts"])
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def firing(self, path: str, name: str) -> dict[str, Any] | None:
        found = (a for a in self.alerts.get(path, []) if a["status"] == "firing" and a["labels"]["alertname"] == name)
        return next(found, None)

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
