"""`/api/v1/processes/{p}/marks`: branches of a process, and what people say of them."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from api.auth import identity
from api.marks import MarkRow, branches, order, set_mark
from api.paging import Page, page
from api.routes.answers import listed
from api.routes.asked import LIMIT, Cursor, Knows, Limit
from collector.settings import Section
from mining.reference.marks import Mark

router = APIRouter(prefix="/api/v1/processes", tags=["processes"])
End = Annotated[str | None, Query(max_length=1000, description="activity; left out: beginning or end of the case")]


class BranchMark(Section):
    """What somebody says of a branch."""

    source: str | None = Field(default=None, max_length=1000, description="null: the beginning of the case")
    target: str | None = Field(default=None, max_length=1000, description="null: the end of the case")
    mark: Mark


@router.get("/{process}/marks", response_model=Page[MarkRow])
def marks(process: str, knows: Knows, limit: Limit = LIMIT, cursor: Cursor = None) -> Response:
    """Branches that cases take or that are marked: unjudged, new ones first; then wrong, exceptions, intended."""
    rows = branches(knows, knows.snapshot(process))
    part, after = page(rows, order, limit, cursor)
    return listed(part, after)


@router.put("/{process}/marks", status_code=204)
def mark(request: Request, process: str, change: BranchMark, knows: Knows) -> None:
    """Mark a branch as intended, an exception or wrong; it is put on the record of operations."""
    set_mark(knows, identity(request).name, knows.snapshot(process), (change.source, change.target), change.mark)


@router.delete("/{process}/marks", status_code=204)
def unmark(request: Request, process: str, knows: Knows, source: End = None, target: End = None) -> None:
    """Take the mark of a branch away; it is put on the record of operations."""
    set_mark(knows, identity(request).name, knows.snapshot(process), (source or None, target or None), None)
