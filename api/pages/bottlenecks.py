"""The bottleneck report of a process: the page, and the same as a file."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Final, Literal
from urllib.parse import quote, urlencode

import msgspec
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from api.bottlenecks.build import bottleneck_report
from api.bottlenecks.context import Context, Links
from api.bottlenecks.html import body, html_file
from api.bottlenecks.material import Material, material
from api.bottlenecks.model import BottleneckReport
from api.knowing import Knowing
from api.pages.render import Pages, case_url
from api.pages.views import PLAIN, chips
from api.routes.asked import Asked, FilterQuery, Knows, Lang
from collector.vocabulary.languages import Language
from mining import names
from mining.filters import Filters
from mining.live.knowledge import Snapshot
from mining.report import Report

router = APIRouter(tags=["processes"])
ACTIVITIES, PATHS = 25, 0.8
"""Of the map, as the page of the process draws it."""
FORMATS: Final = {
    "html": "text/html; charset=utf-8",
    "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@dataclass(frozen=True)
class Made:
    """A bottleneck report and what it was made from."""

    snapshot: Snapshot
    report: Report
    told: BottleneckReport


def made(knows: Knowing, process: str, filters: Filters, lang: Language, links: Links | None = None) -> Made:
    """The report of the cases that fit. What costs time is worked out once a snapshot, for all languages."""
    snapshot = knows.snapshot(process)
    report = knows.report(snapshot, filters, lang)

    def make() -> Material | None:
        return material(knows.arena(snapshot, filters), snapshot.config, report.findings)

    found = knows.derived(snapshot, ("bottlenecks", filters), make)
    context = Context(
        lang,
        snapshot.config.zone,
        report.currency,
        snapshot.config.prices,
        knows.title(process, lang),
        links,
        knows.standings(snapshot),
    )
    placed = knows.layout(snapshot, filters, ACTIVITIES, PATHS)
    return Made(snapshot, report, bottleneck_report(report, found, context, placed))


@router.get("/processes/{process}/bottlenecks", include_in_schema=False)
def page(request: Request, process: str, knows: Knows, lang: Lang, asked: Asked) -> Response:
    """Where time is lost, why, since when, for whom, and what to try."""
    query = asked.query()

    def link(**more: str | list[str] | None) -> str:
        return "?" + urlencode({k: v for k, v in {**query, **more}.items() if v is not None}, doseq=True)

    found = made(knows, process, asked.filters(knows.snapshot(process).config), lang, _links(process, query))
    pages: Pages = request.app.state.pages
    return pages.page(
        request,
        "bottlenecks.html",
        zone=found.snapshot.config.zone,
        process=process,
        title=knows.title(process, lang),
        report=found.report,
        body=body(found.told),
        chips=chips(query, found.snapshot, link, lang),
        files=[(name, _file_url(process, name, lang, asked)) for name in FORMATS],
    )


def _links(process: str, query: Mapping[str, str | list[str]]) -> Links:
    def only(field: str, value: str) -> str:
        if field in PLAIN:
            return "?" + urlencode({**query, field: value}, doseq=True)
        wheres = query.get("where", [])
        return "?" + urlencode({**query, "where": [*wheres, f"{field}={value}"]}, doseq=True)

    def passing(source: str, target: str) -> str:
        path = {"path_from": source, "path_to": target, "path": "eventual"}
        return f"{names.PAGE_PROCESS.format(process=quote(process, safe=''))}/cases?" + urlencode(
            {**query, **path}, doseq=True
        )

    def finding(finding_id: str) -> str:
        return names.PAGE_FINDING.format(id=quote(finding_id, safe=""))

    return Links(partial(case_url, process), finding, passing, only)


def _file_url(process: str, name: str, lang: Language, asked: FilterQuery) -> str:
    query = urlencode({**asked.query(), "format": name, "lang": lang}, doseq=True)
    return f"/api/v1/processes/{quote(process, safe='')}/bottlenecks?{query}"


@router.get(
    "/api/v1/processes/{process}/bottlenecks",
    response_model=BottleneckReport,
    responses={200: {"content": {kind.partition(";")[0]: {} for kind in FORMATS.values()}}},
)
def file(
    process: str,
    knows: Knows,
    lang: Lang,
    asked: Asked,
    format: Annotated[Literal["json", "html", "pdf", "xlsx"], Query()] = "json",  # noqa: A002
) -> Response:
    """The bottleneck report as it is shown (`json`), or as one self-contained file."""
    filters = asked.filters(knows.snapshot(process).config)
    found = made(knows, process, filters, lang)
    if format == "json":
        return Response(msgspec.json.encode(found.told), media_type="application/json")
    content = knows.derived(found.snapshot, ("file", filters, lang, format), lambda: content_of(found, lang, format))
    name = quote(f"{process}.{format}", safe="")
    headers = {"content-disposition": f"attachment; filename*=UTF-8''{name}"}
    return Response(content, media_type=FORMATS[format], headers=headers)


def content_of(found: Made, lang: Language, format: str) -> bytes:  # noqa: A002
    """The file of a report."""
    match format:
        case "pdf":
            from api.bottlenecks.material import moment
            from api.bottlenecks.pdf import pdf_file

            return pdf_file(found.told, moment(found.snapshot.now))
        case "xlsx":
            from api.workbook import workbook

            return workbook(found.report, lang, found.snapshot.config.zone, found.told)
        case _:
            return html_file(found.told, found.report).encode()
