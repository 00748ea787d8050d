"""Whatever a body holds, the answer is one of OTLP's, and only what can be read is kept."""

import asyncio
import gzip
from pathlib import Path

import httpx
import pytest
from google.protobuf.message import DecodeError
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from collector.dead_letters import DeadLetters
from collector.gzip_body import BadGzip, TooLong, gunzip
from collector.otlp.check import BadJson, check_traces
from collector.receiver import body
from collector.receiver.app import ReceiverApp, create_app
from collector.receiver.rejection import JSON, PROTOBUF, Rejection
from collector.receiver.telemetry import ReceiverMetrics
from collector.settings import CollectorSettings
from collector.sources.otlp_http import OtlpHttp
from collector.sources.source import Intake
from collector.wal import WalReader, WalWriter
from tests.unit.collector.spans import request, span

GOOD = request(span(1, 1, "work", order_id="A"))


def opened(settings: CollectorSettings, data: Path, wal: WalWriter) -> ReceiverApp:
    """The application with OTLP/HTTP."""
    told = ReceiverMetrics()
    app = create_app(settings, wal, told)
    OtlpHttp().open(Intake(settings, data, None, app, wal.append, DeadLetters(data, "r", told.registry), told))
    return app


def post(data: Path, content: bytes, headers: dict[str, str]) -> httpx.Response:
    async def once() -> httpx.Response:
        wal = WalWriter(data / "wal", 1 << 16)
        transport = httpx.ASGITransport(opened(CollectorSettings(max_body_bytes=4096), data, wal))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            answer = await client.post("/v1/traces", content=content, headers=headers)
        await wal.close()
        return answer

    return asyncio.run(once())


def kept(data: Path) -> list[bytes]:
    reader = WalReader(data / "wal")
    records = [record.body for record in reader.read(1 << 30)]
    reader.close()
    return records


bodies = st.one_of(
    st.binary(max_size=200),
    st.binary(max_size=200).map(gzip.compress),
    st.just(GOOD),
    st.just(b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": "ab"}]}]}]}'),
    st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)).map(
        lambda at: GOOD[: at[0]] + bytes([at[1]]) + GOOD[at[0] + 1 :]
    ),
    st.integers(0, len(GOOD)).map(lambda end: gzip.compress(GOOD)[:end]),
)


@settings(max_examples=80, deadline=None)
@given(bodies, st.sampled_from(["application/x-protobuf", "application/json", ""]), st.sampled_from(["gzip", "", "br"]))
def test_any_body_gets_an_answer(
    tmp_path_factory: pytest.TempPathFactory, body: bytes, content_type: str, encoding: str
) -> None:
    data = tmp_path_factory.mktemp("receiver")
    answer = post(data, body, {"content-type": content_type, "content-encoding": encoding})
    try:
        plain = gunzip(body, 4096) if encoding == "gzip" else body
        if content_type == JSON:
            check_traces(plain)
        else:
            ExportTraceServiceRequest.FromString(plain)
        readable = True
    except (BadGzip, BadJson, DecodeError):
        plain, readable = b"", False
    assert answer.headers["content-type"] == (content_type or PROTOBUF)
    if content_type and encoding != "br" and readable:
        assert (answer.status_code, answer.content) == (200, b"{}" if content_type == JSON else b"")
        assert kept(data) == ([body] if plain else [])
    else:
        assert answer.status_code in (400, 413, 415)
        assert kept(data) == []
        code = answer.json()["code"] if content_type == JSON else Status.FromString(answer.content).code
        assert code == 3


def test_unpacking_is_bounded_and_takes_members() -> None:
    assert gunzip(gzip.compress(b"a" * 1000) + gzip.compress(b"b"), 1001) == b"a" * 1000 + b"b"
    with pytest.raises(TooLong):
        gunzip(gzip.compress(b"a" * 1000) + gzip.compress(b"b"), 1000)
    with pytest.raises(TooLong):
        gunzip(gzip.compress(bytes(50_000_000)), 1000)
    for broken in (gzip.compress(b"abc")[:-1], gzip.compress(b"abc")[:8], gzip.compress(b"abc") + b"junk", b"\x1f"):
        with pytest.raises(BadGzip):
            gunzip(broken, 1000)
    with pytest.raises(BadGzip, match="members"):
        gunzip(gzip.compress(b"") * 1001, 1000)
    assert gunzip(b"", 10) == b""


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_unpacked_or_refused(body: bytes) -> None:
    try:
        assert len(gunzip(body, 1000)) <= 1000
    except BadGzip:
        return


