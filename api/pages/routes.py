"""The addresses of the pages."""

from datetime import datetime
from functools import partial
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Query, Request
from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from api.auth import COOKIE, find, identity, session
from api.cases import case, key
from api.choice import listed_cases
from api.pages import figures, runbooks
from api.pages.forms import form_of
from api.pages.marks import marking
from api.pages.render import STATIC, TYPES, VERSION, Pages
from api.pages.views import chips, choices, form, headline
from api.paging import page
from api.reference import reference_document
from api.routes.asked import Asked, Cursor, Knows, Lang
from mining.filters import Filters, variant_id
from mining.map import svg
from mining.report import Finding

router = APIRouter()
CASES_A_PAGE = 50


def _pages(request: Request) -> Pages:
    found = request.app.state.pages
    assert isinstance(found, Pages)
    return found


@router.get("/")
def overview(request: Request, knows: Knows, lang: Lang) -> Response:
    """All processes."""
    rows: list[dict[str, Any]] = []
    everything: list[Finding] = []
    for name in knows.knowledge.processes():
        snapshot = knows.snapshot(name)
        report = knows.report(snapshot, Filters(), lang)
        chosen = knows.choosable(snapshot)
        make = partial(figures.trend, chosen, None, snapshot.config.end_activities)
        trend = knows.derived(snapshot, ("trend", Filters()), make)
        everything += report.findings
        rows.append(
            {
                "name": name,
                "title": knows.title(name, lang),
                "report": report,
                "trend": trend,
                "top": report.findings[:3],
                "headline": headline(report, knows.title(name, lang), lang),
                "hours": report.cases.waiting_s.total / 3600 / figures.weeks(chosen, None),
            }
        )
    return _pages(request).page(
        request, "overview.html", rows=rows, everything=everything, changes=knows.changes.latest(5)
    )


@router.get("/processes/{process}")
def one_process(
    request: Request,
    process: str,
    knows: Knows,
    lang: Lang,
    asked: Asked,
    activities: Annotated[int, Query(ge=1, le=200)] = 25,
    paths: Annotated[float, Query(ge=0, le=1)] = 0.8,
    mark_from: Annotated[str | None, Query(max_length=1000)] = None,
    mark_to: Annotated[str | None, Query(max_length=1000)] = None,
) -> Response:
    """One process: how it runs, where it waits, what was found. `mark_from` and `mark_to` choose a branch to mark."""
    snapshot = knows.snapshot(process)
    filters = asked.filters(snapshot.config)
    report = knows.report(snapshot, filters, lang)
    chosen, keep = knows.choosable(snapshot), knows.flags(snapshot, filters)
    weeks = figures.weeks(chosen, keep)
    placed = knows.layout(snapshot, filters, activities, paths)
    query = asked.query()
    drawing = {k: str(v) for k, v, usual in (("activities", activities, 25), ("paths", paths, 0.8)) if v != usual}

    def link(**more: str | list[str] | None) -> str:
        return "?" + urlencode({k: v for k, v in {**query, **drawing, **more}.items() if v is not None}, doseq=True)

    judging = marking(knows, snapshot, mark_from, mark_to)
    known = {(row.source, row.target) for row in judging.rows}

    def branch_link(source: str | None, target: str | None) -> str | None:
        # What the map draws to the end for a case that is not over is no branch yet.
        if (source, target) not in known:
            return None
        return link(mark_from=source or "", mark_to=target or "") + "#marks"

    drawn = svg(
        report,
        lang,
        placed=placed,
        link=lambda a: link(activity=a),
        standalone=False,
        marks={(row.source, row.target): row.mark for row in judging.rows if row.mark is not None},
        branch_link=branch_link,
    )
    hours = report.cases.waiting_s.total / 3600 / weeks
    return _pages(request).page(
        request,
        "process.html",
        zone=snapshot.config.zone,
        process=process,
        title=knows.title(process, lang),
        report=report,
        headline=headline(report, knows.title(process, lang), lang),
        trend=knows.derived(
            snapshot, ("trend", filters), lambda: figures.trend(chosen, keep, snapshot.config.end_activities)
        ),
        hours=hours,
        waiting_price=figures.waiting_price(snapshot, hours),
        weeks=weeks,
        snapshot=snapshot,
        map=Markup(drawn),
        marking=judging,
        marks_address=_with(f"/processes/{quote(process, safe='')}/marks", {**query, **drawing}),
        may_change=identity(request).may("operator"),
        placed=placed,
        reference=reference_document(snapshot),
        reference_link=f"/api/v1/processes/{process}/reference?format=bpmn",
        activities=activities,
        paths=paths,
        bottlenecks=figures.bottlenecks(report),
        variants=[(variant_id(v.path), v) for v in report.variants[:10]],
        chips=chips(query, snapshot, link, lang),
        choices=choices(snapshot),
        form=form(query, lang),
        query=query,
        drawing=drawing,
        link=link,
        cases_link=_with(f"/processes/{process}/cases", query),
        contrast_link=_with(f"/processes/{quote(process, safe='')}/contrast", query),
        model_link=_with(f"/api/v1/processes/{process}/model", {**query, "format": "bpmn"}),
    )


