from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from api.buckets import MOST, Bucket, edges
from collector.vocabulary.errors import PermanentError

BERLIN = ZoneInfo("Europe/Berlin")
HOUR = 3600 * 1_000_000


def micros(*parts: int, zone: ZoneInfo = BERLIN) -> int:
    return round(datetime(*parts, tzinfo=zone).timestamp()) * 1_000_000  # type: ignore[arg-type,misc]


@pytest.mark.parametrize(
    ("bucket", "begins"),
    [
        ("day", [(2026, 3, 28), (2026, 3, 29), (2026, 3, 30), (2026, 3, 31)]),
        ("week", [(2026, 3, 23), (2026, 3, 30), (2026, 4, 6)]),
        ("month", [(2026, 3, 1), (2026, 4, 1)]),
    ],
)
def test_buckets_begin_at_midnight_where_the_process_is(bucket: Bucket, begins: list[tuple[int, int, int]]) -> None:
    found = edges(micros(2026, 3, 28, 12), micros(2026, 3, 30, 0), bucket, BERLIN)
    assert found.tolist() == [micros(*begin) for begin in begins]


def test_a_day_with_a_change_of_clocks_has_23_hours() -> None:
    low, high = micros(2026, 3, 29, 0), micros(2026, 3, 29, 23, 59)
    found = edges(low, high, "hour", BERLIN)
    assert (len(found) - 1, found[0], found[-1]) == (23, low, micros(2026, 3, 30))


def test_hours_of_a_zone_half_an_hour_off_begin_with_its_own_hour() -> None:
    kolkata = ZoneInfo("Asia/Kolkata")
    found = edges(micros(2026, 1, 1, 9, 45, zone=kolkata), micros(2026, 1, 1, 10, 0, zone=kolkata), "hour", kolkata)
    assert found.tolist() == [micros(2026, 1, 1, hour, zone=kolkata) for hour in (9, 10, 11)]


def test_december_is_followed_by_january() -> None:
    moment = round(datetime(2025, 12, 31, 23, tzinfo=UTC).timestamp()) * 1_000_000
    found = edges(moment, moment, "month", ZoneInfo("UTC"))
    assert found.tolist() == [micros(2025, 12, 1, zone=ZoneInfo("UTC")), micros(2026, 1, 1, zone=ZoneInfo("UTC"))]


def test_too_many_are_refused() -> None:
    with pytest.raises(PermanentError, match="hours are too many"):
        edges(0, (MOST + 1) * HOUR, "hour", BERLIN)


@pytest.mark.parametrize("bucket", ["hour", "month"])
def test_a_clock_gone_wild_is_refused_plainly(bucket: Bucket) -> None:
    with pytest.raises(PermanentError, match="outside the calendar"):
        edges(1 << 60, 1 << 60, bucket, BERLIN)
    with pytest.raises(PermanentError, match="outside the calendar"):
        edges(-(1 << 60), -(1 << 60), bucket, BERLIN)
