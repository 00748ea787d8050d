"""The Python SDK's exporters: all that they send is there, once, also when the receiver asks them to come back."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import grpc
import pytest
from opentelemetry._logs import LogRecord
from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter as GrpcLogs
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcSpans
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter as HttpLogs
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpSpans
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from collector.wal import Encoding, Signal
from tests.integration.collector.otlp_clients import full_disk, grpc_port, ids, kept_records, kept_spans
from tests.integration.collector.processes import Process, receiver

pytestmark = pytest.mark.integration
COUNT = 100
Make = Callable[[Process, bool], Any]


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    with receiver(tmp_path_factory.mktemp("python")) as process:
        yield process


def http_spans(server: Process, zipped: bool) -> HttpSpans:
    compression = Compression.Gzip if zipped else Compression.NoCompression
    return HttpSpans(f"http://127.0.0.1:{server.port}/v1/traces", compression=compression, timeout=40)


def grpc_spans(server: Process, zipped: bool) -> GrpcSpans:
    compression = grpc.Compression.Gzip if zipped else grpc.Compression.NoCompression
    return GrpcSpans(f"127.0.0.1:{grpc_port(server)}", insecure=True, compression=compression, timeout=40)


def http_logs(server: Process, zipped: bool) -> HttpLogs:
    compression = Compression.Gzip if zipped else Compression.NoCompression
    return HttpLogs(f"http://127.0.0.1:{server.port}/v1/logs", compression=compression, timeout=40)


def grpc_logs(server: Process, zipped: bool) -> GrpcLogs:
    compression = grpc.Compression.Gzip if zipped else grpc.Compression.NoCompression
    return GrpcLogs(f"127.0.0.1:{grpc_port(server)}", insecure=True, compression=compression, timeout=40)


def send_spans(exporter: Any) -> Sequence[str]:
    """Ids of what was sent, in requests of at most 40 spans."""
    provider = TracerProvider(resource=Resource({"service.name": "shop"}))
    provider.add_span_processor(BatchSpanProcessor(exporter, max_export_batch_size=40, schedule_delay_millis=60_000))
    tracer, sent = provider.get_tracer("shop"), []
    for number in range(COUNT):
        with tracer.start_as_current_span(f"work {number}", attributes={"order.id": f"A-{number}"}) as span:
            context = span.get_span_context()
            sent.append(f"{context.trace_id:032x}:{context.span_id:016x}")
    provider.shutdown()
    return sorted(sent)


def send_logs(exporter: Any) -> Sequence[str]:
    """Names of what was sent."""
    provider = LoggerProvider(resource=Resource({"service.name": "shop"}), shutdown_on_exit=False)
    provider.add_log_record_processor(
        BatchLogRecordProcessor(exporter, max_export_batch_size=40, schedule_delay_millis=60_000)
    )
    logger = provider.get_logger("shop")
    names = [f"order.paid.{number}" for number in range(COUNT)]
    for name in names:
        logger.emit(LogRecord(timestamp=time.time_ns(), event_name=name, body={"order": {"id": name}}))
    provider.shutdown()
    return sorted(names)


@pytest.mark.parametrize("zipped", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("make", [http_spans, grpc_spans])
def test_spans_come_out_once(server: Process, make: Make, zipped: bool) -> None:
    sent = send_spans(make(server, zipped))
    assert ids(kept_spans(server, Signal.TRACES)) == sent
    expected = Encoding.GZIP if zipped and make is http_spans else Encoding.IDENTITY
    assert Counter(record.encoding for record in kept_records(server)) == {expected: 3}


@pytest.mark.parametrize("zipped", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("make", [http_logs, grpc_logs])
def test_log_records_come_out_once(server: Process, make: Make, zipped: bool) -> None:
    sent = send_logs(make(server, zipped))
    found = kept_spans(server, Signal.LOGS)
    assert sorted(each.name for each in found) == sent
    assert {(each.kind, each.attributes[-1].key) for each in found} == {(6, "log.body")}


@pytest.mark.parametrize("make", [http_spans, grpc_spans])
def test_they_come_back_when_asked_to(server: Process, make: Make) -> None:
    exporter = make(server, True)
    sent: list[str] = []
    with full_disk(server):
        thread = threading.Thread(target=lambda: sent.extend(send_spans(exporter)))
        thread.start()
        end = time.monotonic() + 20
        refused = 'houtai_collector_rejected_requests_total{reason="overload",signal="traces"}'
        while not server.metric(refused) and time.monotonic() < end:
            time.sleep(0.1)
    assert server.metric(refused) > 0
    thread.join(60)
    assert ids(kept_spans(server, Signal.TRACES)) == sent
    assert len(sent) == COUNT
