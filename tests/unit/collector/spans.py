"""Tiny builders of OTLP requests: `span(1, 2, ...)` is span 2 of trace 1."""

import asyncio
import functools
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status

from collector.converter import Converter
from collector.settings import ActivityRule, ActorRule, MappingSettings, Match, ObjectRule, ProcessSettings
from collector.store import Kind, Store
from collector.wal import Encoding, Signal, WalWriter

T0 = 1_760_000_000_000_000_000
"""ns since 1970 of second 0 in these tests."""

MAPPING = MappingSettings(
    objects=(
        ObjectRule(attribute="order.id", type="order"),
        ObjectRule(attribute="payment.id", type="payment"),
        ObjectRule(attribute="return.id", type="return"),
        ObjectRule(attribute="customer.id", type="customer"),
    ),
    activities=(
        ActivityRule(activity="Return {step}", process="return", when=Match(name="return.*")),
        ActivityRule(activity="Work", process="order", when=Match(name="work")),
    ),
    actors=(
        ActorRule(kind="device", attribute="device.id", when=Match(service="pos")),
        ActorRule(kind="staff", attribute="user.id", when=Match(attributes={"user.roles": "*"})),
        ActorRule(kind="user", attribute="enduser.id"),
    ),
    channel=("shop.channel",),
    platform=("shop.platform",),
    shop=("shop.name",),
    amount=("amount",),
    enabled=("task.created",),
    fields=("payment.method",),
)
PROCESSES = {"order": ProcessSettings(leading="order"), "return": ProcessSettings(leading="return")}


def value(plain: object) -> AnyValue:
    match plain:
        case bool():
            return AnyValue(bool_value=plain)
        case int():
            return AnyValue(int_value=plain)
        case float():
            return AnyValue(double_value=plain)
        case list() | tuple():
            return AnyValue(array_value=ArrayValue(values=[value(each) for each in plain]))
        case _:
            return AnyValue(string_value=str(plain))


def key_values(attributes: dict[str, object]) -> list[KeyValue]:
    return [KeyValue(key=name, value=value(plain)) for name, plain in attributes.items()]


def trace_id(trace: int) -> bytes:
    return trace.to_bytes(16, "big")


def span_id(span: int) -> bytes:
    return span.to_bytes(8, "big")


def event_id(trace: int, number: int) -> str:
    return f"{trace_id(trace).hex()}:{span_id(number).hex()}"


def span(
    trace: int,
    number: int,
    name: str = "technical",
    parent: int = 0,
    *,
    start: float = 0,
    end: float | None = None,
    kind: int = 1,
    error: str | None = None,
    links: Sequence[tuple[int, int]] = (),
    **attributes: object,
) -> Span:
    """A span; attributes are written with `_` for `.`, times in seconds after T0."""
    return Span(
        trace_id=trace_id(trace),
        span_id=span_id(number),
        parent_span_id=span_id(parent) if parent else b"",
        name=name,
        kind=kind,  # type: ignore[arg-type]
        start_time_unix_nano=T0 + int(start * 1e9),
        end_time_unix_nano=T0 + int((start + 1 if end is None else end) * 1e9),
        attributes=key_values({key.replace("_", "."): plain for key, plain in attributes.items()}),
        links=[Span.Link(trace_id=trace_id(t), span_id=span_id(s)) for t, s in links],
        status=Status(code=Status.STATUS_CODE_ERROR, message=error) if error is not None else None,
    )


def request(*spans: Span, service: str = "shop", **resource: object) -> bytes:
    attributes = {"service.name": service, **{key.replace("_", "."): plain for key, plain in resource.items()}}
    return ExportTraceServiceRequest(
        resource_spans=[
            ResourceSpans(resource=Resource(attributes=key_values(attributes)), scope_spans=[ScopeSpans(spans=spans)])
        ]
    ).SerializeToString()


def append(data: Path, *bodies: bytes, encoding: Encoding = Encoding.IDENTITY, segment_bytes: int = 1 << 20) -> None:
    """Put bodies into the write-ahead log."""

    async def write() -> None:
        wal = WalWriter(data / "wal", segment_bytes)
        try:
            await asyncio.gather(*(wal.append(Signal.TRACES, encoding, body) for body in bodies))
        finally:
            await wal.close()

    asyncio.run(write())


class Bench:
    """A converter over a data folder with a clock of its own (seconds)."""

    def __init__(self, data: Path, mapping: MappingSettings = MAPPING, **options: Any) -> None:
        self.data, self.now = data, 1_760_000_000.0
        self._mapping, self._options = mapping, options
        self.converter = self._open()

    def _open(self) -> Converter:
        clock = lambda: int(self.now * 1000)  # noqa: E731
        return Converter(self._mapping, PROCESSES, self.data, clock=clock, **self._options)

    def send(self, *bodies: bytes) -> "Bench":
        """One request a body, then one round."""
        append(self.data, *bodies)
        self.converter.round()
        return self

    def later(self, seconds: float = 11) -> "Bench":
        """Time goes by, then one round."""
        self.now += seconds
        self.converter.round()
        return self

    def restart(self) -> "Bench":
        self.converter.close()
        self.converter = self._open()
        return self

    def rows(self, kind: Kind) -> list[dict[str, Any]]:
        return rows(self.data, kind)

    def events(self) -> dict[str, dict[str, Any]]:
        """Events by id; each is there once."""
        found = self.rows("events")
        assert len({row["event_id"] for row in found}) == len(found)
        return {row["event_id"]: row for row in found}

    def case(self, trace: int, number: int, leading: str = "order") -> str | None:
        """The case of a span's event, as the miner sees it."""
        event = self.events()[event_id(trace, number)]
        for each in event["objects"]:
            if each["type"] == leading:
                return str(each["id"])
        links = [row["case_id"] for row in self.rows("links") if row["event_id"] == event["event_id"]]
        return str(links[-1]) if links else None


def rows(data: Path, kind: Kind) -> list[dict[str, Any]]:
    """All committed rows of a kind."""
    return [row for each in Store(data).segments(kind) for row in _read(each.path)]


@functools.cache
def _read(path: Path) -> list[dict[str, Any]]:
    """Segments never change."""
    return [dict(row) for row in pq.ParquetFile(path).read().to_pylist()]


def ids(found: Iterable[dict[str, Any]]) -> list[str]:
    return sorted(f"{row['trace_id']}:{row['span_id']}" for row in found)
