import subprocess
import sys

import pytest
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from collector.converter.wire import Wanted, canonicalise, parse
from collector.converter.wire.schema import LEVELS
from tests.property.collector.otlp_bytes import WANTED, expected, field, found, varint

NAMED = field(5, 2, b"a")


def body(*spans: bytes, scope: bytes = b"", resource: bytes = b"") -> bytes:
    inside = b"".join(field(2, 2, span) for span in spans)
    return field(1, 2, resource + field(2, 2, scope + inside))


def values(*keys: str, attributes: list[tuple[str, int]]) -> list[tuple[str, int]]:
    span = Span()
    for key, number in attributes:
        span.attributes.add(key=key).value.int_value = number
    spans, strange = parse([body(span.SerializeToString())], wanted := Wanted(keys))
    assert strange == []
    names = [wanted.keys[code] for code in spans.attr_key]
    return list(zip(names, spans.attr_number.tolist(), strict=True))


def test_no_bodies_and_empty_bodies_have_no_spans() -> None:
    for bodies in ([], [b""], [b"", b""]):
        spans, strange = parse(bodies, WANTED)
        assert (spans.n, strange, spans.attr_offsets.tolist(), spans.link_offsets.tolist()) == (0, [], [0], [0])


def test_codes_of_wanted_keys_are_their_places_in_sorted_order() -> None:
    assert Wanted(["b", "a", "b"]).keys == ("a", "b")
    assert Wanted([]).keys == ()


def test_only_wanted_attributes_are_kept_all_of_them_in_their_order() -> None:
    given = [("b", 1), ("x", 2), ("a", 3), ("b", -4)]
    assert values("a", "b", attributes=given) == [("b", 1), ("a", 3), ("b", -4)]
    assert values(attributes=given) == []


def test_any_number_of_wanted_keys_is_found_and_no_other() -> None:
    keys = [f"{'k' * (i % 40)}{i}" for i in range(500)]
    given = [(key, i) for i, key in enumerate(keys)]
    others = [(key + "x", 0) for key in keys] + [(key[:-1], 0) for key in keys if key[:-1] not in keys]
    assert values(*keys, attributes=given + others) == given


def test_more_of_everything_than_the_first_guess_has_room_for() -> None:
    link = field(13, 2, field(1, 2, bytes(range(16))) + field(2, 2, bytes(range(8))))
    attribute = field(9, 2, field(1, 2, b"k"))
    many = b"".join(body(NAMED) for _ in range(200)) + body(*[b""] * 2000, attribute * 500 + link * 500)
    spans, strange = parse([many], Wanted(["k"]))
    assert strange == []
    assert (spans.n, len(spans.scope_at), len(spans.resource_at)) == (2201, 201, 201)
    assert (spans.attr_offsets[-2:].tolist(), spans.link_offsets[-2:].tolist()) == ([0, 500], [0, 500])
    assert set(spans.link_hi.tolist()) == {0x0001020304050607}


def test_a_strange_body_takes_nothing_from_the_others() -> None:
    good = body(NAMED, NAMED)
    spans, strange = parse([good, body(NAMED, b"\x0b"), b"\xff", good], WANTED)
    assert strange == [1, 2]
    assert spans.body.tolist() == [0, 0, 3, 3]
    assert [row["name"] for _, row in found(spans)] == [b"a"] * 4


STRANGE = {
    "a group": b"\x0b\x0c",
    "a group among unknown fields": field(100, 3, b"") + field(100, 4, b""),
    "field number 0": b"\x02\x00",
    "wire type 7": b"\x0f",
    "a name as a number": field(5, 0, b"\1"),
    "a start in four bytes": field(7, 5, bytes(4)),
    "a number that breaks off": b"\x30\x80",
    "a number of eleven bytes": b"\x30" + b"\x80" * 10 + b"\x00",
    "a number of more than 64 bits": b"\x30" + b"\xff" * 9 + b"\x02",
    "a tag of more than 32 bits": b"\xff\xff\xff\xff\x7f\x00",
    "a length beyond the span": b"\x2a\x02a",
    "a length of six bytes": b"\x2a\x80\x80\x80\x80\x80\x00",
    "a length of 4 GiB": b"\x2a\xff\xff\xff\xff\x0f",
    "eight bytes that are seven": b"\x39" + bytes(7),
    "a status twice": field(15, 2, b"") * 2,
    "a value twice": field(9, 2, field(2, 2, b"") * 2),
    "two values in one": field(9, 2, field(2, 2, field(1, 2, b"a") + field(3, 0, b"\1"))),
    "a value of a wrong wire type": field(9, 2, field(2, 2, field(3, 1, bytes(8)))),
    "a name that is no text": field(5, 2, b"\xff"),
    "a key that is no text": field(9, 2, field(1, 2, b"\xc0\x80")),
    "a value that is no text": field(9, 2, field(2, 2, field(1, 2, b"\xed\xa0\x80"))),
    "text in an array that is none": field(9, 2, field(2, 2, field(5, 2, field(1, 2, field(1, 2, b"\x80"))))),
    "an event with a group": field(11, 2, b"\x0b\x0c"),
    "a link whose attribute breaks off": field(13, 2, field(4, 2, b"\x0a")),
}


