"""`/api/v1/findings/{id}`: one finding, its status and owner, and what its redesign brought."""

from datetime import datetime
from typing import Literal

import msgspec
from fastapi import APIRouter, Request
from pydantic import Field, model_validator
from starlette.exceptions import HTTPException
from starlette.responses import Response

from api.auth import identity
from api.redesign import RedesignDocument, document
from api.routes.asked import Knows, Lang
from collector.settings import Section
from mining.report import Finding

router = APIRouter(prefix="/api/v1/findings", tags=["findings"])


class FindingChange(Section):
    """What to set; what is left out stays."""

    status: Literal["open", "acknowledged", "in_redesign", "resolved", "muted"] | None = None
    owner: str | None = Field(default=None, max_length=200)
    done_at: datetime | None = Field(
        default=None, description="when the change was done; without a zone: of the process. Needs status in_redesign"
    )

    @model_validator(mode="after")
    def _something(self) -> "FindingChange":
        if self.status is None and self.owner is None and self.done_at is None:
            raise ValueError("nothing to change: give status, owner or done_at")
        return self


@router.get("/{finding_id}", response_model=Finding)
def finding(finding_id: str, knows: Knows, lang: Lang) -> Response:
    """One finding."""
    return _answer(knows.finding(finding_id, lang))


@router.patch("/{finding_id}", response_model=Finding)
def change_finding(request: Request, finding_id: str, change: FindingChange, knows: Knows, lang: Lang) -> Response:
    """Set status, owner or when a redesign was done; the change is put on the record of operations."""
    knows.change_finding(identity(request).name, finding_id, change.status, change.owner, change.done_at)
    return _answer(knows.finding(finding_id, lang))


@router.get("/{finding_id}/redesign", response_model=RedesignDocument)
def redesign(finding_id: str, knows: Knows) -> RedesignDocument:
    """Before against after of a finding that is or was in redesign; 404 where its baseline was never frozen."""
    found = knows.redesign(finding_id)
    if found is None:
        raise HTTPException(404, f"finding {finding_id!r}: has never been in redesign")
    return document(*found)


class RedesignDone(Section):
    """When a change of the process was done."""

    done_at: datetime = Field(description="without a zone: of the process")


@router.put("/{finding_id}/redesign", response_model=RedesignDocument)
def redesign_done(request: Request, finding_id: str, change: RedesignDone, knows: Knows) -> RedesignDocument:
    """Set when a redesign was done, also where the finding is gone since; it is put on the record of operations."""
    knows.redesign_done(identity(request).name, finding_id, change.done_at)
    return redesign(finding_id, knows)


def _answer(found: Finding) -> Response:
    return Response(msgspec.json.encode(found), media_type="application/json")
