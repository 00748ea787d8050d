from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from collector.vocabulary.errors import PermanentError, RetryableError
from tests.unit.collector.database import Event, Shop

RECORDED = {
    "name": "orders",
    "key": ["id"],
    "cursor": "updated_at",
    "deletions": {
        "every_seconds": 1,
        "record_wait_seconds": 150,
        "recorded": {
            "query": "select * from operation_log",
            "key": ["row_id"],
            "by": "user_name",
            "at": "deleted_at",
            "reason": "reason",
        },
    },
}


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    each = Shop(tmp_path)
    yield each
    each.close()


def kinds(events: list[Event]) -> list[tuple[str, str]]:
    return [(each["type"], each["subject"]) for each in events]


def put(shop: Shop, id_: int, status: str, at: str, amount: object = "12.50") -> None:
    shop.sql.execute("insert or replace into orders values (?, ?, ?, ?)", (id_, status, amount, at))


def test_a_row_is_told_when_it_comes_changes_goes_and_comes_back(shop: Shop) -> None:
    put(shop, 7, "new", "2026-01-01 08:00:00")
    [event] = shop.pull()
    assert {key: event[key] for key in ("specversion", "source", "type", "subject", "time", "operation", "table")} == {
        "specversion": "1.0",
        "source": "db:shop",
        "type": "orders.created",
        "subject": "7",
        "time": "2026-01-01T08:00:00Z",
        "operation": "created",
        "table": "orders",
    }
    assert event["data"] == {"id": 7, "status": "new", "amount": 12.5, "updated_at": "2026-01-01 08:00:00"}
    assert shop.pull() == []
    put(shop, 7, "paid", "2026-01-01 09:00:00")
    [event] = shop.pull()
    assert event["type"] == "orders.updated"
    assert event["data"]["changed"] == ["status", "updated_at"]
    assert (event["data"]["before.status"], event["data"]["status"]) == ("new", "paid")
    shop.sql.execute("delete from orders")
    [event] = shop.pull()
    assert event["type"] == "orders.deleted"
    assert event["data"]["status"] == "paid"
    assert event["data"]["deleted.recorded"] is False
    assert shop.pull() == []
    put(shop, 7, "paid", "2026-01-01 09:00:00")
    [event] = shop.pull()
    assert (event["type"], event["data"]["restored"]) == ("orders.created", True)
    assert shop.metric("houtai_collector_pull_events_total", source="db:shop", table="orders", operation="created") == 2


def test_equal_cursors_over_the_end_of_a_batch_are_neither_lost_nor_doubled(tmp_path: Path) -> None:
    table = {"name": "orders", "key": ["id"], "cursor": "updated_at", "batch_rows": 3}
    shop = Shop(tmp_path, [table])
    for number in range(20):
        put(shop, number, "new", "2026-01-01 08:00:00")
    assert sorted(int(each["subject"]) for each in shop.pull()) == list(range(20))
    shop.sql.execute("update orders set status = 'paid'")  # an application that forgets its own cursor
    assert sorted(kinds(shop.pull())) == sorted(("orders.updated", str(number)) for number in range(20))
    assert shop.pull() == []
    shop.close()


def test_a_row_that_was_committed_late_is_found_in_the_overlap(tmp_path: Path) -> None:
    table = {"name": "orders", "key": ["id"], "cursor": "updated_at", "overlap_seconds": 600, "deletions": None}
    shop = Shop(tmp_path, [table])
    put(shop, 1, "new", "2026-01-01 08:10:00")
    shop.pull()
    put(shop, 2, "new", "2026-01-01 08:00:30")
    assert kinds(shop.pull()) == [("orders.created", "2")]
    put(shop, 3, "new", "2026-01-01 07:00:00")
    assert shop.pull() == []
    shop.close()


def test_a_row_with_an_old_cursor_or_none_is_found_all_the_same(shop: Shop) -> None:
    put(shop, 1, "new", "2026-01-01 08:10:00")
    shop.pull()
    put(shop, 2, "new", "2020-01-01 00:00:00")
    shop.sql.execute("insert into orders values (3, 'new', 1, null)")
    assert sorted(kinds(shop.pull())) == [("orders.created", "2"), ("orders.created", "3")]
    shop.sql.execute("update orders set status = 'paid' where id = 3")
    assert kinds(shop.pull()) == [("orders.updated", "3")]


