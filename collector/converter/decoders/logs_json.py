"""Logs in OTLP/JSON."""

import msgspec

from collector.converter.decoders.log_spans import EVENT_NAME, Digests, span_field
from collector.converter.decoders.writing import ATTRIBUTE_1, ATTRIBUTE_9, attributes, field, key_value, scope_field
from collector.converter.span import BODY
from collector.otlp.check import LOGS, BadJson, from_hex, parse
from collector.otlp.shapes import KeyValue, LogRecord, ScopeLogs


def canonical(plain: bytes, wanted: frozenset[str] | None) -> bytes:
    """Every record as a span, with its wanted attributes (None: all). Raises BadJson (a ValueError)."""
    digests = Digests()
    pieces = []
    for logs in parse(LOGS, plain).resource_logs or ():
        resource = b""
        if logs.resource is not None:
            resource = field(b"\x0a", attributes(ATTRIBUTE_1, logs.resource.attributes, None))
        scopes = [_scope_spans(each, resource, wanted, digests) for each in logs.scope_logs or ()]
        pieces.append(field(b"\x0a", resource + b"".join(scopes)))
    return b"".join(pieces)


def _scope_spans(logs: ScopeLogs, resource: bytes, wanted: frozenset[str] | None, digests: Digests) -> bytes:
    scope = scope_field(logs.scope)
    spans = [
        _span(record, digests.of((msgspec.json.encode(record), scope, resource)), wanted)
        for record in logs.log_records or ()
    ]
    return field(b"\x12", scope + b"".join(spans))


def _span(record: LogRecord, digest: bytes, wanted: frozenset[str] | None) -> bytes:
    name = record.event_name
    if not name:
        for each in record.attributes or ():
            if each.key == EVENT_NAME and each.value is not None and each.value.string_value:
                name = each.value.string_value
    kept = attributes(ATTRIBUTE_9, record.attributes, wanted)
    if (wanted is None or BODY in wanted) and record.body is not None:
        kept += field(ATTRIBUTE_9, key_value(KeyValue(BODY, record.body)))
    time = record.time_unix_nano or record.observed_time_unix_nano or 0
    if time >> 64:
        raise BadJson(f"{time} is no time of 64 bits")
    trace_id, parent = from_hex(record.trace_id), from_hex(record.span_id)
    return span_field(digest, trace_id, parent, (name or "").encode(), time, kept)
