"""How fast the collector takes in: the receiver beside a black hole on the same server, and the converter alone.

Run it by hand: `python tests/bench/collector_ingest.py [orders]`. Ratios count, not absolute figures.
"""

import asyncio
import contextlib
import gzip
import multiprocessing
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
from fastapi import FastAPI, Request, Response
from granian.constants import Interfaces
from granian.server.embed import Server
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span

from collector.converter import Converter
from collector.receiver import run
from collector.running import usable_port
from collector.settings import (
    ActivityRule,
    ActorRule,
    CollectorSettings,
    MappingSettings,
    Match,
    ObjectRule,
    ProcessSettings,
)
from collector.wal import Encoding, Signal, WalWriter

STEPS = ("place", "pay", "review", "pick", "ship", "deliver")
SPANS = len(STEPS) * 4
MAPPING = MappingSettings(
    objects=(
        ObjectRule(attribute="order.id", type="order"),
        ObjectRule(attribute="payment.id", type="payment"),
        ObjectRule(attribute="customer.id", type="customer"),
    ),
    activities=tuple(
        ActivityRule(activity=step.title(), process="order", when=Match(service=f"{step}-*", name=f"{step} *"))
        for step in STEPS
    ),
    actors=(
        ActorRule(kind="staff", attribute="user.id", when=Match(attributes={"user.roles": "*"})),
        ActorRule(kind="user", attribute="enduser.id"),
    ),
    channel=("shop.channel",),
    platform=("shop.platform",),
    amount=("order.amount",),
)
PROCESSES = {"order": ProcessSettings(leading="order")}


def requests(orders: int, spans_each: int = 512) -> Iterator[tuple[bytes, int]]:
    """Compressed bodies of orders of 24 spans (six traces of server, two database calls and a client call)."""
    draw = random.Random(7)
    by_service: dict[str, list[Span]] = {f"{step}-service": [] for step in STEPS}
    count = 0
    for order in range(orders):
        for number, step in enumerate(STEPS):
            trace, root = draw.randbytes(16), draw.randbytes(8)
            start = 1_760_000_000_000_000_000 + (order * 60 + number * 3600) * 1_000_000_000
            more = {"order.id": f"O{order}"} if number % 2 == 0 else {"payment.id": f"P{order}"}
            if number == 0:
                more |= {"payment.id": f"P{order}", "customer.id": f"C{order % 3000}"}
            pairs = {"http.route": f"/{step}/x", "http.request.method": "POST", "url.path": f"/{step}/{order}"}
            pairs |= {"server.address": "shop.example", "http.response.status_code": "200"}
            spans = by_service[f"{step}-service"]
            for child in range(3):
                database = {"db.system.name": "postgresql", "db.query.text": "select *", "db.namespace": step}
                if child == 1:
                    database |= more
                spans.append(_span(trace, draw.randbytes(8), root, f"SELECT {step}", 3, start + child, database))
            pairs |= {"user.id": f"U{order % 40}", "user.roles": "clerk", "shop.channel": "search"}
            spans.append(_span(trace, root, b"", f"{step} order", 2, start, pairs))
            count += 4
        for service, spans in by_service.items():
            if len(spans) >= spans_each or order == orders - 1:
                yield _body(service, spans), len(spans)
                by_service[service] = []


def _span(trace: bytes, span: bytes, parent: bytes, name: str, kind: int, start: int, pairs: dict[str, str]) -> Span:
    return Span(
        trace_id=trace,
        span_id=span,
        parent_span_id=parent,
        name=name,
        kind=kind,  # type: ignore[arg-type]
        start_time_unix_nano=start,
        end_time_unix_nano=start + 1_000_000,
        attributes=[KeyValue(key=key, value=AnyValue(string_value=value)) for key, value in pairs.items()],
    )


