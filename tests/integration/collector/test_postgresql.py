import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy

from tests.integration.collector.database_servers import POSTGRESQL, postgresql
from tests.integration.collector.processes import receiver, wait_for
from tests.integration.collector.shop import Writer, check, final, killed_at_random, logged, tables, wait_until_told

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(POSTGRESQL is None, reason="not installed: postgresql (Debian: apt-get install postgresql)"),
]
SCHEMA = """
create table orders (id bigint primary key, customer text, status varchar(20), amount numeric(12, 2), paid boolean,
    updated_at timestamptz);
create index on orders (updated_at, id);
create table invoices (number varchar(20) primary key, order_id bigint, state text, amount numeric(12, 2),
    changed_no bigint);
create table payments (order_id bigint, line int, state text, amount numeric(12, 2), updated_at timestamp,
    primary key (order_id, line));
create table stock_moves (id bigint primary key, sku text, quantity int, moved_on date);
create table tickets (id bigint primary key, subject text, body text, updated_at timestamptz);
create table operation_log (id serial primary key, action text, table_name text, row_id text, line text,
    user_name text, deleted_at timestamptz, reason text);
"""
WORDS = {"now": "clock_timestamp()", "today": "current_date", "true": "true"}
UTC = ZoneInfo("UTC")


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with postgresql("timezone=UTC") as url:
        yield url


@pytest.fixture
def shop(server: str) -> Iterator[str]:
    """A fresh database with its schema."""
    admin = sqlalchemy.create_engine(server, isolation_level="AUTOCOMMIT", poolclass=sqlalchemy.NullPool)
    name = f"shop{time.monotonic_ns()}"
    with admin.connect() as connection:
        connection.exec_driver_sql(f"create database {name}")
    url = server.rpartition("/")[0] + f"/{name}"
    run(url, *SCHEMA.split(";"))
    yield url
    with admin.connect() as connection:
        connection.exec_driver_sql("select pg_drop_replication_slot(slot_name) from pg_replication_slots")
        connection.exec_driver_sql(f"drop database {name} with (force)")


def run(url: str, *statements: str) -> list[Any]:
    engine = sqlalchemy.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sqlalchemy.NullPool)
    found: list[Any] = []
    with engine.connect() as connection:
        for each in statements:
            if each.strip():
                result = connection.exec_driver_sql(each)
                found = list(result.all()) if result.returns_rows else []
    return found


def database(url: str, **more: Any) -> dict[str, Any]:
    return {"name": "erp", "url": url, "every_seconds": 0.3, "tables": tables(), **more}


@pytest.mark.parametrize("slot", [None, "houtai"])
def test_every_row_is_told_as_it_was_over_kills(shop: str, tmp_path: Path, slot: str | None) -> None:
    if slot:
        run(shop, f"select pg_create_logical_replication_slot('{slot}', 'test_decoding')")
    with receiver(tmp_path, databases=[database(shop, slot=slot)]) as process:
        with Writer(shop, WORDS, UTC) as writer:
            killed_at_random(process, 9, 6)
        story = writer.story
        wait_until_told(process, story)
        time.sleep(2)
        assert process.stop() == 0, process.error()
    assert not (tmp_path / "dead-letters").exists()
    events = logged(tmp_path)
    check(story, events, all_seen=slot is not None)
    assert {each["operation"] for each in events} == {"created", "updated", "deleted"}
    assert {each["table"] for each in events} == {each["name"] for each in tables()}
    assert '"level": "error"' not in process.error()


def test_values_are_exact_and_the_same_from_the_slot(shop: str, tmp_path: Path) -> None:
    kinds = (
        "create table kinds (id uuid primary key, small smallint, money numeric(30, 4), ratio double precision,"
        " flag boolean, day date, clock time, local timestamp, moment timestamptz, forever timestamp, span interval,"
        ' raw bytea, doc jsonb, list integer[], words varchar(20), code char(4), "odd [name]: x" text, nothing text)'
    )
    values = (
        "('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1{n}', -3, 12345678901234567890.1234, 0.5, true, '2026-01-02', '10:11:12',"
        " '2026-01-02 08:00:00', '2026-01-02 08:00:00.25+08', 'infinity', '26:00:00',"
        " '\\x00ff', '{{\"a\": [1, null]}}',"
        " '{{1,2}}', 'it''s 订单', 'ab', 'x: ''y'' [z]', null)"
    )
    run(shop, kinds, "select pg_create_logical_replication_slot('houtai', 'test_decoding')")
    table = {"name": "kinds", "key": ["id"], "cursor": "moment", "overlap_seconds": 3600}
    settings = database(shop, tables=[table], slot="houtai", timezone="Asia/Shanghai", every_seconds=1)
    with receiver(tmp_path, databases=[settings]) as process:
        wait_for(lambda: process.metric('houtai_collector_pull_age_seconds{source="db:erp",table="kinds"}') < 0.9)
        # One row that a pull reads, one that comes and goes in between.
        run(shop, f"insert into kinds values {values.format(n=1)}")
        wait_for(lambda: len(logged(tmp_path)) == 1)
        # The last one nobody but its own transaction ever saw.
        run(
            shop,
            f"insert into kinds values {values.format(n=2)}",
            "delete from kinds where id = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a12'",
            f"insert into kinds values {values.format(n=3)};"
            "delete from kinds where id = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a13'",
        )
        events = wait_for(lambda: found if len(found := logged(tmp_path)) == 3 else None)
        assert process.stop() == 0
    pulled, came, went = events
    assert pulled["data"] == {
        "id": "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
        "small": -3,
        "money": "12345678901234567890.1234",
        "ratio": 0.5,
        "flag": True,
        "day": "2026-01-02",
        "clock": "10:11:12",
        "local": "2026-01-02T00:00:00Z",
        "moment": "2026-01-02T00:00:00.250000Z",
        "forever": "infinity",
        "span": "26:00:00",
        "raw": "AP8=",
        "doc": {"a": [1, None]},
        "list": [1, 2],
        "words": "it's 订单",
        "code": "ab  ",
        "odd [name]: x": "x: 'y' [z]",
    }
    assert (came["operation"], went["operation"]) == ("created", "deleted")
    assert came["time"] == pulled["time"] == "2026-01-02T00:00:00.250000Z"
    assert came["data"] == pulled["data"] | {"id": "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a12"}
    assert went["data"] == came["data"] | {"deleted.recorded": False}


