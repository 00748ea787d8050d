"""Reading the bodies of requests within bounds: for every way in by HTTP."""

import asyncio
import hmac
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from starlette.requests import ClientDisconnect

from collector.gzip_body import BadGzip, TooLong, gunzip
from collector.receiver.rejection import Rejection
from collector.settings import CollectorSettings
from collector.wal import Encoding

MAX_READING_BYTES: Final = 256 * 1024 * 1024
"""Sum of announced bodies that are being read at once; beyond it senders are asked to come back later."""
DRAIN_FACTOR: Final = 8
"""A body over the limit is still read (a client that is cut off while sending sees a broken pipe, not our answer), up
to this many times the limit."""
IDLE_SECONDS: Final = 60.0
"""A sender that is silent for so long in the middle of a body is told to come again: others need the room."""
OFF_LOOP_BYTES: Final = 256 * 1024
"""Bodies from this size on are unpacked and parsed in a thread, so that small ones need not wait for them."""

_ENCODINGS: Final = {"": Encoding.IDENTITY, "identity": Encoding.IDENTITY, "gzip": Encoding.GZIP}

Scope = Mapping[str, Any]
"""ASGI's scope of a request."""
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
"""ASGI's way to the request's body; FastAPI has it as `request.receive`."""


class Bodies:
    """Reads bodies, and knows how much is being read at once. One for the whole process."""

    def __init__(self, settings: CollectorSettings) -> None:
        self._limit = settings.max_body_bytes
        self._token = None if settings.token is None else settings.token.encode()
        self._reading = 0

    async def read(self, scope: Scope, receive: Receive, *, token: bool = True) -> bytes:
        """The body as it comes over the wire; `token`: whether the collector's token must be shown, where one is set.

        Raises Rejection 401, 413 (its beginning with it) or 503, each only after the sender could send to its end, or
        was silent for too long; and ClientDisconnect.
        """
        headers = headers_of(scope)
        announced = _content_length(headers)
        # Who does not say how much will come may send as much as is allowed.
        counted = self._limit if announced is None else min(announced, self._limit)
        if token:
            try:
                self.check_token(headers)
            except Rejection:
                # Not counted: it takes no room, and strangers must not be able to keep others out.
                await self._drain(receive)
                raise
        self._reading += counted
        try:
            if self._reading > MAX_READING_BYTES and self._reading > counted:
                await self._drain(receive)
                raise Rejection(503, "overload", "too many requests at once; come back later")
            return await self._whole(receive)
        finally:
            self._reading -= counted

    def check_token(self, headers: Mapping[bytes, bytes]) -> None:
        """Rejection 401 where a token is needed and not shown."""
        if self._token is None:
            return
        scheme, _, shown = headers.get(b"authorization", b"").partition(b" ")
        if scheme.lower() != b"bearer" or not hmac.compare_digest(shown.strip(), self._token):
            raise Rejection(401, "no_token", "a valid bearer token is needed")

    async def unpack(self, body: bytes, content_encoding: str) -> tuple[Encoding, bytes]:
        """How the body is encoded, and what is in it. Raises Rejection 400, 413 or 415 with the body."""
        encoding = _ENCODINGS.get(content_encoding.strip().lower())
        if encoding is None:
            raise Rejection(415, "content_encoding", "content encodings are gzip and identity", body, len(body))
        if encoding is Encoding.IDENTITY:
            return encoding, body
        try:
            if len(body) >= OFF_LOOP_BYTES:
                return encoding, await asyncio.to_thread(gunzip, body, self._limit)
            return encoding, gunzip(body, self._limit)
        except TooLong as error:
            raise Rejection(413, "too_large", str(error), body, len(body)) from error
        except BadGzip as error:
            raise Rejection(400, "bad_gzip", str(error), body, len(body)) from error

    async def _whole(self, receive: Receive) -> bytes:
        kept: list[bytes] = []
        total = 0
        more = True
        while more and total <= DRAIN_FACTOR * self._limit:
            chunk, more = await _next_chunk(receive)
            total += len(chunk)
            if total <= self._limit:
                kept.append(chunk)
        if total > self._limit:
            begin = b"".join(kept)
            raise Rejection(413, "too_large", f"the body is longer than {self._limit} bytes", begin, total)
        return kept[0] if len(kept) == 1 else b"".join(kept)

    async def _drain(self, receive: Receive) -> None:
        """Read the body and forget it."""
        total = 0
        more = True
        while more and total <= DRAIN_FACTOR * self._limit:
            chunk, more = await _next_chunk(receive)
            total += len(chunk)


def headers_of(scope: Scope) -> dict[bytes, bytes]:
    """The request's headers by lower-case name; of several of one name the last."""
    return dict(scope["headers"])


async def _next_chunk(receive: Receive) -> tuple[bytes, bool]:
    try:
        async with asyncio.timeout(IDLE_SECONDS):
            message = await receive()
    except TimeoutError as error:
        raise Rejection(503, "idle", f"nothing came for {IDLE_SECONDS:g} seconds; send it again") from error
    if message["type"] == "http.disconnect":
        raise ClientDisconnect
    return message.get("body", b""), message.get("more_body", False)


def _content_length(headers: Mapping[bytes, bytes]) -> int | None:
    said = headers.get(b"content-length", b"")
    return int(said) if said.isdigit() and len(said) < 16 else None