def test_a_cursor_in_the_future_does_not_hide_what_comes_today(shop: Shop) -> None:
    put(shop, 1, "new", "2099-01-01 00:00:00")
    put(shop, 2, "new", "2026-01-01 23:00:00")
    shop.pull()
    put(shop, 2, "paid", "2026-01-02 00:02:30")
    assert kinds(shop.pull()) == [("orders.updated", "2")]


@pytest.mark.parametrize("cursor", ["number", None])
def test_a_cursor_of_numbers_or_none_at_all(tmp_path: Path, cursor: str | None) -> None:
    table = {"name": "moves", "key": ["shop", "number"], "batch_rows": 2, "overlap_rows": 3}
    shop = Shop(tmp_path, [table | ({"cursor": cursor} if cursor else {})])
    shop.sql.execute("create table moves (shop text, number integer, what text)")
    for number in range(5):
        shop.sql.execute("insert into moves values ('A', ?, 'in'), ('B', ?, 'out')", (number, number))
    assert len(shop.pull()) == 10
    assert shop.pull() == []
    shop.sql.execute("insert into moves values ('A', 5, 'in')")
    shop.sql.execute("update moves set what = 'lost' where shop = 'B' and number = 3")
    assert sorted(kinds(shop.pull())) == [("moves.created", "A/5"), ("moves.updated", "B/3")]
    shop.close()


def test_a_query_with_its_own_cursor_name_time_and_prefix(tmp_path: Path) -> None:
    table = {
        "name": "bills",
        "query": "select id, status as state, updated_at, '2026-01-01 12:00' as booked from orders"
        " where updated_at >= :cursor and status <> 'draft';",
        "key": ["id"],
        "cursor": "updated_at",
        "start": "2026-01-01",
        "event": "bill.changed",
        "time": "booked",
        "prefix": "bill",
    }
    shop = Shop(tmp_path, [table], timezone="Asia/Shanghai")
    put(shop, 1, "open", "2025-01-01 00:00:00")
    put(shop, 2, "open", "2026-01-01 00:00:00")
    put(shop, 3, "draft", "2026-01-01 00:00:00")
    [event] = shop.pull()
    assert (event["type"], event["subject"], event["time"]) == ("bill.changed", "2", "2026-01-01T04:00:00Z")
    assert event["data"]["bill.state"] == "open"
    put(shop, 2, "paid", "2026-01-01 01:00:00")
    [event] = shop.pull()
    assert (event["type"], event["operation"]) == ("bill.changed", "updated")
    assert event["data"]["changed"] == ["bill.state", "bill.updated_at"]
    assert event["data"]["before.bill.state"] == "open"
    shop.close()


def test_a_deletion_is_explained_by_its_record_also_when_that_comes_late(tmp_path: Path) -> None:
    shop = Shop(tmp_path, [RECORDED])
    for number in range(4):
        put(shop, number, "new", "2026-01-01 00:00:00")
    shop.pull()
    record = "insert into operation_log (row_id, user_name, deleted_at, reason) values (?, 'li', ?, 'test order')"
    shop.sql.execute(record, ("1", "2026-01-01 00:02:00"))
    shop.sql.execute("delete from orders where id in (1, 2, 3)")
    [event] = shop.pull()
    told = {name: value for name, value in event["data"].items() if name.startswith("deleted.")}
    assert told == {
        "deleted.recorded": True,
        "deleted.by": "li",
        "deleted.at": "2026-01-01T00:02:00Z",
        "deleted.reason": "test order",
    }
    assert (event["subject"], event["time"]) == ("1", "2026-01-01T00:02:00Z")
    shop.sql.execute(record, ("2", "2026-01-01 00:03:00"))
    assert [(e["subject"], e["data"]["deleted.recorded"]) for e in shop.pull()] == [("2", True)]
    assert [(e["subject"], e["data"]["deleted.recorded"]) for e in shop.pull()] == [("3", False)]
    # The record of the first deletion does not explain the second.
    put(shop, 1, "new", "2026-01-01 00:00:00")
    assert [e["data"]["restored"] for e in shop.pull()] == [True]
    shop.sql.execute("delete from orders where id = 1")
    assert shop.pull() == []
    assert shop.pull() == []
    assert [(e["subject"], e["data"]["deleted.recorded"]) for e in shop.pull()] == [("1", False)]
    shop.close()


