"""Trace requests for the wire parser: random ones down to the byte, and what protobuf reads in them."""

import struct
from random import Random
from typing import Any

import numpy as np
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValueList
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from collector.converter.wire.columns import Spans
from collector.converter.wire.wanted import Wanted

KEYS = (b"order.id", b"user.id", b"exception.type", b"", b"k", "ключ".encode(), b"a.long.key.of.more.than.16.bytes")
WANTED = Wanted(["order.id", "user.id", "", "ключ", "a.long.key.of.more.than.16.bytes", "missing"])
Row = dict[str, Any]


def varint(value: int, longer: int = 0) -> bytes:
    """A varint, `longer` bytes longer than it need be."""
    value &= 2**64 - 1
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    if longer:
        out[-1] |= 128
        out += b"\x80" * (longer - 1) + b"\0"
    return bytes(out)


def field(number: int, wire: int, payload: bytes) -> bytes:
    """A field; the payload of wire type 2 gets its length."""
    return varint(number << 3 | wire) + (varint(len(payload)) + payload if wire == 2 else payload)


def random_body(random: Random, oddness: float) -> bytes:
    """Fields that fit the schema in any order and number; as often as `oddness`, something that no exporter writes."""
    return _random_message(random, ExportTraceServiceRequest.DESCRIPTOR, oddness, 0)


def mutated(random: Random, body: bytes, other: bytes) -> bytes:
    """A body with flips, cuts, insertions and splices."""
    out = bytearray(body)
    for _ in range(random.choice((1, 1, 2, 5))):
        at = random.randrange(len(out) + 1)
        match random.randrange(5):
            case 0 if at < len(out):
                out[at] ^= 1 << random.randrange(8)
            case 1 if at < len(out):
                out[at] = random.choice((0, 1, 0x7F, 0x80, 0xFF, random.randrange(256)))
            case 2:
                del out[at : at + random.choice((1, 2, 9, len(out)))]
            case 3:
                out[at:at] = random.randbytes(random.choice((1, 2, 9)))
            case _:
                low = random.randrange(len(other) + 1)
                out[at:at] = other[low : low + random.randrange(40)]
    return bytes(out)


def _random_message(random: Random, kind: Descriptor, oddness: float, depth: int) -> bytes:
    parts = []
    for each in kind.fields:
        if each.containing_oneof is not None or (depth > 7 and each.message_type is not None):
            continue
        often = random.choice((0, 1, 1, 2, 3)) if each.is_repeated else random.random() < 0.8
        often += not each.is_repeated and random.random() < oddness
        parts += [_random_field(random, each, oddness, depth) for _ in range(often)]
    for oneof in kind.oneofs:
        often = (random.random() < 0.95) + (random.random() < oddness)
        choices = [each for each in oneof.fields if depth < 8 or each.message_type is None]
        parts += [_random_field(random, random.choice(choices), oddness, depth) for _ in range(often)]
    if random.random() < oddness:
        parts.append(_odd_field(random))
    if random.random() < 0.3:
        parts.append(field(random.randrange(20, 3000), 2, random.randbytes(3)))
    if random.random() < 0.5:
        random.shuffle(parts)
    return b"".join(parts)


def _random_field(random: Random, each: FieldDescriptor, oddness: float, depth: int) -> bytes:
    if random.random() < oddness / 4:
        return field(each.number, random.choice((0, 1, 2, 5)), random.randbytes(random.choice((0, 1, 4, 8))))
    if each.message_type is not None:
        inside = _random_message(random, each.message_type, oddness, depth + 1)
        # Changed before its length is written, so that what is around it stays readable.
        return field(each.number, 2, mutated(random, inside, inside) if random.random() < oddness / 4 else inside)
    match each.type:
        case FieldDescriptor.TYPE_FIXED64 | FieldDescriptor.TYPE_DOUBLE:
            return field(each.number, 1, random.choice((random.randbytes(8), bytes(8), struct.pack("<d", -1.5))))
        case FieldDescriptor.TYPE_FIXED32:
            return field(each.number, 5, random.randbytes(4))
        case FieldDescriptor.TYPE_BYTES:
            return field(each.number, 2, _random_bytes(random, each.name))
        case FieldDescriptor.TYPE_STRING:
            text = (
                random.randbytes(random.randrange(20)) if random.random() < oddness / 4 else _random_text(random, each)
            )
            return field(each.number, 2, text)
    value = random.choice((0, 1, 2, -1, 2**31, 2**32 + 1, 2**63, random.getrandbits(64), random.randrange(300)))
    longer = random.randrange(1, 4) if random.random() < oddness else 0
    return varint(each.number << 3) + varint(value, longer)


def _random_bytes(random: Random, name: str) -> bytes:
    if name.endswith("_id") and random.random() < 0.9:
        return random.randbytes(16 if name.startswith("trace") else 8)
    return random.choice((b"", b"abc", b"\xff\xfe", random.randbytes(random.choice((7, 8, 16, 200)))))


def _random_text(random: Random, each: FieldDescriptor) -> bytes:
    if each.name == "key":
        return random.choice(KEYS)
    if each.name == "name" and random.random() < 0.5:
        return b"exception"
    characters = random.choices(
        ("a", "Z", "\0", "é", "日", "本", "🙂", "\U0010ffff"), k=random.choice((0, 1, 3, 8, 30))
    )
    return random.choice((b"", b"abc", b"exactly8", b"a" * 200, "".join(characters).encode()))


