"""The receiver's HTTP application: OTLP/HTTP with protobuf bodies (opentelemetry.io/docs/specs/otlp)."""

import asyncio
import hmac
from collections.abc import Callable
from typing import Final

from fastapi import FastAPI, Request, Response
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import ClientDisconnect

from collector.dead_letters import DeadLetters
from collector.gzip_body import BadGzip, TooLong, gunzip
from collector.receiver.body import DRAIN_FACTOR, read_body
from collector.receiver.rejection import PROTOBUF, Rejection, answer
from collector.receiver.telemetry import ReceiverMetrics
from collector.settings import CollectorSettings
from collector.vocabulary.errors import RetryableError
from collector.wal import Encoding, Signal, WalWriter

MAX_READING_BYTES: Final = 256 * 1024 * 1024
"""Sum of announced bodies that are being read at once; beyond it senders are asked to come back later."""

_PARSERS: Final[dict[Signal, Callable[[bytes], object]]] = {
    Signal.TRACES: ExportTraceServiceRequest.FromString,
    Signal.LOGS: ExportLogsServiceRequest.FromString,
}
_ENCODINGS: Final = {"": Encoding.IDENTITY, "identity": Encoding.IDENTITY, "gzip": Encoding.GZIP}


class Receiver:
    """Handles one request at a time on one event loop; holds what they share."""

    def __init__(
        self, settings: CollectorSettings, wal: WalWriter, letters: DeadLetters, told: ReceiverMetrics
    ) -> None:
        self._settings, self._wal, self._letters, self._told = settings, wal, letters, told
        self._reading = 0

    async def take(self, signal: Signal, request: Request) -> Response:
        """One export request, from the wire to the disk."""
        name = signal.name.lower()
        self._told.received.labels(name).inc()
        content_type = _content_type(request)
        try:
            await self._keep(signal, request, content_type)
        except Rejection as rejection:
            return await self._refuse(name, rejection, content_type)
        except ClientDisconnect:
            # Nobody is there to hear an answer; the sender sends it again.
            self._told.rejected.labels(name, "disconnected").inc()
            return Response(status_code=400)
        self._told.acknowledged.labels(name).inc()
        # Full success is an empty message: no bytes at all.
        return Response(b"", 200, media_type=PROTOBUF)

    def check_token(self, request: Request) -> None:
        """Rejection 401 where a token is needed and not shown."""
        if self._settings.token is None:
            return
        scheme, _, shown = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(shown.strip().encode(), self._settings.token.encode()):
            raise Rejection(401, "no_token", "a valid bearer token is needed")

    async def _keep(self, signal: Signal, request: Request, content_type: str) -> None:
        announced = _content_length(request)
        limit = self._settings.max_body_bytes
        # Who does not say how much will come may send as much as is allowed.
        counted = limit if announced is None else min(announced, limit)
        self._reading += counted
        try:
            try:
                self.check_token(request)
            except Rejection:
                await _drain(request, limit)
                raise
            if self._reading > MAX_READING_BYTES and self._reading > counted:
                await _drain(request, limit)
                raise Rejection(503, "overload", "too many requests at once; come back later")
            body = await read_body(request.stream(), limit)
        finally:
            self._reading -= counted
        if content_type != PROTOBUF:
            raise Rejection(
                415, "content_type", f"content type {content_type!r} is not taken; send {PROTOBUF}", body, len(body)
            )
        encoding = _ENCODINGS.get(request.headers.get("content-encoding", "").strip().lower())
        if encoding is None:
            raise Rejection(415, "content_encoding", "content encodings are gzip and identity", body, len(body))
        try:
            plain = gunzip(body, limit) if encoding is Encoding.GZIP else body
        except TooLong as error:
            raise Rejection(413, "too_large", str(error), body, len(body)) from error
        except BadGzip as error:
            raise Rejection(400, "bad_gzip", str(error), body, len(body)) from error
        try:
            _PARSERS[signal](plain)
        except DecodeError as error:
            raise Rejection(
                400, "malformed", f"the body is no {signal.name.lower()} export request: {error}", body, len(body)
            ) from error
        if not plain:
            return
        try:
            await self._wal.append(signal, encoding, body)
        except RetryableError as error:
            raise Rejection(503, "overload", str(error)) from error

    async def _refuse(self, name: str, rejection: Rejection, content_type: str) -> Response:
        self._told.rejected.labels(name, rejection.reason).inc()
        if rejection.kept:
            await asyncio.to_thread(
                self._letters.add,
                rejection.reason,
                rejection.detail,
                rejection.body,
                length=rejection.length,
                signal=name,
                content_type=content_type[:200],
            )
        return answer(rejection, content_type)


def create_app(settings: CollectorSettings, wal: WalWriter, letters: DeadLetters, told: ReceiverMetrics) -> FastAPI:
    """The application; what it shares with its process comes in."""
    receiver = Receiver(settings, wal, letters, told)
    app = FastAPI(title="Houtai receiver", redirect_slashes=False, openapi_url=None, docs_url=None, redoc_url=None)

    @app.post("/v1/traces")
    async def traces(request: Request) -> Response:
        return await receiver.take(Signal.TRACES, request)

    @app.post("/v1/logs")
    async def logs(request: Request) -> Response:
        return await receiver.take(Signal.LOGS, request)

    @app.get("/metrics")
    async def metrics(request: Request) -> Response:
        try:
            receiver.check_token(request)
        except Rejection as rejection:
            return answer(rejection, PROTOBUF)
        return Response(told.render(), 200, {"Content-Type": CONTENT_TYPE_LATEST})

    @app.get("/healthz")
    async def healthz() -> Response:
        if wal.failed.is_set():
            return Response("the write-ahead log has failed\n", 503, media_type="text/plain")
        return Response("ok\n", 200, media_type="text/plain")

    return app


def _content_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _content_length(request: Request) -> int | None:
    said = request.headers.get("content-length", "")
    return int(said) if said.isascii() and said.isdecimal() and len(said) < 16 else None


async def _drain(request: Request, limit: int) -> None:
    """Read the body and forget it."""
    total = 0
    async for chunk in request.stream():
        total += len(chunk)
        if total > DRAIN_FACTOR * limit:
            return
