"""Which way a log is mined depends on the memory there is."""

import resource
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from collector.files import ReadOptions, pieces
from mining.batch.room import BASE, EVENT, MB, MOST_PARTITIONS, free_memory, partitions, room


def test_parquet_says_how_much_it_needs(tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    times = pa.array([0] * 5000, pa.timestamp("us", "UTC"))
    pq.write_table(pa.table({"case": ["1"] * 5000, "activity": ["a"] * 5000, "end": times}), path)
    raw = pieces(path, ReadOptions("log"))
    found = room(path, raw, 1 << 50)
    assert found.needed == BASE + 5000 * EVENT
    assert found.free <= free_memory() + 64 * MB
    assert not room(path, raw, 1).enough


def test_other_files_are_judged_by_their_size(tmp_path: Path) -> None:
    for name, factor in (("log.csv", 1), ("log.csv.gz", 12), ("log.v2.csv", 1)):
        path = tmp_path / name
        path.write_bytes(bytes(1000))
        assert room(path, None).needed == BASE + 16_000 * factor
    assert pieces(tmp_path / "log.csv", ReadOptions("log")) is None


def test_limits_of_the_process_count() -> None:
    before = resource.getrlimit(resource.RLIMIT_DATA)
    try:
        resource.setrlimit(resource.RLIMIT_DATA, (8 << 30, before[1]))
        limited = free_memory()
        resource.setrlimit(resource.RLIMIT_DATA, (1 << 50, before[1]))
        assert limited < 8 << 30
        assert free_memory() >= limited - 64 * MB
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, before)


def test_a_partition_takes_a_third_of_what_is_free() -> None:
    assert partitions(1000, 1 << 34) == 2
    assert 20 < partitions(50_000_000, 1300 * MB) < 40
    assert partitions(10**10, BASE) == MOST_PARTITIONS
