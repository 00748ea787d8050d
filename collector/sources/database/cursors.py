"""Where a pull goes on: behind the cursor it reached, less what may still be committed late."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from collector.settings import TableSettings


def reached(cursor: Any, zone: ZoneInfo, now: datetime) -> Any:
    """The cursor value to remember after a pull that began at `now` saw `cursor`.

    A time in the future (a wrong date in one row) must not hide what comes today: it counts as now.
    """
    match cursor:
        case datetime():
            return min(cursor, now.astimezone(zone).replace(tzinfo=None) if cursor.tzinfo is None else now)
        case date():
            return min(cursor, now.astimezone(zone).date())
        case str() if (moment := _moment(cursor)) is not None:
            here = now.astimezone(moment.tzinfo or zone).replace(tzinfo=None)
            return cursor if moment.replace(tzinfo=None) <= here else _as_written(here, cursor)
        case _:
            return cursor


def lower_bound(cursor: Any, settings: TableSettings) -> Any:
    """The smallest cursor value to read again after `cursor` was reached.

    A transaction that began earlier may commit rows with an older value than some already read, so a window is read
    again; rows that have not changed make no event.
    """
    late = timedelta(seconds=settings.overlap_seconds)
    match cursor:
        case bool():
            return cursor
        case int() | float() | Decimal():
            return cursor - settings.overlap_rows
        case datetime():
            return _minus(cursor, late)
        case date():
            return _minus(datetime.combine(cursor, datetime.min.time()), late).date()
        case str() if (moment := _moment(cursor)) is not None:
            return _as_written(_minus(moment.replace(tzinfo=None), late), cursor)
        case _:
            return cursor


def _moment(cursor: str) -> datetime | None:
    """The time that a text is, written as ISO 8601 has it, which sorts as times do."""
    if len(cursor) < 10 or cursor[4] != "-":
        return None
    try:
        return datetime.fromisoformat(cursor)
    except ValueError:
        return None


def _as_written(moment: datetime, cursor: str) -> str:
    """A time as `cursor` is written, but without fractions and zone: a shorter text sorts before all it begins."""
    return moment.date().isoformat() if len(cursor) == 10 else moment.isoformat(cursor[10], "seconds")


def _minus(moment: datetime, late: timedelta) -> datetime:
    try:
        return moment - late
    except OverflowError:
        return datetime.min.replace(tzinfo=UTC if moment.tzinfo else None)
