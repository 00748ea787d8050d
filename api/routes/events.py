"""`POST /api/v1/events` on this port: CloudEvents go on to the receiver, which alone writes the log."""

import ipaddress
import json
from pathlib import Path
from typing import Annotated, Final

import httpx
from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from api.problems import Problem, body

router = APIRouter(prefix="/api/v1", tags=["events"])
PATH: Final = "/api/v1/events"
RETRY_AFTER: Final = "5"
_NOT_PASSED: Final = frozenset(
    b"host connection keep-alive te trailer transfer-encoding upgrade content-length expect proxy-authorization"
    b" authorization cookie".split()
)
_PASSED_BACK: Final = ("content-type", "retry-after")


class Accepted(BaseModel):
    """How many events are safe on disk."""

    accepted: Annotated[int, Field(examples=[1])]


class Forward:
    """The way to the receiver that serves a data folder. `token` is the collector's own, where it asks for one."""

    def __init__(self, data: Path, token: str | None) -> None:
        self._file, self._token = data / "run" / "receiver.json", token

    async def send(self, request: Request) -> Response:
        """The receiver's answer; 503 where it is away."""
        try:
            said = json.loads(self._file.read_text())
            address = f"http://{_reachable(str(said['host']))}:{int(said['port'])}{PATH}"
        except (OSError, ValueError, KeyError):
            return _away("the receiver is not running; come back later")
        headers = [(name, value) for name, value in request.headers.raw if name.lower() not in _NOT_PASSED]
        if self._token is not None:
            headers.append((b"authorization", b"Bearer " + self._token.encode()))
        try:
            # As it comes: the receiver has the limits. No proxy of the environment: it is this machine.
            async with httpx.AsyncClient(timeout=60, trust_env=False) as client:
                answer = await client.post(address, content=request.stream(), headers=headers)
        except ClientDisconnect:
            return Response(status_code=400)
        except httpx.HTTPError as error:
            return _away(f"the receiver cannot be reached ({type(error).__name__}); come back later")
        back = {name: answer.headers[name] for name in _PASSED_BACK if name in answer.headers}
        return Response(answer.content, answer.status_code, back)


_EVENT: Final = {
    "type": "object",
    "required": ["specversion", "id", "source", "type"],
    "properties": {
        "specversion": {"type": "string", "const": "1.0"},
        "id": {"type": "string", "description": "with `source` it tells an event from all others"},
        "source": {"type": "string"},
        "type": {"type": "string"},
        "time": {"type": "string", "format": "date-time", "description": "default: when it arrives"},
        "subject": {"type": "string"},
        "datacontenttype": {"type": "string"},
        "data": {},
        "data_base64": {"type": "string", "format": "byte"},
    },
}
_PROBLEM: Final = {"model": Problem, "content": {"application/problem+json": {}}}


@router.post(
    "/events",
    status_code=202,
    response_model=Accepted,
    responses=dict.fromkeys((400, 413, 415, 503), _PROBLEM),
    openapi_extra={
        "requestBody": {
            "required": True,
            "description": "CloudEvents 1.0; in binary mode the attributes are in headers ce-*, the body is the data",
            "content": {
                "application/cloudevents+json": {"schema": _EVENT},
                "application/cloudevents-batch+json": {"schema": {"type": "array", "items": _EVENT}},
            },
        }
    },
)
async def take_events(request: Request) -> Response:
    """Take in CloudEvents, all of a request or none; the answer comes when they are safe on disk."""
    forward: Forward | None = request.app.state.forward
    return _away("there is no receiver behind this service") if forward is None else await forward.send(request)


def _reachable(host: str) -> str:
    """Where to reach what listens at `host`."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host  # a name
    if address.is_unspecified:
        host = "::1" if address.version == 6 else "127.0.0.1"
    return f"[{host}]" if address.version == 6 else host


def _away(detail: str) -> Response:
    return Response(body(503, detail), 503, {"Retry-After": RETRY_AFTER}, "application/problem+json")