def _odd_field(random: Random) -> bytes:
    return random.choice(
        (
            field(random.randrange(1, 40), 3, b"") + field(random.randrange(1, 40), 4, b""),
            varint(random.randrange(1, 500) << 3, random.randrange(1, 4)) + b"\1",
            varint(random.getrandbits(35)),
            field(0, 0, b"\1"),
            field(random.randrange(1, 20), 2, random.randbytes(2)),
            varint(10) + varint(2, 2) + b"ab",
            varint(10) + b"\xff" * random.randrange(1, 11) + b"\1",
            varint(8) + b"\xff" * random.choice((8, 9, 10, 11)) + random.choice((b"\1", b"\2", b"\x7f")),
        )
    )


def expected(body: bytes, wanted: Wanted = WANTED) -> list[Row]:
    """What protobuf reads. Raises DecodeError."""
    rows: list[Row] = []
    codes = {key: code for code, key in enumerate(wanted.keys)}
    for resource_spans in ExportTraceServiceRequest.FromString(body).resource_spans:
        has_resource = resource_spans.HasField("resource")
        resource = resource_spans.resource.SerializeToString() if has_resource else b""
        for scope_spans in resource_spans.scope_spans:
            for span in scope_spans.spans:
                trace = span.trace_id if len(span.trace_id) == 16 else bytes(16)
                exceptions = [
                    _value(each.value)
                    for event in span.events
                    if event.name == "exception"
                    for each in event.attributes
                    if each.key == "exception.type"
                ]
                rows.append(
                    {
                        "whole": span.SerializeToString(),
                        "trace": trace,
                        "span": span.span_id if len(span.span_id) == 8 else bytes(8),
                        "parent": span.parent_span_id if len(span.parent_span_id) == 8 else bytes(8),
                        "state": span.trace_state.encode(),
                        "flags": span.flags,
                        "name": span.name.encode(),
                        "kind": span.kind,
                        "start": span.start_time_unix_nano,
                        "end": span.end_time_unix_nano,
                        "status": span.status.code,
                        "message": span.status.message.encode(),
                        "resource": resource,
                        "scope": scope_spans.scope.name.encode(),
                        "attributes": [
                            (codes[each.key], *_value(each.value)) for each in span.attributes if each.key in codes
                        ],
                        "links": [
                            link.trace_id + link.span_id
                            for link in span.links
                            if len(link.trace_id) == 16 and len(link.span_id) == 8
                        ],
                        "exception": exceptions[-1] if exceptions else None,
                    }
                )
    return rows


def _value(value: AnyValue) -> tuple[int, bytes, int]:
    """(type, bytes, number)."""
    match value.WhichOneof("value"):
        case "string_value":
            return 1, value.string_value.encode(), 0
        case "bool_value":
            return 2, b"", int(value.bool_value)
        case "int_value":
            return 3, b"", value.int_value
        case "double_value":
            return 4, b"", struct.unpack("<q", struct.pack("<d", value.double_value))[0]
        case "array_value":
            return 5, value.array_value.SerializeToString(), 0
        case "kvlist_value":
            return 6, value.kvlist_value.SerializeToString(), 0
        case "bytes_value":
            return 7, value.bytes_value, 0
    return 0, b"", 0


def found(spans: Spans) -> list[tuple[int, Row]]:
    """(body, row) of each span, from the columns."""
    raw = spans.buffer.tobytes()

    def cut(at: Any, size: Any) -> bytes:
        assert 0 <= at <= at + size <= len(raw)
        return raw[at : at + size]

    def value(kind: Any, at: Any, size: Any, number: Any) -> tuple[int, bytes, int]:
        content = cut(at, size)
        if kind in (5, 6):
            content = (ArrayValue if kind == 5 else KeyValueList).FromString(content).SerializeToString()
        return int(kind), content, int(number)

    def eight(number: Any) -> bytes:
        return int(number).to_bytes(8, "big")

    rows = []
    for i in range(spans.n):
        resource = spans.resource[i]
        content = cut(spans.resource_at[resource], spans.resource_size[resource])
        a, b = spans.attr_offsets[i : i + 2]
        c, d = spans.link_offsets[i : i + 2]
        row = {
            "whole": Span.FromString(cut(spans.at[i], spans.size[i])).SerializeToString(),
            "trace": eight(spans.trace_hi[i]) + eight(spans.trace_lo[i]),
            "span": eight(spans.span_id[i]),
            "parent": eight(spans.parent[i]),
            "state": cut(spans.state_at[i], spans.state_size[i]),
            "flags": int(spans.flags[i]),
            "name": cut(spans.name_at[i], spans.name_size[i]),
            "kind": int(spans.kind[i]),
            "start": int(spans.start_ns[i]),
            "end": int(spans.end_ns[i]),
            "status": int(spans.status[i]),
            "message": cut(spans.message_at[i], spans.message_size[i]),
            "resource": Resource.FromString(content).SerializeToString(),
            "scope": cut(spans.scope_at[spans.scope[i]], spans.scope_size[spans.scope[i]]),
            "attributes": [
                (
                    int(spans.attr_key[j]),
                    *value(spans.attr_type[j], spans.attr_at[j], spans.attr_size[j], spans.attr_number[j]),
                )
                for j in range(a, b)
            ],
            "links": [
                eight(spans.link_hi[j]) + eight(spans.link_lo[j]) + eight(spans.link_span[j]) for j in range(c, d)
            ],
            "exception": None
            if spans.exc_size[i] < 0
            else value(spans.exc_type[i], spans.exc_at[i], spans.exc_size[i], spans.exc_number[i]),
        }
        rows.append((int(spans.body[i]), row))
    lengths = {len(spans.attr_key), len(spans.attr_type), len(spans.attr_at), len(spans.attr_size)}
    assert lengths == {len(spans.attr_number)} == {int(spans.attr_offsets[-1])}
    assert len(spans.link_hi) == len(spans.link_lo) == len(spans.link_span) == spans.link_offsets[-1]
    assert bool((np.diff(spans.attr_offsets) >= 0).all())
    return rows
