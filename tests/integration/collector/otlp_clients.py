"""What the tests with real OTLP clients share: what the receiver has kept, and a disk that is full for a while."""

import contextlib
import json
import resource
from collections.abc import Iterator

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from collector.converter.decoders import DECODERS
from collector.gzip_body import gunzip
from collector.wal import Encoding, Record, Signal, WalReader
from tests.integration.collector.processes import Process, wait_for


def grpc_port(server: Process) -> int:
    """Where it takes OTLP/gRPC."""
    assert server.process is not None
    pid = server.process.pid

    def written() -> int | None:
        said = json.loads((server.data / "run" / "receiver-grpc.json").read_text())
        return int(said["port"]) if said["pid"] == pid else None

    return wait_for(written)


def kept_records(server: Process) -> list[Record]:
    """All that the receiver has acknowledged."""
    reader = WalReader(server.data / "wal")
    try:
        return reader.read(1 << 30)
    finally:
        reader.close()


def kept_spans(server: Process, signal: Signal) -> list[Span]:
    """The spans (or log records as spans) of one signal, as the converter reads them."""
    found = []
    for record in kept_records(server):
        if record.signal is signal:
            plain = gunzip(record.body, 1 << 30) if record.encoding is Encoding.GZIP else record.body
            if signal is not Signal.TRACES:
                plain = DECODERS[signal](plain, None)
            request = ExportTraceServiceRequest.FromString(plain)
            found += [span for of_one in request.resource_spans for scope in of_one.scope_spans for span in scope.spans]
    return found


def ids(spans: list[Span]) -> list[str]:
    """`trace:span`, sorted."""
    return sorted(f"{span.trace_id.hex()}:{span.span_id.hex()}" for span in spans)


@contextlib.contextmanager
def full_disk(server: Process) -> Iterator[None]:
    """No file of the receiver may be written beyond its first eight bytes, until the block ends."""
    # It has to have begun: without its run file nobody finds it.
    assert server.process is not None
    assert server.port
    before = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (8, before[1]))
    try:
        yield
    finally:
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, before)
