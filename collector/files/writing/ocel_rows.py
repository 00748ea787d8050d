"""What stands in an OCEL 2.0 SQLite database that we made."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class OcelEvent:
    """An event with what belongs to it."""

    name: str
    kind: str
    time: str
    values: dict[str, str]
    objects: list[tuple[str, str]]
    """Id and qualifier."""


def event_tables(log: sqlite3.Connection) -> dict[str, str]:
    """Event type -> its table."""
    found = log.execute("SELECT ocel_type, ocel_type_map FROM event_map_type")
    return {kind: f"event_{mapped}" for kind, mapped in found}


def attributes(log: sqlite3.Connection, table: str) -> list[str]:
    """Names of the attributes of an event type."""
    return [str(row[1]) for row in log.execute(f'PRAGMA table_info("{table}")')][2:]


def objects(log: sqlite3.Connection) -> Iterator[tuple[str, str]]:
    """Id and type of each object."""
    yield from log.execute("SELECT ocel_id, ocel_type FROM object ORDER BY rowid")


def events(log: sqlite3.Connection) -> Iterator[OcelEvent]:
    """All events, in the order in which they were put in."""
    tables = event_tables(log)
    names = {table: attributes(log, table) for table in tables.values()}
    for name, kind in log.execute("SELECT ocel_id, ocel_type FROM event ORDER BY rowid"):
        table = tables[kind]
        _, time, *values = log.execute(f'SELECT * FROM "{table}" WHERE ocel_id = ?', (name,)).fetchone()
        given = {key: value for key, value in zip(names[table], values, strict=True) if value is not None}
        related = log.execute(
            "SELECT ocel_object_id, ocel_qualifier FROM event_object WHERE ocel_event_id = ? ORDER BY rowid", (name,)
        ).fetchall()
        yield OcelEvent(name, kind, time, given, related)
