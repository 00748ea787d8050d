"""`/api/v1/findings/{id}`: one finding, its status and owner."""

from typing import Literal

import msgspec
from fastapi import APIRouter, Request
from pydantic import Field, model_validator
from starlette.responses import Response

from api.auth import identity
from api.routes.asked import Knows, Lang
from collector.settings import Section
from mining.report import Finding

router = APIRouter(prefix="/api/v1/findings", tags=["findings"])


class FindingChange(Section):
    """What to set; what is left out stays."""

    status: Literal["open", "acknowledged", "in_redesign", "resolved", "muted"] | None = None
    owner: str | None = Field(default=None, max_length=200)

    @model_validator(mode="after")
    def _something(self) -> "FindingChange":
        if self.status is None and self.owner is None:
            raise ValueError("nothing to change: give status or owner")
        return self


@router.get("/{finding_id}", response_model=Finding)
def finding(finding_id: str, knows: Knows, lang: Lang) -> Response:
    """One finding."""
    return _answer(knows.finding(finding_id, lang))


@router.patch("/{finding_id}", response_model=Finding)
def change_finding(request: Request, finding_id: str, change: FindingChange, knows: Knows, lang: Lang) -> Response:
    """Set status or owner; the change is put on the record of operations."""
    knows.change_finding(identity(request).name, finding_id, change.status, change.owner)
    return _answer(knows.finding(finding_id, lang))


def _answer(found: Finding) -> Response:
    return Response(msgspec.json.encode(found), media_type="application/json")