@router.get("/processes/{process}/cases")
def all_cases(
    request: Request,
    process: str,
    knows: Knows,
    lang: Lang,
    asked: Asked,
    open_only: Annotated[bool, Query(alias="open")] = False,
    cursor: Cursor = None,
) -> Response:
    """The cases that pass the filters, newest first."""
    snapshot = knows.snapshot(process)
    rows = listed_cases(knows, snapshot, asked.filters(snapshot.config), open_only)
    part, after = page(rows, key, CASES_A_PAGE, cursor)
    query = asked.query()
    drawing = {"open": "true"} if open_only else {}

    def link(**more: str | list[str] | None) -> str:
        return "?" + urlencode({k: v for k, v in {**query, **drawing, **more}.items() if v is not None}, doseq=True)

    return _pages(request).page(
        request,
        "cases.html",
        zone=snapshot.config.zone,
        process=process,
        title=knows.title(process, lang),
        rows=part,
        total=len(rows),
        after=after,
        first=cursor is None,
        chips=chips(query, snapshot, link, lang),
        open_only=open_only,
        ends_known=bool(snapshot.config.end_activities),
        link=link,
    )


@router.get("/processes/{process}/roles")
def roles(request: Request, process: str, knows: Knows, lang: Lang, asked: Asked) -> Response:
    """What each role did; who, for managers."""
    snapshot = knows.snapshot(process)
    filters = asked.filters(snapshot.config)
    report = knows.report(snapshot, filters, lang)
    query = asked.query()
    may_see = identity(request).may("manager")

    def link(**more: str | list[str] | None) -> str:
        return "?" + urlencode({k: v for k, v in {**query, **more}.items() if v is not None}, doseq=True)

    return _pages(request).page(
        request,
        "roles.html",
        zone=snapshot.config.zone,
        process=process,
        title=knows.title(process, lang),
        report=report,
        findings=[f for f in report.findings if f.kind == "role"],
        actors=knows.derived(snapshot, ("actors", filters), lambda: figures.actors(knows.arena(snapshot, filters)))
        if may_see
        else None,
        chips=chips(query, snapshot, link, lang),
    )


@router.get("/processes/{process}/cases/{case_id:path}")
def one_case(request: Request, process: str, case_id: str, knows: Knows, lang: Lang) -> Response:
    """One case: what happened, where it stands, what comes next."""
    snapshot = knows.snapshot(process)
    found = case(snapshot, case_id)
    if found is None:
        raise HTTPException(404, f"case {case_id!r}: not known in process {process!r}")
    known = {f.id: f for f in knows.report(snapshot, Filters(), lang).findings}
    return _pages(request).page(
        request,
        "case.html",
        zone=snapshot.config.zone,
        process=process,
        title=knows.title(process, lang),
        case=found,
        since_s=_since(found.since, snapshot.now),
        currency=snapshot.config.currency,
        findings=[known[i] for i in found.findings if i in known],
    )


def _since(iso: str, now: int) -> float:
    return max(0.0, now / 1e6 - datetime.fromisoformat(iso).timestamp())


@router.get("/runbooks/{name}")
def runbook(request: Request, name: str, lang: Lang) -> Response:
    """What to do when an alert comes."""
    found = runbooks.runbook(name, lang)
    if found is None:
        raise HTTPException(404, f"runbook {name!r}: there is none of that name")
    return _pages(request).page(request, "runbook.html", name=name, body=found, names=runbooks.names())


@router.get("/login")
def login(request: Request, next: str = "/") -> Response:  # noqa: A002
    """Where a token is entered."""
    return _pages(request).page(request, "login.html", next=_local(next), wrong=False)


@router.post("/login")
async def log_in(request: Request) -> Response:
    """Keep a session for the token."""
    form = await form_of(request)
    token = find(request.app.state.settings.tokens, form.get("token", "").strip(), None)
    target = _local(form.get("next", "/"))
    if token is None:
        return _pages(request).page(request, "login.html", 403, next=target, wrong=True)
    response = RedirectResponse(target, 303)
    secure = request.url.scheme == "https"
    response.set_cookie(COOKIE, session(token), httponly=True, samesite="strict", secure=secure)
    return response


@router.post("/logout")
def log_out() -> Response:
    """Forget the session."""
    response = RedirectResponse("/login", 303)
    response.delete_cookie(COOKIE)
    return response


@router.get("/static/{name}")
def static(request: Request, name: str) -> Response:
    """Stylesheets and modules; an address with the present version may be kept for good."""
    if name not in STATIC:
        raise HTTPException(404, "no such file")
    fresh = request.query_params.get("v") == VERSION
    kept = "public, max-age=31536000, immutable" if fresh else "no-cache"
    return Response(STATIC[name], media_type=TYPES[name.rsplit(".", 1)[-1]], headers={"cache-control": kept})


@router.get("/favicon.ico")
def favicon() -> Response:
    """Browsers ask for it whatever the page says."""
    return Response(STATIC["icon.svg"], media_type=TYPES["svg"])


def _local(target: str) -> str:
    """An address here, never elsewhere."""
    safe = target.startswith("/") and not target.startswith("//") and "\\" not in target
    return target if safe and target.isprintable() else "/"


def _with(path: str, query: dict[str, str | list[str]]) -> str:
    return f"{path}?{urlencode(query, doseq=True)}" if query else path
