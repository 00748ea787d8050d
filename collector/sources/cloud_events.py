"""CloudEvents 1.0 over HTTP: structured, batched, binary, by POST to `/api/v1/events` (cloudevents.io)."""

import asyncio
import json
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final, TypeVar

import structlog
from fastapi import Response
from starlette.requests import ClientDisconnect

from collector.receiver.body import OFF_LOOP_BYTES, Receive, Scope, headers_of
from collector.receiver.rejection import RETRY_AFTER, Rejection
from collector.settings import CollectorSettings
from collector.sources.events import reading
from collector.sources.events.signatures import Signatures
from collector.sources.source import Intake, Source
from collector.vocabulary.errors import RetryableError
from collector.wal import Signal

PATH: Final = "/api/v1/events"
_LABEL: Final = Signal.EVENTS.label
T = TypeVar("T")
_ALLOWED: Final = {"Allow": "POST, OPTIONS"}
_OF_STRANGERS: Final = 2048
"""So many bytes of a body are kept whose sender has shown neither token nor signature."""

log = structlog.get_logger()


def cloud_events(settings: CollectorSettings) -> Sequence[Source]:
    """Always on: it is a path of the collector's own port."""
    return (CloudEvents(),)


class CloudEvents:
    """Checks every event of a request, keeps them all or none, acknowledges."""

    def open(self, intake: Intake) -> None:
        """Add the path; nothing runs beside the server."""
        intake.app.direct[PATH] = _Events(intake)


