import itertools
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.message import DecodeError
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue, KeyValueList
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from collector.converter.columns import SpanColumns
from collector.converter.decode import Decoder
from collector.converter.rules import Rules, glob
from collector.converter.seen import Seen
from collector.converter.values import as_amount, as_list, as_text, as_time
from collector.settings import ActivityRule, ActorRule, MappingSettings, Match
from tests.unit.collector.spans import MAPPING, T0, Bench, event_id, key_values, request, span, span_id, trace_id

SECOND0 = T0 // 1000


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    bench.converter.close()


def event(bench: Bench, trace: int = 1, number: int = 1) -> dict[str, Any]:
    return bench.events()[event_id(trace, number)]


def micros(row: dict[str, Any], column: str) -> int:
    return int(row[column].timestamp() * 1_000_000)


def test_all_columns_of_an_event(bench: Bench) -> None:
    own: dict[str, Any] = {"order_id": "A", "user_id": "li", "user_roles": ["clerk", "lead"], "amount": 1999}
    own |= {"shop_channel": "search", "http_route": "/orders", "payment_method": "card", "task_created": T0}
    bench.send(request(span(1, 1, "work", kind=2, start=5, end=7.5, **own), service="crm", shop_name="West"))
    row = event(bench)
    assert (row["process"], row["activity"], row["system"], row["module"]) == ("order", "Work", "crm", "/orders")
    assert (micros(row, "start"), micros(row, "end")) == (SECOND0 + 5_000_000, SECOND0 + 7_500_000)
    assert micros(row, "enabled") == SECOND0
    assert (row["actor_kind"], row["actor"], row["role"]) == ("staff", "li", "clerk")
    assert (row["channel"], row["shop"], row["platform"], row["device"]) == ("search", "West", None, None)
    assert (row["outcome"], row["error_type"], row["amount"]) == ("ok", None, 1999)
    assert dict(row["fields"]) == {"payment.method": "card", "user.roles": "clerk,lead"}
    assert (row["trace_id"], row["span_id"]) == (trace_id(1).hex(), f"{1:016x}")


def test_attributes_come_from_the_nearest_place(bench: Bench) -> None:
    bench.send(
        request(
            span(1, 1, shop_channel="far", shop_platform="web", amount=1, http_route="/shop"),
            span(1, 2, parent=1, shop_channel="near"),
            span(1, 3, "work", 2, order_id="A"),
            span(1, 4, parent=3, shop_channel="below", payment_method="card"),
            shop_name="West",
        )
    )
    row = event(bench, 1, 3)
    assert (row["channel"], row["platform"], row["shop"], row["amount"]) == ("near", "web", "West", 1)
    assert dict(row["fields"]) == {"payment.method": "card"}
    assert row["module"] == "/shop"


def test_a_module_is_of_the_same_system(bench: Bench) -> None:
    bench.send(
        request(span(1, 1, "work", order_id="A"), service="crm"),
        request(span(1, 2, parent=1, http_route="/erp"), service="erp"),
    )
    assert event(bench)["module"] is None


def test_a_rule_may_name_the_module(tmp_path: Path) -> None:
    rule = ActivityRule(activity="Work", process="order", when=Match(name="work"), module="desk")
    bench = Bench(tmp_path, MappingSettings(activities=(rule,)))
    bench.send(request(span(1, 1, "work", http_route="/x"))).later()
    assert event(bench)["module"] == "desk"
    bench.converter.close()


@pytest.mark.parametrize(
    ("service", "attributes", "acted"),
    [
        ("pos", {"device_id": "d1", "user_id": "li", "user_roles": "clerk"}, ("device", "d1", None)),
        ("crm", {"device_id": "d1", "user_id": "li", "user_roles": "clerk"}, ("staff", "li", "clerk")),
        ("crm", {"user_id": "li", "enduser_id": "u"}, ("user", "u", None)),
        ("crm", {}, ("system", "crm", None)),
    ],
)
def test_who_acted(bench: Bench, service: str, attributes: dict[str, Any], acted: tuple[str, ...]) -> None:
    bench.send(request(span(1, 1, "work", order_id="A", **attributes), service=service))
    row = event(bench)
    if acted[0] == "device":
        assert row["role"] in (None, "clerk")
        acted = (*acted[:2], row["role"])
    assert (row["actor_kind"], row["actor"], row["role"]) == acted


