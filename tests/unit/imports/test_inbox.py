"""The inbox: whatever is killed when, a file's events count once."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from prometheus_client import CollectorRegistry

from collector.dead_letters import DeadLetters
from collector.store import Store, inbox
from collector.store.inbox import Inbox, commit_inbox, imported
from collector.store.manifest import Manifest
from collector.vocabulary.errors import PermanentError
from collector.vocabulary.schema import EVENT_SCHEMA
from tests.helpers import HOUR, T0, batch, event

KEY = "ab" * 16
ROOT = Path(__file__).resolve().parents[3]


def batches(count: int, each: int = 1000, process: str = "order") -> list[pa.RecordBatch]:
    return [
        batch(
            event(f"c{i % 7}", f"a{begin % 3}", T0 + i * HOUR, event_id=f"{i:012d}", process=process)
            for i in range(begin, min(begin + each, count))
        )
        for begin in range(0, count, each)
    ]


def events(data: Path) -> pa.Table:
    tables = [pq.ParquetFile(each.path).read() for each in Store(data).segments("events")]
    return pa.concat_tables(tables, promote_options="permissive") if tables else EVENT_SCHEMA.empty_table()


def ids(data: Path) -> list[str]:
    return list(events(data)["event_id"].to_pylist())


def commit(data: Path) -> int:
    manifest = Manifest(data)
    try:
        return commit_inbox(manifest, data, DeadLetters(data, "converter", CollectorRegistry()))
    finally:
        manifest.close()


def test_put_and_taken(tmp_path: Path) -> None:
    box = Inbox(tmp_path)
    path = box.put(batches(2500), "order", KEY, about={"file": "订单.csv"})
    assert path == tmp_path / "inbox" / f"{KEY}.parquet"
    (entry,) = box.waiting()
    assert box.about(entry) == {"file": "订单.csv", "key": KEY, "process": "order", "events": 2500}
    assert commit(tmp_path) == 1
    assert box.waiting() == []
    assert ids(tmp_path) == [f"{KEY[:12]}{i:012d}" for i in range(2500)]
    told = json.loads(Store(tmp_path).state("import:")[f"import:{KEY}"])
    assert (told["process"], told["file"], told["events"]) == ("order", "订单.csv", 2500)


def test_what_was_read_once_is_known_by_its_ids(tmp_path: Path) -> None:
    Inbox(tmp_path).put(batches(10), "order", KEY)
    Inbox(tmp_path).put(batches(10), "order", "b" * 64, prefix="fffffffffff1", about={"growing": True})
    commit(tmp_path)
    assert imported(Store(tmp_path)) == (KEY[:12],)
    assert sum(each.startswith(imported(Store(tmp_path))) for each in ids(tmp_path)) == 10


def test_the_same_key_twice_changes_nothing(tmp_path: Path) -> None:
    for _ in range(2):
        Inbox(tmp_path).put(batches(10), "order", KEY)
        commit(tmp_path)
    assert len(ids(tmp_path)) == 10
    assert Inbox(tmp_path).waiting() == []


def test_large_files_become_several_segments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "SEGMENT_ROWS", 3000)
    monkeypatch.setattr(inbox, "_ROW_GROUP", 1000)
    Inbox(tmp_path).put(batches(10_000, each=700), "order", KEY)
    commit(tmp_path)
    assert [each.rows for each in Store(tmp_path).segments("events")] == [3000, 3000, 3000, 1000]
    assert ids(tmp_path) == [f"{KEY[:12]}{i:012d}" for i in range(10_000)]


def test_the_position_stays(tmp_path: Path) -> None:
    Inbox(tmp_path).put(batches(3), "order", KEY)
    commit(tmp_path)
    manifest = Manifest(tmp_path)
    assert manifest.position == 0
    manifest.close()


def test_no_events(tmp_path: Path) -> None:
    Inbox(tmp_path).put([], "order", KEY)
    assert commit(tmp_path) == 1
    assert ids(tmp_path) == []
    assert f"import:{KEY}" in Store(tmp_path).state("import:")


@pytest.mark.parametrize("damage", ["cut", "other", "flip"])
def test_an_unreadable_file_is_set_aside_and_blocks_nobody(tmp_path: Path, damage: str) -> None:
    box = Inbox(tmp_path)
    bad = box.put(batches(500), "order", KEY)
    whole = bad.read_bytes()
    if damage == "cut":
        bad.write_bytes(whole[:-20])
    elif damage == "other":
        pq.write_table(pa.table({"a": [1]}), bad)
    else:
        bad.write_bytes(whole[:300] + bytes(each ^ 0xFF for each in whole[300:330]) + whole[330:])
    box.put(batches(5), "order", "cd" * 16)
    assert commit(tmp_path) == 1
    assert len(ids(tmp_path)) == 5
    assert bad.with_suffix(".bad").exists()
    (letter,) = (tmp_path / "dead-letters" / "converter.jsonl").read_text().splitlines()
    assert json.loads(letter)["reason"] == "import"
    assert commit(tmp_path) == 0


def test_a_key_is_a_key(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match="no key"):
        Inbox(tmp_path).path("../../etc/passwd")


def test_a_commit_that_fails_is_done_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Inbox(tmp_path).put(batches(10), "order", KEY)
    manifest = Manifest(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr("collector.store.manifest.sync_folder", lambda _: (_ for _ in ()).throw(OSError(28, "full")))
        with pytest.raises(OSError, match="full"):
            commit_inbox(manifest, tmp_path)
    manifest.close()
    assert commit(tmp_path) == 1
    assert len(ids(tmp_path)) == 10
    assert len(list((tmp_path / "segments").glob("*.parquet"))) == 1


PUT_AND_COMMIT = """
import sys
from pathlib import Path
from collector.store.inbox import Inbox, commit_inbox
from collector.store.manifest import Manifest
from tests.unit.imports.test_inbox import batches
data = Path(sys.argv[1])
print("begin", flush=True)
for number in range(1000):
    key = f"{number:032x}"
    Inbox(data).put(batches(40, process=f"p{number}"), f"p{number}", key, about={"file": str(number)}, prefix=key)
    manifest = Manifest(data)
    commit_inbox(manifest, data)
    manifest.close()
    print(f"told {number}", flush=True)
"""


def test_killed_at_any_moment(tmp_path: Path) -> None:
    told = -1
    for kill in range(6):
        process = subprocess.Popen(
            [sys.executable, "-c", PUT_AND_COMMIT, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        process.stdout.readline()
        # Some early, before anything is told, some later.
        said = process.stdout.readline() if kill % 2 else ""
        time.sleep(0.05 + 0.037 * kill)
        os.kill(process.pid, signal.SIGKILL)
        said += process.stdout.read()
        process.stdout.close()
        process.wait()
        told = max([told, *(int(number) for number in re.findall(r"^told (\d+)\n", said, re.MULTILINE))])
    commit(tmp_path)
    found = ids(tmp_path)
    assert len(found) == len(set(found))
    keys = {each[:32] for each in found}
    assert len(found) == 40 * len(keys)
    assert {f"{number:032x}" for number in range(told + 1)} <= keys
    assert len(Store(tmp_path).state("import:")) == len(keys)
