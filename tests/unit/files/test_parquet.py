"""Parquet with columns of other types than text."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from collector.files import read
from collector.vocabulary.errors import PermanentError
from tests.unit.files.readers import OPTIONS, rows, utc

T = datetime(2024, 1, 2, 3, 4, 5, 6, tzinfo=UTC)


def test_types(tmp_path: Path) -> None:
    table = pa.table(
        {
            "case_id": pa.array([17.0, None, 18.0]),
            "activity": pa.array(["a", "b", "a"]).dictionary_encode(),
            "start_time": pa.array([T, T, T], pa.timestamp("ns", "UTC")),
            "end_time": pa.array([T.replace(tzinfo=None)] * 3, pa.timestamp("ms")),
            "amount": pa.array([Decimal("1.50"), None, Decimal("-2.005")], pa.decimal128(9, 3)),
            "urgent": pa.array([True, False, None]),
            "weight": pa.array([1.5, 2.0, float("nan")]),
            "items": pa.array([[1], [], None]),
        }
    )
    path = tmp_path / "log.parquet"
    pq.write_table(table, path)
    log = read(path, OPTIONS)
    first, second = rows(log)
    assert [row["objects"][0]["id"] for row in (first, second)] == ["17", "18"]
    assert (first["start"], first["end"]) == (utc(2024, 1, 2, 3, 4, 5, 6), utc(2024, 1, 2, 3, 4, 5))
    assert [row["amount"] for row in (first, second)] == [150, -201]
    assert [dict(row["fields"]) for row in (first, second)] == [{"urgent": "true", "weight": "1.5"}, {}]
    assert log.quality.without_case == 1
    assert log.quality.notes == ("Columns left out: items.", "Times without a zone were read as UTC.")


def test_broken(tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    pq.write_table(pa.table({"case": ["1"], "activity": ["a"], "end": ["2024-01-01"]}), path)
    assert len(rows(read(path, OPTIONS))) == 1
    whole = path.read_bytes()
    for broken in (b"", b"PAR1", whole[: len(whole) // 2], b"x" * 100):
        path.write_bytes(broken)
        with pytest.raises(PermanentError, match=r"log\.parquet: is no Parquet file"):
            read(path, OPTIONS)
    pq.write_table(pa.table({"case": ["1"], "activity": ["a"], "end": ["soon"]}), path)
    with pytest.raises(PermanentError, match="row 1, column end: 'soon' is no time"):
        read(path, OPTIONS)
