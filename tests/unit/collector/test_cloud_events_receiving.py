"""CloudEvents over HTTP: what is taken, how it is kept, and what is refused with which words."""

import asyncio
import base64
import gzip
import hashlib
import hmac
import json
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from cloudevents.core.bindings.http import to_binary, to_structured
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from collector.converter.decoders.cloud_events import canonical, origin
from collector.dead_letters import DeadLetters
from collector.gzip_body import gunzip
from collector.receiver.app import create_app
from collector.receiver.telemetry import ReceiverMetrics
from collector.settings import CollectorSettings, WebhookSettings
from collector.sources.cloud_events import PATH, CloudEvents
from collector.sources.events.signatures import Signatures
from collector.sources.source import Intake
from collector.vocabulary.errors import RetryableError
from collector.wal import Encoding, Signal, WalReader, WalWriter

ONE = {"specversion": "1.0", "id": "1", "source": "erp", "type": "order.placed", "time": "2026-03-01T10:00:00Z"}
STRUCTURED = {"content-type": "application/cloudevents+json"}
BATCH = {"content-type": "application/cloudevents-batch+json; charset=UTF-8"}
CE = {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "erp", "ce-type": "order.placed"}


def post(
    data: Path,
    content: bytes,
    headers: dict[str, str],
    *,
    method: str = "POST",
    failed: bool = False,
    **configured: Any,
) -> httpx.Response:
    async def once() -> httpx.Response:
        chosen = CollectorSettings(**{"max_body_bytes": 4096, **configured})
        wal, told = WalWriter(data / "wal", 1 << 16), ReceiverMetrics()

        async def full(*_: object) -> int:
            raise RetryableError("the disk does not take it")

        app = create_app(chosen, wal, told)
        letters = DeadLetters(data, "receiver", told.registry)
        CloudEvents().open(Intake(chosen, data, None, app, full if failed else wal.append, letters, told))
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            answer = await client.request(method, PATH, content=content, headers=headers)
        await wal.close()
        return answer

    return asyncio.run(once())


def bodies(data: Path) -> list[bytes]:
    reader = WalReader(data / "wal")
    found = []
    for record in reader.read(1 << 30):
        assert record.signal is Signal.EVENTS
        found.append(gunzip(record.body, 1 << 30) if record.encoding is Encoding.GZIP else record.body)
    reader.close()
    return found


def kept(data: Path) -> list[dict[str, Any]]:
    return [event for body in bodies(data) for event in json.loads(body)["events"]]


def letters(data: Path) -> list[dict[str, Any]]:
    path = data / "dead-letters" / "receiver.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_the_sdk_is_understood_in_all_modes(tmp_path: Path) -> None:
    event = CloudEvent(
        {"type": "付款", "source": "/finance", "id": "a b%", "subject": "P 1", "shop": "杭州"}, {"order": {"id": "A1"}}
    )
    for message in (to_structured(event, JSONFormat()), to_binary(event, JSONFormat())):
        answer = post(tmp_path, message.body, message.headers)
        assert (answer.status_code, answer.json()) == (202, {"accepted": 1})
    structured, binary = kept(tmp_path)
    assert structured == binary
    assert (binary["type"], binary["id"], binary["shop"]) == ("付款", "a b%", "杭州")
    assert binary["data"] == {"order": {"id": "A1"}}
    both = json.dumps([ONE, ONE | {"id": "2"}]).encode()
    headers = BATCH | {"content-encoding": "gzip"}
    assert post(tmp_path, gzip.compress(both), headers).json() == {"accepted": 2}
    assert [origin(body) for body in bodies(tmp_path)] == [(None, None)] * 3


def test_an_empty_batch_is_taken_and_nothing_is_kept(tmp_path: Path) -> None:
    assert post(tmp_path, b"[]", BATCH).json() == {"accepted": 0}
    assert kept(tmp_path) == []


def test_a_missing_time_is_the_arrival(tmp_path: Path) -> None:
    assert post(tmp_path, b"", CE).status_code == 202
    assert abs(time.time() - _seconds(canonical(bodies(tmp_path)[0], None))) < 30


def _seconds(raw: bytes) -> float:
    request = ExportTraceServiceRequest.FromString(raw)
    return request.resource_spans[0].scope_spans[0].spans[0].start_time_unix_nano / 1e9