@pytest.mark.parametrize("span", STRANGE.values(), ids=STRANGE.keys())
def test_what_is_strange_in_a_span_is_left_to_protobuf(span: bytes) -> None:
    whole = body(NAMED, span)
    assert parse([whole], WANTED)[1] == [0]
    try:
        wanted = expected(whole)
    except DecodeError:
        return
    plain = canonicalise(whole)
    spans, strange = parse([plain], WANTED)
    assert strange == []
    assert len(wanted) == spans.n == 2


@pytest.mark.parametrize("twice", [body(NAMED, scope=field(1, 2, b"") * 2), body(NAMED, resource=field(1, 2, b"") * 2)])
def test_a_scope_or_a_resource_that_comes_twice_is_merged_by_protobuf(twice: bytes) -> None:
    assert parse([twice], WANTED)[1] == [0]
    assert parse([canonicalise(twice)], WANTED)[1] == []


def test_the_last_of_repeated_scalars_counts_and_long_numbers_are_as_good_as_short_ones() -> None:
    span = NAMED + field(5, 2, b"b") + field(6, 0, b"\2") + b"\x30" + varint(5, 3) + field(1, 2, b"12345678" * 2)
    whole = body(span + field(1, 2, b"short"))
    spans, strange = parse([whole], WANTED)
    assert strange == []
    assert [row for _, row in found(spans)] == expected(whole)
    assert (spans.kind.tolist(), spans.trace_hi.tolist()) == ([5], [0])


def test_the_exception_of_the_last_exception_event() -> None:
    def event(name: str, **types: object) -> bytes:
        happened = Span.Event(name=name)
        for value in types.values():
            attribute = happened.attributes.add(key="exception.type")
            if isinstance(value, str):
                attribute.value.string_value = value
            elif isinstance(value, int):
                attribute.value.int_value = value
        return field(11, 2, happened.SerializeToString())

    spans, strange = parse(
        [
            body(
                event("exception", a="First", b="Second") + event("exception") + event("other", a="Third"),
                event("other", a="Third"),
                event("exception", a=7),
                event("exception", a=None),
            )
        ],
        WANTED,
    )
    assert strange == []
    assert [row["exception"] for _, row in found(spans)] == [(1, b"Second", 0), None, (3, b"", 7), (0, b"", 0)]


@pytest.mark.parametrize("where", ["span", "event", "link", "resource", "scope"])
def test_values_are_as_deep_as_protobuf_takes_them(where: str) -> None:
    for levels in range(LEVELS - 12, LEVELS + 3):
        value = b""
        for level in range(levels):
            value = field(5 if level % 2 else 1, 2, value)
        attribute = field(1, 2, b"k") + field(2, 2, value)
        whole = {
            "span": body(field(9, 2, attribute)),
            "event": body(field(11, 2, field(3, 2, attribute))),
            "link": body(field(13, 2, field(4, 2, attribute))),
            "resource": body(NAMED, resource=field(1, 2, field(1, 2, attribute))),
            "scope": body(NAMED, scope=field(1, 2, field(3, 2, attribute))),
        }[where]
        try:
            ExportTraceServiceRequest.FromString(whole)
        except DecodeError:
            assert parse([whole], WANTED)[1] == [0]
        else:
            assert parse([canonicalise(whole)], WANTED)[1] == []
            assert parse([whole], WANTED)[1] == []


WARM = """
import importlib, pkgutil
import collector.converter.wire as wire
from numba.core.dispatcher import Dispatcher
from random import Random
from tests.property.collector.otlp_bytes import WANTED, random_body

wire.warm_up()
modules = [importlib.import_module(f"{wire.__name__}.{m.name}") for m in pkgutil.iter_modules(wire.__path__)]
loops = {(f.py_func.__module__, n): f for m in modules for n, f in vars(m).items() if isinstance(f, Dispatcher)}
before = {name: list(loop.signatures) for name, loop in loops.items()}
spans, strange = wire.parse([b"?", *(random_body(Random(i), 0.05) for i in range(50))], WANTED)
names = spans.buffer, spans.name_at[::2], spans.name_size[::2]
wire.hex_column(spans.span_id, None, spans.parent == 0)
wire.text_column(*names), wire.text_column(spans.buffer[::-1], *names[1:])
wire.Words().codes(*names)
print([name for name, loop in loops.items() if list(loop.signatures) != before[name]])
"""


def test_after_the_warm_up_nothing_is_left_to_compile() -> None:
    done = subprocess.run([sys.executable, "-c", WARM], capture_output=True, text=True, timeout=250, check=False)
    assert done.stdout.splitlines() == ["[]"], done.stderr
