"""`houtai import`: each row once, whoever takes it in."""

import fcntl
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog

from api.cli.app import main
from api.importing import Imported, import_log, tell
from api.one_shot import Columns, Outputs, mine_log
from collector.store import Manifest, Store
from collector.store.inbox import Inbox, commit_inbox
from collector.vocabulary.errors import PermanentError
from tests.unit.imports.reading import committed, configuration

NOW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
Step = tuple[str, str, str, str | None]
HEAD = "单号,环节,开始时间,结束时间,操作人\n"


def at(days: float, minutes: float = 0) -> str:
    return f"{NOW - timedelta(days=days) + timedelta(minutes=minutes):%Y-%m-%d %H:%M}"


def lines(*rows: Step) -> str:
    return HEAD + "".join(f"{case},{name},{start},{end or ''},李雷\n" for case, name, start, end in rows)


def taken(log: Path, data: Path, process: str = "order", **options: Any) -> Imported:
    given: dict[str, Any] = {
        "config": None,
        "leading": None,
        "lifecycle": "pair",
        "timezone": None,
        "growing": False,
        "language": "en",
    }
    return import_log(log, Columns(), process=process, data=data, **{**given, **options})


ORDERS = lines(
    ("1", "下单", at(3), at(3, 1)),
    ("1", "审核", at(3, 10), at(3, 20)),
    ("1", "发货", at(2), at(2, 5)),
    ("2", "下单", at(3), at(3, 1)),
    ("2", "发货", at(1), None),
)


def test_once_and_never_again(tmp_path: Path) -> None:
    log, data = tmp_path / "orders.csv", tmp_path / "data"
    log.write_text(ORDERS)
    done = taken(log, data)
    assert (done.events, done.cases, done.known, done.before) == (5, 2, 0, False)
    assert any("`processes: {order: {leading: case}}`" in note for note in done.notes)
    again = taken(log, data)
    assert again.before
    assert len(committed(data)) == 5
    assert tell(log, "order", again, "zh-CN").endswith("已在流程 order 中，未作改动。")
    # For another process it is another matter.
    assert taken(log, data, "other").events == 5
    assert len(committed(data)) == 10


def test_the_type_of_the_process_is_the_type_of_the_cases(tmp_path: Path) -> None:
    config = configuration(tmp_path, "processes: {order: {leading: order}}\ntimezone: Asia/Shanghai\n")
    log = tmp_path / "a.csv"
    log.write_text("case,activity,end\n1,a,2026-01-05 08:00\n")
    done = taken(log, tmp_path / "data", config=config)
    (row,) = committed(tmp_path / "data")
    assert row["objects"] == [{"type": "order", "id": "1", "qualifier": None}]
    assert row["end"] == datetime(2026, 1, 5, tzinfo=UTC)
    assert not any("not in the configuration" in note for note in done.notes)


def test_an_object_type_takes_the_process_s_name(tmp_path: Path) -> None:
    config = configuration(tmp_path, "processes: {order: {leading: order}}\n")
    log = tmp_path / "a.json"
    things = [{"id": "1", "type": "Sales Order"}, {"id": "c", "type": "customer"}]
    related = [{"objectId": "c", "qualifier": "buyer"}, {"objectId": "1", "qualifier": "main"}]
    event = {"id": "e", "type": "a", "time": "2026-01-05T08:00:00Z", "relationships": related}
    log.write_text(json.dumps({"objects": things, "events": [event]}))
    done = taken(log, tmp_path / "data", config=config, leading="Sales Order")
    (row,) = committed(tmp_path / "data")
    assert [(each["type"], each["id"]) for each in row["objects"]] == [("order", "1"), ("customer", "c")]
    assert "Objects of type Sales Order are called order, as the process has it." in done.notes


def test_old_events_are_told(tmp_path: Path) -> None:
    log = tmp_path / "a.csv"
    log.write_text("case,activity,end\n1,a,2001-01-05 08:00\n")
    assert any("1 events ended more than 90 days ago" in note for note in taken(log, tmp_path / "data").notes)


@contextmanager
def converting(data: Path) -> Iterator[list[int]]:
    """A converter that holds the store and takes the inbox in between its rounds."""
    data.mkdir(exist_ok=True)
    stop, took = threading.Event(), list[int]()
    manifest = Manifest(data)

    def run() -> None:
        try:
            while not stop.wait(0.3):
                took.append(commit_inbox(manifest, data))
        finally:
            manifest.close()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield took
    finally:
        stop.set()
        thread.join()


def test_a_running_converter_takes_it_in(tmp_path: Path) -> None:
    log, data = tmp_path / "orders.csv", tmp_path / "data"
    log.write_text(ORDERS)
    with converting(data) as took:
        assert taken(log, data).events == 5
        assert sum(took) == 1
        assert taken(log, data).before
    assert len(committed(data)) == 5