@pytest.mark.parametrize("content_type", ["application/x-protobuf", "application/json"])
def test_an_ill_disk_asks_to_come_back_until_it_is_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content_type: str
) -> None:
    def ill(*_: object) -> None:
        raise OSError(5, "Input/output error")

    async def story() -> tuple[list[httpx.Response], list[int]]:
        wal = WalWriter(tmp_path / "wal", 1 << 16)
        app = opened(CollectorSettings(), tmp_path, wal)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:

            async def export(number: int) -> httpx.Response:
                body = request(span(number, 1)) if content_type == PROTOBUF else b'{"resourceSpans": []}'
                return await client.post("/v1/traces", content=body, headers={"content-type": content_type})

            answers, health = [await export(1)], [(await client.get("/healthz")).status_code]
            with monkeypatch.context() as patch:
                patch.setattr("os.fdatasync", ill)
                patch.setattr("os.ftruncate", ill)
                answers += [await export(2), await export(3)]
                health.append((await client.get("/healthz")).status_code)
            answers.append(await export(4))
            health.append((await client.get("/healthz")).status_code)
        await wal.close()
        return answers, health

    answers, health = asyncio.run(story())
    assert [answer.status_code for answer in answers] == [200, 503, 503, 200]
    assert health == [200, 503, 200]
    for answer in answers[1:3]:
        assert answer.headers["retry-after"] == "5"
        assert answer.headers["content-type"] == content_type
        code = answer.json()["code"] if content_type == JSON else Status.FromString(answer.content).code
        assert code == 14
    # Only what was acknowledged is there, and the log goes on without a gap.
    if content_type == PROTOBUF:
        assert kept(tmp_path) == [request(span(1, 1)), request(span(4, 1))]
    assert len(kept(tmp_path)) == 2
    # The sender comes again: these are no dead letters.
    assert not (tmp_path / "dead-letters").exists()


def test_a_letter_that_cannot_be_kept_shall_come_again(tmp_path: Path) -> None:
    (tmp_path / "dead-letters").write_text("no folder")
    answer = post(tmp_path, b"no protobuf", {"content-type": PROTOBUF})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")


def test_other_paths_and_methods_are_told_in_words(tmp_path: Path) -> None:
    async def story() -> list[httpx.Response]:
        wal = WalWriter(tmp_path / "wal", 1 << 16)
        transport = httpx.ASGITransport(opened(CollectorSettings(), tmp_path, wal))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            answers = [
                await client.get("/v1/traces"),
                await client.post("/v1/metrics"),
                await client.get("/"),
                await client.post("/healthz"),
            ]
        await wal.close()
        return answers

    answers = asyncio.run(story())
    assert [answer.status_code for answer in answers] == [405, 404, 404, 405]
    assert answers[0].headers["allow"] == "POST"
    assert answers[0].text == "/v1/traces does not take GET, only POST.\n"
    assert "/v1/logs (OTLP/HTTP, POST)" in answers[1].text
    assert answers[3].text == "/healthz does not take POST.\n"


def test_who_is_silent_or_a_stranger_keeps_nobody_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body, "IDLE_SECONDS", 0.05)
    monkeypatch.setattr(body, "MAX_READING_BYTES", 100)
    bodies = body.Bodies(CollectorSettings(token="T", max_body_bytes=1024))

    async def silent() -> dict[str, object]:
        await asyncio.sleep(60)
        raise AssertionError

    async def whole() -> dict[str, object]:
        return {"type": "http.request", "body": b"abc"}

    known = {"headers": [(b"content-length", b"1000"), (b"authorization", b"Bearer T")]}

    async def story() -> None:
        strangers = [asyncio.create_task(bodies.read({"headers": known["headers"][:1]}, silent)) for _ in range(3)]
        await asyncio.sleep(0)
        assert await bodies.read(known, whole) == b"abc"
        waiting = asyncio.create_task(bodies.read(known, silent))
        await asyncio.sleep(0)
        with pytest.raises(Rejection) as busy:
            await bodies.read(known, whole)
        assert (busy.value.status, busy.value.reason) == (503, "overload")
        for each in [*strangers, waiting]:
            with pytest.raises(Rejection) as told:
                await each
            assert (told.value.status, told.value.reason) == (503, "idle")
        assert await bodies.read(known, whole) == b"abc"

    asyncio.run(story())
