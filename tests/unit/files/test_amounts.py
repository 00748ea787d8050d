"""Money without floats."""

from decimal import ROUND_HALF_UP, Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.files.amounts import parse_amounts


@pytest.mark.parametrize(
    ("written", "minor"),
    [("12.5", 1250), ("¥1,234.5", 123450), ("-0.005", -1), ("1 200 元", 120000), ("59.99000000000001", 5999),
     ("1e3", 100000), ("CNY 3", 300), ("", None), (None, None)],
)  # fmt: skip
def test_amounts(written: str | None, minor: int | None) -> None:
    amounts, unreadable = parse_amounts(pa.array([written], pa.string()), 2)
    assert (amounts[0].as_py(), unreadable) == (minor, 0)


@pytest.mark.parametrize("written", ["12,5", "1.234,50", "free", "NaN", "1e99", "9" * 30])
def test_unreadable_ones_are_counted_and_not_guessed(written: str) -> None:
    amounts, unreadable = parse_amounts(pa.array([written, "1"]), 2)
    assert (amounts.to_pylist(), unreadable) == ([None, 100], 1)


def test_currencies_without_cents() -> None:
    assert parse_amounts(pa.array(["1200.4"]), 0)[0].to_pylist() == [1200]


@given(st.lists(st.decimals(-(10**12), 10**12, places=4)))
def test_exact(values: list[Decimal]) -> None:
    amounts, _ = parse_amounts(pa.array([str(v) for v in values], pa.string()), 2)
    assert amounts.to_pylist() == [int((v * 100).to_integral_value(ROUND_HALF_UP)) for v in values]
