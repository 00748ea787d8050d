"""The receiver alone: spans per CPU-second, resident memory, time to the acknowledgement.

`python -m tests.bench.receiver_load [protobuf|json] [requests] [connections] [spans a second offered, 0: all it takes]`

A process of its own sends prepared bytes over so many connections; the receiver's CPU time, user and system, of all its
threads, is read from the system, so that the sender costs it nothing.
"""

import gzip
import json
import multiprocessing
import os
import random
import socket
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span

from tests.integration.collector.processes import receiver
from tests.unit.collector.otlp_forms import as_json

SPANS: Final = 512
BODIES: Final = 24
_TICK: Final = os.sysconf("SC_CLK_TCK")


def batch(seed: int) -> ExportTraceServiceRequest:
    """512 spans of 12 attributes each, as an instrumented shop would send them."""
    rng = random.Random(seed)
    now = 1_760_000_000_000_000_000

    def text(key: str, value: str) -> KeyValue:
        return KeyValue(key=key, value=AnyValue(string_value=value))

    def number(key: str, value: int) -> KeyValue:
        return KeyValue(key=key, value=AnyValue(int_value=value))

    spans = []
    for _ in range(SPANS):
        order = f"ORD-{rng.randrange(10**9):09}"
        attributes = [
            text("http.request.method", rng.choice(["GET", "POST"])),
            text("http.route", rng.choice(["/orders/{id}", "/payments", "/shipments/{id}/pack"])),
            text("url.path", f"/orders/{order}"),
            number("http.response.status_code", 200),
            text("server.address", "shop.example.com"),
            number("server.port", 443),
            text("user_agent.original", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36"),
            text("network.protocol.version", "1.1"),
            text("order.id", order),
            text("user.id", f"u{rng.randrange(10**6)}"),
            number("thread.id", rng.randrange(64)),
            text("code.function.name", "com.example.shop.OrderController.approve"),
        ]
        start = now + rng.randrange(10**12)
        spans.append(
            Span(
                trace_id=rng.randbytes(16),
                span_id=rng.randbytes(8),
                parent_span_id=rng.randbytes(8),
                name=rng.choice(["approve order", "POST /payments", "pack parcel"]),
                kind=Span.SPAN_KIND_SERVER,
                start_time_unix_nano=start,
                end_time_unix_nano=start + rng.randrange(10**9),
                attributes=attributes,
            )
        )
    resource = Resource(attributes=[text("service.name", "shop"), text("service.version", "1.2.3")])
    return ExportTraceServiceRequest(
        resource_spans=[ResourceSpans(resource=resource, scope_spans=[ScopeSpans(spans=spans)])]
    )


def raw_requests(form: str) -> list[bytes]:
    """Whole HTTP requests as bytes."""
    content_type = "application/json" if form == "json" else "application/x-protobuf"
    made = []
    for seed in range(BODIES):
        request = batch(seed)
        body = gzip.compress(
            json.dumps(as_json(request), separators=(",", ":")).encode()
            if form == "json"
            else request.SerializeToString(),
            6,
        )
        head = (
            f"POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: {content_type}\r\n"
            f"Content-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        made.append(head.encode() + body)
    return made


def send(port: int, form: str, count: int, connections: int, offered: float) -> list[float]:
    """Seconds each request took, sent over so many connections at once."""
    requests = raw_requests(form)
    taken: list[float] = []
    numbers = iter(range(count))
    lock = threading.Lock()
    began = time.perf_counter()

    def one(connection: socket.socket) -> None:
        while True:
            with lock:
                number = next(numbers, None)
            if number is None:
                return
            due = began + number * SPANS / offered if offered else 0.0
            if (wait := due - time.perf_counter()) > 0:
                time.sleep(wait)
            at = time.perf_counter()
            connection.sendall(requests[number % len(requests)])
            answer = connection.recv(4096)
            assert answer.startswith(b"HTTP/1.1 200"), answer
            while b"\r\n\r\n" not in answer:
                answer += connection.recv(4096)
            taken.append(time.perf_counter() - at)

    open_connections = [socket.create_connection(("127.0.0.1", port)) for _ in range(connections)]
    threads = [threading.Thread(target=one, args=(each,)) for each in open_connections]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for each in open_connections:
        each.close()
    return taken


def _send_and_tell(pipe: "multiprocessing.connection.Connection", *arguments: object) -> None:
    began = time.perf_counter()
    taken = send(*arguments)  # type: ignore[arg-type]
    pipe.send((time.perf_counter() - began, taken))


def cpu_seconds(pid: int) -> float:
    """User and system time of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICK


def peak_memory(pid: int) -> float:
    """The most that it has had in memory, in MB."""
    line = next(each for each in Path(f"/proc/{pid}/status").read_text().splitlines() if each.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def measure(form: str, count: int, connections: int, offered: float) -> Iterator[str]:
    """Lines that tell one run."""
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder, receiver(Path(folder)) as process:
        port = process.port
        assert process.process is not None
        pid = process.process.pid
        send(port, form, 50, 4, 0)
        before = cpu_seconds(pid)
        ours, theirs = context.Pipe()
        child = context.Process(target=_send_and_tell, args=(theirs, port, form, count, connections, offered))
        child.start()
        seconds, taken = ours.recv()
        child.join()
        used = cpu_seconds(pid) - before
        taken.sort()
        yield f"{form}, {count} requests of {SPANS} spans, {connections} connections, offered {offered or 'all'}"
        yield f"  {count * SPANS / used:12,.0f} spans per CPU-second ({used / count * 1e6:.0f} us a request)"
        yield f"  {count * SPANS / seconds:12,.0f} spans per second"
        yield (
            f"  acknowledged after {statistics.median(taken) * 1e3:.1f} ms (median), "
            f"{taken[int(len(taken) * 0.99)] * 1e3:.1f} ms (p99)"
        )
        yield f"  {peak_memory(pid):.0f} MB resident at most"


def main() -> None:
    """Measure and print."""
    form = sys.argv[1] if len(sys.argv) > 1 else "protobuf"
    count, connections, offered = ([*map(int, sys.argv[2:]), *(2000, 8, 0)[len(sys.argv[2:]) :]])[:3]
    for line in measure(form, count, connections, offered):
        print(line, flush=True)


if __name__ == "__main__":
    main()