def test_the_slot_gives_the_moment_of_a_deletion_and_is_moved_on(shop: str, tmp_path: Path) -> None:
    run(
        shop,
        "select pg_create_logical_replication_slot('houtai', 'test_decoding')",
        "insert into orders values (1, 'c', 'new', 1, true, now()), (2, 'c', 'new', 1, true, now())",
    )
    # Keys are compared so seldom that only the slot can know.
    table = {"name": "orders", "key": ["id"], "cursor": "updated_at", "deletions": {"every_seconds": 3600}}
    with receiver(tmp_path, databases=[database(shop, tables=[table], slot="houtai")]) as process:
        wait_for(lambda: len(logged(tmp_path)) == 2)
        time.sleep(1)
        process.kill()
        before = run(shop, "select clock_timestamp()")[0][0]
        run(shop, "delete from orders where id = 1", "update orders set id = 3 where id = 2")
        after = run(shop, "select clock_timestamp()")[0][0]
        time.sleep(1)
        process.start()
        events = wait_for(lambda: found if len(found := logged(tmp_path)) == 5 else None)
        lag = "select pg_current_wal_flush_lsn() - confirmed_flush_lsn from pg_replication_slots"
        run(shop, "create table elsewhere as select generate_series(1, 1000)")
        wait_for(lambda: run(shop, lag)[0][0] == 0)
        assert process.stop() == 0
    gone = [each for each in events if each["operation"] == "deleted"]
    assert [each["subject"] for each in gone] == ["1", "2"]
    for each in gone:
        assert before < datetime.fromisoformat(each["time"]) < after
    assert [each["subject"] for each in events if each["operation"] == "created"] == ["1", "2", "3"]


def test_a_reader_without_the_right_to_replicate_compares_keys_and_says_so_once(shop: str, tmp_path: Path) -> None:
    run(
        shop,
        "select pg_create_logical_replication_slot('houtai', 'test_decoding')",
        "drop role if exists houtai",
        "create role houtai login",
        "grant select on orders to houtai",
        "insert into orders values (1, 'c', 'new', 1, true, now()), (2, 'c', 'new', 1, true, now())",
    )
    table = {"name": "orders", "key": ["id"], "cursor": "updated_at", "deletions": {"every_seconds": 0.5}}
    url = shop.replace("postgres@", "houtai@")
    with receiver(tmp_path, databases=[database(url, tables=[table], slot="houtai")]) as process:
        wait_for(lambda: len(logged(tmp_path)) == 2)
        run(shop, "delete from orders where id = 1")
        events = wait_for(lambda: found if len(found := logged(tmp_path)) == 3 else None)
        # A permission that is taken away is no mass deletion.
        run(shop, "revoke select on orders from houtai")
        time.sleep(2)
        assert len(logged(tmp_path)) == 3
        assert process.stop() == 0
    run(shop, "drop owned by houtai", "drop role houtai")
    assert (events[-1]["operation"], events[-1]["subject"]) == ("deleted", "1")
    wrong = [line for line in process.error().splitlines() if "database.wrong" in line]
    assert "db:erp, slot houtai: must be superuser or replication role" in wrong[0]
    assert len(wrong) == 2
    assert "db:erp, table orders: permission denied for table orders" in wrong[1]


def test_a_database_that_goes_away_and_comes_back(tmp_path: Path) -> None:
    with postgresql("timezone=UTC") as url:
        run(url, *SCHEMA.split(";"))
        orders = {"name": "orders", "key": ["id"], "cursor": "updated_at", "deletions": {"every_seconds": 0.2}}
        with receiver(tmp_path, databases=[database(url, tables=[orders])]) as process:
            with Writer(url, WORDS, UTC) as writer:
                for _ in range(10):
                    time.sleep(0.3)
                    run(
                        url,
                        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'houtai'",
                    )
            rows = {key: states[-1] for key, states in writer.story.states.items() if key[0] == "orders" and states[-1]}
            wait_for(lambda: final(logged(tmp_path)) == rows)
            assert process.metric('houtai_collector_pull_errors_total{source="db:erp",table=""}') >= 0
            assert process.stop() == 0
    with receiver(tmp_path, databases=[database(url, tables=[orders])]) as process:
        wait_for(lambda: process.metric('houtai_collector_pull_errors_total{source="db:erp",table=""}') >= 2)
        begun = time.monotonic()
        assert process.stop() == 0
        assert time.monotonic() - begun < 10
    assert final(logged(tmp_path)) == rows
    assert process.error().count("database.away") < 10
    assert "Traceback" not in process.error()
