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
from collector.receiver.app import ReceiverApp, create_app
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
        ExportTraceServiceRequest.FromString(plain)
        readable = True
    except (BadGzip, DecodeError):
        plain, readable = b"", False
    if content_type == "application/x-protobuf" and encoding != "br" and readable:
        assert answer.status_code == 200
        assert kept(data) == ([body] if plain else [])
    else:
        assert answer.status_code in (400, 413, 415)
        assert kept(data) == []
        if content_type != "application/json":
            assert Status.FromString(answer.content).code == 3


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


def test_a_log_that_failed_asks_to_come_back(tmp_path: Path) -> None:
    async def failed() -> tuple[httpx.Response, httpx.Response]:
        wal = WalWriter(tmp_path / "wal", 1 << 16)
        app = opened(CollectorSettings(), tmp_path, wal)
        wal.failed.set()
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
            headers = {"content-type": "application/x-protobuf"}
            answers = await client.post("/v1/traces", content=GOOD, headers=headers), await client.get("/healthz")
        await wal.close()
        return answers

    answer, health = asyncio.run(failed())
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert Status.FromString(answer.content).code == 14
    assert health.status_code == 503
    # The sender comes again: this is no dead letter.
    assert not (tmp_path / "dead-letters").exists()
