"""A Parquet log read piece by piece says what the whole one says."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.files import read
from collector.files.events import assemble
from collector.files.log import LogFile, no_progress
from collector.files.parquet_file import ParquetReader
from collector.files.streamed import Streamed
from collector.vocabulary.errors import PermanentError
from collector.vocabulary.schema import EVENT_SCHEMA
from tests.unit.files.readers import OPTIONS

CELLS = {
    "case_id": st.sampled_from(["1", "2 ", "33", "", '="4"', None]),
    "activity": st.sampled_from(["Check", "Pay\t", "", None]),
    "start": st.one_of(st.none(), st.integers(0, 10**15)),
    "end": st.one_of(st.none(), st.integers(0, 10**15)),
    "actor": st.sampled_from(["Ann", " ", None, "王"]),
    "amount": st.sampled_from(["1.5", "1,000", "much", None]),
    "note": st.sampled_from(["x", None]),
}
TYPES = {"start": pa.timestamp("us"), "end": pa.timestamp("us", "UTC")}


def told(log: LogFile) -> tuple[object, ...]:
    return pa.Table.from_batches(log.batches, EVENT_SCHEMA).to_pylist(), log.quality, log.leading


def table(rows: list[dict[str, object]]) -> pa.Table:
    return pa.table({name: pa.array([row[name] for row in rows], TYPES.get(name, pa.string())) for name in CELLS})


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.fixed_dictionaries(CELLS), max_size=30), st.integers(1, 9), st.sampled_from(["UTC", "Asia/Shanghai"])
)
def test_pieces_add_up(tmp_path: Path, rows: list[dict[str, object]], size: int, zone: str) -> None:
    path = tmp_path / "log.parquet"
    pq.write_table(table(rows), path, row_group_size=size)
    options = replace(OPTIONS, timezone=zone)
    streamed = read(path, options)
    assert isinstance(streamed, Streamed)
    whole = assemble(replace(ParquetReader().read(path, options, no_progress), pieces=None), options)
    assert told(streamed) == told(whole)
    every = np.arange(sum(map(len, streamed.stream())))
    assert streamed.event_ids(every).equals(whole.event_ids(every))
    assert streamed.objects(every).equals(whole.objects(every))
    for name, column in whole.maps(every).items():
        assert streamed.maps(every)[name].cast(pa.string()).equals(column.cast(pa.string()))


def test_says_where_a_time_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    stamps = pa.array([0, 1, 1 << 62], pa.timestamp("us", "UTC"))
    pq.write_table(pa.table({"case": ["1"] * 3, "activity": ["a"] * 3, "end": stamps}), path, row_group_size=1)
    log = read(path, OPTIONS)
    with pytest.raises(PermanentError, match="row 3, column end: '4611686018427387904' is no time"):
        list(log.stream())


def test_what_one_line_does_not_tell_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    times = pa.array([0, 1], pa.timestamp("us", "UTC"))
    plain = {"case": pa.array(["1", "1"]), "activity": pa.array(["a", "a"]), "end": times}
    pq.write_table(pa.table({**plain, "lifecycle": ["start", "complete"]}), path)
    assert not isinstance(read(path, OPTIONS), Streamed)
    assert isinstance(read(path, replace(OPTIONS, lifecycle="all")), Streamed)
    pq.write_table(pa.table({**plain, "end": ["01/02/2024 10:00", "13/02/2024 10:00"]}), path)
    assert not isinstance(read(path, OPTIONS), Streamed)