def test_an_actor_of_a_parent_and_no_role_from_below_for_a_customer(bench: Bench) -> None:
    bench.send(
        request(
            span(1, 1, enduser_id="u"),
            span(1, 2, "work", 1, order_id="A"),
            span(1, 3, parent=2, user_id="li", user_roles="clerk"),
        )
    )
    row = event(bench, 1, 2)
    assert (row["actor_kind"], row["actor"], row["role"]) == ("user", "u", None)


def test_a_system_rule_matches_without_its_attribute(tmp_path: Path) -> None:
    actors = (ActorRule(kind="system", attribute="job.name", when=Match(service="batch*")),)
    bench = Bench(tmp_path, MAPPING.model_copy(update={"actors": actors}))
    bench.send(request(span(1, 1, "work", order_id="A", job_name="nightly"), service="batch-1"))
    bench.send(request(span(2, 1, "work", order_id="A"), service="batch-1"))
    assert [event(bench, n)["actor"] for n in (1, 2)] == ["nightly", "batch-1"]
    bench.converter.close()


def test_scope_kind_and_body_of_a_rule(tmp_path: Path) -> None:
    rules = (
        ActivityRule(activity="Label", process="order", when=Match(kind="log", body="label printed*")),
        ActivityRule(activity="Scoped", process="order", when=Match(scope="erp.*", name="work")),
        ActivityRule(activity="Told", process="order", when=Match(kind="event", name="order.*")),
    )
    bench = Bench(tmp_path, MappingSettings(activities=rules, objects=MAPPING.objects))
    spans = [
        span(1, 1, "work", kind=6, order_id="A", log_body="label printed on 3"),
        span(1, 2, "work", kind=6, order_id="A", log_body="label jammed"),
        span(1, 3, "order.paid", kind=7, order_id="A"),
    ]
    scoped = ExportTraceServiceRequest.FromString(request(span(1, 4, "work", order_id="A")))
    scoped.resource_spans[0].scope_spans[0].scope.name = "erp.orders"
    bench.send(request(*spans), scoped.SerializeToString(), request(span(1, 5, "work", order_id="A")))
    found = {row["span_id"][-1]: row["activity"] for row in bench.events().values()}
    assert found == {"1": "Label", "3": "Told", "4": "Scoped"}
    assert {row["scope"] for row in bench.rows("spans")} == {"", "erp.orders"}
    bench.restart()
    bench.converter.close()


def test_log_records_that_nobody_named_are_the_applications_own(bench: Bench) -> None:
    bench.send(request(span(1, 1, "", kind=6), span(1, 2, "", kind=6, order_id="A"), span(1, 3, "paid", kind=6)))
    assert [row["span_id"][-1] for row in bench.rows("spans")] == ["2", "3"]


