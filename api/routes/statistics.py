"""`/api/v1/processes/{p}/...`: what goes on over time, and how activities and people stand to each other."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from api.buckets import Bucket
from api.choice import chosen
from api.over_time import over_time
from api.paging import Page, page
from api.relations import concurrency, eventually_follows, working_together
from api.routes.answers import listed, may_see_actors
from api.routes.asked import LIMIT, Asked, Cursor, Empty, Hours, Knows, Limit
from api.routes.documents import ConcurrencyRow, EventuallyRow, OverTimeRow, TogetherRow
from mining.figures import By

router = APIRouter(prefix="/api/v1/processes", tags=["processes"])


class Together(Page[TogetherRow]):
    """`crowded` cases have too many hands for their pairs to be counted."""

    crowded: int


@router.get("/{process}/over-time", response_model=Page[OverTimeRow])
def over_time_rows(
    process: str,
    knows: Knows,
    asked: Asked,
    bucket: Annotated[Bucket, Query(description="of the process's own time zone")] = "day",
    limit: Limit = LIMIT,
    cursor: Cursor = None,
) -> Response:
    """Arrivals, ends and work in progress in each bucket of time."""
    snapshot = knows.snapshot(process)
    filters = asked.filters(snapshot.config)
    part = chosen(knows, snapshot, filters)
    rows = knows.derived(
        snapshot,
        ("over time", filters, bucket),
        lambda: over_time(part, snapshot.arena.activities, filters, bucket, snapshot.config),
    )
    return listed(*page(rows, lambda row: (row.begin,), limit, cursor))


@router.get("/{process}/eventually-follows", response_model=Page[EventuallyRow])
def eventually_follows_rows(
    process: str,
    knows: Knows,
    asked: Asked,
    source: Annotated[str | None, Query(description="only what comes after this activity")] = None,
    target: Annotated[str | None, Query(description="only what comes before this one")] = None,
    within_hours: Annotated[
        Hours | None, Empty, Query(description="at most so long between the end of one and the start of the other")
    ] = None,
    limit: Limit = LIMIT,
    cursor: Cursor = None,
) -> Response:
    """Which activity comes some time after which in a case, most cases first."""
    snapshot = knows.snapshot(process)
    filters = asked.filters(snapshot.config)
    part = chosen(knows, snapshot, filters)
    source, target = source or None, target or None
    rows = knows.derived(
        snapshot,
        ("eventually", filters, source, target, within_hours),
        lambda: eventually_follows(part, snapshot.arena.activities, source, target, within_hours),
    )
    return listed(*page(rows, lambda row: (-row.cases, row.source, row.target), limit, cursor))


@router.get("/{process}/concurrency", response_model=Page[ConcurrencyRow])
def concurrency_rows(process: str, knows: Knows, asked: Asked, limit: Limit = LIMIT, cursor: Cursor = None) -> Response:
    """Which activities run in parallel, by name: they overlap, or follow each other in both orders equally often."""
    snapshot = knows.snapshot(process)
    filters = asked.filters(snapshot.config)
    part = chosen(knows, snapshot, filters)
    rows = knows.derived(snapshot, ("concurrency", filters), lambda: concurrency(part, snapshot.arena.activities))
    return listed(*page(rows, lambda row: (row.left, row.right), limit, cursor))


@router.get("/{process}/working-together", response_model=Together)
def working_together_rows(
    request: Request,
    process: str,
    knows: Knows,
    asked: Asked,
    by: Annotated[By, Query(description="roles, or actors (role manager)")] = "role",
    limit: Limit = LIMIT,
    cursor: Cursor = None,
) -> Response:
    """How many cases two roles (or actors) share, most first."""
    may_see_actors(request, by)
    snapshot = knows.snapshot(process)
    filters = asked.filters(snapshot.config)
    part = chosen(knows, snapshot, filters)
    rows, crowded = knows.derived(
        snapshot, ("together", filters, by), lambda: working_together(part, by, snapshot.arena.names[by])
    )
    part_of_rows, after = page(rows, lambda row: (-row.cases, row.left, row.right), limit, cursor)
    return listed(part_of_rows, after, crowded=crowded)
