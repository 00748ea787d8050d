"""`/api/v1/processes`: the list, the report and everything read off it."""

from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter, Query, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from api.buckets import Bucket
from api.cases import Case, CaseRow, case, key
from api.choice import chosen, listed_cases
from api.paging import Page, page
from api.routes.answers import listed, may_see_actors
from api.routes.asked import LIMIT, Asked, Cursor, Empty, FilterQuery, Knows, Lang, Limit
from api.routes.documents import CatalogRow, ProcessRow, ReportDocument, SpectrumBucket, SpectrumRow, VariantRow
from api.spectrum import catalog, spectrum, spectrum_buckets
from collector.vocabulary.languages import Language
from mining.figures import By
from mining.filters import variant_id
from mining.map import Layout, svg
from mining.map.bpmn import bpmn
from mining.map.nodegraph import nodegraph
from mining.report import Finding, Handover, Report, RoleFigures
from mining.reporting import document

router = APIRouter(prefix="/api/v1/processes", tags=["processes"])
ByQuery = Annotated[By, Query(description="handovers between roles or between actors (role manager)")]


@router.get("")
def processes(knows: Knows, lang: Lang, limit: Limit = LIMIT, cursor: Cursor = None) -> Page[ProcessRow]:
    """The processes that are watched."""
    rows = []
    for process in knows.knowledge.processes():
        report = knows.snapshot(process).reports[lang]
        log = report.log
        rows.append(
            ProcessRow(process, knows.title(process, lang), log.cases, log.open_cases, log.events, len(report.findings))
        )
    part, after = page(rows, lambda row: (row.process,), limit, cursor)
    return Page(items=list(part), next=after)


def found(knows: Knows, process: str, asked: FilterQuery, lang: Language, by: By = "role") -> Report:
    """The report that is asked for."""
    snapshot = knows.snapshot(process)
    return knows.report(snapshot, asked.filters(snapshot.config), lang, by)


def tables(knows: Knows, process: str, asked: FilterQuery, lang: Language, by: By = "role") -> Report:
    """The same without variants and findings, which take longer."""
    snapshot = knows.snapshot(process)
    return knows.tables(snapshot, asked.filters(snapshot.config), lang, by)


@router.get("/{process}/report", response_model=ReportDocument)
def report(request: Request, process: str, knows: Knows, asked: Asked, lang: Lang, by: ByQuery = "role") -> Response:
    """The report document (docs/contract.md, section 2) of the cases that pass the filters."""
    may_see_actors(request, by)
    body = msgspec.json.encode(document(found(knows, process, asked, lang, by)))
    return Response(body, media_type="application/json")


@router.get("/{process}/map", response_model=Layout)
def process_map(
    process: str,
    knows: Knows,
    asked: Asked,
    lang: Lang,
    format: Annotated[Literal["json", "nodegraph", "svg", "bpmn"], Query()] = "json",  # noqa: A002
    activities: Annotated[int, Query(ge=1, le=200, description="activities drawn at most")] = 25,
    paths: Annotated[float, Query(ge=0, le=1, description="share of cases whose path is drawn")] = 0.8,
) -> Response:
    """The process map: where everything stands, Grafana's node graph, a drawing, or BPMN 2.0."""
    snapshot = knows.snapshot(process)
    filters = asked.filters(snapshot.config)
    whole = knows.tables(snapshot, filters, lang)
    placed = knows.layout(snapshot, filters, activities, paths)
    match format:
        case "svg":
            return Response(svg(whole, lang, placed=placed), media_type="image/svg+xml")
        case "bpmn":
            return Response(bpmn(whole, placed), media_type="application/xml")
        case "nodegraph":
            return Response(msgspec.json.encode(nodegraph(whole, placed, lang)), media_type="application/json")
        case "json":
            return Response(msgspec.json.encode(placed), media_type="application/json")


@router.get("/{process}/findings", response_model=Page[Finding])
def findings(
    process: str, knows: Knows, asked: Asked, lang: Lang, limit: Limit = LIMIT, cursor: Cursor = None
) -> Response:
    """Findings, largest impact first."""
    rows = list(enumerate(found(knows, process, asked, lang).findings))
    part, after = page(rows, lambda row: (row[0],), limit, cursor)
    return listed([finding for _, finding in part], after)


