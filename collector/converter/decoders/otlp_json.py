"""Traces in OTLP/JSON."""

from typing import Final

from collector.converter.decoders.writing import (
    ATTRIBUTE_1,
    ATTRIBUTE_3,
    ATTRIBUTE_4,
    ATTRIBUTE_9,
    FIXED64,
    attributes,
    field,
    scope_field,
    signed,
)
from collector.otlp.check import TRACES, BadJson, from_hex, parse
from collector.otlp.shapes import Link, ResourceSpans, Span, SpanEvent, Status

_EXCEPTION: Final = frozenset({"exception.type"})


def canonical(plain: bytes, wanted: frozenset[str] | None) -> bytes:
    """The body in protobuf: of spans only wanted attributes (None: all), of events of spans `exception.type` too.

    Resources and scopes keep all they have. Raises BadJson (a ValueError).
    """
    request = parse(TRACES, plain)
    of_events = None if wanted is None else wanted | _EXCEPTION
    return b"".join([field(b"\x0a", _resource_spans(each, wanted, of_events)) for each in request.resource_spans or ()])


def _resource_spans(each: ResourceSpans, wanted: frozenset[str] | None, of_events: frozenset[str] | None) -> bytes:
    pieces = []
    if each.resource is not None:
        pieces.append(field(b"\x0a", attributes(ATTRIBUTE_1, each.resource.attributes, None)))
    for scope_spans in each.scope_spans or ():
        spans = [field(b"\x12", _span(span, wanted, of_events)) for span in scope_spans.spans or ()]
        pieces.append(field(b"\x12", scope_field(scope_spans.scope) + b"".join(spans)))
    return b"".join(pieces)


def _span(span: Span, wanted: frozenset[str] | None, of_events: frozenset[str] | None) -> bytes:
    pieces = []
    if span.trace_id:
        pieces.append(field(b"\x0a", from_hex(span.trace_id)))
    if span.span_id:
        pieces.append(field(b"\x12", from_hex(span.span_id)))
    if span.trace_state:
        pieces.append(field(b"\x1a", span.trace_state.encode()))
    if span.parent_span_id:
        pieces.append(field(b"\x22", from_hex(span.parent_span_id)))
    if span.name:
        pieces.append(field(b"\x2a", span.name.encode()))
    if span.kind:
        pieces.append(b"\x30" + signed(span.kind))
    if span.start_time_unix_nano:
        pieces.append(b"\x39" + _time(span.start_time_unix_nano))
    if span.end_time_unix_nano:
        pieces.append(b"\x41" + _time(span.end_time_unix_nano))
    if span.attributes:
        pieces.append(attributes(ATTRIBUTE_9, span.attributes, wanted))
    if span.events:
        pieces += [field(b"\x5a", _event(each, of_events)) for each in span.events]
    if span.links:
        pieces += [field(b"\x6a", _link(each, wanted)) for each in span.links]
    if span.status is not None:
        pieces.append(field(b"\x7a", _status(span.status)))
    return b"".join(pieces)


def _event(event: SpanEvent, wanted: frozenset[str] | None) -> bytes:
    content = attributes(ATTRIBUTE_3, event.attributes, wanted)
    if event.name:
        content = field(b"\x12", event.name.encode()) + content
    if event.time_unix_nano:
        content = b"\x09" + _time(event.time_unix_nano) + content
    return content


def _link(link: Link, wanted: frozenset[str] | None) -> bytes:
    content = attributes(ATTRIBUTE_4, link.attributes, wanted)
    if link.trace_state:
        content = field(b"\x1a", link.trace_state.encode()) + content
    if link.span_id:
        content = field(b"\x12", from_hex(link.span_id)) + content
    if link.trace_id:
        content = field(b"\x0a", from_hex(link.trace_id)) + content
    return content


def _status(status: Status) -> bytes:
    content = b"\x18" + signed(status.code) if status.code else b""
    return field(b"\x12", status.message.encode()) + content if status.message else content


def _time(nanoseconds: int) -> bytes:
    try:
        return FIXED64.pack(nanoseconds)
    except Exception as error:
        raise BadJson(f"{nanoseconds} is no time of 64 bits") from error
