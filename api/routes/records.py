"""`/api/v1/changes` and `/api/v1/operations`: what changed in the systems, and who did what in Houtai."""

from dataclasses import dataclass
from typing import Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request
from pydantic import AwareDatetime, Field, field_validator

from api.auth import identity
from api.changes import Change
from api.operations import Value
from api.paging import Page, decode, encode
from api.routes.asked import LIMIT, Cursor, Knows, Limit, moment
from collector.settings import Section
from collector.vocabulary.errors import PermanentError
from mining.reporting import iso

router = APIRouter(prefix="/api/v1", tags=["records"])


class NewChange(Section):
    """A release, configuration or rule change."""

    system: str = Field(min_length=1, max_length=200, examples=["payment-gateway"])
    kind: Literal["release", "configuration", "rule"] = "release"
    time: AwareDatetime | None = Field(default=None, description="when it took effect, with its zone; default: now")
    version: str | None = Field(default=None, max_length=200)
    author: str | None = Field(default=None, max_length=200)
    description: str | None = Field(default=None, max_length=4000)

    @field_validator("time", mode="before")
    @classmethod
    def _written_out(cls, value: object) -> object:
        """A bare number could be seconds or milliseconds: it is not guessed."""
        if isinstance(value, int | float):
            raise ValueError("write it as 2026-01-31T08:00Z")
        return value


@dataclass(frozen=True)
class ChangeRow:
    """A change as it is kept."""

    id: int
    time: str
    system: str
    version: str | None
    author: str | None
    kind: str
    description: str | None
    seen: bool
    """Whether nobody told us: the service's version moved."""


@dataclass(frozen=True)
class OperationRow:
    """One thing somebody did in Houtai."""

    id: int
    time: str
    who: str
    what: str
    subject: str
    before: dict[str, Value] | None
    after: dict[str, Value] | None


@router.post("/changes", status_code=201)
def add_change(request: Request, change: NewChange, knows: Knows) -> ChangeRow:
    """Tell of a change; its time needs a zone."""
    when = moment("time", change.time.isoformat(), ZoneInfo("UTC")) if change.time else knows.clock()
    who = identity(request).name
    kept = knows.add_change(who, when, change.system, change.kind, change.version, change.author, change.description)
    return _row(kept)


@router.get("/changes")
def changes(knows: Knows, limit: Limit = LIMIT, cursor: Cursor = None) -> Page[ChangeRow]:
    """Changes, the newest first."""
    before = _numbers(cursor, 2)
    rows = knows.changes.latest(limit + 1, (before[0], before[1]) if before else None)
    last = rows[limit - 1] if len(rows) > limit else None
    return Page(items=[_row(c) for c in rows[:limit]], next=encode((last.time, last.id)) if last else None)


@router.get("/operations")
def operations(knows: Knows, limit: Limit = LIMIT, cursor: Cursor = None) -> Page[OperationRow]:
    """The record of who did what, the newest first (role admin)."""
    before = _numbers(cursor, 1)
    rows = knows.operations.latest(limit + 1, before[0] if before else None)
    items = [OperationRow(o.id, iso(o.time), o.who, o.what, o.subject, o.before, o.after) for o in rows[:limit]]
    return Page(items=items, next=encode((items[-1].id,)) if len(rows) > limit else None)


def _numbers(cursor: str | None, count: int) -> tuple[int, ...]:
    if cursor is None:
        return ()
    found = tuple(part for part in decode(cursor) if isinstance(part, int))
    if len(found) != count:
        raise PermanentError("cursor: it belongs to another list")
    return found


def _row(change: Change) -> ChangeRow:
    return ChangeRow(
        change.id,
        iso(change.time),
        change.system,
        change.version,
        change.author,
        change.kind,
        change.description,
        change.seen,
    )
