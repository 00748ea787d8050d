"""The page of a finding, and its form."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from api.auth import identity
from api.bottlenecks.context import Context
from api.bottlenecks.html import redesign_part
from api.bottlenecks.redesigning import redesign as told_redesign
from api.cases import case
from api.pages.forms import day_of, form_of
from api.pages.render import Pages
from api.routes.asked import Knows, Lang
from collector.vocabulary.errors import PermanentError
from mining.live.register import STATUSES

router = APIRouter()


@router.get("/findings/{finding_id}")
def finding(request: Request, finding_id: str, knows: Knows, lang: Lang) -> Response:
    """One finding: what, why, for whom, which cases, what to try."""
    return _finding_page(request, finding_id, knows, lang)


def _finding_page(
    request: Request, finding_id: str, knows: Knows, lang: Lang, status: int = 200, **more: Any
) -> Response:
    kept = knows.redesign(finding_id)
    stopped = knows.stoppages.of_finding(finding_id)
    found = knows.known_finding(finding_id, lang) if kept or stopped else knows.finding(finding_id, lang)
    if found is None and kept is None:
        # A stoppage that is over: its list is still there.
        return RedirectResponse(f"{request.url.path}/stoppage", 303)
    snapshot = knows.snapshot(found.process if found is not None else kept[0].process if kept is not None else "")
    standing = kept[1] if kept is not None else None
    redesign = None
    if standing is not None:
        redesign = redesign_part(told_redesign(standing, Context(lang, snapshot.config.zone)), lang)
    done = standing.done.astimezone(snapshot.config.zone).date().isoformat() if standing and standing.done else ""
    shared: dict[str, Any] = {
        "zone": snapshot.config.zone,
        "title": knows.title(snapshot.config.process, lang),
        "redesign": redesign,
        "redesign_done": done,
        "operations": knows.operations.of(finding_id),
        "may_change": identity(request).may("operator"),
        "refused": None,
        **more,
    }
    pages: Pages = request.app.state.pages
    if found is None:
        assert standing is not None
        name = standing.titles.get(lang, finding_id)
        return pages.page(request, "gone.html", status, process=snapshot.config.process, name=name, **shared)
    rows = [case(snapshot, case_id) for case_id in found.evidence.cases]
    return pages.page(
        request,
        "finding.html",
        status,
        finding=found,
        examples=[row for row in rows if row is not None],
        currency=snapshot.config.currency,
        statuses=STATUSES,
        stopped=bool(stopped),
        **shared,
    )


@router.post("/findings/{finding_id}")
async def change_finding(request: Request, finding_id: str, knows: Knows, lang: Lang) -> Response:
    """The form of a finding's page."""
    form = await form_of(request)
    who = identity(request).name
    try:
        done = form.get("done_at", "").strip()
        if form.get("status") is None and done:
            await run_in_threadpool(knows.redesign_done, who, finding_id, day_of(done))
            return RedirectResponse(request.url.path, 303)
        await run_in_threadpool(
            knows.change_finding,
            who,
            finding_id,
            form.get("status"),
            form.get("owner", "").strip()[:200],
            day_of(done) if done else None,
        )
    except PermanentError as error:
        return await run_in_threadpool(_finding_page, request, finding_id, knows, lang, 422, refused=str(error))
    return RedirectResponse(request.url.path, 303)
