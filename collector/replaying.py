"""Dead letters given in once more: to the receiver that runs, or straight into the write-ahead log where none runs."""

import asyncio
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx

from collector.dead_letters import DeadLetters, Letter, read_letters, rewrite_letters
from collector.settings import CollectorSettings
from collector.vocabulary.errors import PermanentError

PATHS: Final = {"traces": "/v1/traces", "logs": "/v1/logs", "events": "/api/v1/events"}
_PROTOBUF: Final = "application/x-protobuf"
_BATCH: Final = 50
_TIMEOUT: Final = 60.0


@dataclass
class Replayed:
    """What became of letters: how many were taken and removed, refused again, or cannot be sent at all."""

    taken: int = 0
    refused: int = 0
    unsendable: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    """Why refused, with how many."""


def sendable(letter: Letter) -> bool:
    """Whether a letter holds a whole request of a kind that has a way in."""
    whole = bool(letter.body) and not letter.truncated
    # Our token must not open the door to what came from nobody we know.
    return whole and letter.told.get("signal") in PATHS and not letter.told.get("stranger")


def replay(data: Path, settings: CollectorSettings, ids: Iterable[str] | None = None) -> Replayed:
    """Send letters (of `ids`, or all) again; those that are taken in are removed, the others stay.

    Raises PermanentError where a receiver runs that does not want us, or ids are not known.
    """
    wanted = None if ids is None else frozenset(ids)
    chosen = [each for each in read_letters(data) if wanted is None or each.id in wanted]
    if wanted is not None and (missing := sorted(wanted - {each.id for each in chosen})):
        raise PermanentError(f"no dead letter is called {missing[0]}")
    done = Replayed(unsendable=sum(not sendable(each) for each in chosen))
    whole = [each for each in chosen if sendable(each)]
    if whole:
        asyncio.run(_send_all(data, settings, whole, done))
    return done


async def _send_all(data: Path, settings: CollectorSettings, letters: list[Letter], done: Replayed) -> None:
    address = _receiver(data)
    if address is not None:
        async with httpx.AsyncClient(base_url=address, timeout=_TIMEOUT) as client:
            await _send(data, settings, client, letters, done)
        return
    from collector.receiver.app import create_app
    from collector.receiver.telemetry import ReceiverMetrics
    from collector.sources import Intake
    from collector.sources.cloud_events import cloud_events
    from collector.sources.otlp_http import otlp_http
    from collector.wal import WalWriter

    # No receiver runs: the same checks as its own, in this process.
    wal = WalWriter(data / "wal", settings.wal_segment_bytes)
    try:
        told = ReceiverMetrics()
        app = create_app(settings, wal, told)
        box = DeadLetters(data, "receiver", told.registry)
        intake = Intake(settings, data, None, app, wal.append, box, told)
        for family in (otlp_http, cloud_events):
            for source in family(settings):
                source.open(intake)
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(base_url="http://replay", transport=transport, timeout=_TIMEOUT) as client:
            await _send(data, settings, client, letters, done)
    finally:
        await wal.close()


async def _send(
    data: Path, settings: CollectorSettings, client: httpx.AsyncClient, letters: list[Letter], done: Replayed
) -> None:
    begin = 0
    while begin < len(letters):
        gone: set[str] = set()
        refused: dict[str, str] = {}
        # Tidying reads all that is kept: the larger each batch, the fewer of them.
        end = begin + max(_BATCH, begin)
        for letter in letters[begin:end]:
            answer = await client.post(
                PATHS[str(letter.told["signal"])], content=letter.body, headers=_headers(letter, settings)
            )
            # A signature cannot be shown again, which is wrong with that letter alone.
            if answer.status_code == 401 and "bearer token" in answer.text:
                raise PermanentError("the receiver wants another token (collector.token)")
            if answer.is_success:
                done.taken += 1
                gone.add(letter.id)
            else:
                done.refused += 1
                reason = f"{answer.status_code}"
                done.reasons[reason] = done.reasons.get(reason, 0) + 1
                refused[letter.id] = _mark(letter)
        _tidy(data, gone, refused)
        begin = end


def _tidy(data: Path, gone: set[str], refused: dict[str, str]) -> None:
    """Remove what was taken in. What was refused again was kept anew by the receiver: of two the older one goes."""
    marks: dict[str, int] = {}
    for each in read_letters(data):
        marks[_mark(each)] = marks.get(_mark(each), 0) + 1
    doubled = {key for key, mark in refused.items() if marks.get(mark, 0) > 1}
    rewrite_letters(data, lambda letter, line: letter is None or letter.id not in gone | doubled)


def _mark(letter: Letter) -> str:
    return hashlib.sha256(str(letter.told.get("signal")).encode() + letter.body).hexdigest()


def _headers(letter: Letter, settings: CollectorSettings) -> dict[bytes, bytes]:
    kept = {"content-type": letter.told.get("content_type") or _PROTOBUF, **(letter.told.get("headers") or {})}
    headers = {
        name.encode("latin-1", "replace"): str(value).encode("latin-1", "replace") for name, value in kept.items()
    }
    if letter.body[:2] == b"\x1f\x8b":
        headers[b"content-encoding"] = b"gzip"
    if settings.token:
        headers[b"authorization"] = b"Bearer " + settings.token.encode()
    return headers


def _receiver(data: Path) -> str | None:
    """Where the receiver of `data` listens; None where none runs."""
    try:
        told = json.loads((data / "run" / "receiver.json").read_bytes())
        host, port = str(told["host"]), int(told["port"])
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
        address = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        return address if httpx.get(f"{address}/healthz", timeout=5).status_code in (200, 503) else None
    except (OSError, ValueError, KeyError, httpx.HTTPError):
        return None
