"""The page of what sets some cases apart from the others."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from api.contrast import contrasted, filters_in
from api.html_report.humanise import whole
from api.pages.render import Pages
from api.pages.views import chips
from api.routes.asked import Asked, Knows, Lang, allowed
from collector.vocabulary.languages import Language, text, word
from mining.arena import WORDS
from mining.contrast.cases import Contrast
from mining.filters import Filters

router = APIRouter()


@router.get("/processes/{process}/contrast")
def contrast(
    request: Request,
    process: str,
    knows: Knows,
    lang: Lang,
    asked: Asked,
    against: Annotated[str, Query(description="filters of the cases to compare with; else all others")] = "",
) -> Response:
    """By which fields and combinations the cases that pass the filters stand apart."""
    snapshot = knows.snapshot(process)
    filters, others = asked.filters(snapshot.config), allowed(request, filters_in("against", against))
    found = contrasted(knows, snapshot, filters, others.filters(snapshot.config))
    query = asked.query()
    kept = {"against": against} if against else {}

    def link(**more: str | list[str] | None) -> str:
        return "?" + urlencode({k: v for k, v in {**query, **kept, **more}.items() if v is not None}, doseq=True)

    def unlike(**more: str | list[str] | None) -> str:
        left = urlencode({k: v for k, v in {**others.query(), **more}.items() if v is not None}, doseq=True)
        return "?" + urlencode({**query, **({"against": left} if left else {})}, doseq=True)

    report = knows.tables(snapshot, Filters(), lang)
    pages: Pages = request.app.state.pages
    return pages.page(
        request,
        "contrast.html",
        zone=snapshot.config.zone,
        process=process,
        title=knows.title(process, lang),
        found=found,
        chosen=bool(query),
        headline=_headline(found, lang),
        field=lambda name: _field(name, lang),
        slowest=_hours(report.cases.duration_s.p90),
        ends_known=bool(snapshot.config.end_activities),
        chips=chips(query, snapshot, link, lang),
        other_chips=chips(others.query(), snapshot, unlike, lang),
        link=link,
    )


def _hours(seconds: float | None) -> str | None:
    return f"{seconds / 3600:.4g}" if seconds else None


def _field(name: str, language: Language) -> str:
    return word(language, "term", name) if name in WORDS or name == "amount" else name


def _headline(found: Contrast, language: Language) -> str:
    size = {"cases": whole(found.cases), "others": whole(found.others)}
    if not found.separations:
        return text(language, "Nothing that is known sets these {cases} cases apart from the {others} others.", **size)
    best = found.separations[0]
    told = " + ".join(f"{_field(name, language)} {value}" for name, value in best.conditions)
    return text(language, "What sets these {cases} cases apart most: {what}.", **size, what=told)
