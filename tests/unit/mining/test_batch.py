"""Partition by partition a log has the very report it has in memory."""

import dataclasses
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.files import ReadOptions, pieces, read
from collector.vocabulary.errors import PermanentError
from collector.vocabulary.languages import Language
from mining.arena import Quality
from mining.batch.cluster import merge, partition_summary
from mining.batch.executor import NO_FINDINGS_NOTE, batch_report
from mining.builder import Builder
from mining.config import ProcessConfig
from mining.reporting import document, report

CELLS = {
    "case": st.sampled_from(["1", "2", "3 ", "44", "五", "", None]),
    "activity": st.sampled_from(["Check", "Pay", "Ship", "", None]),
    "start": st.one_of(st.none(), st.integers(0, 20)),
    "end": st.one_of(st.none(), st.integers(0, 20)),
    "enabled_time": st.one_of(st.none(), st.none(), st.integers(0, 20)),
    "resource": st.sampled_from(["Ann", "Bob", "王", None]),
    "role": st.sampled_from(["clerk", " boss", None]),
    "system": st.sampled_from(["erp", None]),
    "amount": st.sampled_from(["1.5", "1,000", "much", None]),
    "lifecycle:transition": st.sampled_from(["start", "COMPLETE", "schedule", "suspend", None]),
    "concept:instance": st.sampled_from(["i", None]),
}
TIMES = ("start", "end", "enabled_time")
SETS = (
    ("case", "activity", "start", "end", "resource", "role", "system"),
    ("case", "activity", "end", "resource"),
    ("case", "activity", "end", "lifecycle:transition", "resource"),
    tuple(CELLS),
    ("case", "activity", "start", "amount"),
)


def written(path: Path, rows: list[dict[str, Any]], columns: tuple[str, ...], texts: bool) -> None:
    def column(name: str) -> pa.Array:
        if name not in TIMES:
            return pa.array([row[name] for row in rows], pa.string())
        stamps = pa.array([row[name] and row[name] * 10**9 for row in rows], pa.timestamp("us", "UTC"))
        return pa.array([each and each.isoformat() for each in stamps.to_pylist()], pa.string()) if texts else stamps

    pq.write_table(pa.table({name: column(name) for name in columns}), path, row_group_size=7)


def whole(path: Path, options: ReadOptions, config: ProcessConfig) -> dict[str, Any]:
    """The report made in memory, without findings."""
    log = read(path, options)
    builder = Builder(config.process, log.leading, log)
    for batch in log.stream():
        builder.add(batch)
    arena = builder.finish((), Quality(**dataclasses.asdict(log.quality)))
    return document(report(arena, config, 0, options.language, facts=()))


def parted(path: Path, options: ReadOptions, config: ProcessConfig, count: int) -> dict[str, Any]:
    raw = pieces(path, options)
    assert raw is not None
    return document(batch_report(raw, options, config, count, path.parent))


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.fixed_dictionaries(CELLS), max_size=60),
    st.sampled_from(SETS),
    st.booleans(),
    st.sampled_from(["pair", "all"]),
    st.integers(1, 5),
)
def test_equals_the_report_in_memory(
    tmp_path: Path, rows: list[dict[str, Any]], columns: tuple[str, ...], texts: bool, lifecycle: Any, count: int
) -> None:
    path = tmp_path / "log.parquet"
    written(path, rows, columns, texts)
    options = ReadOptions("log", lifecycle=lifecycle)
    config = ProcessConfig("log", "case", end_activities=("Pay",))
    expected, found = whole(path, options, config), parted(path, options, config, count)
    assert found["quality"]["notes"].pop() == NO_FINDINGS_NOTE
    assert found == expected
    assert [each.name for each in tmp_path.iterdir()] == ["log.parquet"]


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_notes_add_up(tmp_path: Path, language: Language) -> None:
    path = tmp_path / "log.parquet"
    cells = {"activity": "a", "resource": None, "role": None, "system": None}
    written(path, [{"case": str(i), "start": 2, "end": 1, **cells} for i in range(9)], SETS[0], False)
    options, config = ReadOptions("log", language=language), ProcessConfig("log", "case")
    notes = parted(path, options, config, 4)["quality"]["notes"]
    assert notes[:-1] == whole(path, options, config)["quality"]["notes"]
    assert "9" in notes[0]


def test_nothing_is_left_behind_by_an_error(tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    table = pa.table({"case": ["1"], "activity": ["a"], "end": pa.array([1 << 62], pa.timestamp("us", "UTC"))})
    pq.write_table(table, path)
    with pytest.raises(PermanentError, match="row 1, column end"):
        parted(path, ReadOptions("log"), ProcessConfig("log", "case"), 3)
    assert [each.name for each in tmp_path.iterdir()] == ["log.parquet"]


@given(st.lists(st.tuples(st.integers(0, 6), st.sampled_from("abc"), st.integers(0, 9), st.integers(0, 9))))
@settings(max_examples=40, deadline=None)
def test_partitions_of_a_cluster_add_up(events: list[tuple[int, str, int, int]]) -> None:
    case, activity, start, length = zip(*events, strict=True) if events else ((), (), (), ())
    stamp = pa.timestamp("us", "UTC")
    table = pa.table(
        {
            "case_id": pa.array(map(str, case), pa.string()),
            "activity": pa.array(activity, pa.string()),
            "start": pa.array(start, stamp),
            "end": pa.array([a + b for a, b in zip(start, length, strict=True)], stamp),
        }
    )
    places = [[i for i, each in enumerate(case) if each % 3 == place] for place in range(3)]
    parts = [partition_summary(table.take(pa.array(rows, pa.int64())).to_batches(), "p", "case") for rows in places]
    together = partition_summary(table.to_batches(), "p", "case")
    assert merge(parts).equals(together, check_metadata=True)
    assert merge(reversed(parts)).equals(together)
