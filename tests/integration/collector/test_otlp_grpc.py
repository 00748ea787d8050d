"""OTLP/gRPC, by plain calls."""

import gzip
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from google.rpc.error_details_pb2 import RetryInfo  # type: ignore[import-untyped]
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ResourceLogs, ScopeLogs

from collector.wal import Encoding, Signal
from tests.integration.collector.otlp_clients import full_disk, grpc_port, ids, kept_records, kept_spans
from tests.integration.collector.processes import Process, receiver
from tests.unit.collector.spans import request, span

pytestmark = pytest.mark.integration
TRACES = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
LOGS = "/opentelemetry.proto.collector.logs.v1.LogsService/Export"
LIMIT = 100_000


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    with receiver(tmp_path_factory.mktemp("grpc"), max_body_bytes=LIMIT) as process:
        yield process


@pytest.fixture
def channel(server: Process) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(f"127.0.0.1:{grpc_port(server)}") as channel:
        yield channel


def call(channel: grpc.Channel, method: str, body: bytes, **more: object) -> bytes:
    answer: bytes = channel.unary_unary(method)(body, timeout=30, **more)
    return answer


def refused(channel: grpc.Channel, method: str, body: bytes, **more: object) -> grpc.RpcError:
    with pytest.raises(grpc.RpcError) as caught:
        call(channel, method, body, **more)
    return caught.value


@pytest.mark.parametrize("compression", [grpc.Compression.NoCompression, grpc.Compression.Gzip])
def test_traces_and_logs_are_kept(server: Process, channel: grpc.Channel, compression: grpc.Compression) -> None:
    before = server.metric('houtai_collector_acknowledged_requests_total{signal="traces"}')
    body = request(span(1, 1, "work", order_id="A"))
    # Full success is an empty message.
    assert call(channel, TRACES, body, compression=compression) == b""
    record = kept_records(server)[-1]
    assert (record.signal, record.encoding, record.body) == (Signal.TRACES, Encoding.IDENTITY, body)
    logs = [ResourceLogs(scope_logs=[ScopeLogs(log_records=[LogRecord(event_name="order.paid")])])]
    logged = ExportLogsServiceRequest(resource_logs=logs).SerializeToString()
    assert call(channel, LOGS, logged, compression=compression) == b""
    record = kept_records(server)[-1]
    assert (record.signal, record.body) == (Signal.LOGS, logged)
    assert server.metric('houtai_collector_acknowledged_requests_total{signal="traces"}') == before + 1
    assert call(channel, TRACES, b"") == b""


@pytest.mark.parametrize("body", [b"no protobuf", gzip.compress(request(span(1, 1)))])
def test_what_cannot_be_read_must_not_come_again(server: Process, channel: grpc.Channel, body: bytes) -> None:
    counter = 'houtai_collector_rejected_requests_total{reason="malformed",signal="traces"}'
    counted, kept = server.metric(counter), len(kept_records(server))
    error = refused(channel, TRACES, body)
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "no traces export request" in error.details()
    assert "grpc-status-details-bin" not in dict(error.trailing_metadata())
    assert server.metric(counter) == counted + 1
    assert len(kept_records(server)) == kept
    assert '"reason": "malformed"' in (server.data / "dead-letters" / "receiver.jsonl").read_text()


@pytest.mark.parametrize("compression", [grpc.Compression.NoCompression, grpc.Compression.Gzip])
@pytest.mark.parametrize("size", [LIMIT + 1, 3 * LIMIT])
def test_too_much_is_refused_for_good(channel: grpc.Channel, size: int, compression: grpc.Compression) -> None:
    error = refused(channel, TRACES, bytes(size), compression=compression)
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "grpc-status-details-bin" not in dict(error.trailing_metadata())


def test_other_methods_are_not_there(channel: grpc.Channel) -> None:
    method = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"
    assert refused(channel, method, b"").code() is grpc.StatusCode.UNIMPLEMENTED


def test_a_full_disk_is_retryable_and_waited_for(server: Process, channel: grpc.Channel) -> None:
    before = len(kept_records(server))
    with full_disk(server):
        for _ in range(2):
            error = refused(channel, TRACES, request(span(7, 1)))
            assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
            status = Status.FromString(dict(error.trailing_metadata())["grpc-status-details-bin"])
            retry = RetryInfo()
            assert status.details[0].Unpack(retry)
            assert (status.code, retry.retry_delay.seconds) == (8, 5)
    assert call(channel, TRACES, request(span(7, 2))) == b""
    assert len(kept_records(server)) == before + 1
    assert sum(each.startswith(f"{7:032x}") for each in ids(kept_spans(server, Signal.TRACES))) == 1


def test_a_token_is_wanted_where_one_is_set(tmp_path: Path) -> None:
    with (
        receiver(tmp_path, token="secret") as process,
        grpc.insecure_channel(f"127.0.0.1:{grpc_port(process)}") as channel,
    ):
        body = request(span(1, 1))
        assert refused(channel, TRACES, body).code() is grpc.StatusCode.UNAUTHENTICATED
        wrong = (("authorization", "Bearer other"),)
        assert refused(channel, TRACES, body, metadata=wrong).code() is grpc.StatusCode.UNAUTHENTICATED
        assert call(channel, TRACES, body, metadata=(("authorization", "Bearer secret"),)) == b""


def test_a_taken_port_is_named(server: Process, tmp_path: Path) -> None:
    with receiver(tmp_path, grpc_port=grpc_port(server)) as second:
        assert second.process is not None
        assert second.process.wait(30) != 0
        assert "collector.grpc_port: 127.0.0.1" in second.error()
        assert "cannot be used" in second.error()


def test_it_can_be_turned_off(tmp_path: Path) -> None:
    with receiver(tmp_path, grpc_port=None) as process:
        assert process.port
        assert not (tmp_path / "run" / "receiver-grpc.json").exists()
