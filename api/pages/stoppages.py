"""The page of a stoppage: its cases, what to do by hand, what became of each."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from api.pages.render import Pages
from api.paging import page
from api.routes.asked import Cursor, Knows, Lang
from api.routes.stoppages import Told, known, made
from api.stoppages import key
from mining.reporting import iso
from mining.stalls.reconciling import OUTCOMES, Outcome

router = APIRouter()
CASES_A_PAGE = 50


@router.get("/findings/{finding_id}/stoppage")
def stoppage(
    request: Request,
    finding_id: str,
    knows: Knows,
    lang: Lang,
    told: Told = None,
    outcome: Annotated[Outcome | None, Query()] = None,
    cursor: Cursor = None,
) -> Response:
    """One stoppage, also one that is over."""
    stopped, every = known(knows, finding_id, told)
    found, config = made(knows, stopped), knows.snapshot(stopped.process).config
    part, after = page([row for row in found.cases if outcome in (None, row.outcome)], key, CASES_A_PAGE, cursor)
    chosen = {"told": told, "outcome": outcome}

    def link(**more: str | None) -> str:
        return "?" + urlencode({k: v for k, v in {**chosen, **more}.items() if v is not None})

    pages: Pages = request.app.state.pages
    return pages.page(
        request,
        "stoppage.html",
        zone=config.zone,
        process=stopped.process,
        title=knows.title(stopped.process, lang),
        name=stopped.titles.get(lang, stopped.flow.value),
        found=found,
        still_told=knows.known_finding(finding_id, lang) is not None,
        rows=part,
        after=after,
        first=cursor is None,
        outcome=outcome,
        outcomes=OUTCOMES,
        every=[(iso(each.told), iso(each.begin)) for each in every],
        link=link,
        download=f"/api/v1/findings/{finding_id}/stoppage.xlsx?"
        + urlencode({"lang": lang} | ({"told": told} if told else {})),
    )
