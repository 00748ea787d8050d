"""`/api/v1/findings/{id}/stoppage`: the cases caught in a stoppage, and what became of them."""

from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query
from starlette.exceptions import HTTPException
from starlette.responses import Response

from api.knowing import Knowing
from api.paging import page
from api.routes.answers import listed
from api.routes.asked import LIMIT, Cursor, Knows, Lang, Limit, moment
from api.stoppage_book import stoppage_book
from api.stoppages import Stoppage, StoppedCase, key, stoppage
from mining.live.stoppages import Stopped
from mining.reporting import iso
from mining.stalls.reconciling import OUTCOMES, Outcome

router = APIRouter(prefix="/api/v1", tags=["findings"])
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
BOOK: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {XLSX: {"schema": {"type": "string", "format": "binary"}}}}
}
Told = Annotated[
    str | None, Query(description="`told` of an earlier stoppage of the same flow; without it the newest is given")
]


@dataclass(frozen=True)
class StoppageRow:
    """A stoppage; times in UTC."""

    finding: str
    title: str
    field: str
    value: str
    told: str
    since: str
    until: str | None


@dataclass(frozen=True)
class StoppagePage:
    """A stoppage, and a part of its cases."""

    items: list[StoppedCase]
    next: str | None
    finding: str
    process: str
    field: str
    value: str
    told: str
    since: str
    until: str | None
    state: Literal["lasting", "over", "late"]
    cases: int
    outcomes: dict[Outcome, int]
    """How many cases came to what."""
    all: list[str]
    """`told` of all stoppages of this flow, the newest first."""


def known(knows: Knowing, finding_id: str, told: str | None) -> tuple[Stopped, list[Stopped]]:
    """The stoppage that is asked for, and all of its flow; 404 where there is none."""
    every = knows.stoppages.of_finding(finding_id)
    wanted = moment("told", told, knows.snapshot(every[0].process).config.zone) if told and every else None
    for each in every:
        if wanted is None or each.told == wanted:
            return each, every
    raise HTTPException(404, f"finding {finding_id!r}: no stoppage is known of it")


def made(knows: Knowing, stopped: Stopped) -> Stoppage:
    """The stoppage as the newest snapshot has it."""
    snapshot = knows.snapshot(stopped.process)
    return knows.derived(snapshot, ("stoppage", stopped.finding, stopped.told), lambda: stoppage(snapshot, stopped))


@router.get("/processes/{process}/stoppages")
def stoppages(process: str, knows: Knows, lang: Lang) -> list[StoppageRow]:
    """Stoppages of the process, over or not, the newest first."""
    knows.snapshot(process)
    return [
        StoppageRow(
            finding=each.finding,
            title=each.titles.get(lang, each.flow.value),
            field=each.flow.field,
            value=each.flow.value,
            told=iso(each.told),
            since=iso(each.begin),
            until=None if each.until is None else iso(each.until),
        )
        for each in knows.stoppages.of_process(process)
    ]


@router.get("/findings/{finding_id}/stoppage", response_model=StoppagePage)
def one_stoppage(
    finding_id: str,
    knows: Knows,
    told: Told = None,
    outcome: Annotated[Outcome | None, Query(description="only cases that came to this")] = None,
    limit: Limit = LIMIT,
    cursor: Cursor = None,
) -> Response:
    """The cases caught in a stoppage, earliest deadline first; also of one that is over."""
    stopped, every = known(knows, finding_id, told)
    found = made(knows, stopped)
    part, after = page([row for row in found.cases if outcome in (None, row.outcome)], key, limit, cursor)
    return listed(
        part,
        after,
        finding=found.finding,
        process=found.process,
        field=found.field,
        value=found.value,
        told=found.told,
        since=found.since,
        until=found.until,
        state=found.state,
        cases=len(found.cases),
        outcomes={name: found.outcomes[name] for name in OUTCOMES},
        all=[iso(each.told) for each in every],
    )


@router.get("/findings/{finding_id}/stoppage.xlsx", response_class=Response, responses=BOOK)
def workbook(finding_id: str, knows: Knows, lang: Lang, told: Told = None) -> Response:
    """The same as a workbook, with columns to fill in while the cases are worked through by hand."""
    stopped, _ = known(knows, finding_id, told)
    snapshot = knows.snapshot(stopped.process)
    title = stopped.titles.get(lang, stopped.flow.value)
    book = stoppage_book(made(knows, stopped), title, lang, snapshot.config.zone)
    name = f"stoppage-{finding_id}.xlsx"
    return Response(book, media_type=XLSX, headers={"Content-Disposition": f'attachment; filename="{name}"'})
