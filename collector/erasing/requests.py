"""Request bodies without what is erased: OTLP as protobuf and JSON, and batches of CloudEvents."""

import gzip
import json
from collections.abc import Collection
from typing import Any, Final

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import DecodeError, Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from collector.erasing.scrubber import Scrubber
from collector.gzip_body import BadGzip, gunzip
from collector.wal import Encoding, Record, Signal

SpanIds = Collection[tuple[bytes, bytes]]
_UNPACKED_LIMIT: Final = 1 << 30
_ITEMS: Final = frozenset({"spans", "logRecords", "log_records", "events"})


def scrub_record(record: Record, scrubber: Scrubber, whole: bool, gone: SpanIds) -> Record:
    """`record` without what is erased; itself where it holds nothing of it.

    `whole`: spans, log records and events that name it as their object go altogether, and so do those in `gone`. What
    holds it and cannot be read becomes an empty request.
    """
    try:
        plain = gunzip(record.body, _UNPACKED_LIMIT) if record.encoding is Encoding.GZIP else record.body
    except BadGzip:
        return record
    if not scrubber.may_hold(plain) and not any(
        trace in plain or trace.hex().encode() in plain.lower() for trace in {trace for trace, _ in gone}
    ):
        return record
    try:
        changed = scrub_plain(record.signal, plain, scrubber, whole, gone)
    except (DecodeError, ValueError, RecursionError):
        if not scrubber.in_clear(plain):
            return record
        changed = b""
    if changed is None:
        return record
    if not changed:
        # An empty request of spans can be read by everybody, and the position stays taken.
        return Record(record.sequence, Signal.TRACES, Encoding.IDENTITY, record.received, b"")
    body = gzip.compress(changed, 1, mtime=0) if record.encoding is Encoding.GZIP else changed
    return Record(record.sequence, record.signal, record.encoding, record.received, body)


def scrub_plain(signal: Signal, plain: bytes, scrubber: Scrubber, whole: bool, gone: SpanIds) -> bytes | None:
    """An unpacked body without what is erased; None where it holds nothing of it. Raises ValueError, DecodeError."""
    if signal in (Signal.TRACES, Signal.LOGS):
        traces = signal is Signal.TRACES
        request: Any = ExportTraceServiceRequest() if traces else ExportLogsServiceRequest()
        request.ParseFromString(plain)
        dropped = _drop_items(request, scrubber, whole, gone)
        touched = _scrub_message(request, scrubber, None)
        return bytes(request.SerializeToString()) if dropped or touched else None
    told = json.loads(plain)
    after = _scrub_json(told, scrubber, None, whole, gone)
    return json.dumps(after, ensure_ascii=False).encode("utf-8", "surrogatepass") if after != told else None


def _drop_items(request: Any, scrubber: Scrubber, whole: bool, gone: SpanIds) -> bool:
    dropped = False
    traces = isinstance(request, ExportTraceServiceRequest)
    for resource in request.resource_spans if traces else request.resource_logs:
        for scope in resource.scope_spans if traces else resource.scope_logs:
            items = scope.spans if traces else scope.log_records
            for place in range(len(items) - 1, -1, -1):
                item = items[place]
                named = whole and any(
                    scrubber.is_it(getattr(each.value, each.value.WhichOneof("value") or "string_value"), each.key)
                    for each in item.attributes
                )
                if named or (item.trace_id, item.span_id) in gone:
                    del items[place]
                    dropped = True
    return dropped


def _scrub_message(message: Message, scrubber: Scrubber, key: str | None) -> bool:
    """Replace it in all texts, bytes and (where ids stand) integers of a message; gives whether there was any."""
    touched = False
    if message.DESCRIPTOR.name == "KeyValue":
        key = message.key  # type: ignore[attr-defined]
    elif message.DESCRIPTOR.name == "AnyValue" and scrubber.is_it(getattr(message, "int_value", None), key):
        message.string_value = scrubber.token  # type: ignore[attr-defined]
        return True
    for field, value in message.ListFields():
        if field.type == FieldDescriptor.TYPE_MESSAGE:
            for each in value if _repeated(value) else (value,):
                touched |= _scrub_message(each, scrubber, key)
        elif field.type == FieldDescriptor.TYPE_STRING:
            if _repeated(value):
                after = [scrubber.text(each, key) for each in value]
                if after != list(value):
                    value[:] = after
                    touched = True
            elif (text := scrubber.text(value, key)) != value:
                setattr(message, field.name, text)
                touched = True
        elif field.type == FieldDescriptor.TYPE_BYTES and field.name == "bytes_value" and scrubber.in_clear(value):
            setattr(message, field.name, scrubber.token.encode())
            touched = True
    return touched


def _repeated(value: object) -> bool:
    return not isinstance(value, (str, bytes, Message))


def _scrub_json(value: Any, scrubber: Scrubber, key: str | None, whole: bool, gone: SpanIds) -> Any:
    match value:
        case str():
            return scrubber.text(value, key)
        case bool() | None | float():
            return value
        case int():
            return scrubber.token if scrubber.is_it(value, key) else value
        case list():
            return [_scrub_json(each, scrubber, key, whole, gone) for each in value]
        case dict():
            after: dict[str, Any] = {}
            if isinstance(value.get("key"), str) and "value" in value:
                key = value["key"]
                if scrubber.is_it(_plain(value["value"]), key):
                    return {**value, "value": {"stringValue": scrubber.token}}
                return {name: _scrub_json(each, scrubber, key, whole, gone) for name, each in value.items()}
            for name, each in value.items():
                if name in _ITEMS and isinstance(each, list):
                    each = [item for item in each if not _goes(item, scrubber, whole, gone)]
                inner = None if name == "data" else name if key is None else f"{key}.{name}"
                after[scrubber.text(name)] = _scrub_json(each, scrubber, inner, whole, gone)
            return after
    return value


def _goes(item: Any, scrubber: Scrubber, whole: bool, gone: SpanIds) -> bool:
    if not isinstance(item, dict):
        return False
    try:
        ids = tuple(bytes.fromhex(item.get(f"{name}Id") or item.get(f"{name}_id") or "") for name in ("trace", "span"))
    except (ValueError, TypeError):
        ids = (b"", b"")
    if ids in gone:
        return True
    return whole and any(scrubber.is_it(value, key) for key, value in _named(item))


def _named(item: dict[str, Any]) -> list[tuple[str, Any]]:
    """Attributes of a span or log record, or the values of a CloudEvent by their dotted names."""
    if "specversion" not in item:
        pairs = item.get("attributes")
        pairs = pairs if isinstance(pairs, list) else []
        return [(str(each.get("key")), _plain(each.get("value"))) for each in pairs if isinstance(each, dict)]
    found: list[tuple[str, Any]] = [(name, each) for name, each in item.items() if name != "data"]
    stack: list[tuple[str, Any]] = [("", item.get("data"))]
    while stack:
        name, value = stack.pop()
        if isinstance(value, dict):
            stack += [(f"{name}.{key}" if name else key, each) for key, each in value.items()]
        elif not isinstance(value, list):
            found.append((name, value))
    return found


def _plain(value: Any) -> Any:
    """A scalar of OTLP/JSON's AnyValue; int64 may be written as text."""
    if isinstance(value, dict):
        for name in ("stringValue", "string_value", "intValue", "int_value"):
            if name in value:
                return value[name]
    return value
