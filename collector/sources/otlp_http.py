"""OTLP/HTTP: traces and logs by POST (opentelemetry.io/docs/specs/otlp)."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Final

from fastapi import Response
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from starlette.requests import ClientDisconnect

from collector.receiver.body import Receive, Scope, headers_of
from collector.receiver.rejection import PROTOBUF, Rejection, answer
from collector.settings import CollectorSettings
from collector.sources.source import Intake, Source
from collector.vocabulary.errors import RetryableError
from collector.wal import Signal

PATHS: Final = {"/v1/traces": Signal.TRACES, "/v1/logs": Signal.LOGS}
_PARSERS: Final[dict[Signal, Callable[[bytes], object]]] = {
    Signal.TRACES: ExportTraceServiceRequest.FromString,
    Signal.LOGS: ExportLogsServiceRequest.FromString,
}


def otlp_http(settings: CollectorSettings) -> Sequence[Source]:
    """Always on: it is the collector's own port."""
    return (OtlpHttp(),)


class OtlpHttp:
    """Checks every request, keeps it as it came, acknowledges. Nothing clever before that."""

    def open(self, intake: Intake) -> None:
        """Add the paths; nothing runs beside the server."""
        for path, signal in PATHS.items():
            intake.app.direct[path] = _Exports(signal, intake)


class _Exports:
    """The ASGI application of one path."""

    def __init__(self, signal: Signal, intake: Intake) -> None:
        self._signal, self._intake = signal, intake
        self._received = intake.told.received.labels(signal.label)
        self._acknowledged = intake.told.acknowledged.labels(signal.label)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """One export request, from the wire to the disk."""
        response = await self._take(scope, receive)
        await response(scope, receive, send)

    async def _take(self, scope: Scope, receive: Receive) -> Response:
        if scope["method"] != "POST":
            words = f"{scope['path']} does not take {scope['method']}, only POST.\n"
            return Response(words, 405, {"Allow": "POST"}, "text/plain; charset=utf-8")
        self._received.inc()
        headers = headers_of(scope)
        content_type = headers.get(b"content-type", b"").decode("latin-1").partition(";")[0].strip().lower()
        try:
            await self._keep(scope, receive, content_type, headers.get(b"content-encoding", b"").decode("latin-1"))
        except Rejection as rejection:
            return await self._refuse(rejection, content_type)
        except ClientDisconnect:
            # Nobody is there to hear an answer; the sender sends it again.
            self._intake.told.rejected.labels(self._signal.label, "disconnected").inc()
            return Response(status_code=400)
        self._acknowledged.inc()
        # Full success is an empty message: no bytes at all.
        return Response(b"", 200, media_type=PROTOBUF)

    async def _keep(self, scope: Scope, receive: Receive, content_type: str, content_encoding: str) -> None:
        body = await self._intake.bodies.read(scope, receive)
        if content_type != PROTOBUF:
            raise Rejection(
                415, "content_type", f"content type {content_type!r} is not taken; send {PROTOBUF}", body, len(body)
            )
        encoding, plain = await self._intake.bodies.unpack(body, content_encoding)
        try:
            _PARSERS[self._signal](plain)
        except DecodeError as error:
            detail = f"the body is no {self._signal.label} export request: {error}"
            raise Rejection(400, "malformed", detail, body, len(body)) from error
        if not plain:
            return
        try:
            await self._intake.append(self._signal, encoding, body)
        except RetryableError as error:
            raise Rejection(503, "overload", str(error)) from error

    async def _refuse(self, rejection: Rejection, content_type: str) -> Response:
        self._intake.told.rejected.labels(self._signal.label, rejection.reason).inc()
        if rejection.kept:
            await asyncio.to_thread(
                self._intake.letters.add,
                rejection.reason,
                rejection.detail,
                rejection.body,
                length=rejection.length,
                signal=self._signal.label,
                content_type=content_type[:200],
            )
        return answer(rejection, content_type)
