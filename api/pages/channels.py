"""The page of channels, platforms and shops beside their outcomes."""

from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.channels import Channels, channels
from api.html_report.humanise import percent
from api.pages.render import Pages
from api.pages.views import chips
from api.routes.asked import Asked, Knows, Lang
from collector.vocabulary.languages import Language, text, word
from mining.contrast.outcomes import NAMES
from mining.contrast.sheet import Cell, Source

router = APIRouter()
BETTER_LESS = ("errors", "rework", "duration", "cost", "refunds")


@router.get("/processes/{process}/channels")
def channel_sheet(request: Request, process: str, knows: Knows, lang: Lang, asked: Asked) -> Response:
    """How the cases of each channel, platform and shop turn out."""
    snapshot = knows.snapshot(process)
    found = channels(knows, snapshot, asked.filters(snapshot.config))
    query = asked.query()

    def link(**more: str | list[str] | None) -> str:
        return "?" + urlencode({k: v for k, v in {**query, **more}.items() if v is not None}, doseq=True)

    by_field: dict[str, list[Source]] = {}
    for row in found.rows:
        by_field.setdefault(row.field, []).append(row)
    pages: Pages = request.app.state.pages
    return pages.page(
        request,
        "channels.html",
        zone=snapshot.config.zone,
        process=process,
        title=knows.title(process, lang),
        currency=snapshot.config.currency,
        found=found,
        by_field=by_field,
        kinds=NAMES,
        headline=_headline(found, lang),
        mark=_mark,
        filtered=lambda field, value: _only(process, query, field, value),
        chips=chips(query, snapshot, link, lang),
        files=[
            (name, f"/api/v1/processes/{process}/channels{link(format=name, lang=lang)}") for name in ("csv", "xlsx")
        ],
    )


def _only(process: str, query: dict[str, str | list[str]], field: str, value: str) -> str:
    """The process with the cases of one source."""
    more: dict[str, str | list[str]] = {field: value} if field != "shop" else {"where": [f"shop={value}"]}
    return f"?{urlencode({**query, **more}, doseq=True)}"


def _mark(name: str, cell: Cell) -> str:
    """Whether a mark is good or bad news."""
    if cell.differs is None:
        return ""
    return "good" if (cell.differs == "less") == (name in BETTER_LESS) else "hurts"


def _headline(found: Channels, language: Language) -> str | None:
    """The share that stands out most for the worse; None where none does."""
    worst: tuple[float, Source, str] | None = None
    for row in found.rows:
        for name, cell in row.cells.items():
            if NAMES[name] == "share" and _mark(name, cell) == "hurts" and cell.value is not None:
                apart = abs(cell.value - (cell.others or 0.0)) * cell.cases
                if worst is None or apart > worst[0]:
                    worst = apart, row, name
    if worst is None:
        return None
    _, row, name = worst
    cell = row.cells[name]
    return text(
        language,
        "{field} {value} stands out: {outcome} {share}, elsewhere {others}.",
        field=word(language, "term", row.field).capitalize(),
        value=row.value,
        outcome=word(language, "outcome", name),
        share=percent(language, cell.value),
        others=percent(language, cell.others),
    )
