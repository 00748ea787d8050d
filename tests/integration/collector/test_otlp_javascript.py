"""The JavaScript SDK's exporters from npm: all that they send is there, once, also when they are asked to come back."""

import fcntl
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.wal import Signal
from tests.integration.collector.otlp_clients import full_disk, grpc_port, ids, kept_spans
from tests.integration.collector.processes import Process, receiver

pytestmark = pytest.mark.integration
SOURCE = Path(__file__).parent / "js"
COUNT = 100
SIGNALS = {
    ("json", "traces"): Signal.TRACES_JSON,
    ("json", "logs"): Signal.LOGS_JSON,
    ("proto", "traces"): Signal.TRACES,
    ("proto", "logs"): Signal.LOGS,
    ("grpc", "traces"): Signal.TRACES,
    ("grpc", "logs"): Signal.LOGS,
}


@pytest.fixture(scope="session")
def script() -> Path:
    """The script beside its packages, which are installed once a machine."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("node and npm are not installed")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "houtai-tests" / "otlp-js"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        folder = Path(tempfile.mkdtemp())
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted = (SOURCE / "package-lock.json").read_bytes()
        done = folder / "installed"
        if not done.exists() or done.read_bytes() != wanted:
            for name in ("package.json", "package-lock.json", ".npmrc"):
                shutil.copy(SOURCE / name, folder)
            command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
            try:
                result = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=200)
            except subprocess.TimeoutExpired:
                pytest.skip("npm does not reach a registry in time")
            if result.returncode != 0:
                pytest.skip(f"npm cannot install the SDK: {result.stderr.strip()[-300:]}")
            done.write_bytes(wanted)
        shutil.copy(SOURCE / "send.mjs", folder)
    return folder / "send.mjs"


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    with receiver(tmp_path_factory.mktemp("javascript")) as process:
        yield process


def start(script: Path, server: Process, protocol: str, signal: str, compression: str) -> "subprocess.Popen[str]":
    port = grpc_port(server) if protocol == "grpc" else server.port
    command = ["node", str(script), protocol, signal, f"http://127.0.0.1:{port}", str(COUNT), compression]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(client: "subprocess.Popen[str]") -> list[str]:
    """What it says that it sent, sorted."""
    out, error = client.communicate(timeout=90)
    assert client.returncode == 0, error
    return sorted(out.split("\n")[:-1])


@pytest.mark.parametrize("compression", ["none", "gzip"])
@pytest.mark.parametrize("protocol", ["proto", "json", "grpc"])
def test_spans_come_out_once(script: Path, server: Process, protocol: str, compression: str) -> None:
    sent = finish(start(script, server, protocol, "traces", compression))
    found = kept_spans(server, SIGNALS[protocol, "traces"])
    assert ids(found) == sent
    assert len(sent) == COUNT + 1
    first = next(span for span in found if span.name == "work 0")
    assert [each.name for each in first.events] == ["exception"]
    values = {each.key: each.value for each in first.attributes}
    assert (values["order.id"].string_value, values["amount"].double_value) == ("A-0", 12.5)
    assert [each.string_value for each in values["items"].array_value.values] == ["a", "b"]
    assert 0 < first.end_time_unix_nano - first.start_time_unix_nano < 60 * 10**9


@pytest.mark.parametrize("compression", ["none", "gzip"])
@pytest.mark.parametrize("protocol", ["proto", "json", "grpc"])
def test_log_records_come_out_once(script: Path, server: Process, protocol: str, compression: str) -> None:
    sent = finish(start(script, server, protocol, "logs", compression))
    found = kept_spans(server, SIGNALS[protocol, "logs"])
    keys = [{each.key: each.value for each in span.attributes} for span in found]
    assert sorted(each["order.id"].string_value for each in keys) == sent
    assert {(span.name, span.kind) for span in found} == {("order.paid", 6)}
    body = {each.key: each.value for each in keys[0]["log.body"].kvlist_value.values}
    assert body["raw"].bytes_value == b"\x01\x02\xff"
    assert body["order"].kvlist_value.values[0].key == "id"


def start_on_a_full_disk(script: Path, server: Process, protocol: str) -> "subprocess.Popen[str]":
    """A client that has been refused once."""
    refused = 'houtai_collector_rejected_requests_total{reason="overload",signal="traces"}'
    with full_disk(server):
        client = start(script, server, protocol, "traces", "gzip")
        end = time.monotonic() + 30
        while not server.metric(refused) and time.monotonic() < end:
            time.sleep(0.1)
    assert server.metric(refused) > 0
    return client


@pytest.mark.parametrize("protocol", ["proto", "json"])
def test_they_come_back_when_asked_to(script: Path, server: Process, protocol: str) -> None:
    sent = finish(start_on_a_full_disk(script, server, protocol))
    assert ids(kept_spans(server, SIGNALS[protocol, "traces"])) == sent
    assert len(sent) == COUNT + 1


def test_over_grpc_they_hear_that_they_should(script: Path, server: Process) -> None:
    """The SDK's gRPC exporter knows no retry: it fails with what we say, and nothing is kept that was refused."""
    client = start_on_a_full_disk(script, server, "grpc")
    out, error = client.communicate(timeout=90)
    assert "RESOURCE_EXHAUSTED: the disk does not take it" in error
    found = ids(kept_spans(server, Signal.TRACES))
    assert len(found) < COUNT + 1
    assert set(found) < set(out.split("\n"))
    assert len(set(found)) == len(found)