@pytest.mark.parametrize(
    ("content_type", "body", "wanted"),
    [
        ("application/json", b'{"a":[1]}', {"data": {"a": [1]}}),
        ("application/vnd.erp+json; charset=utf-8", b"3", {"data": 3}),
        ("text/plain", "扫码".encode(), {"data": "扫码"}),
        ("text/plain", b"\xff", {"data_base64": "/w=="}),
        ("application/xml", b"<a/>", {"data": "<a/>"}),
        ("image/png", b"abc", {"data_base64": "YWJj"}),
        (None, b'{"a":1}', {"data": {"a": 1}}),
        (None, b"\xff", {"data_base64": "/w=="}),
        ("application/json", b"", {}),
    ],
)
def test_data_in_binary_mode(tmp_path: Path, content_type: str | None, body: bytes, wanted: dict[str, Any]) -> None:
    headers = CE | ({"content-type": content_type} if content_type else {})
    assert post(tmp_path, body, headers).status_code == 202
    (event,) = kept(tmp_path)
    assert {name: value for name, value in event.items() if name.startswith("data") and "type" not in name} == wanted
    assert event.get("datacontenttype") == content_type


def test_base64_of_json_is_json(tmp_path: Path) -> None:
    encoded = base64.b64encode(b'{"a":1}').decode()
    event = ONE | {"datacontenttype": "application/json", "data_base64": encoded}
    post(tmp_path, json.dumps(event).encode(), STRUCTURED)
    assert kept(tmp_path)[0]["data"] == {"a": 1}


@pytest.mark.parametrize(
    ("change", "attribute"),
    [
        ({"id": None}, "id"),
        ({"id": ""}, "id"),
        ({"id": 5}, "id"),
        ({"source": ""}, "source"),
        ({"type": None}, "type"),
        ({"specversion": "0.3"}, "specversion"),
        ({"specversion": None}, "specversion"),
        ({"time": "yesterday"}, "time"),
        ({"time": "2026-03-01T10:00:00"}, "time"),
        ({"time": "2026-02-30T10:00:00Z"}, "time"),
        ({"time": "1969-03-01T10:00:00Z"}, "time"),
        ({"time": "9999-12-31T23:59:59-10:00"}, "time"),
        ({"time": 1772359200}, "time"),
        ({"subject": ""}, "subject"),
        ({"datacontenttype": 3}, "datacontenttype"),
        ({"Order": "x"}, "Order"),
        ({"order_id": "x"}, "order_id"),
        ({"order": {"id": 1}}, "order"),
        ({"data": 1, "data_base64": "YQ=="}, "data_base64"),
        ({"data_base64": "a"}, "data_base64"),
        ({"data_base64": "YQ==", "datacontenttype": "application/json"}, "data"),
    ],
)
def test_a_bad_event_refuses_its_whole_batch_by_name(tmp_path: Path, change: dict[str, Any], attribute: str) -> None:
    answer = post(tmp_path, json.dumps([ONE, ONE | change]).encode(), BATCH)
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    told = answer.json()
    assert (told["status"], told["title"], told["index"], told["attribute"]) == (400, "Bad Request", 1, attribute)
    assert told["detail"].startswith(f"event 1, {attribute}: ")
    assert kept(tmp_path) == []
    assert [each["reason"] for each in letters(tmp_path)] == ["bad_event"]


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b"{", STRUCTURED, 400),
        (b"[]", STRUCTURED, 400),
        (b"{}", BATCH, 400),
        (b"[1]", BATCH, 400),
        (b'{"a":NaN}', STRUCTURED, 400),
        (b"1", CE | {"content-type": "application/json", "content-encoding": "x"}, 415),
        (b"[" * 100 + b"]" * 100, CE | {"content-type": "application/json"}, 400),
        (b"[" * 2000 + b"]" * 2000, CE | {"content-type": "application/json"}, 400),
        (b"<a/>", {"content-type": "application/cloudevents+xml"}, 415),
        (b"{}", STRUCTURED | {"content-type": "application/cloudevents+json; charset=gbk"}, 415),
        (json.dumps(ONE).encode(), {"content-type": "application/json"}, 415),
        (b"", {}, 415),
        (b"x" * 5000, STRUCTURED, 413),
        (gzip.compress(bytes(5000)), STRUCTURED | {"content-encoding": "gzip"}, 413),
        (b"no gzip", STRUCTURED | {"content-encoding": "gzip"}, 400),
        (b"", CE | {"ce-subject": "%ff"}, 400),
        (b"", CE | {"ce-data": "1"}, 400),
        (b"{", CE | {"content-type": "application/json"}, 400),
    ],
)
def test_what_is_no_event_is_told_and_kept(
    tmp_path: Path, content: bytes, headers: dict[str, str], status: int
) -> None:
    answer = post(tmp_path, content, headers)
    assert (answer.status_code, answer.json()["status"]) == (status, status)
    assert len(letters(tmp_path)) == 1
    assert kept(tmp_path) == []


