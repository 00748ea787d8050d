"""Errors as RFC 9457 problem details, or as a page where a browser asked for one."""

import json
import traceback
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Annotated, Final

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response

from collector.vocabulary.errors import PermanentError

log = structlog.get_logger()
HEADERS: Final = {
    "content-security-policy": "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "x-frame-options": "DENY",
}
Render = Callable[[Request, int, str], Response]


class Problem(BaseModel):
    """What went wrong (RFC 9457)."""

    type: str = "about:blank"
    title: Annotated[str, Field(examples=["Not Found"])]
    status: Annotated[int, Field(examples=[404])]
    detail: Annotated[str, Field(examples=["process 'orders': not known"])]


def body(status: int, detail: str) -> bytes:
    """A problem document."""
    title = HTTPStatus(status).phrase
    return json.dumps(
        {"type": "about:blank", "title": title, "status": status, "detail": detail}, ensure_ascii=False
    ).encode()


def wants_page(path: str, accept: str) -> bool:
    """Whether an error should be a page: a browser asked, and not for the API."""
    return not path.startswith("/api/") and "text/html" in accept


def _told(type: str, loc: Sequence[str | int], msg: str, **more: object) -> str:  # noqa: A002
    """One thing pydantic found wrong: where, and what."""
    if type == "json_invalid":
        return f"body: not JSON, at character {loc[-1]}"
    return f"{'.'.join(str(part) for part in loc[1:]) or 'body'}: {msg.removeprefix('Value error, ')}"


def install(app: FastAPI, render: Render) -> None:
    """Every error of `app` becomes a problem document, or what `render` (request, status, detail) makes of it."""

    def answer(request: Request, status: int, detail: str, headers: dict[str, str] | None = None) -> Response:
        if wants_page(request.url.path, request.headers.get("accept", "")):
            response = render(request, status, detail)
        else:
            response = Response(body(status, detail), status, media_type="application/problem+json")
        # An error that nobody caught is answered outside the guard, which adds these to all other answers.
        response.headers.update({**HEADERS, **(headers or {})})
        return response

    async def http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return answer(request, error.status_code, str(error.detail), dict(error.headers or {}))

    async def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return answer(request, 422, "; ".join(_told(**e) for e in error.errors()))

    async def permanent(request: Request, error: Exception) -> Response:
        return answer(request, 422, str(error))

    async def unexpected(request: Request, error: Exception) -> Response:
        # As text: a renderer that shows local variables would print whole arenas.
        told = "".join(traceback.format_exception(error))
        log.error("api.failed", path=request.url.path, error=told)
        return answer(request, 500, "something went wrong here; the log of the service says what")

    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(PermanentError, permanent)
    app.add_exception_handler(Exception, unexpected)
