"""A shop's database that is worked on while it is pulled, and the check that the log tells its true story."""

import gzip
import json
import random
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy
from sqlalchemy import Connection, text

from collector.sources.database.values import json_row
from collector.wal import Signal
from collector.wal.reader import WalReader
from tests.integration.collector.processes import Process, wait_for

KEYS = {
    "orders": ("id",),
    "invoices": ("number",),
    "payments": ("order_id", "line"),
    "stock_moves": ("id",),
    "tickets": ("id",),
}
CHANGES = {
    "orders": "status = :word, amount = amount + 0.01, updated_at = {now}",
    "invoices": "state = :word, changed_no = :number",
    "payments": "state = :word, updated_at = {now}",
    "stock_moves": "quantity = quantity + :number",
    "tickets": "body = :word, updated_at = {now}",
}
ROWS = {
    "orders": "(:id, '客户 1', 'new', 12.50, {true}, {now})",
    "invoices": "('INV-' || :id, :id, 'draft', 99.90, :number)",
    "payments": "(:id, 1, 'open', 12.50, {now})",
    "stock_moves": "(:id, 'SKU-1', :number, {today})",
    "tickets": "(:id, '退货 ''urgent'' 😀', 'a\\b: [x]', {now})",
}
WORDS = ["new", "paid", "it's", "退款", "a: [b]", ""]
Row = dict[str, Any]


@dataclass
class Story:
    """What was committed: the states of each row, in order (None: deleted), and who deleted it if that was recorded."""

    states: dict[tuple[str, str], list[Row | None]] = field(default_factory=lambda: defaultdict(list))
    deleted_by: dict[tuple[str, str], list[str | None]] = field(default_factory=lambda: defaultdict(list))


class Writer:
    """Works on the shop in a thread: new rows, changes, deletions with and without a record, slow transactions."""

    def __init__(self, url: str, words: dict[str, str], zone: ZoneInfo, timestamps: tuple[str, ...] = ()) -> None:
        self._engine = sqlalchemy.create_engine(url, pool_size=4)
        self._words, self._zone, self._timestamps = words, zone, timestamps
        self._random = random.Random(7)
        self._number = 0
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self.story = Story()
        self.error: Exception | None = None
        self._threads = [threading.Thread(target=self._run, args=(pause,)) for pause in (0.0, 0.7)]

    def __enter__(self) -> "Writer":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()
        self._engine.dispose()
        if self.error is not None:
            raise self.error

    def _run(self, pause: float) -> None:
        try:
            mine: list[tuple[str, int]] = []
            while not self._stop.is_set():
                self._work(mine, pause)
                time.sleep(0.005)
        except Exception as error:
            self.error = error

    def _next(self) -> int:
        with self._lock:
            self._number += 1
            return self._number

    def _work(self, mine: list[tuple[str, int]], pause: float) -> None:
        """One transaction on up to three rows; each thread has rows of its own."""
        with self._engine.connect() as connection:
            done: list[Callable[[], None]] = []
            touched: set[tuple[str, int]] = set()
            begun = connection.begin()
            for _ in range(self._random.randint(1, 3)):
                dice = self._random.random()
                if dice < 0.4 or not mine:
                    table = self._random.choice(list(KEYS))
                    one = (table, self._next())
                    self._run_sql(connection, f"insert into {table} values {ROWS[table]}", one)
                    mine.append(one)
                else:
                    one = self._random.choice(mine)
                    if one in touched:
                        continue
                    if dice < 0.8:
                        where = self._where(one[0])
                        self._run_sql(connection, f"update {one[0]} set {CHANGES[one[0]]} where {where}", one)
                    else:
                        mine.remove(one)
                        done.append(self._delete(connection, one))
                        touched.add(one)
                        continue
                touched.add(one)
                done.append(self._seen(connection, one))
            time.sleep(pause * self._random.random())
            begun.commit()
            for each in done:
                each()

    def _delete(self, connection: Connection, one: tuple[str, int]) -> Callable[[], None]:
        key = self._key(one)
        by = self._random.choice(["li", "wang", None])
        self._run_sql(connection, f"delete from {one[0]} where {self._where(one[0])}", one)
        if by is not None:
            now = self._words["now"]
            connection.execute(
                text(
                    "insert into operation_log (action, table_name, row_id, line, user_name, deleted_at, reason)"
                    f" values ('DELETE', :table, :key, '1', :by, {now}, '测试单')"
                ),
                {"table": one[0], "key": key[1].split("/")[0], "by": by},
            )

        def done() -> None:
            self.story.states[key].append(None)
            self.story.deleted_by[key].append(by)

        return done

    def _seen(self, connection: Connection, one: tuple[str, int]) -> Callable[[], None]:
        key = self._key(one)
        statement = text(f"select * from {one[0]} where {self._where(one[0])}")
        found = connection.execute(statement, {"id": one[1]}).mappings().one()
        row = json_row(dict(found), self._zone, self._timestamps if one[0] == "tickets" else ())
        return lambda: self.story.states[key].append(row)

    def _run_sql(self, connection: Connection, sql: str, one: tuple[str, int]) -> None:
        values = {"id": one[1], "word": self._random.choice(WORDS), "number": self._next()}
        statement = text(sql.format(**self._words))
        named = {name: value for name, value in values.items() if name in statement._bindparams}
        assert connection.execute(statement, named).rowcount == 1

    def _where(self, table: str) -> str:
        return {"invoices": "number = 'INV-' || :id", "payments": "order_id = :id"}.get(table, "id = :id")

    def _key(self, one: tuple[str, int]) -> tuple[str, str]:
        table, id_ = one
        return table, {"invoices": f"INV-{id_}", "payments": f"{id_}/1"}.get(table, str(id_))