class _Events:
    """The ASGI application of the path."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self._signatures = Signatures(intake.settings.webhooks)
        self._received = intake.told.received.labels(_LABEL)
        self._acknowledged = intake.told.acknowledged.labels(_LABEL)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """One request, from the wire to the disk."""
        response = await self._take(scope, receive)
        await response(scope, receive, send)

    async def _take(self, scope: Scope, receive: Receive) -> Response:
        headers = headers_of(scope)
        if scope["method"] == "OPTIONS":
            return Response(status_code=200, headers=_ALLOWED | _welcome(headers))
        if scope["method"] != "POST":
            return problem(405, f"{PATH} takes POST", _ALLOWED)
        self._received.inc()
        try:
            count = await self._keep(scope, receive, headers)
        except Rejection as rejection:
            return self._told(await self._refused(rejection, headers))
        except ClientDisconnect:
            # Nobody is there to hear an answer; the sender sends it again.
            self._intake.told.rejected.labels(_LABEL, "disconnected").inc()
            return Response(status_code=400)
        self._acknowledged.inc()
        return Response(json.dumps({"accepted": count}), 202, media_type="application/json")

    async def _keep(self, scope: Scope, receive: Receive, headers: Mapping[bytes, bytes]) -> int:
        """How many events are safe on disk now. Raises Rejection."""
        bodies = self._intake.bodies
        # A right signature counts instead of the token; whether it is right shows when the body is there.
        signed = self._signatures.shown(headers)
        body = await bodies.read(scope, receive, token=not signed)
        content_type = headers.get(b"content-type", b"").decode("latin-1").strip()
        arrived = datetime.now(UTC)
        try:
            read = _reader(scope, content_type, arrived)
        except reading.BadEvent as error:
            raise _wrong(error, body) from error
        if read is None:
            detail = (
                f"content type {content_type[:100]!r} without ce-* headers is no CloudEvent; send {reading.STRUCTURED}"
                f"+json, {reading.BATCH}+json, or binary mode"
            )
            raise Rejection(415, "content_type", detail, body, len(body))
        _, plain = await bodies.unpack(body, headers.get(b"content-encoding", b"").decode("latin-1"))
        try:
            events = await _maybe_aside(plain, read)
        except reading.BadEvent as error:
            raise _wrong(error, body) from error
        await _maybe_aside(body, lambda _: self._check_senders(events, headers, body))
        if events:
            encoding, record = await _maybe_aside(plain, lambda _: reading.body_of(events))
            try:
                await self._intake.append(Signal.EVENTS, encoding, record)
            except RetryableError as error:
                raise Rejection(503, "overload", str(error)) from error
        return len(events)

    def _check_senders(self, events: Sequence[reading.Event], headers: Mapping[bytes, bytes], body: bytes) -> None:
        wrong, without = self._signatures.unsigned((each["source"] for each in events), headers, body, time.time())
        if wrong:
            raise Rejection(401, "bad_signature", f"source {wrong[0][:200]!r}: not rightly signed", body, len(body))
        if without or not events:
            self._intake.bodies.check_token(headers)

    async def _refused(self, rejection: Rejection, headers: Mapping[bytes, bytes]) -> Rejection:
        """Count and keep it. Gives what to answer: where the letter cannot be kept now, to come again."""
        self._intake.told.rejected.labels(_LABEL, rejection.reason).inc()
        if rejection.kept:
            try:
                await asyncio.to_thread(self._keep_letter, rejection, headers)
            except OSError as error:
                log.error("dead_letters.write_failed", reason=rejection.reason, error=str(error))
                return Rejection(503, "overload", f"the disk does not take it: {error.strerror}")
        return rejection

    def _keep_letter(self, rejection: Rejection, headers: Mapping[bytes, bytes]) -> None:
        # Strangers must not fill the folder, and push out what others have sent.
        known = self._is_known(rejection, headers)
        most = len(rejection.body) if known else _OF_STRANGERS
        attributes = {n.decode("latin-1"): v.decode("latin-1") for n, v in headers.items() if n.startswith(b"ce-")}
        self._intake.letters.add(
            rejection.reason,
            rejection.detail,
            rejection.body[:most],
            length=rejection.length,
            signal=_LABEL,
            content_type=headers.get(b"content-type", b"").decode("latin-1")[:200],
            # Binary mode: without them it could not be given in once more.
            **({"headers": attributes} if known and attributes else {}),
            **({} if known else {"stranger": True}),
        )

    def _is_known(self, rejection: Rejection, headers: Mapping[bytes, bytes]) -> bool:
        """Whether the sender has shown the token, or signed what came by any of the secrets."""
        try:
            self._intake.bodies.check_token(headers)
        except Rejection:
            return self._signatures.any_right(headers, rejection.body, time.time())
        return True

    def _told(self, rejection: Rejection) -> Response:
        """The response to a request that is refused."""
        more = {}
        if rejection.status in RETRY_AFTER:
            more["Retry-After"] = RETRY_AFTER[rejection.status]
        if rejection.status == 401:
            more["WWW-Authenticate"] = "Bearer"
        error = rejection.__cause__
        named = {"index": error.index, "attribute": error.attribute} if isinstance(error, reading.BadEvent) else {}
        return problem(rejection.status, rejection.detail, more, **named)


def problem(status: int, detail: str, headers: Mapping[str, str] | None = None, **named: object) -> Response:
    """RFC 9457 problem details; `named` are further members."""
    content = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail, **named}
    written = json.dumps(content, ensure_ascii=False).encode("utf-8", "replace")
    return Response(written, status, dict(headers or {}), "application/problem+json")


def _reader(scope: Scope, content_type: str, arrived: datetime) -> Callable[[bytes], list[reading.Event]] | None:
    """What reads the body, by the mode of the message; None where it is no CloudEvent. Raises BadEvent."""
    kind, _, rest = content_type.lower().partition(";")
    kind = kind.strip()
    charset = rest.partition("charset=")[2].strip(' "')
    if kind == f"{reading.BATCH}+json" and charset in ("", "utf-8"):
        return lambda plain: reading.batched(plain, arrived)
    if kind == f"{reading.STRUCTURED}+json" and charset in ("", "utf-8"):
        return lambda plain: reading.structured(plain, arrived)
    if kind.startswith(reading.STRUCTURED):
        return None
    attributes = reading.ce_headers(scope["headers"])
    if not attributes:
        return None
    return lambda plain: reading.binary(attributes, content_type or None, plain, arrived)


async def _maybe_aside(plain: bytes, work: Callable[[bytes], T]) -> T:
    return await asyncio.to_thread(work, plain) if len(plain) >= OFF_LOOP_BYTES else work(plain)


def _wrong(error: reading.BadEvent, body: bytes) -> Rejection:
    return Rejection(400, "bad_event", str(error), body, len(body))


def _welcome(headers: Mapping[bytes, bytes]) -> dict[str, str]:
    """The handshake of CloudEvents' web hooks (http-webhook.md): whoever asks may send, as often as they like."""
    origin = headers.get(b"webhook-request-origin", b"").decode("latin-1")
    return {"WebHook-Allowed-Origin": origin, "WebHook-Allowed-Rate": "*"} if origin else {}
