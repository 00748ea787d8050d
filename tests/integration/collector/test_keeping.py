"""Erasing, deriving again and replaying while receiver and converter take in what is sent all the time."""

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pyarrow.parquet as pq
import pytest
import yaml

from collector.dead_letters import read_letters
from collector.raw import RawArchive, load_key
from collector.store import Kind, Store
from tests.integration.collector.processes import ROOT, wait_for
from tests.unit.collector.spans import request, span

pytestmark = pytest.mark.integration

PROTOBUF = {"content-type": "application/x-protobuf"}
ORDER = "ORD-90210"
CONFIG: dict[str, Any] = {
    "processes": {"order": {"leading": "order"}},
    "mapping": {
        "objects": [{"attribute": "order.id", "type": "order"}],
        "activities": [{"activity": "Work", "process": "order", "when": {"name": "work"}}],
    },
    "collector": {"port": 0, "metrics_port": 0, "grpc_port": 0, "batch_seconds": 0.1},
}


def rows(data: Path, kind: Kind) -> list[dict[str, Any]]:
    while True:
        # Files of a list that is a moment old may be written anew, but are there.
        with contextlib.suppress(FileNotFoundError):
            return [row for each in Store(data).segments(kind) for row in pq.ParquetFile(each.path).read().to_pylist()]


@contextlib.contextmanager
def service(config: Path, data: Path) -> Iterator[str]:
    """A collector as users start it; gives the receiver's address."""
    arguments = [sys.executable, "-m", "api.cli", "collector", "--config", str(config), "--data", str(data)]
    with (config.parent / "log").open("ab") as log:
        process = subprocess.Popen(arguments, cwd=ROOT, stdout=log, stderr=log)
    try:

        def address() -> str | None:
            assert process.poll() is None, (config.parent / "log").read_text()
            json.loads((data / "run" / "converter.json").read_text())
            told = json.loads((data / "run" / "receiver.json").read_text())
            found = f"http://127.0.0.1:{told['port']}"
            return found if httpx.get(f"{found}/healthz").status_code == 200 else None

        def tried() -> str | None:
            with contextlib.suppress(httpx.HTTPError):
                return address()
            return None

        yield wait_for(tried, 60)
    finally:
        process.terminate()
        process.wait(60)


def houtai(*arguments: object) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "api.cli", *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "LC_ALL": "C"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_while_the_collector_goes_on(tmp_path: Path) -> None:
    config, data = tmp_path / "houtai.yaml", tmp_path / "data"
    config.write_text(yaml.safe_dump(CONFIG))
    sent: list[int] = []
    stop = threading.Event()

    with service(config, data) as address, httpx.Client(base_url=address, headers=PROTOBUF) as client:

        def send() -> None:
            with httpx.Client(base_url=address, headers=PROTOBUF) as own:
                while not stop.is_set():
                    number = 100 + len(sent)
                    body = request(span(number, 1, "work", order_id=f"O{number}", colour="red"))
                    assert own.post("/v1/traces", content=body).status_code == 200
                    sent.append(number)
                    time.sleep(0.005)

        for part in range(1, 4):
            body = request(span(1, part, "work", order_id=ORDER, note=f"for {ORDER}"))
            assert client.post("/v1/traces", content=body).status_code == 200
        sender = threading.Thread(target=send)
        sender.start()
        try:
            wait_for(lambda: len(rows(data, "events")) > 50, 60)
            CONFIG["mapping"]["fields"] = ["colour"]
            config.write_text(yaml.safe_dump(CONFIG))
            assert "events were replaced by" in houtai("remap", "--config", config, "--data", data)
            assert Store(data).generation() == 1
            # All that was there then knows the field now, and so does what comes from now on.
            first, later = len(sent), len(sent) + 100
            wait_for(lambda: len(sent) > later or None, 60)
            assert {
                dict(row["fields"]).get("colour") for row in rows(data, "events") if row["trace_id"][-2:] != "01"
            } == {"red"}
            assert client.post("/v1/traces", content=request(span(1, 9, "work", order_id=ORDER))).status_code == 200
            assert "Erased: events 4" in houtai("erase", f"order:{ORDER}", "--config", config, "--data", data, "--yes")
            assert Store(data).generation() == 2
        finally:
            stop.set()
            sender.join()
        assert len(sent) > first
        # What nobody could read is kept, can be looked at, and is refused again.
        assert client.post("/v1/traces", content=b"no protobuf").status_code == 400
        assert "malformed" in houtai("dead-letters", "list", "--data", data)
    expected = set(sent)
    found = [int(row["trace_id"], 16) for row in rows(data, "events")]
    assert len(found) == len(set(found))
    assert set(found) == expected
    assert {int(row["trace_id"], 16) for row in rows(data, "spans")} == expected
    needle = ORDER.encode()
    for path in data.rglob("*"):
        if path.is_file():
            assert needle not in path.read_bytes(), path
    archive = RawArchive(data, load_key(data))
    bodies = [record.body for record in archive.records()]
    archive.close()
    assert len(bodies) >= len(expected)
    assert not any(needle in body for body in bodies)
    assert len(list(read_letters(data))) == 1
