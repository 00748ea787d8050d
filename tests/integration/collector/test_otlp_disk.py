"""A full disk: nothing is acknowledged that is not safe, and the same process goes on when there is room again."""

import os
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.integration.collector.otlp_clients import full_disk, kept_records
from tests.integration.collector.processes import Process, receiver
from tests.unit.collector.spans import request, span

pytestmark = pytest.mark.integration
PROTOBUF = {"content-type": "application/x-protobuf"}
SEGMENT = 1 << 20


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 4 MB."""
    if os.geteuid() != 0:
        pytest.skip("only root mounts a file system")
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)]
    if subprocess.run(command, capture_output=True).returncode != 0:
        pytest.skip("no file system can be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def export(client: httpx.Client, number: int, size: int) -> tuple[int, bytes]:
    """Status, and what was sent."""
    body = request(span(number, 1, "work", note=random.Random(number).randbytes(size // 2).hex()))
    answer = client.post("/v1/traces", content=body, headers=PROTOBUF)
    if answer.status_code != 200:
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert answer.headers["content-type"] == "application/x-protobuf"
    return answer.status_code, body


def test_no_room_for_a_new_segment(small_disk: Path) -> None:
    data = small_disk / "data"
    with (
        receiver(data, wal_segment_bytes=SEGMENT) as server,
        httpx.Client(base_url=f"http://127.0.0.1:{server.port}", timeout=30) as client,
    ):
        assert server.process is not None
        pid = server.process.pid
        answers = [export(client, number, 100_000) for number in range(5)]
        _fill(small_disk / "filler")
        # What is left of the newest segment is still there to be used.
        while answers[-1][0] == 200:
            answers.append(export(client, len(answers), 100_000))
        assert 6 < len(answers) < 12
        # A bad request cannot be kept as a dead letter now: it shall come again, too.
        bad = client.post("/v1/traces", content=b"no protobuf" * 20_000, headers=PROTOBUF)
        assert bad.status_code == 503
        answers.append(export(client, len(answers), 100_000))
        assert answers[-1][0] == 503
        (small_disk / "filler").unlink()
        while len(answers) < 25:
            answers.append(export(client, len(answers), 100_000))
        assert [status for status, _ in answers[-5:]] == [200] * 5
        assert client.post("/v1/traces", content=b"no protobuf", headers=PROTOBUF).status_code == 400
        assert [record.body for record in kept_records(server)] == [body for status, body in answers if status == 200]
        assert server.process.pid == pid
        assert server.process.poll() is None


def _fill(path: Path) -> None:
    """Take all the room there is."""
    with path.open("wb", buffering=0) as file:
        for size in (1 << 16, 1 << 12):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Process]:
    with receiver(tmp_path, wal_segment_bytes=SEGMENT) as process:
        yield process


def test_writes_that_fail(server: Process) -> None:
    with httpx.Client(base_url=f"http://127.0.0.1:{server.port}", timeout=30) as client:
        answers = [export(client, 1, 1000)]
        with full_disk(server):
            answers += [export(client, 2, 1000), export(client, 3, 1000)]
            assert "houtai_collector_rejected_requests_total" in client.get("/metrics").text
        answers += [export(client, number, 400_000) for number in range(4, 9)]
        assert client.get("/healthz").status_code == 200
    assert [status for status, _ in answers] == [200, 503, 503, 200, 200, 200, 200, 200]
    assert server.stop() == 0
    # The same after a restart, which reads the log's end again.
    with receiver(server.data, wal_segment_bytes=SEGMENT) as second:
        with httpx.Client(base_url=f"http://127.0.0.1:{second.port}", timeout=30) as client:
            answers.append(export(client, 9, 1000))
        assert [record.body for record in kept_records(second)] == [body for status, body in answers if status == 200]
