"""The web application: API, pages, metrics and probes over what the miner knows."""

from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, Response

from api.api_settings import ApiSettings
from api.auth import Guard
from api.changes import Changes
from api.knowing import Knowing
from api.operations import Operations
from api.pages import bottlenecks
from api.pages import channels as channel_pages
from api.pages import contrast as contrast_pages
from api.pages import findings as finding_pages
from api.pages import marks as mark_pages
from api.pages import routes as pages
from api.pages import rules as rule_pages
from api.pages import stoppages as stoppage_pages
from api.pages.render import Pages
from api.problems import Problem, install
from api.routes import (
    channels,
    contrast,
    events,
    findings,
    marks,
    models,
    processes,
    records,
    rules,
    statistics,
    stoppages,
)
from mining.discovery.miner import Discoverer
from mining.live.knowledge import Knowledge
from mining.live.register import Register

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def create_app(
    knowledge: Knowledge,
    register: Register,
    operations: Operations,
    settings: ApiSettings,
    changes: Changes | None = None,
    metrics: Callable[[], bytes] | None = None,
    ready: Callable[[], bool] = lambda: True,
    titles: Mapping[str, Mapping[str, str]] | None = None,
    forward: events.Forward | None = None,
) -> FastAPI:
    """The app, to be served by any ASGI server.

    `changes` default to a table beside the operations; `titles` are what people call a process, by language;
    `forward` is the way to the receiver for events that come to this port.
    Raises PermanentError where the host can be reached from outside and no token is configured.
    """
    errors: dict[int | str, dict[str, Any]] = {
        status: {"model": Problem, "content": {"application/problem+json": {}}} for status in (401, 403, 404, 422)
    }
    app = FastAPI(
        title="Houtai",
        version=_version(),
        description="What Houtai knows of your processes. Lists come in parts: pass `next` as `cursor`.",
        docs_url=None,
        redoc_url=None,
        responses=errors,
    )
    app.state.knowing = Knowing(knowledge, register, operations, changes or Changes(operations.url), titles or {})
    app.state.settings = settings
    app.state.forward = forward
    app.state.pages = Pages()
    app.state.discoverer = Discoverer()
    install(app, app.state.pages.error)

    scraping: CapacityLimiter | None = None

    @app.get("/healthz", include_in_schema=False)
    async def healthz() -> Response:  # on the loop itself: it needs no thread that others may have taken
        """Alive."""
        return PlainTextResponse("ok\n")

    @app.get("/readyz", include_in_schema=False)
    async def readyz() -> Response:
        """Able to serve."""
        if not ready():
            raise HTTPException(503, "the first round of the miner has not ended yet")
        return PlainTextResponse("ready\n")

    @app.get("/metrics", include_in_schema=False)
    async def metric_page() -> Response:
        """What Prometheus reads."""
        nonlocal scraping
        if metrics is None:
            return Response(b"", media_type=METRICS_TYPE)
        scraping = scraping or CapacityLimiter(1)  # threads of its own, whatever the others wait for
        return Response(await run_sync(metrics, limiter=scraping), media_type=METRICS_TYPE)

    app.include_router(processes.router)
    app.include_router(bottlenecks.router)
    app.include_router(models.router)
    app.include_router(marks.router)
    app.include_router(statistics.router)
    app.include_router(rules.router)
    app.include_router(contrast.router)
    app.include_router(channels.router)
    app.include_router(findings.router)
    app.include_router(stoppages.router)
    app.include_router(records.router)
    app.include_router(events.router)
    app.include_router(pages.router, include_in_schema=False)
    app.include_router(rule_pages.router, include_in_schema=False)
    app.include_router(contrast_pages.router, include_in_schema=False)
    app.include_router(channel_pages.router, include_in_schema=False)
    app.include_router(stoppage_pages.router, include_in_schema=False)
    app.include_router(mark_pages.router, include_in_schema=False)
    app.include_router(finding_pages.router, include_in_schema=False)
    app.add_middleware(Guard, settings=settings)
    Guard(app, settings)  # refuses settings that would leave the service open, now and not at the first request
    return app


def _version() -> str:
    try:
        return version("houtai")
    except PackageNotFoundError:
        return "0"
