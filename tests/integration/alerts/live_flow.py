"""A process of its own that serves LiveMetrics of two flows which go on until told to break.

`python -m tests.integration.alerts.live_flow PORT`; POST /stop stops `order`, POST /fail makes `return` fail.
"""

import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CollectorRegistry

from mining.config import ProcessConfig
from mining.live.knowledge import Snapshot
from mining.live.metrics import LiveMetrics
from mining.settings import DeadlineSettings
from tests.helpers import SECOND, arena, event

PERIOD = 0.25
CONFIGS = {
    process: ProcessConfig(
        process=process,
        leading="case",
        end_activities=("Close",),
        deadlines=(DeadlineSettings(process=process, step="Pay", within_hours=1),),
    )
    for process in ("order", "return")
}


class Flow:
    """Every quarter of a second a case of three events closes in each process."""

    def __init__(self) -> None:
        self.metrics = LiveMetrics(CollectorRegistry())
        self.rows: dict[str, list[dict[str, object]]] = {process: [] for process in CONFIGS}
        self.stopped, self.failing = threading.Event(), threading.Event()

    def run(self) -> None:
        number = 0
        while True:
            began, now = time.monotonic(), time.time_ns() // 1000
            number += 1
            for process, rows in self.rows.items():
                if process == "order" and self.stopped.is_set():
                    continue
                for place, activity in enumerate(("Place", "Pay", "Close")):
                    at = now - (3 - place) * SECOND
                    error = "timeout" if process == "return" and activity == "Pay" and self.failing.is_set() else None
                    role = "clerk" if activity == "Close" else None
                    rows.append(
                        event(str(number), activity, at, at + SECOND // 2, process=process, role=role, error=error)
                    )
            snapshots = {
                process: Snapshot(CONFIGS[process], arena(rows[-600:], process), (), now, {})
                for process, rows in self.rows.items()
            }
            self.metrics.update(snapshots, 0.0, time.monotonic() - began, now)
            time.sleep(max(0.0, PERIOD - (time.monotonic() - began)))


def main(port: int) -> None:
    flow = Flow()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.answer(flow.metrics.render())

        def do_POST(self) -> None:
            {"/stop": flow.stopped, "/fail": flow.failing}[self.path].set()
            self.answer(b"")

        def answer(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    threading.Thread(target=flow.run, daemon=True).start()
    server.serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]))
