"""What a pull remembers, in `data/sources/<name>.sqlite`: cursors, rows, and batches not yet handed on."""

import json
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from sqlalchemy import (
    URL,
    BigInteger,
    Boolean,
    Column,
    Connection,
    Engine,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    bindparam,
    create_engine,
    delete,
    event,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import StaticPool

from collector.sources.database.values import Row, canonical
from collector.vocabulary.errors import RetryableError
from collector.wal.folder import sync_folder

_METADATA: Final = MetaData()
META: Final = Table(
    "meta", _METADATA, Column("name", String, primary_key=True), Column("value", String, nullable=False)
)
"""`next` the number of the next batch; `cursor:<table>`, `key:<table>`, `held:<table>`, `slot`."""
ROWS: Final = Table(
    "rows",
    _METADATA,
    Column("table", String, primary_key=True),
    Column("key", String, primary_key=True),
    Column("hash", LargeBinary, nullable=False),
    Column("version", Integer, nullable=False),
    Column("at", BigInteger),
    Column("row", LargeBinary, nullable=False),
    Column("vanished", BigInteger),
    Column("deleted", BigInteger),
    Column("gone", Boolean, nullable=False),
    Column("record", LargeBinary),
    sqlite_with_rowid=False,
)
"""The last known state of each row: `row` is JSON, deflated; `at` its time by its own cursor, or when it was gone.
`vanished` (when it was missed) waits for its record; `deleted` is when it was, where that is known exactly; `gone` rows
have been told as deleted and are remembered in case they come back; `record` is the hash of the delete record that
explained it."""
INSERTS: Final = Table(
    "inserts",
    _METADATA,
    Column("table", String, primary_key=True),
    Column("key", String, primary_key=True),
    Column("row", LargeBinary, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("round", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""Rows that logical decoding saw come, until a pull has read them: one may vanish before."""
PENDING: Final = Table(
    "pending",
    _METADATA,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("body", LargeBinary, nullable=False),
)
"""Batches that are to be appended to the write-ahead log, and may already have been."""


@dataclass(slots=True)
class Known:
    """What is remembered of a row."""

    table: str
    key: str
    hash: bytes
    version: int
    at: int | None
    row: bytes
    vanished: int | None = None
    deleted: int | None = None
    gone: bool = False
    record: bytes | None = None

    def values(self) -> Row:
        """The row as last seen."""
        return inflated(self.row)

    @property
    def live(self) -> bool:
        """Whether it was there when last looked for."""
        return not self.gone and self.vanished is None


def deflated(row: Row) -> bytes:
    """A row as it is kept."""
    return zlib.compress(canonical(row), 1)


def inflated(raw: bytes) -> Row:
    """A kept row."""
    row: Row = json.loads(zlib.decompress(raw).decode("utf-8", "surrogatepass")) if raw else {}
    return row


@dataclass
class Changes:
    """What one transaction keeps: rows, cursors and the batches that tell of them, all or nothing."""

    rows: dict[tuple[str, str], Known] = field(default_factory=dict)
    meta: dict[str, str | None] = field(default_factory=dict)
    bodies: list[bytes] = field(default_factory=list)
    first: int = 0
    inserts: list[dict[str, Any]] = field(default_factory=list)
    pulled: list[tuple[str, str]] = field(default_factory=list)
    """Keys (table, key) that a pull has read."""
    forget_inserts: tuple[str, int] | None = None
    """Table and round (µs): what logical decoding saw come before it is forgotten."""

    def empty(self) -> bool:
        """Whether there is nothing to keep."""
        return not (self.rows or self.meta or self.bodies or self.inserts or self.pulled or self.forget_inserts)


class State:
    """One source's file. Used by one thread; a commit is on disk when it returns."""

    def __init__(self, path: Path, first: int) -> None:
        """Open or make it; `first` is the number of the first batch ever, larger than any of a file lost before.

        Like all that follows it raises RetryableError where the file cannot be read or written.
        """
        made = not path.exists()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._engine = create_engine(
            URL.create("sqlite", database=str(path)),
            poolclass=StaticPool,
            connect_args={"check_same_thread": False},
        )
        event.listen(self._engine, "connect", _set_up)
        _METADATA.create_all(self._engine)
        if made:
            sync_folder(path.parent)
        if self.meta("next") is None:
            self.save(Changes(meta={"next": str(first)}))

    def meta(self, name: str) -> str | None:
        """A remembered value."""
        with _transaction(self._engine) as connection:
            return connection.execute(select(META.c.value).where(META.c.name == name)).scalar()

    @property
    def next(self) -> int:
        """The number of the next batch."""
        return int(self.meta("next") or 0)

    def known(self, table: str, keys: Iterable[str]) -> dict[str, Known]:
        """What is remembered of these rows, by key."""
        query = select(ROWS).where(
            ROWS.c.table == table, text('"key" IN (SELECT value FROM json_each(:keys))').bindparams(keys=_listed(keys))
        )
        with _transaction(self._engine) as connection:
            return {each.key: Known(**each._mapping) for each in connection.execute(query)}

    def inserted(self, table: str, keys: Iterable[str]) -> dict[str, tuple[bytes, int]]:
        """Row and time of those rows that logical decoding saw come and no pull has read."""
        query = select(INSERTS).where(
            INSERTS.c.table == table,
            text('"key" IN (SELECT value FROM json_each(:keys))').bindparams(keys=_listed(keys)),
        )
        with _transaction(self._engine) as connection:
            return {each.key: (each.row, each.at) for each in connection.execute(query)}

    def vanished(self, table: str, after: str, limit: int) -> list[Known]:
        """Rows that are missed and not yet told, in the order of their keys, behind the key `after`."""
        query = (
            select(ROWS)
            .where(ROWS.c.table == table, ROWS.c.vanished.is_not(None), ROWS.c.key > after)
            .order_by(ROWS.c.key)
            .limit(limit)
        )
        with _transaction(self._engine) as connection:
            return [Known(**each._mapping) for each in connection.execute(query)]

    def pending(self) -> tuple[int, bytes] | None:
        """The oldest batch that is not known to be in the log."""
        with _transaction(self._engine) as connection:
            found = connection.execute(select(PENDING).order_by(PENDING.c.number).limit(1)).first()
        return (found.number, found.body) if found is not None else None

    def sent(self, number: int) -> None:
        """The batch is safe in the log."""
        with _transaction(self._engine) as connection:
            connection.execute(delete(PENDING).where(PENDING.c.number == number))

    def save(self, changes: Changes) -> None:
        """Keep all of it in one transaction; on return it is on disk."""
        if changes.empty():
            return
        with _transaction(self._engine) as connection:
            if changes.bodies:
                numbered = range(changes.first, changes.first + len(changes.bodies))
                connection.execute(
                    insert(PENDING),
                    [{"number": number, "body": body} for number, body in zip(numbered, changes.bodies, strict=True)],
                )
                changes.meta["next"] = str(numbered.stop)
            _save_meta(connection, changes.meta)
            if changes.rows:
                connection.execute(insert(ROWS).prefix_with("OR REPLACE"), [_mapped(e) for e in changes.rows.values()])
            if changes.inserts:
                connection.execute(insert(INSERTS).prefix_with("OR REPLACE"), changes.inserts)
            if changes.pulled:
                connection.execute(
                    delete(INSERTS).where(INSERTS.c.table == bindparam("t"), INSERTS.c.key == bindparam("k")),
                    [{"t": table, "k": key} for table, key in changes.pulled],
                )
            if changes.forget_inserts is not None:
                table, before = changes.forget_inserts
                connection.execute(delete(INSERTS).where(INSERTS.c.table == table, INSERTS.c.round < before))

    @contextmanager
    def comparison(self, table: str) -> Iterator["Comparison"]:
        """A comparison of all keys of `table` with those remembered; keeps nothing by itself."""
        with _transaction(self._engine) as connection:
            connection.execute(text("CREATE TEMP TABLE IF NOT EXISTS seen (key TEXT PRIMARY KEY) WITHOUT ROWID"))
            connection.execute(text("DELETE FROM seen"))
        try:
            yield Comparison(self._engine, table)
        finally:
            with _transaction(self._engine) as connection:
                connection.execute(text("DROP TABLE seen"))

    def close(self) -> None:
        """Close the file. Idempotent."""
        self._engine.dispose()


class Comparison:
    """Keys that are there against keys remembered; the work is on disk, whatever their order in the database."""

    def __init__(self, engine: Engine, table: str) -> None:
        self._engine, self._table = engine, table

    def saw(self, keys: Sequence[str]) -> None:
        """These keys are there."""
        with _transaction(self._engine) as connection:
            connection.execute(text("INSERT OR IGNORE INTO seen VALUES (:key)"), [{"key": key} for key in keys])

    def counts(self) -> tuple[int, int]:
        """(rows remembered as being there, those of them that were not seen)."""
        live = (ROWS.c.table == self._table, ROWS.c.gone.is_(False), ROWS.c.vanished.is_(None))
        missing = text('NOT EXISTS (SELECT 1 FROM seen WHERE seen.key = rows."key")')
        with _transaction(self._engine) as connection:
            total = connection.execute(select(func.count()).select_from(ROWS).where(*live)).scalar_one()
            lost = connection.execute(select(func.count()).select_from(ROWS).where(*live, missing)).scalar_one()
        return total, lost

    def miss(self, now: int) -> None:
        """All that were not seen have vanished, as of now."""
        missing = text('NOT EXISTS (SELECT 1 FROM seen WHERE seen.key = rows."key")')
        where = (ROWS.c.table == self._table, ROWS.c.gone.is_(False), ROWS.c.vanished.is_(None), missing)
        with _transaction(self._engine) as connection:
            connection.execute(update(ROWS).where(*where).values(vanished=now))

    def fresh(self, limit: int) -> Iterator[list[str]]:
        """Keys that were seen but are not remembered as being there, in pieces."""
        query = text(
            'SELECT key FROM seen WHERE key > :after AND NOT EXISTS (SELECT 1 FROM rows WHERE rows."table" = :table'
            ' AND rows."key" = seen.key AND NOT rows.gone AND rows.vanished IS NULL) ORDER BY key LIMIT :limit'
        )
        after = ""
        while True:
            with _transaction(self._engine) as connection:
                keys = list(connection.execute(query, {"after": after, "table": self._table, "limit": limit}).scalars())
            if not keys:
                return
            yield keys
            after = keys[-1]


@contextmanager
def _transaction(engine: Engine) -> Iterator[Connection]:
    try:
        with engine.begin() as connection:
            yield connection
    except SQLAlchemyError as error:
        raise RetryableError(f"{engine.url.database}: {getattr(error, 'orig', None) or error}") from error


def _listed(keys: Iterable[str]) -> str:
    return json.dumps(list(keys))


def _mapped(each: Known) -> dict[str, Any]:
    return {column.name: getattr(each, column.name) for column in ROWS.columns}


def _save_meta(connection: Connection, meta: dict[str, str | None]) -> None:
    if kept := [{"name": name, "value": value} for name, value in meta.items() if value is not None]:
        connection.execute(insert(META).prefix_with("OR REPLACE"), kept)
    if dropped := [name for name, value in meta.items() if value is None]:
        connection.execute(delete(META).where(META.c.name.in_(dropped)))


def _set_up(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    # A batch must be safe here, with cursor and keys, before the write-ahead log has it.
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA busy_timeout=10000")
    connection.execute("PRAGMA temp_store=FILE")
