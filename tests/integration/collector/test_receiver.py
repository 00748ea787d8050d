import contextlib
import gzip
import json
import socket
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ResourceLogs, ScopeLogs
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExportResult

from collector.wal import Encoding, Signal, WalReader
from tests.integration.collector.processes import Process, receiver
from tests.unit.collector.spans import request, span

pytestmark = pytest.mark.integration
PROTOBUF = {"content-type": "application/x-protobuf"}
JSON = {"content-type": "application/json"}
GZIP = {**PROTOBUF, "content-encoding": "gzip"}
LIMIT = 100_000


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    with receiver(tmp_path_factory.mktemp("receiver"), max_body_bytes=LIMIT) as process:
        yield process


@pytest.fixture
def client(server: Process) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"http://127.0.0.1:{server.port}", timeout=30) as client:
        yield client


def letters(server: Process) -> list[dict[str, Any]]:
    path = server.data / "dead-letters" / "receiver.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_many_senders_that_keep_their_connections_are_all_served(server: Process) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(200):
            sender = stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=10))
            sender.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            assert sender.recv(1000).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("compression", [Compression.NoCompression, Compression.Gzip])
def test_the_sdks_exporter_is_understood(server: Process, compression: Compression) -> None:
    before = server.metric('houtai_collector_acknowledged_requests_total{signal="traces"}')
    exporter = OTLPSpanExporter(f"http://127.0.0.1:{server.port}/v1/traces", compression=compression)
    results: list[SpanExportResult] = []

    class Noting(SimpleSpanProcessor):
        def on_end(self, span: Any) -> None:
            results.append(exporter.export([span]))

    provider = TracerProvider()
    provider.add_span_processor(Noting(exporter))
    for number in range(3):
        with provider.get_tracer("test").start_as_current_span(f"work {number}"):
            pass
    provider.shutdown()
    assert results == [SpanExportResult.SUCCESS] * 3
    reader = WalReader(server.data / "wal")
    records = reader.read(1 << 30)
    reader.close()
    assert records[-1].encoding == (Encoding.GZIP if compression is Compression.Gzip else Encoding.IDENTITY)
    assert server.metric('houtai_collector_acknowledged_requests_total{signal="traces"}') == before + 3


def test_full_success_is_an_empty_message(client: httpx.Client) -> None:
    answer = client.post("/v1/traces", content=request(span(1, 1)), headers=PROTOBUF)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-type"] == "application/x-protobuf"


def test_logs_are_kept_likewise(server: Process, client: httpx.Client) -> None:
    logs = [ResourceLogs(scope_logs=[ScopeLogs(log_records=[LogRecord(severity_text="INFO")])])]
    body = ExportLogsServiceRequest(resource_logs=logs).SerializeToString()
    assert client.post("/v1/logs", content=gzip.compress(body), headers=GZIP).status_code == 200
    reader = WalReader(server.data / "wal")
    record = reader.read(1 << 30)[-1]
    reader.close()
    assert (record.signal, gzip.decompress(record.body)) == (Signal.LOGS, body)


def test_an_empty_request_is_a_success(client: httpx.Client) -> None:
    assert client.post("/v1/traces", content=b"", headers=PROTOBUF).status_code == 200


BOMB = gzip.compress(bytes(200 * 1024 * 1024), 9)


