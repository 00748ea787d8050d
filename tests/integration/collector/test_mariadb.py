import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy

from tests.integration.collector.database_servers import MARIADB, mariadb
from tests.integration.collector.processes import receiver, wait_for
from tests.integration.collector.shop import Writer, check, killed_at_random, logged, tables, wait_until_told

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(MARIADB is None, reason="not installed: mariadbd (Debian: apt-get install mariadb-server)"),
]
SCHEMA = """
create table orders (id bigint primary key, customer varchar(50), status varchar(20), amount decimal(12, 2),
    paid boolean, updated_at datetime(6), index (updated_at, id));
create table invoices (number varchar(20) primary key, order_id bigint, state text, amount decimal(12, 2),
    changed_no bigint);
create table payments (order_id bigint, line int, state text, amount decimal(12, 2), updated_at datetime(6),
    primary key (order_id, line));
create table stock_moves (id bigint primary key, sku text, quantity int, moved_on date);
create table tickets (id bigint primary key, subject text, body text, updated_at timestamp(6));
create table operation_log (id serial primary key, action text, table_name text, row_id text, line text,
    user_name text, deleted_at datetime(6), reason text);
"""
WORDS = {"now": "now(6)", "today": "current_date", "true": "true"}
SHANGHAI = ZoneInfo("Asia/Shanghai")
MODE = "sql-mode=STRICT_TRANS_TABLES,PIPES_AS_CONCAT"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with mariadb(MODE, "default-time-zone=+08:00") as url:
        yield url


@pytest.fixture
def shop(server: str) -> Iterator[str]:
    """A fresh database with its schema."""
    name = f"shop{time.monotonic_ns()}"
    run(server, f"create database {name} character set utf8mb4")
    url = server.replace("/shop?", f"/{name}?")
    run(url, *SCHEMA.split(";"))
    yield url
    run(server, f"drop database {name}")


def run(url: str, *statements: str) -> None:
    engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool)
    with engine.begin() as connection:
        for each in statements:
            if each.strip():
                connection.exec_driver_sql(each)


def database(url: str, **more: Any) -> dict[str, Any]:
    settings = {"name": "erp", "url": url, "every_seconds": 0.3, "timezone": "Asia/Shanghai", "tables": tables()}
    return settings | more


def test_every_row_is_told_as_it_was_over_kills(shop: str, tmp_path: Path) -> None:
    # The writer sees TIMESTAMP in the server's zone, we in UTC: both mean the same moment.
    with receiver(tmp_path, databases=[database(shop.replace("mysql+pymysql", "mysql"))]) as process:
        with Writer(shop, WORDS, SHANGHAI) as writer:
            killed_at_random(process, 9, 6)
        story = writer.story
        wait_until_told(process, story)
        time.sleep(2)
        assert process.stop() == 0, process.error()
    assert not (tmp_path / "dead-letters").exists()
    events = logged(tmp_path)
    check(story, events, all_seen=False)
    assert {each["operation"] for each in events} == {"created", "updated", "deleted"}
    assert {each["table"] for each in events} == {each["name"] for each in tables()}
    assert '"level": "error"' not in process.error()


def test_values_are_exact_and_times_of_their_own_zone(shop: str, tmp_path: Path) -> None:
    run(
        shop,
        "create table kinds (id varbinary(16) primary key, money decimal(30, 4), ratio double, flag bit(1), day date,"
        " clock time, local datetime, moment timestamp, label enum('a', 'b'), tags set('x', 'y'), doc json,"
        " words varchar(20) character set gbk, big bigint unsigned, nothing text)",
        "insert into kinds values (x'00ff', 12345678901234567890.1234, 0.5, b'1', '2026-01-02', '-10:11:12',"
        " '2026-01-02 08:00:00', '2026-01-02 08:00:00', 'b', 'x,y', '{\"a\": [1]}', '订单',"
        " 18446744073709551615, null)",
    )
    table = {"name": "kinds", "key": ["id"], "cursor": "moment"}
    with receiver(tmp_path, databases=[database(shop, tables=[table])]) as process:
        [event] = wait_for(lambda: logged(tmp_path))
        assert process.stop() == 0
    assert event["subject"] == "00ff"
    assert event["time"] == "2026-01-02T00:00:00Z"
    assert event["data"] == {
        "id": "AP8=",
        "money": "12345678901234567890.1234",
        "ratio": 0.5,
        "flag": "AQ==",
        "day": "2026-01-02",
        "clock": "-10:11:12",
        "local": "2026-01-02T00:00:00Z",
        "moment": "2026-01-02T00:00:00Z",
        "label": "b",
        "tags": "x,y",
        "doc": '{"a": [1]}',
        "words": "订单",
        "big": "18446744073709551615",
    }


def test_a_reader_of_one_table_tells_which_it_may_not_read_and_pulls_the_other(shop: str, tmp_path: Path) -> None:
    name = shop.rpartition("/")[2].partition("?")[0]
    run(
        shop,
        "create or replace user houtai identified by 'a/b@c'",
        f"grant select on {name}.orders to houtai",
        "insert into orders values (1, 'c', 'new', 1, true, now(6))",
    )
    url = shop.replace("root@", "houtai:a%2Fb%40c@")
    with receiver(tmp_path, databases=[database(url)]) as process:
        [event] = wait_for(lambda: logged(tmp_path))
        assert event["type"] == "orders.created"
        wait_for(lambda: process.metric('houtai_collector_pull_errors_total{source="db:erp",table="tickets"}') == 1)
        run(shop, "update orders set status = 'paid', updated_at = now(6)")
        wait_for(lambda: len(logged(tmp_path)) == 2)
        assert process.metric('houtai_collector_pull_errors_total{source="db:erp",table="tickets"}') == 1
        assert process.metric('houtai_collector_pull_age_seconds{source="db:erp",table="orders"}') < 30
        assert process.stop() == 0
    told = [line for line in process.error().splitlines() if "database.wrong" in line and "tickets" in line]
    assert len(told) == 1
    assert "db:erp, table tickets: " in told[0]
    assert "SELECT command denied" in told[0]
    assert "a/b@c" not in process.error()
