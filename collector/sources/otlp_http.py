"""OTLP/HTTP: traces and logs by POST, in protobuf or JSON (opentelemetry.io/docs/specs/otlp)."""

from collections.abc import Sequence
from typing import Any, Final

from fastapi import Response
from starlette.requests import ClientDisconnect

from collector.otlp.exports import Exports
from collector.receiver.body import Receive, Scope, headers_of
from collector.receiver.rejection import JSON, PROTOBUF, Rejection, answer
from collector.settings import CollectorSettings
from collector.sources.source import Intake, Source
from collector.wal import Signal

_PATHS: Final = {
    "/v1/traces": {PROTOBUF: Signal.TRACES, JSON: Signal.TRACES_JSON},
    "/v1/logs": {PROTOBUF: Signal.LOGS, JSON: Signal.LOGS_JSON},
}
"""Signal by path and content type."""
# Full success is an empty message.
_EMPTY: Final = {PROTOBUF: b"", JSON: b"{}"}


def otlp_http(settings: CollectorSettings) -> Sequence[Source]:
    """Always on: it is the collector's own port."""
    return (OtlpHttp(),)


class OtlpHttp:
    """Checks every request, keeps it as it came, acknowledges. Nothing clever before that."""

    def open(self, intake: Intake) -> None:
        """Add the paths; nothing runs beside the server."""
        for path, signals in _PATHS.items():
            intake.app.direct[path] = _Path(signals, intake)


class _Path:
    """The ASGI application of one path."""

    def __init__(self, signals: dict[str, Signal], intake: Intake) -> None:
        self._signals, self._bodies = signals, intake.bodies
        self._exports = Exports(signals[PROTOBUF].label, intake)
        self._success = {
            content_type: (
                {
                    "type": "http.response.start",
                    "status": 200,
                    "headers": [
                        (b"content-type", content_type.encode()),
                        (b"content-length", str(len(empty)).encode()),
                    ],
                },
                {"type": "http.response.body", "body": empty},
            )
            for content_type, empty in _EMPTY.items()
        }

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """One export request, from the wire to the disk."""
        if scope["method"] != "POST":
            words = f"{scope['path']} does not take {scope['method']}, only POST.\n"
            response = Response(words, 405, {"Allow": "POST"}, "text/plain; charset=utf-8")
            return await response(scope, receive, send)
        self._exports.came()
        headers = headers_of(scope)
        content_type = headers.get(b"content-type", b"").decode("latin-1").partition(";")[0].strip().lower()
        try:
            await self._keep(scope, receive, content_type, headers.get(b"content-encoding", b"").decode("latin-1"))
        except Rejection as rejection:
            told = await self._exports.refused(rejection, content_type)
            return await answer(told, content_type)(scope, receive, send)
        except ClientDisconnect:
            # Nobody is there to hear an answer.
            self._exports.gone()
            return await Response(status_code=400)(scope, receive, send)
        start, body = self._success[content_type]
        await send(start)
        await send(body)
        return None

    async def _keep(self, scope: Scope, receive: Receive, content_type: str, content_encoding: str) -> None:
        body = await self._bodies.read(scope, receive)
        signal = self._signals.get(content_type)
        if signal is None:
            detail = f"content type {content_type[:100]!r} is not taken; send {PROTOBUF} or {JSON}"
            raise Rejection(415, "content_type", detail, body, len(body))
        encoding, plain = await self._bodies.unpack(body, content_encoding)
        await self._exports.keep(signal, encoding, body, plain)
