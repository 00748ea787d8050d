"""Marking branches on the page of a process."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from api.auth import identity
from api.knowing import Knowing
from api.marks import MarkRow, branches, set_mark
from api.pages.forms import form_of
from api.routes.asked import Knows
from mining.live.knowledge import Snapshot
from mining.map.drawing import SIGNS
from mining.reference.marks import MARKS, Mark

router = APIRouter()
SHOWN: Final = 8
"""Branches in the table before the rest is folded away."""


@dataclass(frozen=True)
class Marking:
    """What the section shows."""

    rows: list[MarkRow]
    """Not judged first."""
    chosen: MarkRow | None
    """The one that was clicked on the map."""
    unjudged: int
    new: int
    cases: dict[Mark, int]
    """Cases that branches of each mark were taken by, summed over branches."""
    counts: dict[Mark, int]
    """Branches of each mark."""
    signs: Mapping[Mark, str]
    shown: int = SHOWN


def marking(knows: Knowing, snapshot: Snapshot, source: str | None, target: str | None) -> Marking:
    """The section of a process; `source` and `target` are given ('' for beginning or end) where one was clicked."""
    rows = branches(knows, snapshot)
    branch = (source or None, target or None)
    asked = source is not None and target is not None
    chosen = next((row for row in rows if asked and (row.source, row.target) == branch), None)
    return Marking(
        rows=rows,
        chosen=chosen,
        unjudged=sum(row.mark is None for row in rows),
        new=sum(row.new for row in rows),
        cases={mark: sum(row.cases for row in rows if row.mark == mark) for mark in MARKS},
        counts={mark: sum(row.mark == mark for row in rows) for mark in MARKS},
        signs=SIGNS,
    )


@router.post("/processes/{process}/marks")
async def mark_branch(request: Request, process: str, knows: Knows) -> Response:
    """The buttons of a branch: `mark` is empty to take one away. Goes back to the view it came from."""
    form = await form_of(request)
    chosen = form.get("mark", "")
    mark = next((mark for mark in MARKS if mark == chosen), None)
    if chosen and mark is None:
        raise HTTPException(422, f"mark: {chosen[:60]!r} is none of {', '.join(MARKS)}")
    branch = (form.get("source") or None, form.get("target") or None)
    snapshot = knows.snapshot(process)
    who = identity(request).name
    await run_in_threadpool(set_mark, knows, who, snapshot, branch, mark)
    query = request.url.query
    return RedirectResponse(f"/processes/{quote(process, safe='')}{'?' + query if query else ''}#marks", 303)