def test_other_methods_and_the_handshake(tmp_path: Path) -> None:
    assert post(tmp_path, b"", {}, method="GET").status_code == 405
    answer = post(tmp_path, b"", {"webhook-request-origin": "erp.example.com"}, method="OPTIONS")
    assert (answer.status_code, answer.headers["webhook-allowed-origin"]) == (200, "erp.example.com")


def test_a_log_that_cannot_take_it_asks_to_come_back(tmp_path: Path) -> None:
    answer = post(tmp_path, json.dumps(ONE).encode(), STRUCTURED, failed=True)
    assert (answer.status_code, answer.headers["retry-after"], answer.json()["status"]) == (503, "5", 503)
    assert letters(tmp_path) == []


SECRET = "it is a secret"
RULE = WebhookSettings(source="erp*", secret=SECRET, prefix="sha256=")  # type: ignore[arg-type]


def signature(body: bytes, algorithm: str = "sha256") -> str:
    return hmac.new(SECRET.encode(), body, algorithm).hexdigest()


def test_a_signed_source_must_be_rightly_signed_and_needs_no_token(tmp_path: Path) -> None:
    body = gzip.compress(json.dumps(ONE).encode())
    headers = STRUCTURED | {"content-encoding": "gzip"}
    signed = headers | {"X-Signature-256": f"sha256={signature(body)}"}
    token = {"authorization": "Bearer T"}
    for each, status in [
        (signed, 202),
        (signed | token, 202),
        (headers | token, 401),
        (headers, 401),
        (headers | {"X-Signature-256": signature(body)}, 401),
        (headers | {"X-Signature-256": f"sha256={signature(body + b'x')}"} | token, 401),
        (headers | {"X-Signature-256": "sha256="}, 401),
    ]:
        answer = post(tmp_path, body, each, webhooks=(RULE,), token="T")
        assert answer.status_code == status, each
    assert len(kept(tmp_path)) == 2
    # Whoever shows nothing at all is not even read.
    assert {each["reason"] for each in letters(tmp_path)} == {"bad_signature", "no_token"}


def test_every_source_of_a_batch_is_checked(tmp_path: Path) -> None:
    rules = (RULE, WebhookSettings(source="crm", secret="another"))  # type: ignore[arg-type]

    def headers(body: bytes) -> dict[str, str]:
        return BATCH | {"X-Signature-256": f"sha256={signature(body)}"}

    mixed = json.dumps([ONE, ONE | {"source": "crm"}]).encode()
    answer = post(tmp_path, mixed, headers(mixed), webhooks=rules)
    assert (answer.status_code, "'crm'" in answer.json()["detail"]) == (401, True)
    # A source without a rule wants the token, whatever stands beside it.
    mixed = json.dumps([ONE, ONE | {"source": "shop"}]).encode()
    assert post(tmp_path, mixed, headers(mixed), webhooks=rules, token="T").status_code == 401
    assert post(tmp_path, mixed, headers(mixed) | {"authorization": "Bearer T"}, webhooks=rules, token="T").is_success
    assert post(tmp_path, mixed, headers(mixed), webhooks=rules).is_success
    assert post(tmp_path, b"[]", headers(b"[]"), webhooks=rules, token="T").status_code == 401


def test_signatures_as_others_write_them(tmp_path: Path) -> None:
    body = json.dumps(ONE).encode()
    now = int(time.time())
    mac = base64.b64encode(hmac.new(SECRET.encode(), body, hashlib.sha512).digest()).decode()
    stripe = signature(b"%d.%s" % (now, body))
    old = signature(b"%d.%s" % (now - 400, body))
    for rule, header, status in [
        ({"header": "X-Hub-Signature", "algorithm": "sha1", "prefix": "sha1="}, f"sha1={signature(body, 'sha1')}", 202),
        ({"header": "X-Shop-Hmac", "algorithm": "sha512", "encoding": "base64"}, mac, 202),
        ({"header": "X-Both"}, f"{signature(b'')} {signature(body)}", 202),
        ({"header": "Stripe-Signature", "scheme": "stripe"}, f"t={now},v1={signature(b'')},v1={stripe},v0=x", 202),
        ({"header": "Stripe-Signature", "scheme": "stripe"}, f"t={now - 400},v1={old}", 401),
        ({"header": "Stripe-Signature", "scheme": "stripe"}, f"t={now + 1},v1={stripe}", 401),
        ({"header": "Stripe-Signature", "scheme": "stripe"}, f"v1={stripe}", 401),
        ({"header": "Stripe-Signature", "scheme": "stripe"}, "", 401),
    ]:
        hook = WebhookSettings.model_validate({"source": "*", "secret": SECRET, **rule})
        answer = post(tmp_path, body, STRUCTURED | {rule["header"]: header}, webhooks=(hook,))
        assert answer.status_code == status, (rule, header)


