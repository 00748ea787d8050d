import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy

from tests.integration.collector.database_servers import POSTGRESQL, postgresql
from tests.integration.collector.processes import receiver, wait_for
from tests.integration.collector.shop import Writer, check, final, killed_at_random, logged, tables

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
            killed_at_random(process, 14, 6)
        story = writer.story
        rest = {key: states[-1] for key, states in story.states.items() if states[-1] is not None}
        wait_for(lambda: final(logged(tmp_path)) == rest, 60)
        time.sleep(2)
        assert process.stop() == 0, process.error()
    events = logged(tmp_path)
    check(story, events, all_seen=slot is not None)
    assert {each["operation"] for each in events} == {"created", "updated", "deleted"}
    assert {each["table"] for each in events} == {each["name"] for each in tables()}
    assert '"level": "error"' not in process.error()
