"""Whether a body is OTLP/JSON that can be read: what passes here, the converter's decoders read."""

import base64
import binascii
from collections.abc import Iterable
from typing import Final, TypeVar

import msgspec

from collector.otlp.shapes import AnyValue, Attributes, LogRecord, Logs, Span, Traces

MAX_DEPTH: Final = 24
"""So deep may lists and maps lie in each other: protobuf's readers stop at 100 messages, and a map is three of them."""

TRACES: Final = msgspec.json.Decoder(Traces, strict=False)
LOGS: Final = msgspec.json.Decoder(Logs, strict=False)

# A body without any of these has neither nested values nor bytes; an escape may hide one of the keys.
_NEEDS_A_LOOK: Final = (b"arrayValue", b"kvlistValue", b"bytesValue", b"\\u")
_T = TypeVar("_T")


class BadJson(ValueError):
    """The body is no such export request."""


def parse(decoder: msgspec.json.Decoder[_T], plain: bytes) -> _T:
    """What the body says, by its shape alone. Raises BadJson."""
    try:
        return decoder.decode(plain)
    except (ValueError, OverflowError) as error:
        raise BadJson(str(error)) from error
    except RecursionError as error:
        raise BadJson("it is nested too deeply") from error


def check_traces(plain: bytes) -> None:
    """Raises BadJson where the body is no ExportTraceServiceRequest in OTLP/JSON."""
    request = parse(TRACES, plain)
    look = _needs_a_look(plain)
    for resource_spans in request.resource_spans or ():
        if look and resource_spans.resource is not None:
            _check_attributes(resource_spans.resource.attributes)
        for scope_spans in resource_spans.scope_spans or ():
            if look and scope_spans.scope is not None:
                _check_attributes(scope_spans.scope.attributes)
            _check_spans(scope_spans.spans or ())
            if look:
                for span in scope_spans.spans or ():
                    _look_at(span)


def check_logs(plain: bytes) -> None:
    """Raises BadJson where the body is no ExportLogsServiceRequest in OTLP/JSON."""
    request = parse(LOGS, plain)
    look = _needs_a_look(plain)
    for resource_logs in request.resource_logs or ():
        if look and resource_logs.resource is not None:
            _check_attributes(resource_logs.resource.attributes)
        for scope_logs in resource_logs.scope_logs or ():
            if look and scope_logs.scope is not None:
                _check_attributes(scope_logs.scope.attributes)
            for record in scope_logs.log_records or ():
                _check_record(record, look)


def from_hex(text: str | None) -> bytes:
    """The bytes of an id; BadJson where it is not hex."""
    if not text:
        return b""
    try:
        return binascii.unhexlify(text)
    except ValueError as error:
        raise BadJson(f"{text[:40]!r} is not hex") from error


def from_base64(text: str) -> bytes:
    """Of either alphabet, with or without padding, as protobuf's JSON has it. BadJson where it is neither."""
    try:
        stripped = text.translate(str.maketrans("-_", "+/")).rstrip("=")
        return base64.b64decode(stripped + "=" * (-len(stripped) % 4), validate=True)
    except ValueError as error:
        raise BadJson(f"{text[:40]!r} is not base64") from error


def _check_spans(spans: Iterable[Span]) -> None:
    for span in spans:
        try:
            # An id that is not there is none, which is for the converter to tell.
            binascii.unhexlify(span.trace_id or "")
            binascii.unhexlify(span.span_id or "")
            binascii.unhexlify(span.parent_span_id or "")
        except ValueError as error:
            raise BadJson(f"span {span.name!r}: an id is not hex") from error
        if ((span.start_time_unix_nano or 0) | (span.end_time_unix_nano or 0)) >> 64:
            raise BadJson(f"span {span.name!r}: a time is not a 64-bit number")
        if span.links:
            for link in span.links:
                from_hex(link.trace_id)
                from_hex(link.span_id)
        if span.events:
            for happened in span.events:
                if (happened.time_unix_nano or 0) >> 64:
                    raise BadJson(f"span {span.name!r}: a time of an event is not a 64-bit number")


def _look_at(span: Span) -> None:
    _check_attributes(span.attributes)
    for happened in span.events or ():
        _check_attributes(happened.attributes)
    for link in span.links or ():
        _check_attributes(link.attributes)


def _check_record(record: LogRecord, look: bool) -> None:
    from_hex(record.trace_id)
    from_hex(record.span_id)
    if ((record.time_unix_nano or 0) | (record.observed_time_unix_nano or 0)) >> 64:
        raise BadJson("a log record's time is not a 64-bit number")
    if look:
        _check_attributes(record.attributes)
        if record.body is not None:
            _check_value(record.body, 0)


def _needs_a_look(plain: bytes) -> bool:
    return any(each in plain for each in _NEEDS_A_LOOK)


def _check_attributes(attributes: Attributes, depth: int = 0) -> None:
    for each in attributes or ():
        if each.value is not None:
            _check_value(each.value, depth)


def _check_value(value: AnyValue, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise BadJson(f"lists and maps lie more than {MAX_DEPTH} deep in each other")
    if value.bytes_value is not None:
        from_base64(value.bytes_value)
    if value.array_value is not None:
        for each in value.array_value.values or ():
            _check_value(each, depth + 1)
    if value.kvlist_value is not None:
        _check_attributes(value.kvlist_value.values, depth + 1)
