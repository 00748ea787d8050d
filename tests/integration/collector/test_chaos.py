"""Receiver and converter are killed at random under load, in every protocol: what was acknowledged is there, once.

`make chaos` does it a hundred times; `HOUTAI_CHAOS_SEED` repeats a run.
"""

import base64
import csv
import gzip
import io
import itertools
import json
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import grpc
import httpx
import pytest
from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.integration.collector.processes import ROOT, Process, converter, receiver
from tests.unit.collector.spans import event_id, request, rows, span

pytestmark = pytest.mark.integration

KILLS = int(os.environ.get("HOUTAI_CHAOS_KILLS", "26"))
SPANS = 12
Send = Callable[[Process, bytes], bool]
"""Gives whether the request was acknowledged."""


def over_http(where: Process, body: bytes) -> bool:
    headers = {"content-type": "application/x-protobuf", "content-encoding": "gzip"}
    return _post(where, "/v1/traces", gzip.compress(body, 1), headers)


def over_json(where: Process, body: bytes) -> bool:
    written = MessageToDict(ExportTraceServiceRequest.FromString(body), use_integers_for_enums=True)
    for each in written["resourceSpans"][0]["scopeSpans"][0]["spans"]:
        for name in ("traceId", "spanId", "parentSpanId"):
            if name in each:
                each[name] = _hex(each[name])
    return _post(where, "/v1/traces", json.dumps(written).encode(), {"content-type": "application/json"})


def over_grpc(where: Process, body: bytes) -> bool:
    port = json.loads((where.data / "run" / "receiver-grpc.json").read_text())["port"]
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        call = channel.unary_unary("/opentelemetry.proto.collector.trace.v1.TraceService/Export")
        try:
            call(body, timeout=2)
        except grpc.RpcError:
            return False
    return True


class Sender(threading.Thread):
    """Sends request after request, each until it is acknowledged; notes which were."""

    def __init__(self, where: Process, first_trace: int, send: Send) -> None:
        super().__init__(name=send.__name__)
        self._where, self._send = where, send
        self._traces = itertools.count(first_trace)
        self._done = threading.Event()
        self.acknowledged: list[int] = []

    def run(self) -> None:
        while not self._done.is_set():
            trace = next(self._traces)
            # The key is on a child: the event waits for it, gets it, or gets a link later.
            spans = [span(trace, 1, "work", enduser_id="u"), *(span(trace, n, parent=1) for n in range(2, SPANS))]
            body = request(*spans, span(trace, SPANS, "child", 1, order_id=f"o{trace}"))
            while not self._done.is_set():
                try:
                    if self._send(self._where, body):
                        self.acknowledged.append(trace)
                        break
                except (OSError, ValueError, KeyError, httpx.TransportError):
                    pass
                time.sleep(0.02)
            time.sleep(0.002)

    def stop(self) -> None:
        self._done.set()
        self.join()


def test_what_is_acknowledged_is_there_once_whatever_is_killed(tmp_path: Path) -> None:
    seed = int(os.environ.get("HOUTAI_CHAOS_SEED", str(time.time_ns() % 1_000_000)))
    draw = random.Random(seed)
    with (
        receiver(tmp_path, wal_segment_bytes=256 * 1024) as taking,
        converter(tmp_path, batch_seconds=0.02) as turning,
    ):
        ways: tuple[Send, ...] = (over_http, over_http, over_json, over_grpc)
        senders = [Sender(taking, 1 + 10_000_000 * number, way) for number, way in enumerate(ways)]
        for each in senders:
            each.start()
        try:
            for _ in range(KILLS):
                time.sleep(draw.expovariate(1.5))
                victims = draw.choice(([taking], [turning], [turning], [taking, turning]))
                for victim in victims:
                    victim.kill()
                for victim in victims:
                    victim.start()
            _ = taking.port
            time.sleep(1)
        finally:
            for each in senders:
                each.stop()
        assert taking.stop() == 0
        _ = turning.port
        assert turning.stop() == 0
    acknowledged = [trace for each in senders for trace in each.acknowledged]
    assert all(each.acknowledged for each in senders), f"seed {seed}"
    kept = exported(tmp_path)
    assert len(kept) == len(set(kept)), f"seed {seed}: spans stand there twice"
    wanted = {(f"{trace:032x}", f"{number:016x}") for trace in acknowledged for number in range(1, SPANS + 1)}
    assert not wanted - set(kept), f"seed {seed}: acknowledged spans are missing"
    events = rows(tmp_path, "events")
    links = {row["event_id"]: row["case_id"] for row in rows(tmp_path, "links")}
    cases = {row["event_id"]: [o["id"] for o in row["objects"] if o["type"] == "order"] for row in events}
    assert len(cases) == len(events), f"seed {seed}: events stand there twice"
    for trace in acknowledged:
        found = cases[event_id(trace, 1)] or [links.get(event_id(trace, 1))]
        assert found == [f"o{trace}"], f"seed {seed}"


def exported(data: Path) -> list[tuple[str, str]]:
    """(trace id, span id) of every kept span, by the command line."""
    arguments = ["export", "spans", "--data", str(data), "--out", "-", "--columns", "trace_id,span_id"]
    done = subprocess.run([sys.executable, "-m", "api.cli", *arguments], cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return [(row["trace_id"], row["span_id"]) for row in csv.DictReader(io.StringIO(done.stdout.decode()))]


def _post(where: Process, path: str, body: bytes, headers: dict[str, str]) -> bool:
    port = json.loads((where.data / "run" / "receiver.json").read_text())["port"]
    return httpx.post(f"http://127.0.0.1:{port}{path}", content=body, headers=headers, timeout=5).status_code == 200


def _hex(base64_text: str) -> str:
    return base64.b64decode(base64_text).hex()