def tables(**more: Any) -> list[dict[str, Any]]:
    """The settings that pull the shop."""

    def deletions(table: str) -> dict[str, Any]:
        return {
            "every_seconds": 0.5,
            "record_wait_seconds": 0,
            "hold_seconds": 0,
            "recorded": {
                "query": f"select * from operation_log where action = 'DELETE' and table_name = '{table}'",
                "key": ["row_id", "line"] if table == "payments" else ["row_id"],
                "by": "user_name",
                "at": "deleted_at",
                "reason": "reason",
            },
        }

    cursors: dict[str, str | None] = {
        **dict.fromkeys(KEYS, "updated_at"),
        "invoices": "changed_no",
        "stock_moves": None,
    }
    return [
        {
            "name": table,
            "key": list(key),
            "cursor": cursors[table],
            "batch_rows": 7,
            "overlap_seconds": 15,
            "deletions": deletions(table),
        }
        | more
        for table, key in KEYS.items()
    ]


def killed_at_random(process: Process, seconds: float, times: int) -> None:
    """Kill the receiver so often in about this time, and start it again each time."""
    dice = random.Random(3)
    for _ in range(times):
        assert process.port
        time.sleep(seconds / times * dice.uniform(0.2, 1.8))
        process.kill()
        process.start()


def logged(data: Path) -> list[dict[str, Any]]:
    """The events of the write-ahead log, each batch once, in order."""
    reader = WalReader(data / "wal")
    found: list[dict[str, Any]] = []
    last = 0
    while records := reader.read(1 << 24):
        for record in records:
            assert record.signal is Signal.EVENTS
            body = json.loads(gzip.decompress(record.body))
            if body["batch"] > last:
                last = body["batch"]
                found += body["events"]
    assert reader.lost == 0
    reader.close()
    return found


def wait_until_told(process: Process, story: Story) -> None:
    """Until the rows of the log are those of the database."""
    rest = {key: states[-1] for key, states in story.states.items() if states[-1] is not None}
    try:
        wait_for(lambda: final(logged(process.data)) == rest, 40)
    except AssertionError as error:
        told = final(logged(process.data))
        different = {
            key: (told.get(key), rest.get(key)) for key in told.keys() | rest if told.get(key) != rest.get(key)
        }
        raise AssertionError(f"{different}\n{process.error()}") from error


def final(events: list[dict[str, Any]]) -> dict[tuple[str, str], Row]:
    """The rows that are there after all events."""
    rows: dict[tuple[str, str], Row] = {}
    for event in events:
        key = (event["table"], event["subject"])
        if event["operation"] == "deleted":
            del rows[key]
        else:
            rows[key] = without_marks(event["data"])
    return rows


def without_marks(data: Row) -> Row:
    """The columns alone."""
    return {
        name: value
        for name, value in data.items()
        if name not in ("changed", "restored") and not name.startswith(("before.", "deleted."))
    }


def check(story: Story, events: list[dict[str, Any]], *, all_seen: bool) -> None:
    """Each event shows what really was, in the order in which it was; every row ended as it did; nothing is doubled.

    `all_seen`: rows that came and went between two pulls are told, too.
    """
    place: dict[tuple[str, str], int] = {}
    told: dict[tuple[str, str], Row | None] = {}
    ids = set()
    for event in events:
        key, data = (event["table"], event["subject"]), event["data"]
        assert event["id"] not in ids
        ids.add(event["id"])
        row = without_marks(data)
        before = told.get(key)
        match event["operation"]:
            case "created":
                assert before is None
            case "updated":
                assert before is not None
                changed = {name for name in row.keys() | before.keys() if row.get(name) != before.get(name)}
                assert set(data["changed"]) == changed != set()
                old = {name.removeprefix("before."): each for name, each in data.items() if name[:7] == "before."}
                assert old == {name: before[name] for name in changed if name in before}
            case "deleted":
                assert row == before
                [by] = story.deleted_by[key]
                assert data["deleted.recorded"] == (by is not None)
                assert data.get("deleted.by") == by
                assert data.get("deleted.reason") == ("测试单" if by else None)
        now = None if event["operation"] == "deleted" else row
        states = story.states[key]
        assert now in states[place.get(key, 0) :], (event, states)
        place[key] = states.index(now, place.get(key, 0))
        told[key] = now
    for key, states in story.states.items():
        if states[-1] is not None or key in told or all_seen:
            assert key in told, (key, states)
            assert told[key] == states[-1], key