def _body(service: str, spans: list[Span]) -> bytes:
    resource = Resource(attributes=[KeyValue(key="service.name", value=AnyValue(string_value=service))])
    message = ExportTraceServiceRequest(
        resource_spans=[ResourceSpans(resource=resource, scope_spans=[ScopeSpans(spans=spans)])]
    )
    return gzip.compress(message.SerializeToString(), 1)


def black_hole(port: int) -> None:
    """The same server, which reads a body and forgets it."""
    app = FastAPI()

    @app.post("/v1/traces")
    async def traces(request: Request) -> Response:
        await request.body()
        return Response(b"", media_type="application/x-protobuf")

    asyncio.run(Server(app, port=port, interface=Interfaces.ASGINL, log_enabled=False).serve())


def receive(port: int, data: str) -> None:
    """The receiver."""
    run(CollectorSettings(port=port), Path(data))


@contextlib.contextmanager
def process(target: Callable[..., None], *arguments: object) -> Iterator[None]:
    """`target` in a process of its own."""
    child = multiprocessing.get_context("spawn").Process(target=target, args=arguments)
    child.start()
    try:
        yield
    finally:
        child.terminate()
        child.join()


async def send(port: int, bodies: list[bytes], at_once: int = 8) -> float:
    """Seconds to send all bodies with `at_once` requests under way."""
    headers = {"content-type": "application/x-protobuf", "content-encoding": "gzip"}
    waiting = list(bodies)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
        while True:
            try:
                await client.post("/v1/traces", content=b"", headers=headers)
                break
            except httpx.TransportError:
                await asyncio.sleep(0.1)

        async def one() -> None:
            while waiting:
                answer = await client.post("/v1/traces", content=waiting.pop(), headers=headers)
                answer.raise_for_status()

        began = time.perf_counter()
        await asyncio.gather(*(one() for _ in range(at_once)))
        return time.perf_counter() - began


async def fill(data: Path, bodies: list[bytes]) -> float:
    """Seconds to put all bodies into the log, without a network."""
    wal = WalWriter(data / "wal", 64 << 20)
    began = time.perf_counter()
    waiting = list(bodies)

    async def one() -> None:
        while waiting:
            await wal.append(Signal.TRACES, Encoding.GZIP, waiting.pop(0))

    await asyncio.gather(*(one() for _ in range(8)))
    seconds = time.perf_counter() - began
    await wal.close()
    return seconds


def main() -> None:
    """Measure and print."""
    orders = int(sys.argv[1]) if len(sys.argv) > 1 else 3000
    made = list(requests(orders))
    bodies, spans = [body for body, _ in made], sum(count for _, count in made)
    print(f"{spans} spans in {len(bodies)} requests, {sum(map(len, bodies)) / 1e6:.1f} MB")
    with tempfile.TemporaryDirectory() as folder:
        hole, ours = usable_port("127.0.0.1", 0, ""), usable_port("127.0.0.1", 0, "")
        with process(black_hole, hole):
            nothing = asyncio.run(send(hole, bodies))
        with process(receive, ours, f"{folder}/received"):
            kept = asyncio.run(send(ours, bodies))
        print(f"black hole {spans / nothing:12,.0f} spans/s")
        print(f"receiver   {spans / kept:12,.0f} spans/s, {kept / nothing:.2f} times the black hole's time")
        data = Path(folder) / "data"
        print(f"log alone  {spans / asyncio.run(fill(data, bodies)):12,.0f} spans/s")
        converter = Converter(MAPPING, PROCESSES, data)
        began, cpu = time.perf_counter(), time.process_time()
        while converter.round():
            pass
        seconds, used = time.perf_counter() - began, time.process_time() - cpu
        converter.close()
        print(f"converter  {spans / seconds:12,.0f} spans/s, {spans / used:,.0f} a CPU-second")
        began = time.perf_counter()
        Converter(MAPPING, PROCESSES, data).close()
        print(f"restart    {time.perf_counter() - began:.2f} s")


if __name__ == "__main__":
    main()
