"""Whether a body is OTLP/JSON that can be read: what passes here, the converter's decoders read."""

import base64
import binascii
from collections.abc import Iterable
from typing import Final, TypeVar

import msgspec

from collector.otlp.shapes import LogRecord, Logs, Span, Traces

TRACES: Final = msgspec.json.Decoder(Traces, strict=False)
LOGS: Final = msgspec.json.Decoder(Logs, strict=False)

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
    for resource_spans in parse(TRACES, plain).resource_spans or ():
        for scope_spans in resource_spans.scope_spans or ():
            _check_spans(scope_spans.spans or ())


def check_logs(plain: bytes) -> None:
    """Raises BadJson where the body is no ExportLogsServiceRequest in OTLP/JSON."""
    for resource_logs in parse(LOGS, plain).resource_logs or ():
        for scope_logs in resource_logs.scope_logs or ():
            for record in scope_logs.log_records or ():
                _check_record(record)


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


def _check_record(record: LogRecord) -> None:
    from_hex(record.trace_id)
    from_hex(record.span_id)
    if ((record.time_unix_nano or 0) | (record.observed_time_unix_nano or 0)) >> 64:
        raise BadJson("a log record's time is not a 64-bit number")
