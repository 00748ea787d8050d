import contextlib
import enum
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.settings import DatabaseSettings, TableSettings
from collector.sources.database.cursors import lower_bound, reached
from collector.sources.database.decoding import Commit, RowChange, parse
from collector.sources.database.values import json_value, micros_of, pack, readable, unpack

FIRST = datetime(1, 1, 1)  # noqa: DTZ001
SHANGHAI = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
ORDERS = TableSettings(name="orders", key=("id",), cursor="updated_at", overlap_seconds=60, overlap_rows=10)


class Colour(enum.Enum):
    RED = "red"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, None),
        (True, True),
        (7, 7),
        (2**63, "9223372036854775808"),
        (0.5, 0.5),
        (float("nan"), "nan"),
        (Decimal("1E+3"), "1000"),
        (Decimal("12.50"), "12.50"),
        ("订单\0", "订单"),
        (datetime(2026, 1, 1, 8), "2026-01-01T00:00:00Z"),  # noqa: DTZ001
        (datetime(2026, 1, 1, 8, 0, 0, 5, tzinfo=UTC), "2026-01-01T08:00:00.000005Z"),
        (FIRST, "0001-01-01T00:00:00Z"),
        (date(2026, 1, 1), "2026-01-01"),
        (time(8, 30), "08:30:00"),
        (timedelta(hours=30, microseconds=5), "30:00:00.000005"),
        (timedelta(seconds=-1), "-00:00:01"),
        (b"\0\xff", "AP8="),
        (memoryview(b"\0\xff"), "AP8="),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (Colour.RED, "red"),
        ({"a": [Decimal(1), None]}, {"a": ["1", None]}),
        ({2, 1}, [1, 2]),
    ],
)
def test_values_as_json(value: Any, shown: Any) -> None:
    assert json_value(value, SHANGHAI) == shown


KEY_VALUES = st.one_of(
    st.integers(),
    st.text(),
    st.booleans(),
    st.binary(),
    st.dates(),
    st.datetimes(),
    st.datetimes(timezones=st.just(UTC)),
    st.decimals(allow_nan=False, allow_infinity=False, places=2),
)


@given(st.lists(KEY_VALUES, min_size=1))
def test_keys_come_back_as_they_were(values: list[Any]) -> None:
    packed = pack(values)
    assert unpack(packed) == values
    assert pack(unpack(packed)) == packed
    assert isinstance(readable(packed), str)


def test_equal_numbers_are_equal_keys() -> None:
    assert pack([Decimal("1.00")]) == pack([Decimal(1)])
    assert unpack(pack([UUID(int=1)])) == [str(UUID(int=1))]


@pytest.mark.parametrize(
    ("cursor", "bound"),
    [
        (100, 90),
        (Decimal(100), Decimal(90)),
        (datetime(2026, 1, 1, tzinfo=UTC), datetime(2025, 12, 31, 23, 59, tzinfo=UTC)),
        (datetime(2026, 1, 1, 8), datetime(2026, 1, 1, 7, 59)),  # noqa: DTZ001
        (datetime(2099, 1, 1, tzinfo=UTC), NOON - timedelta(seconds=60)),
        (datetime(2099, 1, 1), datetime(2026, 1, 2, 19, 59)),  # noqa: DTZ001
        (FIRST, FIRST),
        (date(2026, 1, 1), date(2025, 12, 31)),
        (date(2099, 1, 1), date(2026, 1, 1)),
        ("2026-01-01 08:00:00.5+08:00", "2026-01-01 07:59:00"),
        ("2026-01-01T08:00:00Z", "2026-01-01T07:59:00"),
        ("2026-01-01", "2025-12-31"),
        ("2099-01-01 00:00:00", "2026-01-02 19:59:00"),
        ("0000017", "0000017"),
        ("2026-13-99 00", "2026-13-99 00"),
        (True, True),
        (b"\1", b"\1"),
    ],
)
def test_where_a_pull_goes_on(cursor: Any, bound: Any) -> None:
    assert lower_bound(reached(cursor, SHANGHAI, NOON), ORDERS) == bound