def test_what_was_only_out_of_sight_makes_no_event(tmp_path: Path) -> None:
    shop = Shop(tmp_path, [RECORDED])
    put(shop, 1, "new", "2026-01-01 00:00:00")
    put(shop, 2, "new", "2026-01-01 00:00:00")
    shop.pull()
    shop.sql.execute("delete from orders where id = 1")
    assert shop.pull() == []
    put(shop, 1, "new", "2026-01-01 00:00:00")
    assert shop.pull() == []
    shop.sql.execute("delete from orders where id = 1")
    assert shop.pull() == []
    put(shop, 1, "other", "2026-01-01 00:00:00")
    assert kinds(shop.pull()) == [("orders.deleted", "1"), ("orders.created", "1")]
    shop.close()


def test_a_mass_deletion_is_held_back_until_it_has_been_seen_for_a_while(shop: Shop) -> None:
    for number in range(50):
        put(shop, number, "new", "2026-01-01 08:00:00")
    shop.pull()
    shop.sql.execute("alter table orders rename to hidden")
    shop.sql.execute("create table orders as select * from hidden where false")
    assert shop.pull() == []
    assert shop.metric("houtai_collector_pull_held_deletions", source="db:shop", table="orders") == 50
    assert shop.pull() == []
    shop.sql.execute("drop table orders")
    shop.sql.execute("alter table hidden rename to orders")
    assert shop.pull() == []
    assert shop.metric("houtai_collector_pull_held_deletions", source="db:shop", table="orders") == 0
    shop.sql.execute("delete from orders")
    assert shop.pull() == []
    assert shop.pull(200) == []
    assert len(shop.pull(200)) == 50


def test_a_table_that_is_gone_is_no_mass_deletion_and_stops_no_other(tmp_path: Path) -> None:
    moves = {"name": "moves", "key": ["id"]}
    orders = {"name": "orders", "key": ["id"], "cursor": "updated_at", "deletions": {"hold_seconds": 0}}
    shop = Shop(tmp_path, [orders, moves])
    shop.sql.execute("create table moves (id integer)")
    put(shop, 1, "new", "2026-01-01 08:00:00")
    shop.pull()
    shop.sql.execute("drop table orders")
    shop.sql.execute("insert into moves values (1)")
    assert kinds(shop.pull()) == [("moves.created", "1")]
    assert shop.metric("houtai_collector_pull_errors_total", source="db:shop", table="orders") == 1
    assert shop.pull() == []
    shop.close()


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ({"cursor": "changed"}, "db:shop, table orders: no such column: changed"),
        ({"time": "booked"}, "db:shop, table orders: there is no column 'booked' (columns: id, status, amount"),
        ({"query": "select status, updated_at from orders"}, "no such column: id"),
        ({"query": "selec"}, "no such table: selec"),
        ({"query": "select * from orders where id > :other"}, "required for bind parameter 'other'"),
        ({"key": ["status"]}, 'key (status) is not unique: two rows have ["new"]'),
        ({"key": ["no_one"], "query": "select *, null as no_one from orders"}, "a row has NULL in its key (no_one)"),
    ],
)
def test_what_is_wrong_is_told_by_source_table_and_column(tmp_path: Path, table: dict[str, Any], told: str) -> None:
    shop = Shop(tmp_path, [{"name": "orders", "key": ["id"], "cursor": "updated_at"} | table])
    put(shop, 1, "new", "2026-01-01 08:00:00")
    put(shop, 2, "new", "2026-01-01 08:00:00")
    assert shop.pull() == []
    [(_, line)] = shop.puller._wrong.values()
    assert told in line
    assert line.startswith("db:shop, table orders")
    assert shop.metric("houtai_collector_pull_errors_total", source="db:shop", table="orders") == 1
    shop.close()


