"""OTLP/JSON and logs in their canonical form: equal to what protobuf's own objects say, and never unreadable."""

import json
from typing import Any

import pytest
from google.protobuf.message import DecodeError
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import (
    AnyValue,
    ArrayValue,
    InstrumentationScope,
    KeyValue,
    KeyValueList,
)
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ResourceLogs, ScopeLogs
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status

from collector.converter.decoders import logs, logs_json, otlp_json
from collector.otlp.check import BadJson, check_logs, check_traces
from collector.otlp.shapes import MAX_DEPTH
from tests.unit.collector.otlp_forms import as_json

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
uint64 = st.integers(0, 2**64 - 1)
int32 = st.integers(-(2**31), 2**31 - 1)
scalars = st.one_of(
    texts.map(lambda v: AnyValue(string_value=v)),
    st.integers(-(2**63), 2**63 - 1).map(lambda v: AnyValue(int_value=v)),
    st.booleans().map(lambda v: AnyValue(bool_value=v)),
    st.floats(allow_nan=False).map(lambda v: AnyValue(double_value=v)),
    st.binary(max_size=9).map(lambda v: AnyValue(bytes_value=v)),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda v: AnyValue(array_value=ArrayValue(values=v))),
        st.lists(st.builds(KeyValue, key=texts, value=inner), max_size=3).map(
            lambda v: AnyValue(kvlist_value=KeyValueList(values=v))
        ),
    ),
    max_leaves=5,
)
attributes = st.lists(st.builds(KeyValue, key=texts, value=values), max_size=3)
trace_ids, span_ids = st.binary(min_size=16, max_size=16), st.binary(min_size=8, max_size=8)
resources = st.builds(Resource, attributes=attributes)
scopes = st.builds(InstrumentationScope, name=texts, version=texts, attributes=attributes)
spans = st.builds(
    Span,
    trace_id=trace_ids,
    span_id=span_ids,
    parent_span_id=st.one_of(st.just(b""), span_ids),
    trace_state=texts,
    name=texts,
    kind=int32,
    start_time_unix_nano=uint64,
    end_time_unix_nano=uint64,
    attributes=attributes,
    events=st.lists(st.builds(Span.Event, time_unix_nano=uint64, name=texts, attributes=attributes), max_size=2),
    links=st.lists(
        st.builds(Span.Link, trace_id=trace_ids, span_id=span_ids, trace_state=texts, attributes=attributes), max_size=2
    ),
    status=st.builds(Status, message=texts, code=int32),
)
traces = st.builds(
    ExportTraceServiceRequest,
    resource_spans=st.lists(
        st.builds(
            ResourceSpans,
            resource=resources,
            scope_spans=st.lists(st.builds(ScopeSpans, scope=scopes, spans=st.lists(spans, max_size=2)), max_size=2),
        ),
        max_size=2,
    ),
)
records = st.builds(
    LogRecord,
    time_unix_nano=uint64,
    observed_time_unix_nano=uint64,
    severity_number=st.integers(0, 24),
    severity_text=texts,
    body=values,
    attributes=attributes,
    trace_id=st.one_of(st.just(b""), trace_ids),
    span_id=st.one_of(st.just(b""), span_ids),
    event_name=texts,
)
log_requests = st.builds(
    ExportLogsServiceRequest,
    resource_logs=st.lists(
        st.builds(
            ResourceLogs,
            resource=resources,
            scope_logs=st.lists(
                st.builds(ScopeLogs, scope=scopes, log_records=st.lists(records, max_size=2)), max_size=2
            ),
        ),
        max_size=2,
    ),
)


@settings(deadline=None)
@given(traces)
def test_traces_in_json_say_what_they_say_in_protobuf(request: ExportTraceServiceRequest) -> None:
    plain = json.dumps(as_json(request)).encode()
    check_traces(plain)
    assert ExportTraceServiceRequest.FromString(otlp_json.canonical(plain, None)) == request


@settings(deadline=None)
@given(log_requests)
def test_logs_in_json_say_what_they_say_in_protobuf(request: ExportLogsServiceRequest) -> None:
    plain = json.dumps(as_json(request), ensure_ascii=False).encode()
    check_logs(plain)
    ours = ExportTraceServiceRequest.FromString(logs_json.canonical(plain, None))
    theirs = ExportTraceServiceRequest.FromString(logs.canonical(request.SerializeToString(), None))
    for each in (ours, theirs):
        for span in _spans(each):
            assert (len(span.trace_id), len(span.span_id), span.kind) == (16, 8, 6)
            # The digests of two encodings differ, all else is the same.
            span.span_id = b""
    for one, other, record in zip(_spans(ours), _spans(theirs), _records(request), strict=True):
        if not any(record.trace_id):
            one.trace_id = other.trace_id = b""
        assert one == other
        assert one.parent_span_id == (record.span_id if any(record.span_id) else b"")