@given(st.datetimes(datetime(2000, 1, 1), datetime(2026, 1, 1)))  # noqa: DTZ001
def test_a_text_bound_sorts_as_times_do(moment: datetime) -> None:
    written = moment.isoformat(" ")
    bound = lower_bound(reached(written, SHANGHAI, NOON), ORDERS)
    assert bound <= (moment - timedelta(seconds=60)).isoformat(" ")
    assert bound > (moment - timedelta(seconds=62)).isoformat(" ")


def test_times_of_rows() -> None:
    assert micros_of("1970-01-01 08:00:01", SHANGHAI) == 1_000_000
    assert micros_of(date(1970, 1, 2), ZoneInfo("UTC")) == 86_400_000_000
    assert micros_of("soon", SHANGHAI) is None
    assert micros_of(5, SHANGHAI) is None


def text_of(_kind: str, text: str) -> Any:
    return text


def test_lines_of_test_decoding() -> None:
    insert = (
        'table public."Or""der": INSERT: id[bigint]:1'
        " \"a b\"[character varying(20)]:'it''s: [x]' c[text[]]:null d[boolean]:true"
    )
    row = {"id": "1", "a b": "it's: [x]", "c": None, "d": True}
    assert parse(insert, text_of) == RowChange("INSERT", 'public.Or"der', {}, row)
    update = "table s.t: UPDATE: old-key: id[integer]:1 new-tuple: id[integer]:2 big[text]:unchanged-toast-datum"
    assert parse(update, text_of) == RowChange("UPDATE", "s.t", {"id": "1"}, {"id": "2"})
    assert parse("table s.t: DELETE: id[integer]:-1", text_of) == RowChange("DELETE", "s.t", {"id": "-1"}, {})
    assert parse("table s.t: DELETE: (no-tuple-data)", text_of) is None
    assert parse("table s.t: TRUNCATE: (no-flags)", text_of) is None
    assert parse("BEGIN 740", text_of) is None
    at = datetime(2026, 1, 1, 8, 0, 0, 250_000, tzinfo=UTC)
    assert parse("COMMIT 740 (at 2026-01-01 16:00:00.25+08)", text_of) == Commit(at)
    assert parse("COMMIT", text_of) == Commit(None)
    with pytest.raises(ValueError, match="cannot be read"):
        parse("table s.t: DELETE: id", text_of)


@given(
    st.text() | st.builds("table public.t: {}: {}".format, st.sampled_from(["INSERT", "UPDATE", "DELETE"]), st.text())
)
def test_any_line_is_read_or_refused(line: str) -> None:
    with contextlib.suppress(ValueError):
        assert not isinstance(parse(line, text_of), str)


NAMES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1)


@given(st.dictionaries(NAMES, st.none() | NAMES, min_size=1))
def test_any_row_is_read_as_it_was(row: dict[str, str | None]) -> None:
    """As PostgreSQL writes it: names and texts in quotes, quotes in them doubled."""
    columns = " ".join(
        '"{}"[text]:{}'.format(
            name.replace('"', '""'), "null" if value is None else "'{}'".format(value.replace("'", "''"))
        )
        for name, value in row.items()
    )
    assert parse(f"table public.t: INSERT: {columns}", text_of) == RowChange("INSERT", "public.t", {}, row)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"tables": []}, "at least 1 item"),
        ({"timezone": "Asia/Shanghia"}, "is no time zone"),
        ({"tables": [{"name": "a", "key": ["id"]}, {"name": "a", "key": ["id"]}]}, "two tables are called 'a'"),
        ({"tables": [{"name": "a", "key": []}]}, "at least 1 item"),
        ({"tables": [{"name": "a", "key": ["id"], "query": "select :cursor"}]}, "needs `cursor`"),
        ({"tables": [{"name": "a", "key": ["id"], "start": 1}]}, "`start` needs `cursor`"),
        ({"name": "a/b"}, "should match pattern"),
    ],
)
def test_settings_that_cannot_work(settings: dict[str, Any], told: str) -> None:
    good = {"name": "erp", "url": "sqlite://", "tables": [{"name": "a", "key": ["id"]}]}
    DatabaseSettings.model_validate(good)
    with pytest.raises(ValueError, match=told):
        DatabaseSettings.model_validate(good | settings)