@router.get("/{process}/variants")
def variants(
    process: str, knows: Knows, asked: Asked, lang: Lang, limit: Limit = LIMIT, cursor: Cursor = None
) -> Page[VariantRow]:
    """Variants, most cases first."""
    snapshot = knows.snapshot(process)
    rows = knows.variants(snapshot, asked.filters(snapshot.config))
    part, after = page(rows, lambda v: (-v.cases, *v.path), limit, cursor)
    items = [VariantRow(variant_id(v.path), list(v.path), v.cases, v.share, v.duration_s, v.deviating) for v in part]
    return Page(items=items, next=after)


@router.get("/{process}/cases")
def cases(
    process: str,
    knows: Knows,
    asked: Asked,
    open_only: Annotated[bool, Query(alias="open", description="only cases that have not ended")] = False,
    limit: Limit = LIMIT,
    cursor: Cursor = None,
) -> Page[CaseRow]:
    """Cases, newest first."""
    snapshot = knows.snapshot(process)
    rows = listed_cases(knows, snapshot, asked.filters(snapshot.config), open_only)
    part, after = page(rows, key, limit, cursor)
    return Page(items=list(part), next=after)


@router.get("/{process}/cases/{case_id:path}")
def one_case(process: str, case_id: str, knows: Knows) -> Case:
    """One case: its events and objects, where it stands, its deadlines, what comes next."""
    found_case = case(knows.snapshot(process), case_id)
    if found_case is None:
        raise HTTPException(404, f"case {case_id!r}: not known in process {process!r}")
    return found_case


@router.get("/{process}/roles", response_model=Page[RoleFigures])
def roles(
    process: str, knows: Knows, asked: Asked, lang: Lang, limit: Limit = LIMIT, cursor: Cursor = None
) -> Response:
    """What each role did, most events first."""
    rows = tables(knows, process, asked, lang).roles
    part, after = page(rows, lambda r: (-r.events, r.role), limit, cursor)
    return listed(part, after)


@router.get("/{process}/handovers", response_model=Page[Handover])
def handovers(
    request: Request,
    process: str,
    knows: Knows,
    asked: Asked,
    lang: Lang,
    by: ByQuery = "role",
    limit: Limit = LIMIT,
    cursor: Cursor = None,
) -> Response:
    """Direct successions with differing roles (or actors), most frequent first."""
    may_see_actors(request, by)
    rows = tables(knows, process, asked, lang, by).handovers
    part, after = page(rows, lambda h: (-h.count, h.source, h.target), limit, cursor)
    return listed(part, after)


@router.get("/{process}/performance-spectrum", response_model=Page[SpectrumRow] | Page[SpectrumBucket])
def performance_spectrum(
    process: str,
    knows: Knows,
    asked: Asked,
    lang: Lang,
    source: Annotated[str | None, Query(description="default: where waiting is longest in all")] = None,
    target: Annotated[str | None, Query()] = None,
    bucket: Annotated[
        Bucket | None,
        Empty,
        Query(description="adds up: a row an edge (all, unless named) and bucket, counts by quartile of the wait"),
    ] = None,
    limit: Limit = LIMIT,
    cursor: Cursor = None,
) -> Response:
    """When each case passed from one activity to the next, in order of time; or how many did, fast or slowly."""
    snapshot = knows.snapshot(process)
    filters = asked.filters(snapshot.config)
    source, target = source or None, target or None
    arena, part = snapshot.arena, chosen(knows, snapshot, filters)
    if bucket is not None:
        buckets = knows.derived(
            snapshot,
            ("spectrum", filters, source, target, bucket),
            lambda: spectrum_buckets(part, arena.activities, source, target, filters, bucket, snapshot.config),
        )
        return listed(*page(buckets, lambda row: (row.source, row.target, row.begin), limit, cursor))
    if source is None and target is None:
        transitions = knows.tables(snapshot, filters, lang).transitions
        worst = max(transitions, key=lambda t: t.waiting_s.total, default=None)
        source, target = (worst.source, worst.target) if worst else (None, None)
    rows = knows.derived(snapshot, ("spectrum", filters, source, target), lambda: spectrum(arena, part, source, target))
    return listed(*page(rows, lambda row: (row.begin, row.case_id, row.source, row.target, row.end), limit, cursor))


@router.get("/{process}/catalog")
def process_catalog(
    process: str, knows: Knows, asked: Asked, limit: Limit = LIMIT, cursor: Cursor = None
) -> Page[CatalogRow]:
    """Step by system by module by field."""
    snapshot = knows.snapshot(process)
    filters = asked.filters(snapshot.config)
    rows = knows.derived(snapshot, ("catalog", filters), lambda: catalog(knows.arena(snapshot, filters)))
    part, after = page(rows, lambda r: (r.activity, r.system or "", r.module or "", r.field or ""), limit, cursor)
    return Page(items=list(part), next=after)
