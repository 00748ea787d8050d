"""`/api/v1/processes/{p}/rules`: how declared rules are kept, and what breaks them."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.exceptions import HTTPException
from starlette.responses import Response

from api.buckets import Bucket
from api.choice import chosen
from api.knowing import Knowing
from api.paging import Key, Page, page
from api.routes.answers import listed
from api.routes.asked import LIMIT, Asked, Cursor, Knows, Lang, Limit
from api.routes.documents import RuleBreach, RuleRow
from api.rules import Kept, kept
from mining.filters import Filters
from mining.live.knowledge import Snapshot

router = APIRouter(prefix="/api/v1/processes", tags=["processes"])
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def rules_of(knows: Knowing, snapshot: Snapshot, filters: Filters, bucket: Bucket = "day") -> list[Kept]:
    """How the cases that fit keep each rule of the process; worked out once a snapshot."""
    return knows.derived(
        snapshot,
        ("rules", filters, bucket),
        lambda: kept(snapshot, chosen(knows, snapshot, filters), knows.flags(snapshot, filters), filters, bucket),
    )


def newest_first(breach: RuleBreach) -> Key:
    """The key of a list of breaches."""
    return -((datetime.fromisoformat(breach.time) - _EPOCH) // timedelta(microseconds=1)), breach.case_id, breach.place


@router.get("/{process}/rules", response_model=Page[RuleRow])
def rules(
    process: str,
    knows: Knows,
    asked: Asked,
    lang: Lang,
    bucket: Annotated[Bucket, Query(description="of the process's own time zone")] = "day",
    limit: Limit = LIMIT,
    cursor: Cursor = None,
) -> Response:
    """The rules that are declared for the process, by id, and how its cases keep them."""
    snapshot = knows.snapshot(process)
    found = rules_of(knows, snapshot, asked.filters(snapshot.config), bucket)
    by_id = sorted(found, key=lambda each: each.rule.id)
    part, after = page(by_id, lambda each: (each.rule.id,), limit, cursor)
    return listed([each.row(lang) for each in part], after)


@router.get("/{process}/rules/{rule}/breaches", response_model=Page[RuleBreach])
def breaches(
    process: str, rule: str, knows: Knows, asked: Asked, limit: Limit = LIMIT, cursor: Cursor = None
) -> Response:
    """What breaks a rule, newest first."""
    snapshot = knows.snapshot(process)
    for each in rules_of(knows, snapshot, asked.filters(snapshot.config)):
        if each.rule.id == rule:
            return listed(*page(each.breaches(snapshot.arena), newest_first, limit, cursor))
    raise HTTPException(404, f"rule {rule!r}: there is none of that id in process {process!r}")