def test_another_key_is_not_taken_for_a_mass_deletion(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    put(shop, 1, "new", "2026-01-01 08:00:00")
    shop.pull()
    shop.puller.close()
    shop.settings["tables"] = [{"name": "orders", "key": ["id", "status"], "cursor": "updated_at"}]
    shop.start()
    assert shop.pull() == []
    [(_, text)] = shop.puller._wrong.values()
    assert "its key was (id) and is now (id, status); give the table another name" in text
    shop.close()


def test_another_cursor_reads_all_again_and_tells_nothing_twice(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    put(shop, 1, "new", "2026-01-01 08:00:00")
    shop.pull()
    shop.puller.close()
    shop.settings["tables"] = [{"name": "orders", "key": ["id"], "cursor": "id"}]
    shop.start()
    assert shop.pull() == []
    shop.close()


def test_a_row_too_large_is_a_dead_letter_once(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    put(shop, 1, "x" * (11 * 1024 * 1024), "2026-01-01 08:00:00")
    put(shop, 2, "new", "2026-01-01 08:00:00")
    assert kinds(shop.pull()) == [("orders.created", "2")]
    assert shop.pull() == []
    assert shop.metric("houtai_collector_dead_letters_total", reason="row_too_large") == 1
    shop.close()


def test_large_batches_are_cut_and_numbered_in_order(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    for number in range(20):
        put(shop, number, f"{number}" * 300_000, "2026-01-01 08:00:00")
    assert len(shop.pull()) == 20
    assert len(shop.bodies) > 1
    shop.close()


def test_a_file_that_is_not_there_is_waited_for_and_not_made(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.file.rename(tmp_path / "away.db")
    with pytest.raises(RetryableError, match="there is no file"):
        shop.pull()
    assert not shop.file.exists()
    (tmp_path / "away.db").rename(shop.file)
    assert shop.pull() == []
    shop.close()


def test_a_log_that_takes_nothing_keeps_the_batch(shop: Shop) -> None:
    def full(_body: bytes) -> None:
        raise RetryableError("the disk is full")

    put(shop, 1, "new", "2026-01-01 08:00:00")
    shop.appended = full
    with pytest.raises(RetryableError):
        shop.pull()
    shop.appended = shop.bodies.append
    put(shop, 2, "new", "2026-01-01 08:00:00")
    assert sorted(kinds(shop.pull())) == [("orders.created", "1"), ("orders.created", "2")]


def test_a_lost_state_begins_with_larger_batch_numbers_and_the_same_ids(shop: Shop) -> None:
    put(shop, 1, "new", "2026-01-01 08:00:00")
    [first] = shop.pull()
    shop.puller.close()
    for path in (shop.folder / "sources").iterdir():
        path.unlink()
    shop.start()
    [second] = shop.pull()
    assert second == first
    assert len(shop.bodies) == 2


def test_urls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = Shop(tmp_path)
    shop.puller.close()

    def tried(url: str) -> str:
        shop.settings["url"] = url
        with pytest.raises(PermanentError) as error:
            shop.start()
        return str(error.value)

    assert (
        tried("postgresql://u:${NO_SUCH_VARIABLE}@h/b") == "db:shop: the environment has no variable NO_SUCH_VARIABLE"
    )
    assert "its url is no SQLAlchemy URL" in tried("secret")
    assert "secret" not in tried("secret")
    assert "driver 'oracledb' is not installed" in tried("oracle+oracledb://u@h/b")
    assert "nonsense" in tried("nonsense://u@h/b")
    shop.settings["slot"] = "houtai"
    assert "only PostgreSQL has a slot" in tried("mysql://u@h/b")
    shop.settings["slot"] = None
    monkeypatch.setenv("SHOP_URL", f"sqlite:///{shop.file}")
    shop.settings["url"] = "${SHOP_URL}"
    shop.start()
    put(shop, 1, "new", "2026-01-01 08:00:00")
    assert len(shop.pull()) == 1
    monkeypatch.setenv("SHOP_PASSWORD", "a/b@c:%d")
    shop.puller.close()
    shop.settings["url"] = "postgres://u:${SHOP_PASSWORD}@h/b"
    assert shop.start()._database._url.password == "a/b@c:%d"
    shop.close()
