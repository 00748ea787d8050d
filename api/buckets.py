"""Buckets of time as people count them: hours, days, weeks and months of a process's own zone."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from collector.vocabulary.errors import PermanentError
from mining.filters import Filters
from mining.kernels.case_ends import case_ends
from mining.part import Part

Bucket = Literal["hour", "day", "week", "month"]
SECOND: Final = 1_000_000
LENGTH: Final[dict[Bucket, int]] = {"hour": 3600, "day": 86_400, "week": 7 * 86_400, "month": 28 * 86_400}
"""Seconds, at least about."""
MOST: Final = 20_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def span(part: Part, filters: Filters) -> tuple[int, int] | None:
    """The first start and last end of the cases (µs UTC), or what of that lies in the filters' window, else None."""
    if not part.cases:
        return None
    low, high = int(part.start[part.first].min()), int(case_ends(part.first, part.last, part.end).max())
    if filters.from_ is not None:
        low = max(low, filters.from_)
    if filters.to is not None:
        high = min(high, filters.to - 1)
    return (low, high) if low <= high else None


def edges(low: int, high: int, bucket: Bucket, zone: ZoneInfo) -> npt.NDArray[np.int64]:
    """The edges (µs UTC, rising) of the buckets from the one with `low` to the one with `high`.

    A day begins at midnight in `zone`, a week on Monday, an hour at its full hour. PermanentError for more than MOST,
    and for times that no calendar knows.
    """
    count = (high - low) // (LENGTH[bucket] * SECOND) + 1
    if count > MOST:
        raise PermanentError(f"bucket: {count} {bucket}s are too many: take longer ones, or a window by from and to")
    try:
        return _edges(low, high, bucket, zone)
    except OverflowError as error:
        raise PermanentError("bucket: some times lie outside the calendar: take a window by from and to") from error


def _edges(low: int, high: int, bucket: Bucket, zone: ZoneInfo) -> npt.NDArray[np.int64]:
    first = (_EPOCH + timedelta(microseconds=low)).astimezone(zone)
    if bucket == "hour":
        begin = _moment(first.replace(minute=0, second=0, microsecond=0))
        return begin + np.arange((high - begin) // (3600 * SECOND) + 2) * 3600 * SECOND
    day = first.date()
    if bucket == "week":
        day -= timedelta(days=day.weekday())
    if bucket == "month":
        day = day.replace(day=1)
    found: list[int] = []
    while not found or found[-1] <= high:
        found.append(_moment(datetime.combine(day, time(), zone)))
        day = _next(day, bucket)
    return np.array(found)


def _next(day: date, bucket: Bucket) -> date:
    if bucket == "month":
        return (day + timedelta(days=31)).replace(day=1)
    return day + timedelta(days=7 if bucket == "week" else 1)


def _moment(when: datetime) -> int:
    return (when.astimezone(UTC) - _EPOCH) // timedelta(microseconds=1)
