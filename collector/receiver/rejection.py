"""Why a request is refused, and how OTLP wants to be told: a `google.rpc.Status` in the body."""

from dataclasses import dataclass
from typing import Final

from fastapi import Response
from google.protobuf import json_format
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]

PROTOBUF: Final = "application/x-protobuf"
JSON: Final = "application/json"

# google.rpc.Code, by HTTP status
_CODES: Final = {400: 3, 401: 16, 404: 5, 405: 12, 413: 3, 415: 3, 429: 8, 500: 13, 503: 14}
RETRY_AFTER: Final = {429: "5", 503: "5"}


@dataclass(eq=False)
class Rejection(Exception):
    """The request is answered with `status`; `reason` is its name in metrics and dead letters."""

    status: int
    reason: str
    detail: str
    body: bytes = b""
    length: int = 0

    @property
    def kept(self) -> bool:
        """Whether the sender will not send it again, so that we keep it as a dead letter."""
        return self.status not in RETRY_AFTER


def answer(rejection: Rejection, content_type: str) -> Response:
    """The HTTP response; JSON where the request was JSON, protobuf otherwise."""
    status = Status(code=_CODES.get(rejection.status, 2), message=rejection.detail)
    headers = {}
    if rejection.status in RETRY_AFTER:
        headers["Retry-After"] = RETRY_AFTER[rejection.status]
    if rejection.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if content_type == JSON:
        return Response(json_format.MessageToJson(status, indent=None), rejection.status, headers, JSON)
    return Response(status.SerializeToString(), rejection.status, headers, PROTOBUF)
