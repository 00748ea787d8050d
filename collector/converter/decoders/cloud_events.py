"""CloudEvents in the JSON format, as they stand in EVENTS records."""

import hashlib
import json
import struct
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from collector.converter.decoders.writing import ATTRIBUTE_1, ATTRIBUTE_9, FIXED64, field, text_attribute, varint
from collector.converter.span import KINDS

MAX_DEPTH: Final = 64
"""What is nested deeper becomes the text of its JSON."""
_KIND: Final = b"\x30" + bytes([KINDS.index("event")])
_DOUBLE: Final = struct.Struct("<d")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_NS: Final = 2**63 - 1
_CONTEXT: Final = frozenset({"specversion", "id", "source", "type", "time", "data", "traceparent", "tracestate"})
"""Members that are no attributes of the span under their own names."""
_HEX: Final = frozenset("0123456789abcdef")
Values = dict[str, Any]


class _Head(msgspec.Struct):
    source: str | None = None
    batch: int | None = None


def origin(plain: bytes) -> tuple[str | None, int | None]:
    """Who pulled the events of a body, and the number of the batch; None where nobody counts. Raises ValueError."""
    try:
        try:
            head = msgspec.json.decode(plain, type=_Head)
        except msgspec.ValidationError:
            raise
        except ValueError:
            head = msgspec.convert(_leniently(plain), _Head)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    return head.source, head.batch


def canonical(plain: bytes, wanted: frozenset[str] | None) -> bytes:
    """Every event as a span of kind `event`, with its wanted attributes (None: all). Raises ValueError."""
    services: dict[str, list[bytes]] = {}
    try:
        for event in _events(plain):
            source = _text(event.get("source"))
            services.setdefault(source, []).append(_span(event, source, wanted))
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    parts = []
    for source, spans in services.items():
        resource = field(b"\x0a", text_attribute(ATTRIBUTE_1, "service.name", source))
        parts.append(field(b"\x0a", resource + field(b"\x12", b"".join(spans))))
    return b"".join(parts)


def _events(plain: bytes) -> list[dict[str, Any]]:
    try:
        body = msgspec.json.decode(plain)
    except ValueError:
        body = _leniently(plain)
    events = body.get("events") if isinstance(body, dict) else None
    if not isinstance(events, list) or not all(isinstance(each, dict) for each in events):
        raise ValueError("it is no object with `events`, a list of objects")
    return events


def _leniently(plain: bytes) -> Any:
    """A database may hold what strict JSON has not: NaN, infinity."""
    return json.loads(plain.decode("utf-8", "replace"))


def _span(event: Mapping[str, Any], source: str, wanted: frozenset[str] | None) -> bytes:
    """A `spans` field. An event that cannot be read in part is still one; without a time the converter refuses it."""
    key = event.get("id")
    digest = _digest(source, key if isinstance(key, str) else json.dumps(event, sort_keys=True))
    trace, parent = _parent(event.get("traceparent"))
    time = FIXED64.pack(_nanoseconds(event.get("time")))
    state = event.get("tracestate")
    content = [
        field(b"\x0a", trace or digest[8:24]),
        field(b"\x12", digest[:8]),
        field(b"\x1a", state.encode()) if trace and isinstance(state, str) else b"",
        field(b"\x22", parent) if parent else b"",
        field(b"\x2a", _text(event.get("type")).encode()),
        _KIND,
        b"\x39" + time + b"\x41" + time,
    ]
    for name, value in attributes(event).items():
        if wanted is None or name in wanted:
            content.append(field(ATTRIBUTE_9, field(b"\x0a", name.encode()) + field(b"\x12", _any(value))))
    return field(b"\x12", b"".join(content))


def attributes(event: Mapping[str, Any]) -> Values:
    """The event's own attributes and extensions, and its data by dotted names; where both have a name, the former."""
    found: Values = {
        name: value for name, value in event.items() if name not in _CONTEXT and isinstance(value, str | int | float)
    }
    if isinstance(event.get("id"), str):
        found["cloudevents.event_id"] = event["id"]
    for name, value, listed in _leaves(event.get("data"), "", False, 0):
        name = name or "data"
        if not listed:
            found.setdefault(name, value)
        elif isinstance(kept := found.setdefault(name, []), list):
            kept.append(value)
    return found


def _leaves(value: Any, name: str, listed: bool, depth: int) -> Iterator[tuple[str, Any, bool]]:
    """(dotted name, scalar, whether it lies in a list); what is null says nothing."""
    if isinstance(value, dict | list) and depth >= MAX_DEPTH:
        yield name, json.dumps(value, ensure_ascii=False), listed
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, f"{name}.{key}" if name else key, listed, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner, name, True, depth + 1)
    elif value is not None:
        yield name, value, listed


def _any(value: Any) -> bytes:
    """An AnyValue's content."""
    if isinstance(value, str):
        return field(b"\x0a", value.encode())
    if isinstance(value, bool):
        return b"\x10\x01" if value else b"\x10\x00"
    if isinstance(value, int):
        if -(2**63) <= value < 2**63:
            return b"\x18" + varint(value & 0xFFFFFFFFFFFFFFFF)
        return field(b"\x0a", str(value).encode())
    if isinstance(value, float):
        return b"\x21" + _DOUBLE.pack(value)
    return field(b"\x2a", b"".join([field(b"\x0a", _any(each)) for each in value]))


def _digest(source: str, key: str) -> bytes:
    who, what = source.encode(), key.encode()
    return hashlib.sha256(len(who).to_bytes(8, "little") + who + what).digest()


def _parent(written: Any) -> tuple[bytes, bytes]:
    """Trace id and parent span id of W3C's traceparent; both empty where it is none."""
    if isinstance(written, str):
        parts = written.strip().split("-")
        if len(parts) >= 4 and [len(each) for each in parts[:3]] == [2, 32, 16] and set("".join(parts[:3])) <= _HEX:
            trace, parent = bytes.fromhex(parts[1]), bytes.fromhex(parts[2])
            if any(trace) and any(parent) and parts[0] != "ff":
                return trace, parent
    return b"", b""


def _nanoseconds(written: Any) -> int:
    """0 where it is no time, or none that a span can have."""
    if not isinstance(written, str):
        return 0
    try:
        moment = datetime.fromisoformat(written.upper())
        passed = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _EPOCH
    except (ValueError, OverflowError):
        return 0
    nanoseconds = ((passed.days * 86_400 + passed.seconds) * 1_000_000 + passed.microseconds) * 1000
    return nanoseconds if 0 < nanoseconds <= _MAX_NS else 0


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
