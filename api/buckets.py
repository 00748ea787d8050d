"""Buckets of time as people count them: hours, days, weeks and months of a process's own zone."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from collector.vocabulary.errors import PermanentError

Bucket = Literal["hour", "day", "week", "month"]
SECOND: Final = 1_000_000
LENGTH: Final[dict[Bucket, int]] = {"hour": 3600, "day": 86_400, "week": 7 * 86_400, "month": 28 * 86_400}
"""Seconds, at least about."""
MOST: Final = 20_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def edges(low: int, high: int, bucket: Bucket, zone: ZoneInfo) -> npt.NDArray[np.int64]:
    """The edges (µs UTC, rising) of the buckets from the one with `low` to the one with `high`.

    A day begins at midnight in `zone`, a week on Monday, an hour at its full hour. PermanentError for more than MOST.
    """
    count = (high - low) // (LENGTH[bucket] * SECOND) + 1
    if count > MOST:
        raise PermanentError(f"bucket: {count} {bucket}s are too many: take longer ones, or a window by from and to")
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