def test_times_system_and_outcome_from_attributes(tmp_path: Path) -> None:
    mapping = MAPPING.model_copy(
        update={
            "start": ("begun",),
            "end": ("done",),
            "system": ("app",),
            "outcome": ("result",),
            "error_type": ("fault",),
        }
    )
    bench = Bench(tmp_path, mapping)
    second = T0 // 1_000_000_000
    bench.send(
        request(
            span(
                1, 1, "work", order_id="A", begun=second - 60, done=second + 60, app="ERP", result="success", error=""
            ),
            span(2, 1, "work", order_id="A", result="FAILED", fault="no stock"),
            span(3, 1, "work", order_id="A", begun=second + 90, done=second + 60, result="who knows", error="x"),
            span(4, 1, "work", order_id="A", done=second - 60, begun="soon", error_type="timeout"),
        )
    )
    found = [event(bench, number) for number in (1, 2, 3, 4)]
    times = [
        ((micros(row, "start") - SECOND0) // 1_000_000, (micros(row, "end") - SECOND0) // 1_000_000) for row in found
    ]
    assert times == [(-60, 60), (0, 1), (90, 90), (-60, -60)]
    assert [row["system"] for row in found] == ["ERP", "shop", "shop", "shop"]
    assert [row["outcome"] for row in found] == ["ok", "error", "error", "error"]
    assert [row["error_type"] for row in found] == [None, "no stock", None, "timeout"]
    bench.converter.close()


def test_errors(bench: Bench) -> None:
    exception = span(3, 1, "work", order_id="A", error="boom")
    exception.events.append(Span.Event(name="exception", attributes=key_values({"exception.type": "OSError"})))
    bench.send(
        request(
            span(1, 1, "work", order_id="A", error="", error_type="timeout"),
            span(2, 1, "work", order_id="A", error_type="500"),
            exception,
            span(4, 1, "work", order_id="A", error="boom"),
            span(5, 1, "work", order_id="A", error=""),
            span(5, 2, parent=1, error="", error_type="below"),
        )
    )
    found = {n: (event(bench, n)["outcome"], event(bench, n)["error_type"]) for n in range(1, 6)}
    assert found == {
        1: ("error", "timeout"),
        2: ("error", "500"),
        3: ("error", "OSError"),
        4: ("error", None),
        5: ("error", "below"),
    }
    spans = {row["trace_id"]: row for row in bench.rows("spans") if row["parent_span_id"] is None}
    assert spans[trace_id(3).hex()]["status"] == "error"
    assert dict(spans[trace_id(3).hex()]["attributes"])["otel.status_description"] == "boom"


def test_a_place_in_the_activity_that_cannot_be_filled(bench: Bench) -> None:
    bench.send(request(span(1, 1, "return.x", return_id="R"), span(2, 1, "return.y", return_id="R", step="{pay}")))
    assert event(bench)["activity"] == "Return unknown"
    assert event(bench, 2)["activity"] == "Return {pay}"


def test_the_first_rule_that_matches_counts() -> None:
    rules = (
        ActivityRule(activity="a", process="p", when=Match(service="s", kind="server", attributes={"x": "1*"})),
        ActivityRule(activity="b", process="p", when=Match(name="GET ?rders", attributes={"x": "*"})),
        ActivityRule(activity="c", process="p", when=Match(name="GET*")),
    )
    compiled = Rules(MappingSettings(activities=rules))
    decoder = Decoder(compiled, Seen(), lambda *_: None)
    ids = itertools.count(1)

    def activity(made: Span, service: str = "s") -> str | None:
        made.span_id = span_id(next(ids))
        told = decoder.decode([request(made, service=service)], [1], SpanColumns()).telling
        return told[0].rule.activity if told and told[0].rule else None

    assert activity(span(1, 1, "GET orders", kind=2, x="12")) == "a"
    assert activity(span(1, 1, "GET orders", kind=1, x="12")) == "b"
    assert activity(span(1, 1, "GET orders", kind=2, x="12"), service="t") == "b"
    assert activity(span(1, 1, "GET /orders", kind=2, x="2")) == "c"
    assert activity(span(1, 1, "GET orders")) == "c"
    assert activity(span(1, 1, "POST")) is None


@settings(deadline=None)
@given(st.text(alphabet="ab*?[.\n"), st.text(alphabet="ab*?[.\n"))
def test_globs_know_two_signs_only(pattern: str, text: str) -> None:
    def matches(p: str, t: str) -> bool:
        if not p:
            return not t
        if p[0] == "*":
            return matches(p[1:], t) or (bool(t) and matches(p, t[1:]))
        return bool(t) and p[0] in ("?", t[0]) and matches(p[1:], t[1:])

    assert (glob(pattern).fullmatch(text) is not None) == matches(pattern, text)


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (span(0, 1), "bad_trace_id"),
        (Span(trace_id=b"short", span_id=b"12345678"), "bad_trace_id"),
        (span(1, 0), "bad_span_id"),
        (span(1, 1, start=-T0 / 1e9), "no_time"),
        (Span(trace_id=trace_id(1), span_id=b"12345678"), "no_time"),
        (span(1, 1, start=5, end=4), "end_before_start"),
        (
            Span(trace_id=trace_id(1), span_id=b"12345678", start_time_unix_nano=1, end_time_unix_nano=2**64 - 1),
            "bad_time",
        ),
    ],
)
def test_a_bad_span_is_set_aside_and_the_rest_goes_on(bench: Bench, bad: Span, reason: str) -> None:
    bench.send(request(span(8, 1, "work", order_id="A"), bad, span(9, 1, "work", order_id="B")))
    assert set(bench.events()) == {event_id(8, 1), event_id(9, 1)}
    assert len(bench.rows("spans")) == 2
    lines = (bench.data / "dead-letters" / "converter.jsonl").read_text().splitlines()
    assert [(json.loads(line)["reason"], json.loads(line)["position"]) for line in lines] == [(reason, 1)]


def test_a_body_that_cannot_be_read_stops_nothing(bench: Bench) -> None:
    bench.send(b"\xff\xff", request(span(1, 1, "work", order_id="A")))
    assert set(bench.events()) == {event_id(1, 1)}
    assert bench.converter.position == 2


