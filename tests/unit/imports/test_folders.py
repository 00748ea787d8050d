"""Watched folders: each file once it has settled, each row once."""

import asyncio
import contextlib
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import openpyxl
import pytest

from collector.dead_letters import DeadLetters
from collector.files import READERS
from collector.receiver.telemetry import ReceiverMetrics
from collector.settings import CollectorSettings, FolderSettings
from collector.sources import Intake
from collector.sources.folders import ENDINGS, Watch, folders
from tests.unit.imports.reading import committed, configuration

ROOT = Path(__file__).resolve().parents[3]
NOW = datetime.now(UTC).replace(microsecond=0, tzinfo=None)


class Clock:
    """Stands until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Watched:
    """A folder with what watches it."""

    def __init__(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, **more: Any) -> None:
        # Children run the command line from where the project stands.
        monkeypatch.chdir(ROOT)
        self.exports, self.data = tmp_path / "exports", tmp_path / "data"
        self.exports.mkdir(exist_ok=True)
        self.data.mkdir(exist_ok=True)
        self.told = ReceiverMetrics()
        self.settings = FolderSettings(**{"path": str(self.exports), "process": "order", **more})
        config = configuration(tmp_path, "processes: {order: {leading: order}}\ntimezone: Asia/Shanghai\n")
        collector = CollectorSettings(folders=(self.settings,))
        letters = DeadLetters(self.data, "receiver", self.told.registry)
        self.clock = Clock()
        self._intake = Intake(
            collector, self.data, config, cast(Any, None), cast(Any, None), letters=letters, told=self.told
        )
        self.watch = Watch(self.settings, self._intake, self.clock)

    def again(self) -> None:
        """As after a restart."""
        self.watch = Watch(self.settings, self._intake, self.clock)

    def look(self, times: int = 1) -> None:
        """Look, each time after so long that it is time and everything has settled."""

        async def looks() -> None:
            for _ in range(times):
                await self.watch.look()
                self.clock.now += 10

        asyncio.run(looks())

    def count(self, name: str, **labels: str) -> float:
        return self.told.registry.get_sample_value(f"houtai_collector_{name}_requests_total", labels) or 0.0

    def letters(self) -> list[dict[str, Any]]:
        path = self.data / "dead-letters" / "receiver.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def orders(path: Path, steps: list[tuple[str, str, int]]) -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(["订单明细"])
    sheet.append(["订单号", "环节", "开始时间", "结束时间", "操作人"])
    for case, name, minute in steps:
        begin = NOW - timedelta(days=1) + timedelta(minutes=minute)
        sheet.append([case, name, begin, begin + timedelta(minutes=1), "李雷"])
    sheet.append(["合计", len(steps)])
    book.save(path)
    book.close()


STEPS = [("0001", "下单", 0), ("0001", "审核", 5), ("0002", "下单", 7), ("0002", "审核", 9)]


def test_a_daily_export_with_more_rows_adds_only_those(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    watched = Watched(tmp_path, monkeypatch)
    path = watched.exports / "orders.xlsx"
    for count in (2, 3, 4):
        orders(path, STEPS[:count])
        watched.look(3)
        found = [(row["objects"][0]["id"], row["activity"]) for row in committed(watched.data)]
        assert found == [(case, name) for case, name, _ in STEPS[:count]]
    # The same rows in a file of another name, and in another order.
    orders(watched.exports / "copy.xlsx", STEPS[::-1])
    watched.again()
    watched.look(2)
    assert len(committed(watched.data)) == 4
    assert {each["type"] for row in committed(watched.data) for each in row["objects"]} == {"order"}
    assert path.exists()
    assert (watched.count("received", signal="files"), watched.count("acknowledged", signal="files")) == (4, 4)
    assert not watched.letters()


def test_a_file_is_left_alone_until_it_has_settled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    watched = Watched(tmp_path, monkeypatch, settle_seconds=15)
    path = watched.exports / "a.csv"
    text = "case,activity,end\n"
    for number in range(3):
        text += f"{number},a,2026-01-05 08:00\n"
        path.write_text(text)
        watched.look()
    assert not committed(watched.data)
    watched.look(2)
    assert len(committed(watched.data)) == 3


def test_what_is_refused_is_told_once_and_tried_when_it_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = Watched(tmp_path, monkeypatch)
    path = watched.exports / "a.csv"
    path.write_text("case,activity,end\n1,a,soon\n")
    watched.look(3)
    watched.again()
    watched.look(3)
    (letter,) = watched.letters()
    assert (letter["reason"], letter["file"], letter["process"]) == ("import", str(path), "order")
    assert "row 2, column end: 'soon' is no time" in letter["detail"]
    assert watched.count("rejected", signal="files", reason="refused") == 1
    path.write_text("case,activity,end\n1,a,2026-01-05 08:00\n")
    watched.look(2)
    assert len(committed(watched.data)) == 1


def test_a_letter_that_cannot_be_kept_now_stops_nothing_and_is_kept_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = Watched(tmp_path, monkeypatch, settle_seconds=0)
    (watched.exports / "a.csv").write_text("no,columns\n1,2\n")
    letters = watched.data / "dead-letters"
    letters.write_text("in the way of the folder")
    watched.look()
    assert watched.count("rejected", signal="files", reason="failed") == 1
    letters.unlink()
    watched.look(2)
    assert [each["reason"] for each in watched.letters()] == ["import"]


def test_what_fails_is_tried_again_after_a_pause(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    watched = Watched(tmp_path, monkeypatch)
    (watched.exports / "a.csv").write_text("case,activity,end\n1,a,2026-01-05 08:00\n")
    right = watched.watch.command

    def killed(name: str) -> list[str]:
        return [right(name)[0], "-c", "import os; os.kill(os.getpid(), 9)"]

    with monkeypatch.context() as patch:
        patch.setattr(watched.watch, "command", killed)
        watched.look(2)
    assert watched.count("rejected", signal="files", reason="failed") == 1
    assert not watched.letters()
    watched.look(2)
    assert len(committed(watched.data)) == 1


def test_which_files_are_meant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    watched = Watched(tmp_path, monkeypatch, pattern="or*")
    text = "case,activity,end\n1,{},2026-01-05 08:00\n"
    for name in ("orders.csv", "other.csv", ".orders.csv", "~$orders.csv", "orders.txt", "or.tmp"):
        (watched.exports / name).write_text(text.format(name))
    (watched.exports / "or.csv").touch()
    (watched.exports / "ordner.csv").mkdir()
    watched.look(3)
    assert [row["activity"] for row in committed(watched.data)] == ["orders.csv"]


def test_a_folder_that_is_not_there_yet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    watched = Watched(tmp_path, monkeypatch)
    watched.exports.rmdir()
    watched.look(2)
    watched.exports.mkdir()
    (watched.exports / "a.csv").write_text("case,activity,end\n1,a,2026-01-05 08:00\n")
    watched.look(2)
    assert len(committed(watched.data)) == 1


def test_settings_become_options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    watched = Watched(tmp_path, monkeypatch, case="-编号", timezone="UTC", lifecycle="all", growing=False)
    command = watched.watch.command("-x.csv")
    assert command[-2:] == ["--", "-x.csv"]
    assert {"--case=-编号", "--timezone=UTC", "--lifecycle=all", "--process=order", "--background"} <= set(command)
    assert "--growing" not in command
    (watched.exports / "-x.csv").write_text("-编号,activity,end\n1,a,2026-01-05 08:00\n")
    watched.look(2)
    (row,) = committed(watched.data)
    assert row["end"] == datetime(2026, 1, 5, 8, tzinfo=UTC)


def test_the_end_of_the_receiver_ends_the_child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    watched = Watched(tmp_path, monkeypatch, settle_seconds=0)
    (watched.exports / "a.csv").write_text("x")
    pid = tmp_path / "pid"
    code = f"import os, time; open({str(pid)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    right = watched.watch.command
    monkeypatch.setattr(watched.watch, "command", lambda name: [right(name)[0], "-c", code])

    async def begin_and_stop() -> None:
        task = asyncio.create_task(watched.watch.look())
        while not pid.exists() or not pid.read_text():
            await asyncio.sleep(0.02)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    asyncio.run(begin_and_stop())
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)


def test_endings_are_those_of_the_readers() -> None:
    assert {*ENDINGS} == {ending for reader in READERS for ending in reader.endings}


def test_no_folder_is_no_source() -> None:
    assert not folders(CollectorSettings())
