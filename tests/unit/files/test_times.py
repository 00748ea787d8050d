"""Times as people write them."""

from datetime import UTC, date, datetime, timedelta, timezone

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.files.times import NO_TIME, parse_times


def micros(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=UTC).timestamp()) * 1_000_000  # type: ignore[misc,arg-type]


NOON = micros(2024, 1, 2, 15, 4, 5)


@pytest.mark.parametrize(
    "written",
    [
        "2024-01-02 15:04:05",
        "2024-01-02T15:04:05Z",
        "2024-01-02T17:04:05+02:00",
        "2024-01-02 17:04:05 +0200",
        "2024-01-02 17:04:05+02",
        "2024/1/2 15:04:05",
        "2024.01.02 15:04:05",
        "2024-01-02 15:04:05 UTC",
        "2024年1月2日 15:04:05",
        "2024年01月02日15时04分05秒",
        "2024/1/2 下午3:04:05",
        "2024/1/2 3:04:05 PM",
        "2-Jan-2024 15:04:05",
        "02 January 2024 15:04:05",
        "Jan 2, 2024 3:04:05 PM",
        "20240102150405",
        "20240102T150405Z",
        " 2024-01-02 15:04:05 ",
        str(NOON // 1_000_000),
        str(NOON // 1000),
        str(NOON),
        "13.1.2024 00:00|02.01.2024 15:04:05",
        "1/13/2024|1/2/2024 15:04:05",
    ],
)
def test_spellings(written: str) -> None:
    result = parse_times(pa.array(written.split("|")), "UTC")
    assert result.bad is None
    assert result.times[-1] == NOON


@pytest.mark.parametrize(
    ("written", "micro"),
    [
        ("2024-01-02 15:04:05.1", 100_000),
        ("2024-01-02T15:04:05.123456789Z", 123_456),
        ("2024/1/2 15:04:05,25", 250_000),
    ],
)
def test_fractions(written: str, micro: int) -> None:
    assert parse_times(pa.array([written]), "UTC").times[0] == NOON + micro


@pytest.mark.parametrize(
    "written",
    [
        "yesterday",
        "2024-13-01",
        "2024-02-30",
        "2023-02-29",
        "2024-01-02 25:00",
        "2024-01-02 10:60",
        "0000-01-01",
        "1/2/24",
        "12",
        "2024-01-02 13:00 PM",
        "2024-01-02 10:00+99:00",
        "2024-01-02 10:00:61",
        "99999999999999",
    ],
)
def test_no_times(written: str) -> None:
    assert parse_times(pa.array(["2024-01-02", None, written]), "UTC").bad == 2


def test_empty_cells() -> None:
    result = parse_times(pa.array([None, "", "  ", "2024/1/2"]), "UTC")
    assert list(result.times[:3]) == [NO_TIME] * 3
    assert result.bad is None


def test_day_or_month_first_is_not_guessed() -> None:
    result = parse_times(pa.array(["1/2/2024"]), "UTC")
    assert (result.bad, result.ambiguous) == (0, True)
    assert parse_times(pa.array(["2/2/2024"]), "UTC").times[0] == micros(2024, 2, 2)
    mixed = parse_times(pa.array(["13/1/2024", "1/13/2024"]), "UTC")
    assert mixed.ambiguous


def test_zones() -> None:
    mixed = parse_times(pa.array(["2024-07-01 08:00", "2024-07-01T08:00:00Z"]), "Europe/Berlin")
    assert list(mixed.times) == [micros(2024, 7, 1, 6), micros(2024, 7, 1, 8)]
    assert mixed.local
    # 02:30 came twice on that night: the first is meant. 02:30 never came on the other.
    night = parse_times(pa.array(["2024-10-27 02:30", "2024-03-31 02:30"]), "Europe/Berlin")
    assert list(night.times) == [micros(2024, 10, 27, 0, 30), micros(2024, 3, 31, 1, 30)]
    assert not parse_times(pa.array(["2024-07-01T08:00:00+02:00"]), "Europe/Berlin").local


@pytest.mark.parametrize("zone", ["UTC", "Asia/Shanghai"])
def test_years_no_calendar_has(zone: str) -> None:
    far = pa.array([0, 1 << 60, None], pa.timestamp("us"))
    assert parse_times(far, zone).bad == 1
    assert parse_times(pa.array([-(1 << 60)], pa.timestamp("us", "UTC")), zone).bad == 0
    assert parse_times(pa.array(["0001-01-01 00:00+14:00"]), zone).bad == 0


def test_arrow_types() -> None:
    moment = datetime(2024, 1, 2, 15, 4, 5)  # noqa: DTZ001
    assert parse_times(pa.array([moment], pa.timestamp("ns")), "UTC").times[0] == NOON
    assert parse_times(pa.array([moment], pa.timestamp("s")), "Asia/Shanghai").times[0] == NOON - 8 * 3_600_000_000
    zoned = parse_times(pa.array([moment.replace(tzinfo=UTC)], pa.timestamp("ms", "Asia/Shanghai")), "UTC")
    assert (zoned.times[0], zoned.local) == (NOON, False)
    assert parse_times(pa.array([date(2024, 1, 2), None]), "UTC").times.tolist() == [micros(2024, 1, 2), NO_TIME]


moments = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1))  # noqa: DTZ001
offsets = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.lists(st.tuples(moments, offsets), min_size=1, max_size=20), st.sampled_from(["T", " ", "/"]))
def test_every_spelling_of_iso_is_the_same_moment(times: list[tuple[datetime, timezone]], style: str) -> None:
    zoned = [moment.replace(tzinfo=zone) for moment, zone in times]
    written = [m.isoformat(sep="T" if style == "T" else " ") for m in zoned]
    if style == "/":
        written = [w.replace("-", "/", 2) for w in written]
    expected = [(m - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) for m in zoned]
    assert parse_times(pa.array(written), "UTC").times.tolist() == expected


@given(st.lists(st.one_of(st.none(), st.text(alphabet="0123456789-/:.TZ +年月日AMP", max_size=24)), min_size=1))
def test_any_text_is_a_time_or_is_named(cells: list[str | None]) -> None:
    result = parse_times(pa.array(cells, pa.string()), "Asia/Shanghai")
    assert len(result.times) == len(cells)
    assert result.bad is None or cells[result.bad]