@pytest.mark.parametrize(
    ("headers", "content", "status", "reason"),
    [
        (PROTOBUF, b"no protobuf", 400, "malformed"),
        (PROTOBUF, gzip.compress(request(span(1, 1))), 400, "malformed"),
        (GZIP, request(span(1, 1)), 400, "bad_gzip"),
        (GZIP, gzip.compress(request(span(1, 1)))[:-12], 400, "bad_gzip"),
        (GZIP, gzip.compress(b"no protobuf"), 400, "malformed"),
        (GZIP, BOMB, 413, "too_large"),
        (PROTOBUF, bytes(LIMIT + 1), 413, "too_large"),
        (PROTOBUF, bytes(5 * LIMIT), 413, "too_large"),
        (JSON, b"{", 400, "malformed"),
        (JSON, b"", 400, "malformed"),
        (JSON, b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": "xyz"}]}]}]}', 400, "malformed"),
        ({**JSON, "content-encoding": "gzip"}, b"{}", 400, "bad_gzip"),
        ({**JSON, "content-encoding": "gzip"}, BOMB, 413, "too_large"),
        (JSON, b" " * (LIMIT + 1), 413, "too_large"),
        ({**JSON, "content-encoding": "br"}, b"{}", 415, "content_encoding"),
        ({"content-type": "text/plain"}, b"hello", 415, "content_type"),
        ({}, b"hello", 415, "content_type"),
        ({**PROTOBUF, "content-encoding": "deflate"}, zlib.compress(b""), 415, "content_encoding"),
    ],
)
def test_a_bad_request_is_told_counted_and_kept(
    server: Process, client: httpx.Client, headers: dict[str, str], content: bytes, status: int, reason: str
) -> None:
    counter = f'houtai_collector_rejected_requests_total{{reason="{reason}",signal="traces"}}'
    counted, kept = server.metric(counter), len(letters(server))
    answer = client.post("/v1/traces", content=content, headers=headers)
    assert answer.status_code == status
    if headers.get("content-type") == "application/json":
        assert answer.headers["content-type"] == "application/json"
        assert answer.json()["code"] == 3
    else:
        assert answer.headers["content-type"] == "application/x-protobuf"
        assert Status.FromString(answer.content).message
    assert server.metric(counter) == counted + 1
    letter = letters(server)[kept:]
    assert [each["reason"] for each in letter] == [reason]
    assert letter[0]["bytes"] == len(content)
    # Nothing else is lost.
    assert client.post("/v1/traces", content=request(span(2, 1)), headers=PROTOBUF).status_code == 200


def test_an_oversized_body_in_chunks_is_drained(client: httpx.Client) -> None:
    answer = client.post("/v1/traces", content=(bytes(10_000) for _ in range(40)), headers=PROTOBUF)
    assert answer.status_code == 413


def test_a_client_that_goes_away_harms_nobody(server: Process, client: httpx.Client) -> None:
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(
            b"POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\n"
            b"Content-Length: 5000\r\n\r\nabc"
        )
    assert client.post("/v1/traces", content=request(span(3, 1)), headers=PROTOBUF).status_code == 200


def test_a_token_is_wanted_where_one_is_set(tmp_path: Path) -> None:
    with (
        receiver(tmp_path, token="secret") as process,
        httpx.Client(base_url=f"http://127.0.0.1:{process.port}") as client,
    ):
        body = request(span(1, 1))
        refused = client.post("/v1/traces", content=body, headers=PROTOBUF)
        assert (refused.status_code, Status.FromString(refused.content).code) == (401, 16)
        assert client.get("/metrics").status_code == 401
        assert client.get("/healthz").status_code == 200
        shown = {"authorization": "Bearer secret"}
        assert client.post("/v1/traces", content=body, headers={**PROTOBUF, **shown}).status_code == 200
        assert client.get("/metrics", headers=shown).status_code == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org"])
def test_off_loopback_it_refuses_to_start_without_a_token(tmp_path: Path, host: str) -> None:
    from collector.receiver import run
    from collector.settings import CollectorSettings
    from collector.vocabulary.errors import PermanentError

    with pytest.raises(PermanentError, match=r"set collector\.token"):
        run(CollectorSettings(host=host), tmp_path)


def test_two_receivers_do_not_share(server: Process, tmp_path: Path) -> None:
    with receiver(tmp_path, port=server.port) as second:
        assert second.process is not None
        assert second.process.wait(30) != 0
        assert "cannot be used" in second.error()
    with receiver(server.data) as second:
        assert second.process is not None
        assert second.process.wait(30) != 0
        assert "another receiver" in second.error()