def test_a_stranger_can_neither_keep_us_busy_nor_fill_the_letters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []
    hmac_new = hmac.new

    def counted(*given: Any) -> hmac.HMAC:
        made.append(given)
        return hmac_new(*given)

    monkeypatch.setattr(hmac, "new", counted)
    rule = WebhookSettings(source="*shop*till*", secret="x" * 8)  # type: ignore[arg-type]
    # Long enough that every place of `shop` tried again with every other would take minutes.
    body = json.dumps(ONE | {"source": "shop" * 250_000 + "till"}).encode()
    begin = time.monotonic()
    answer = post(
        tmp_path,
        body,
        STRUCTURED | {"X-Signature-256": "a, " * 20_000},
        webhooks=(rule,),
        token="T",
        max_body_bytes=1 << 21,
    )
    assert (answer.status_code, len(made) < 4, time.monotonic() - begin < 10) == (401, True, True)
    (letter,) = letters(tmp_path)
    assert (letter["bytes"], letter["truncated"], len(letter["body"]) < 3000) == (len(body), True, True)


def test_what_a_known_sender_got_wrong_is_kept_whole(tmp_path: Path) -> None:
    body = json.dumps(ONE | {"id": "", "data": "x" * 3000}).encode()
    signed = STRUCTURED | {"X-Signature-256": f"sha256={signature(body)}"}
    assert post(tmp_path, body, signed, webhooks=(RULE,), token="T").status_code == 400
    assert not letters(tmp_path)[0]["truncated"]


@pytest.mark.parametrize(
    ("pattern", "source", "fits"),
    [
        ("*", "", True),
        ("a*b", "ab", True),
        ("a*b", "abab", True),
        ("a*b*c", "axbxbxc", True),
        ("a*b*c", "axcxb", False),
        ("*?b*", "b", False),
        ("*?b*", "bb", True),
        ("**a?", "\na.", True),
        ("a.c", "abc", False),
    ],
)
def test_globs_of_sources(pattern: str, source: str, fits: bool) -> None:
    wrong, without = Signatures([WebhookSettings(source=pattern, secret="x")]).unsigned([source], {}, b"", 0)  # type: ignore[arg-type]
    assert (bool(wrong), bool(without)) == (fits, not fits)


def test_what_is_said_of_a_bad_event_is_one_short_line(tmp_path: Path) -> None:
    for name in ("x\x1b[31m\n", "X" * 3000):
        said = post(tmp_path, json.dumps(ONE | {name: "1"}).encode(), STRUCTURED).json()["detail"]
        assert (said.isprintable(), len(said) < 700) == (True, True)


def test_a_disk_that_takes_no_letter_asks_to_come_back(tmp_path: Path) -> None:
    (tmp_path / "dead-letters").write_text("in the way")
    answer = post(tmp_path, b"{", STRUCTURED)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
names = st.sampled_from(
    ["id", "source", "type", "specversion", "time", "subject", "data", "data_base64", "datacontenttype", "traceparent"]
)
nearly = st.builds(
    lambda base, more, less: {k: v for k, v in (base | more).items() if k not in less},
    st.just(ONE),
    st.dictionaries(names | st.text(max_size=5), json_values | st.sampled_from(["1.0", "text/plain", "YQ=="])),
    st.lists(names, max_size=1),
)
written = st.one_of(
    st.lists(nearly, max_size=3).map(lambda value: json.dumps(value).encode()),
    st.lists(nearly, max_size=2).map(lambda value: json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")),
    json_values.map(lambda value: json.dumps(value).encode()),
    st.binary(max_size=60),
)


@settings(max_examples=150, deadline=None)
@given(written, st.sampled_from([BATCH, STRUCTURED, CE, CE | {"content-type": "application/json"}]))
def test_what_is_accepted_can_be_read(
    tmp_path_factory: pytest.TempPathFactory, body: bytes, headers: dict[str, str]
) -> None:
    data = tmp_path_factory.mktemp("events")
    answer = post(data, body, headers, max_body_bytes=1 << 20)
    assert answer.status_code in (202, 400)
    if answer.status_code == 400:
        assert kept(data) == []
        return
    spans = [
        span
        for each in bodies(data)
        for resource in ExportTraceServiceRequest.FromString(canonical(each, None)).resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]
    assert len(spans) == answer.json()["accepted"]
    for span in spans:
        assert (len(span.trace_id), len(span.span_id)) == (16, 8)
        assert (span.kind, span.start_time_unix_nano > 0) == (7, True)
