"""The tables of the manifest database, and how it is opened."""

import sqlite3
from pathlib import Path
from typing import Any, Final

from sqlalchemy import (
    URL,
    BigInteger,
    Column,
    Engine,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    create_engine,
    event,
)
from sqlalchemy.pool import NullPool

METADATA: Final = MetaData()

SEGMENTS: Final = Table(
    "segments",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("kind", String, nullable=False, index=True),
    Column("name", String, nullable=False, unique=True),
    Column("first", BigInteger, nullable=False),
    Column("last", BigInteger, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("committed", BigInteger, nullable=False),
    sqlite_autoincrement=True,
)
POSITION: Final = Table(
    "position",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("last", BigInteger, nullable=False),
)
OPEN_EVENTS: Final = Table(
    "open_events",
    METADATA,
    Column("trace_id", LargeBinary, primary_key=True),
    Column("span_id", LargeBinary, primary_key=True),
    Column("since", BigInteger, nullable=False),
    Column("process", String),
    Column("objects", String, nullable=False),
)
"""Spans whose event is not written yet (process is null), or is, but without a case."""
JOINS: Final = Table(
    "joins",
    METADATA,
    Column("type", String, primary_key=True),
    Column("id", String, primary_key=True),
    Column("leading", String, primary_key=True),
    Column("target", String),
)
"""Object -> the one object of a leading type it was seen with; null: it was seen with several."""

LEAVING: Final = Table(
    "leaving",
    METADATA,
    Column("name", String, primary_key=True),
    Column("at", BigInteger, nullable=False),
)
"""Files of segments that were replaced or forgotten at a time (µs UTC): they stay a little for readers."""

STATE: Final = Table(
    "state",
    METADATA,
    Column("name", String, primary_key=True),
    Column("value", String, nullable=False),
)
"""What sources and services left behind, by name: `batch:<source>` the last batch taken in, `import:<key>` a file taken
in, `generation` how often something that may have been read already was changed."""


def open_database(path: Path, *, readonly: bool = False) -> Engine:
    """The manifest database. A reader never creates it and never blocks the writer (SQLite's WAL mode)."""
    if readonly:
        uri = f"{path.absolute().as_uri()}?mode=ro"
        engine = create_engine("sqlite://", creator=lambda: sqlite3.connect(uri, uri=True), poolclass=NullPool)
        event.listen(engine, "connect", _set_up_reader)
    else:
        engine = create_engine(URL.create("sqlite", database=str(path)), poolclass=NullPool)
        event.listen(engine, "connect", _set_up_writer)
    return engine


def _set_up_writer(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    # A commit must be on disk before the write-ahead log behind it is deleted.
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA busy_timeout=10000")


def _set_up_reader(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA busy_timeout=10000")
