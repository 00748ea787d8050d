"""The receiver's HTTP application: what all ways in by HTTP share. Each of them adds its own paths."""

from typing import Any, Final

from fastapi import FastAPI, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from collector.receiver.body import Bodies, headers_of
from collector.receiver.rejection import Rejection
from collector.receiver.telemetry import ReceiverMetrics
from collector.settings import CollectorSettings
from collector.wal import WalWriter

_TEXT: Final = "text/plain; charset=utf-8"


class ReceiverApp(FastAPI):
    """FastAPI, with a short way past its layers for the paths that take in most.

    `direct` has an ASGI application by path; it answers whatever comes to that path.
    """

    def __init__(self) -> None:
        super().__init__(
            title="Houtai receiver", redirect_slashes=False, openapi_url=None, docs_url=None, redoc_url=None
        )
        self.direct: dict[str, ASGIApp] = {}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        if scope["type"] == "http" and (application := self.direct.get(scope["path"])) is not None:
            await application(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def create_app(settings: CollectorSettings, wal: WalWriter, told: ReceiverMetrics) -> ReceiverApp:
    """The application with `/metrics` and `/healthz`; what it shares with its process comes in."""
    app = ReceiverApp()
    bodies = Bodies(settings)

    @app.get("/metrics")
    async def metrics(request: Request) -> Response:
        try:
            bodies.check_token(headers_of(request.scope))
        except Rejection as rejection:
            return Response(rejection.detail + "\n", 401, {"WWW-Authenticate": "Bearer"}, _TEXT)
        return Response(told.render(), 200, {"Content-Type": CONTENT_TYPE_LATEST})

    @app.get("/healthz")
    async def healthz() -> Response:
        if wal.failed.is_set():
            return Response("the write-ahead log has failed\n", 503, media_type=_TEXT)
        return Response("ok\n", 200, media_type=_TEXT)

    @app.exception_handler(HTTPException)
    async def elsewhere(request: Request, error: HTTPException) -> Response:
        return Response(_words(request, error.status_code, error.detail), error.status_code, error.headers, _TEXT)

    return app


def _words(request: Request, status: int, detail: str) -> str:
    if status == 404:
        return f"There is nothing at {request.url.path}. Telemetry goes to /v1/traces and /v1/logs (OTLP/HTTP, POST).\n"
    if status == 405:
        return f"{request.url.path} does not take {request.method}.\n"
    return f"{detail}\n"
