"""Traffic for the collector's benchmarks: a shop's back office as OpenTelemetry's instrumentations would trace it.

An order is six requests (traces); each has twelve spans of twelve attributes: the server span is the business step, one
database call further down names a business key, ten are plumbing. Batches are as SDKs send them, by service.
"""

import gzip
import random
from collections.abc import Iterator

from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span

from collector.settings import ActivityRule, ActorRule, MappingSettings, Match, ObjectRule, ProcessSettings

STEPS = ("place", "pay", "review", "pick", "ship", "deliver")
TRACE_SPANS = 12
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
_SERVER = ("http.request.method", "url.path", "url.scheme", "server.address", "client.address", "user_agent.original")
_CALL = ("db.namespace", "db.operation.name", "server.address", "server.port", "network.peer.address", "thread.id")


def requests(orders: int, spans_each: int = 512, first: int = 0) -> Iterator[ExportTraceServiceRequest]:
    """Export requests of about `spans_each` spans; `orders` times 72 spans in all, the orders numbered from `first`."""
    draw = random.Random(7 + first)
    by_service: dict[str, list[Span]] = {f"{step}-service": [] for step in STEPS}
    for order in range(first, first + orders):
        for number, step in enumerate(STEPS):
            spans = by_service[f"{step}-service"]
            spans += _trace(draw, order, number, step)
            if len(spans) >= spans_each:
                yield _request(f"{step}-service", spans)
                spans.clear()
    for service, spans in by_service.items():
        if spans:
            yield _request(service, spans)


def protobuf(request: ExportTraceServiceRequest) -> bytes:
    """The body of a gzip OTLP/HTTP request."""
    return gzip.compress(request.SerializeToString(), 1)


def json_body(request: ExportTraceServiceRequest) -> dict[str, object]:
    """OTLP/JSON: hex ids, enums as numbers."""
    import base64

    written = MessageToDict(request, use_integers_for_enums=True)
    for resource in written["resourceSpans"]:
        for scope in resource["scopeSpans"]:
            for span in scope["spans"]:
                for name in ("traceId", "spanId", "parentSpanId"):
                    if name in span:
                        span[name] = base64.b64decode(span[name]).hex()
    return dict(written)


def _trace(draw: random.Random, order: int, number: int, step: str) -> Iterator[Span]:
    trace, root = draw.randbytes(16), draw.randbytes(8)
    start = 1_760_000_000_000_000_000 + (order * 60 + number * 3600) * 1_000_000_000
    key = {"order.id": f"O{order}"} if number % 2 == 0 else {"payment.id": f"P{order}"}
    if number == 0:
        key |= {"payment.id": f"P{order}", "customer.id": f"C{order % 3000}"}
    above = root
    for child in range(TRACE_SPANS - 1):
        own = draw.randbytes(8)
        pairs = {name: f"{name} of {step}" for name in _CALL}
        pairs |= {"db.system.name": "postgresql", "db.query.text": f"select * from {step} where id = {order}"}
        pairs |= {"code.function.name": f"{step}.repository.find", "thread.name": f"worker-{child}"}
        pairs |= key if child == 4 else {"db.response.returned_rows": "1", "pool.name": "main"}
        yield _span(trace, own, above, f"SELECT {step}", 3, start + child, pairs)
        above = own if child % 4 == 0 else root
    pairs = {name: f"{name} of {step}" for name in _SERVER}
    pairs |= {"http.route": f"/{step}/{{id}}", "http.response.status_code": "200", "url.query": f"id={order}"}
    pairs |= {"user.id": f"U{order % 40}", "user.roles": "clerk", "shop.channel": "search"}
    yield _span(trace, root, b"", f"{step} order", 2, start, pairs)


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


def _request(service: str, spans: list[Span]) -> ExportTraceServiceRequest:
    pairs = {"service.name": service, "service.version": "1.4.2", "telemetry.sdk.language": "java", "host.name": "a-1"}
    resource = Resource(attributes=[KeyValue(key=k, value=AnyValue(string_value=v)) for k, v in pairs.items()])
    scope = InstrumentationScope(name="io.opentelemetry.tomcat", version="2.0")
    return ExportTraceServiceRequest(
        resource_spans=[ResourceSpans(resource=resource, scope_spans=[ScopeSpans(scope=scope, spans=spans)])]
    )