def test_a_service_that_is_starting_is_waited_for(tmp_path: Path) -> None:
    log, data = tmp_path / "orders.csv", tmp_path / "data"
    log.write_text(ORDERS)
    data.mkdir()
    with (data / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done: list[Imported] = []
        thread = threading.Thread(target=lambda: done.append(taken(log, data)))
        thread.start()
        while not Inbox(data).waiting():
            time.sleep(0.02)
        time.sleep(0.5)
        assert Inbox(data).waiting()
        assert not done
        with converting(data):
            thread.join(10)
    assert done[0].events == 5
    assert len(committed(data)) == 5


def test_a_file_that_is_set_aside_is_told(tmp_path: Path) -> None:
    log, data = tmp_path / "orders.csv", tmp_path / "data"
    log.write_text(ORDERS)
    data.mkdir()
    manifest = Manifest(data)
    errors: list[PermanentError] = []

    def run() -> None:
        try:
            taken(log, data)
        except PermanentError as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    while not Inbox(data).waiting():
        time.sleep(0.02)
    Inbox(data).waiting()[0].path.write_bytes(b"PAR1")
    assert commit_inbox(manifest, data) == 0
    thread.join(10)
    manifest.close()
    assert "could not be taken in" in str(errors[0])


def test_an_export_that_grows(tmp_path: Path) -> None:
    log, data = tmp_path / "orders.csv", tmp_path / "data"
    days: list[list[Step]] = [
        [("1", "下单", at(3), at(3, 1)), ("1", "审核", at(3, 10), None)],
        [("1", "下单", at(3), at(3, 1)), ("1", "审核", at(3, 10), at(3, 20)), ("2", "下单", at(2), at(2, 1))],
        # The same step twice is two events, also when the second one comes later.
        [("2", "下单", at(2), at(2, 1)), ("2", "下单", at(2), at(2, 1)), ("1", "下单", at(3), at(3, 1))],
    ]
    figures = []
    for rows in days:
        log.write_text(lines(*rows))
        done = taken(log, data, growing=True)
        figures.append((done.events, done.known))
    assert figures == [(1, 0), (2, 1), (1, 2)]
    found = [(row["objects"][0]["id"], row["activity"]) for row in committed(data)]
    assert sorted(found) == [("1", "下单"), ("1", "审核"), ("2", "下单"), ("2", "下单")]
    assert len({row["event_id"] for row in committed(data)}) == 4
    log.write_text(lines(*days[1]))
    assert taken(log, data, growing=True).before


def test_a_growing_export_keeps_the_order_of_simultaneous_steps(tmp_path: Path) -> None:
    log, data = tmp_path / "orders.csv", tmp_path / "data"
    steps: list[Step] = [("1", name, at(1), at(1)) for name in ("下单", "审核", "配货", "发货", "签收")]
    for count in (2, 5):
        log.write_text(lines(*steps[:count]))
        taken(log, data, growing=True)
    by_id = sorted(committed(data), key=lambda row: str(row["event_id"]))
    assert [row["activity"] for row in by_id] == ["下单", "审核", "配货", "发货", "签收"]


def test_steps_that_never_end_are_not_waited_for(tmp_path: Path) -> None:
    log = tmp_path / "orders.csv"
    log.write_text(lines(("1", "审核", at(3), at(3, 1)), *[("1", "备注", at(2), None)] * 5, ("2", "审核", at(1), None)))
    done = taken(log, tmp_path / "data", growing=True)
    assert done.events == 6
    assert "1 events have begun and not ended: they are taken in once they have." in done.notes


def test_the_report_says_what_mine_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log, data = tmp_path / "orders.csv", tmp_path / "data"
    log.write_text(ORDERS)
    for growing in (False, True):
        config = configuration(tmp_path, "processes: {order: {leading: order}, again: {leading: order}}\n")
        process = "again" if growing else "order"
        taken(log, data, process, growing=growing, config=config)
        mined, kept = tmp_path / "mined.json", tmp_path / "kept.json"
        source = log
        if growing:
            # What has not ended waits; everything else is the same.
            source = tmp_path / "ended.csv"
            source.write_text(log.read_text().replace(f"2,发货,{at(1)},,李雷\n", ""))
        mine_log(
            source,
            Outputs(json=mined),
            Columns(),
            process=process,
            config=None,
            lifecycle="pair",
            timezone=None,
            by="role",
            language="en",
        )
        assert (
            run(
                [
                    "export",
                    "report",
                    "--out",
                    str(kept),
                    "--data",
                    str(data),
                    "--process",
                    process,
                    "--config",
                    str(config),
                ]
            )
            == 0
        )
        one, other = json.loads(mined.read_text()), json.loads(kept.read_text())
        for part in ("log", "nodes", "edges", "variants", "cases", "roles", "handovers", "transitions"):
            assert one[part] == other[part], part


def run(arguments: list[str]) -> int:
    """The command line in this process; gives its exit code."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["houtai", *arguments])
        try:
            main()
        except SystemExit as done:
            return int(done.code or 0)
        finally:
            structlog.reset_defaults()
    return 0


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "orders.csv"
    log.write_text(ORDERS)
    arguments = ["import", str(log), "--process", "order", "--data", str(tmp_path / "data"), "--lang", "zh-CN"]
    assert run(arguments) == 0
    assert "5 个事件已导入流程 order（文件中共 2 个案例）。" in capsys.readouterr().out
    assert run([*arguments[:1], str(tmp_path / "none.csv"), *arguments[2:]]) == 2
    assert "没有这个文件" in capsys.readouterr().err
    assert run([*arguments, "--timezone", "Asia/Nowhere"]) == 2
    assert len(Store(tmp_path / "data").state("import:")) == 1
