"""A CloudEvent as a span: what of it becomes what."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from collector.converter.decoders import DECODERS
from collector.converter.decoders.cloud_events import canonical, origin
from collector.wal import Signal

ONE: dict[str, Any] = {
    "specversion": "1.0",
    "id": "1",
    "source": "erp",
    "type": "order.placed",
    "time": "2026-03-01T10:00:00.123456Z",
}
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def body(*events: Any, **more: Any) -> bytes:
    return json.dumps({"source": None, "batch": None, "events": events, **more}).encode()


def decoded(*events: Any, wanted: frozenset[str] | None = None) -> list[tuple[str, Span]]:
    request = ExportTraceServiceRequest.FromString(canonical(body(*events), wanted))
    return [
        (resource.resource.attributes[0].value.string_value, span)
        for resource in request.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]


def values(span: Span) -> dict[str, Any]:
    return {each.key: _value(each.value) for each in span.attributes}


def _value(value: AnyValue) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_value(each) for each in value.array_value.values]
    return getattr(value, str(kind))


def test_a_whole_event() -> None:
    data = {
        "order": {"id": 7, "items": [{"sku": "a", "n": 1}, {"sku": "b"}]},
        "tags": ["x", "y", None],
        "paid": True,
        "price": 1.5,
        "nothing": None,
        "large": 2**70,
        "order.dotted": "yes",
    }
    ((service, span),) = decoded(ONE | {"subject": "A1", "shop": "杭州", "data": data, "traceparent": PARENT})
    assert (service, span.name, span.kind) == ("erp", "order.placed", 7)
    assert span.trace_id.hex() == "0af7651916cd43dd8448eb211c80319c"
    assert span.parent_span_id.hex() == "b7ad6b7169203331"
    assert span.start_time_unix_nano == span.end_time_unix_nano == 1772359200123456000
    assert values(span) == {
        "subject": "A1",
        "shop": "杭州",
        "cloudevents.event_id": "1",
        "order.id": 7,
        "order.items.sku": ["a", "b"],
        "order.items.n": [1],
        "tags": ["x", "y"],
        "paid": True,
        "price": 1.5,
        "large": str(2**70),
        "order.dotted": "yes",
    }


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        ("text", {"data": "text"}),
        (-3, {"data": -3}),
        ([1, 2], {"data": [1, 2]}),
        ([{"a": 1}, {"a": 2}], {"a": [1, 2]}),
        ({"a": 1, "b": {"c": [[1], [2]]}}, {"a": 1, "b.c": [1, 2]}),
        ({"a.b": 1, "a": {"b": 2}}, {"a.b": 1}),
        ({"subject": "mine"}, {"subject": "A1"}),
        (None, {}),
    ],
)
def test_shapes_of_data(data: Any, wanted: dict[str, Any]) -> None:
    ((_, span),) = decoded(ONE | {"subject": "A1", "data": data})
    assert {"subject": "A1", "cloudevents.event_id": "1"} | wanted == values(span)


def test_only_what_is_wanted_and_by_source() -> None:
    events = [ONE | {"source": each, "data": {"a": 1, "b": 2}} for each in ("x", "y", "x")]
    found = decoded(*events, wanted=frozenset({"b"}))
    assert [service for service, _ in found] == ["x", "x", "y"]
    assert [values(span) for _, span in found] == [{"b": 2}] * 3


def test_ids_come_from_source_and_id() -> None:
    (_, a), (_, again), (_, b), (_, c) = decoded(
        ONE, ONE | {"data": 1}, ONE | {"id": "2"}, ONE | {"source": "er", "id": "p1"}
    )
    assert (a.trace_id, a.span_id) == (again.trace_id, again.span_id)
    assert len({a.span_id, b.span_id, c.span_id}) == len({a.trace_id, b.trace_id, c.trace_id}) == 3
    assert not a.parent_span_id


@pytest.mark.parametrize(
    "parent", [PARENT[:-4], PARENT.upper(), "00-" + "0" * 32 + PARENT[35:], 5, "", "ff" + PARENT[2:]]
)
def test_a_bad_traceparent_is_none(parent: Any) -> None:
    ((_, span),) = decoded(ONE | {"traceparent": parent})
    assert (span.parent_span_id, len(span.trace_id)) == (b"", 16)


def test_head_and_registration() -> None:
    assert origin(body(source="db:erp", batch=5)) == ("db:erp", 5)
    assert origin(b'{"events":[]}') == (None, None)
    assert DECODERS[Signal.EVENTS] is canonical


def test_an_event_that_cannot_be_placed_is_left_to_the_converter_to_refuse() -> None:
    (_, fine), (_, timeless), (_, nameless) = decoded(ONE, ONE | {"time": "when?"}, {"time": ONE["time"]})
    assert (fine.start_time_unix_nano > 0, timeless.start_time_unix_nano) == (True, 0)
    assert (nameless.name, len(nameless.span_id)) == ("", 8)


def test_what_a_database_may_hold() -> None:
    raw = body(ONE | {"data": {"x": 1}}).replace(b'"x": 1', b'"x": NaN')
    request = ExportTraceServiceRequest.FromString(canonical(raw, None))
    assert request.resource_spans[0].scope_spans[0].spans[0].name == "order.placed"
    assert origin(raw.replace(b'"batch": null', b'"batch": 7')) == (None, 7)
    deep = ONE | {"data": json.loads('{"a":' * 100 + "1" + "}" * 100)}
    assert len(decoded(deep)) == 1


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)
members = st.sampled_from(["id", "source", "type", "time", "data", "traceparent", "subject", "specversion"])
events = st.dictionaries(members | st.text(max_size=5), json_values, max_size=8)


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=100),
        json_values.map(lambda value: json.dumps(value).encode()),
        st.fixed_dictionaries({"events": st.lists(events | json_values, max_size=4)}).map(
            lambda value: json.dumps(value).encode()
        ),
        st.integers(1, 5000).map(lambda deep: b'{"events":[{"data":' + b"[" * deep + b"]" * deep + b"}]}"),
    )
)
def test_arbitrary_bodies_are_read_or_refused(raw: bytes) -> None:
    for read in (lambda: ExportTraceServiceRequest.FromString(canonical(raw, None)), lambda: origin(raw)):
        try:
            read()
        except ValueError:
            continue