@pytest.mark.parametrize("restart", [False, True])
def test_duplicates_are_dropped(bench: Bench, restart: bool) -> None:
    body = request(span(1, 1, "work", order_id="A"), span(1, 1, "work", order_id="B"), span(1, 2, parent=1))
    bench.send(body)
    if restart:
        bench.restart()
    bench.send(body, body).later()
    assert len(bench.events()) == 1
    assert len(bench.rows("spans")) == 2


@pytest.mark.parametrize(
    ("text", "amount"),
    [("12", 12), ("-3", -3), ("12.0", 12), ("12.6", 13), ("1e3", 1000), ("x", None), ("", None), ("nan", None)],
)
def test_amounts(text: str, amount: int | None) -> None:
    assert as_amount(text) == amount


@pytest.mark.parametrize("text", ["1e300", "9" * 40, "inf"])
def test_amounts_that_fit_nowhere(text: str) -> None:
    assert as_amount(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "2025-10-09T08:53:20Z",
        "2025-10-09T16:53:20+08:00",
        "2025-10-09 08:53:20",
        "1760000000",
        "1760000000000",
        "1760000000000000",
        "1760000000000000000",
    ],
)
def test_times(text: str) -> None:
    assert as_time(text) == SECOND0


@pytest.mark.parametrize("text", ["", "soon", "-1", "12", "nan", "1e30"])
def test_times_that_are_none(text: str) -> None:
    assert as_time(text) is None


def test_values_of_every_kind() -> None:
    pairs = KeyValueList(values=[KeyValue(key="b", value=AnyValue(bytes_value=b"x")), KeyValue(key="n")])
    found = [
        as_text(AnyValue(**each))
        for each in ({"bool_value": True}, {"double_value": 0.5}, {"kvlist_value": pairs}, {"bytes_value": b"x"}, {})
    ]
    assert found == ["true", "0.5", '{"b":"eA==","n":null}', '"eA=="', ""]
    assert as_list('["a","","b",1]') == ["a", "b", "1"]
    assert as_list("[x") == ["[x"]
    assert as_list("") == []


wild = st.one_of(st.text(max_size=20), st.integers(-(2**63), 2**63 - 1), st.floats(), st.booleans())
names = st.sampled_from(["order.id", "amount", "task.created", "user.id", "user.roles", "step", "shop.channel", "any"])


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.dictionaries(names, st.one_of(wild, st.lists(wild, max_size=3)), max_size=6), min_size=1, max_size=4)
)
def test_any_attributes_make_a_row(tmp_path_factory: pytest.TempPathFactory, attributes: list[dict[str, Any]]) -> None:
    """No value of an attribute costs an event, and a restart reads the spans as they were."""
    spans = [span(1, n + 1, "return.x" if n % 2 else "work", n) for n in range(len(attributes))]
    for made, pairs in zip(spans, attributes, strict=True):
        made.attributes.extend(key_values(pairs))
    bench = Bench(tmp_path_factory.mktemp("any"))
    bench.send(request(*spans)).restart().later()
    assert len(bench.events()) == len(spans)
    assert not (bench.data / "dead-letters").exists()
    bench.converter.close()


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_decoded_or_refused(body: bytes) -> None:
    refused: list[str] = []
    rules = Rules(MAPPING)
    decoder = Decoder(rules, Seen(), lambda *why: refused.append(why[0]))
    columns = SpanColumns()
    fresh = decoder.decode([body], [1], columns)
    columns.table()
    try:
        request_spans = ExportTraceServiceRequest.FromString(body).resource_spans
    except DecodeError:
        assert refused == ["malformed"]
        return
    known = sum(len(ids) // 8 for _, (ids, _) in fresh.traces)
    assert len(columns) == known
    assert known + len(refused) + decoder.duplicates == sum(len(s.spans) for r in request_spans for s in r.scope_spans)


def test_an_exception_type_that_is_no_text(bench: Bench) -> None:
    made = span(1, 1, "work", order_id="A", error="boom")
    made.events.append(Span.Event(name="exception", attributes=key_values({"exception.type": 500})))
    bench.send(request(made))
    assert event(bench)["error_type"] == "500"


def test_a_log_record_without_a_time_is_of_its_arrival(bench: Bench) -> None:
    timeless = span(1, 1, "paid", kind=6, order_id="A")
    timeless.start_time_unix_nano = timeless.end_time_unix_nano = 0
    bench.send(request(timeless))
    (row,) = bench.rows("spans")
    assert row["start"] == row["end"] > datetime(2026, 1, 1, tzinfo=UTC)