def _spans(request: ExportTraceServiceRequest) -> list[Span]:
    return [span for resource in request.resource_spans for scope in resource.scope_spans for span in scope.spans]


def _records(request: ExportLogsServiceRequest) -> list[LogRecord]:
    return [
        record for resource in request.resource_logs for scope in resource.scope_logs for record in scope.log_records
    ]


def test_only_what_is_wanted_is_carried_over() -> None:
    def pair(key: str, value: str) -> dict[str, Any]:
        return {"key": key, "value": {"stringValue": value}}

    span = {
        "traceId": "0102030405060708090A0B0C0D0E0F10",
        "spanId": "0102030405060708",
        "traceState": "ot=th:8",
        "name": "work",
        "kind": 2,
        "startTimeUnixNano": "5",
        "endTimeUnixNano": 6,
        "attributes": [pair("order.id", "A"), pair("other", "B"), {"key": "order.id"}],
        "events": [{"name": "exception", "attributes": [pair("exception.type", "X"), pair("exception.message", "Y")]}],
        "links": [{"traceId": "0102030405060708090a0b0c0d0e0f11", "spanId": "0102030405060709"}],
        "status": {"code": 2, "message": "no"},
    }
    resource = {"attributes": [pair("service.name", "shop"), pair("host.name", "h")]}
    plain = json.dumps({"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": [span]}]}]}).encode()
    request = ExportTraceServiceRequest.FromString(otlp_json.canonical(plain, frozenset({"order.id"})))
    (found,) = _spans(request)
    assert [(each.key, each.value.string_value) for each in found.attributes] == [("order.id", "A")]
    assert [each.key for each in found.events[0].attributes] == ["exception.type"]
    assert (found.trace_state, found.links[0].span_id.hex(), found.status.code) == ("ot=th:8", "0102030405060709", 2)
    assert (found.start_time_unix_nano, found.end_time_unix_nano) == (5, 6)
    assert [each.key for each in request.resource_spans[0].resource.attributes] == ["service.name", "host.name"]


def test_a_log_record_is_named_by_its_event_and_stands_alone_without_a_trace() -> None:
    named = LogRecord(time_unix_nano=5, event_name="order.paid", body=AnyValue(string_value="paid"))
    older = LogRecord(
        observed_time_unix_nano=7,
        attributes=[KeyValue(key="event.name", value=AnyValue(string_value="order.sent"))],
        trace_id=bytes(range(16)),
        span_id=bytes(range(8)),
    )
    request = ExportLogsServiceRequest(
        resource_logs=[ResourceLogs(scope_logs=[ScopeLogs(log_records=[named, named, older])])]
    )
    plain = request.SerializeToString()
    first, again, last = _spans(ExportTraceServiceRequest.FromString(logs.canonical(plain, frozenset({"log.body"}))))
    assert (first.name, first.start_time_unix_nano, first.end_time_unix_nano) == ("order.paid", 5, 5)
    assert [(each.key, each.value.string_value) for each in first.attributes] == [("log.body", "paid")]
    assert (last.name, last.start_time_unix_nano, last.trace_id) == ("order.sent", 7, bytes(range(16)))
    assert last.parent_span_id == bytes(range(8))
    assert not last.attributes
    # Two alike are two; the whole request sent again changes nothing.
    assert len({first.span_id, again.span_id, last.span_id}) == 3
    assert len({first.trace_id, again.trace_id, last.trace_id}) == 3
    assert logs.canonical(plain, frozenset()) == logs.canonical(plain, frozenset())


GOOD: dict[str, Any] = {"traceId": "0" * 31 + "1", "spanId": "0" * 15 + "1", "startTimeUnixNano": "1"}


def of(span: dict[str, Any]) -> bytes:
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}).encode()


def nested(depth: int, key: str = "arrayValue") -> dict[str, Any]:
    value: dict[str, Any] = {"intValue": 1}
    for _ in range(depth):
        inner: Any = value if key == "arrayValue" else {"key": "k", "value": value}
        value = {key: {"values": [inner]}}
    return {**GOOD, "attributes": [{"key": "a", "value": value}]}


@pytest.mark.parametrize(
    "span",
    [
        GOOD,
        {},
        {**GOOD, "traceId": None, "attributes": None, "events": None, "kind": None, "status": None},
        {**GOOD, "startTimeUnixNano": 1760, "endTimeUnixNano": 2e3},
        {**GOOD, "endTimeUnixNano": str(2**64 - 1)},
        {**GOOD, "unknown": {"nested": [1, None, {"x": []}]}},
        {**GOOD, "trace_id": "not read: original field names are no keys"},
        {**GOOD, "attributes": [{"key": "a", "value": {"bytesValue": "-_-_"}}]},
        {**GOOD, "attributes": [{"key": "a", "value": {"bytesValue": "+/8="}}]},
        {**GOOD, "attributes": [{"key": "a", "value": {"doubleValue": "NaN"}}, {"key": "b", "value": {}}]},
        {**GOOD, "attributes": [{"key": "a", "value": {"intValue": "-9223372036854775808"}}]},
        nested(MAX_DEPTH),
        nested(MAX_DEPTH, "kvlistValue"),
    ],
)
def test_what_the_specification_allows_is_read(span: dict[str, Any]) -> None:
    check_traces(of(span))
    ExportTraceServiceRequest.FromString(otlp_json.canonical(of(span), None))


@pytest.mark.parametrize(
    "plain",
    [
        b"",
        b"[]",
        b"null",
        b"{",
        b'{"resourceSpans": {}}',
        b'{"resourceSpans": [null]}',
        b'{"resourceSpans": []} x',
        b'{"resourceSpans": ' + b"[" * 100_000,
        b'{"unknown": ' + b"[" * 100_000,
        of({**GOOD, "traceId": "xyz"}),
        of({**GOOD, "traceId": "012"}),
        of({**GOOD, "traceId": "01 2"}),
        of({**GOOD, "traceId": "é1"}),
        of({**GOOD, "kind": "SPAN_KIND_SERVER"}),
        of({**GOOD, "kind": 2**31}),
        of({**GOOD, "startTimeUnixNano": -1}),
        of({**GOOD, "startTimeUnixNano": 2**64}),
        of({**GOOD, "startTimeUnixNano": 1.5}),
        of({**GOOD, "name": 5}),
        of({**GOOD, "links": [{"spanId": "0"}]}),
        of({**GOOD, "events": [{"timeUnixNano": -1}]}),
        of({**GOOD, "attributes": [{"key": "a", "value": {"intValue": 2**63}}]}),
        of({**GOOD, "attributes": [{"key": "a", "value": "bare"}]}),
        of({**GOOD, "attributes": [{"key": "a", "value": {"bytesValue": "a"}}]}),
        of({**GOOD, "attributes": [{"key": "a", "value": {"bytesValue": "*"}}]}),
        of({**GOOD, "attributes": [{"key": "a", "value": {"bytesValue": "AAAA\n"}}]}),
        of({**GOOD, "name": "\ud800"}),
        b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"name": "\xff"}]}]}]}',
        of(nested(MAX_DEPTH + 1)),
        of(nested(MAX_DEPTH + 1, "kvlistValue")),
    ],
)
def test_what_it_does_not_allow_is_refused(plain: bytes) -> None:
    with pytest.raises(BadJson):
        check_traces(plain)


_GOOD_TRACES = of(
    {
        **nested(2),
        "events": [{"timeUnixNano": "3", "name": "exception"}],
        "links": [{"traceId": "00" * 16, "spanId": "00" * 8}],
        "status": {"code": 2},
    }
)
_GOOD_LOGS = (
    b'{"resourceLogs":[{"resource":{},"scopeLogs":[{"scope":{"name":"s"},"logRecords":[{"timeUnixNano":"1",'
    b'"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331","eventName":"e",'
    b'"body":{"kvlistValue":{"values":[{"key":"a","value":{"bytesValue":"AA=="}}]}}}]}]}]}'
)


def edits(good: bytes) -> st.SearchStrategy[bytes]:
    """A good body with a few places overwritten by pieces that mean something in JSON."""
    pieces = st.sampled_from(
        [b"", b"null", b"{}", b"[]", b'"', b"-1", b"1e400", b"\\u0000", b"\\ud800", b"\xff", b":", b",", b"9" * 25]
    )
    places = st.lists(
        st.tuples(st.integers(0, len(good)), st.integers(0, 3), pieces | st.binary(max_size=3)), max_size=3
    )

    def apply(changes: list[tuple[int, int, bytes]]) -> bytes:
        body = good
        for at, length, piece in changes:
            body = body[:at] + piece + body[at + length :]
        return body

    return places.map(apply)


@settings(max_examples=600, deadline=None)
@given(edits(_GOOD_TRACES))
def test_accepted_traces_are_read(plain: bytes) -> None:
    try:
        check_traces(plain)
    except BadJson:
        return
    for wanted in (None, frozenset({"a"})):
        ExportTraceServiceRequest.FromString(otlp_json.canonical(plain, wanted))


@settings(max_examples=600, deadline=None)
@given(edits(_GOOD_LOGS))
def test_accepted_logs_in_json_are_read(plain: bytes) -> None:
    try:
        check_logs(plain)
    except BadJson:
        return
    for wanted in (None, frozenset({"log.body"})):
        ExportTraceServiceRequest.FromString(logs_json.canonical(plain, wanted))


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=80) | log_requests.map(lambda each: each.SerializeToString()).flatmap(edits))
def test_accepted_logs_are_read(plain: bytes) -> None:
    try:
        ExportLogsServiceRequest.FromString(plain)
    except DecodeError:
        return
    ExportTraceServiceRequest.FromString(logs.canonical(plain, None))
