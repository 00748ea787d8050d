"""The connection to a database: URL, driver, read-only snapshots, and which errors pass by themselves."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import sqlalchemy
from sqlalchemy import URL, Connection, Engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from collector.sources.database.postgresql import lenient_times
from collector.vocabulary.errors import PermanentError, RetryableError

_VARIABLE: Final = re.compile(r"\$\{(\w+)\}")
_DRIVERS: Final = {
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
}
_OPTIONS: Final[dict[str, dict[str, Any]]] = {
    # A peer that is gone without a word is noticed after a minute.
    "postgresql": {
        "connect_timeout": 10,
        "application_name": "houtai",
        "keepalives_idle": 30,
        "keepalives_interval": 10,
        "keepalives_count": 3,
    },
    "mysql": {"connect_timeout": 10, "read_timeout": 600, "write_timeout": 60, "charset": "utf8mb4"},
}
_OPTIONS["mariadb"] = _OPTIONS["mysql"]
_PASSING_CLASSES: Final = ("08", "40", "53", "55006", "55P03", "57")
"""SQLSTATEs: connection, rollback (deadlock, serialisation), resources, slot in use, lock, operator intervention."""
_PASSING_NUMBERS: Final = frozenset({1040, 1053, 1077, 1158, 1159, 1205, 1213, 1927, 2002, 2003, 2006, 2013, 2014})
"""MySQL and MariaDB: too many connections, shutdown, network, lock wait, deadlock, killed."""
_TIMESTAMP: Final = 7
"""MySQL's type code of TIMESTAMP, whose values are of the session's zone; DATETIME has none."""


class Database:
    """One database. Every error of it comes out as PermanentError or RetryableError, with `source` in front."""

    def __init__(self, source: str, url: str) -> None:
        """Raises PermanentError where the URL cannot work: malformed, a variable not set, a driver not installed."""
        self.source = source
        self._url = _resolved(source, url)
        self.dialect = self._url.get_backend_name()
        options = {key: value for key, value in _OPTIONS.get(self.dialect, {}).items() if key not in self._url.query}
        try:
            self._engine: Engine = sqlalchemy.create_engine(
                self._url, pool_size=1, max_overflow=1, pool_pre_ping=True, connect_args=options
            )
        except ModuleNotFoundError as error:
            raise PermanentError(f"{source}: its driver {error.name!r} is not installed (pip install it)") from error
        except (ArgumentError, NoSuchModuleError, TypeError) as error:
            raise PermanentError(f"{source}: {_line(error)}") from error
        if self.dialect in ("mysql", "mariadb"):
            event.listen(self._engine, "connect", _set_up_mysql)
        elif self.dialect == "sqlite":
            event.listen(self._engine, "connect", _set_up_sqlite)
        elif self.dialect == "postgresql" and self._url.get_driver_name() == "psycopg":
            event.listen(self._engine, "connect", lenient_times)

    @contextmanager
    def snapshot(self, what: str) -> Iterator[Connection]:
        """A read-only transaction that sees one state of the database, where it has such a thing.

        `what` names in errors what is read (a table). Raises RetryableError where the database is away or an error
        passes by itself, PermanentError where the query or a permission is wrong.
        """
        self._check_there()
        with self._told(what), self._engine.connect() as connection:
            if self.dialect == "postgresql":
                connection = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            elif self.dialect == "sqlite":
                connection.exec_driver_sql("BEGIN")
            yield connection

    @contextmanager
    def connect(self, what: str) -> Iterator[Connection]:
        """A connection with the transactions that its user makes. Raises as `snapshot` does."""
        with self._told(what), self._engine.connect() as connection:
            yield connection

    def in_utc(self, result: sqlalchemy.CursorResult[Any]) -> frozenset[str]:
        """Columns of a result whose times are in UTC though they come without a zone."""
        if self.dialect not in ("mysql", "mariadb") or result.cursor is None:
            return frozenset()
        return frozenset(each[0] for each in result.cursor.description or () if each[1] == _TIMESTAMP)

    def close(self) -> None:
        """Close its connections. Idempotent."""
        self._engine.dispose()

    def _check_there(self) -> None:
        # SQLite would make a file that is not there, empty.
        name = self._url.database
        if self.dialect == "sqlite" and name and not name.startswith("file:") and not Path(name).exists():
            raise RetryableError(f"{self.source}: there is no file {name}")

    @contextmanager
    def _told(self, what: str) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            place = f"{self.source}, {what}" if what else self.source
            kind = RetryableError if _passes(error) else PermanentError
            raise kind(f"{place}: {_line(error.orig or error)}") from error
        except PoolTimeout as error:
            raise RetryableError(f"{self.source}: {_line(error)}") from error
        except SQLAlchemyError as error:
            raise PermanentError(f"{self.source}, {what}: {_line(error)}") from error


def _resolved(source: str, url: str) -> URL:
    def filled(value: str | None) -> str | None:
        return None if value is None else _VARIABLE.sub(variable, value)

    def variable(match: re.Match[str]) -> str:
        value = os.environ.get(match[1])
        if value is None:
            raise PermanentError(f"{source}: the environment has no variable {match[1]}")
        return value

    if whole := _VARIABLE.fullmatch(url.strip()):
        url = variable(whole)
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        # The message of SQLAlchemy holds the URL, and so the password.
        raise PermanentError(
            f"{source}: its url is no SQLAlchemy URL (dialect://user:password@host/database)"
        ) from error
    driver = _DRIVERS.get(parsed.drivername, parsed.drivername)
    query = {
        key: filled(value) if isinstance(value, str) else tuple(filled(each) or "" for each in value)
        for key, value in parsed.query.items()
    }
    # Filled in part by part: a password may hold any character.
    return URL.create(
        driver,
        filled(parsed.username),
        filled(parsed.password),
        filled(parsed.host),
        parsed.port,
        filled(parsed.database),
        {key: value for key, value in query.items() if value is not None},
    )


def _passes(error: DBAPIError) -> bool:
    """Whether the same statement may go well later."""
    original: Any = error.orig
    if error.connection_invalidated:
        return True
    state = getattr(original, "sqlstate", None)
    if state is not None:
        # Not a query that took too long: the next one will, too.
        return str(state).startswith(_PASSING_CLASSES) and state != "57014"
    if type(original).__module__.startswith("psycopg"):
        # Without a SQLSTATE the server was never reached.
        return type(original).__name__ in ("OperationalError", "InterfaceError", "ConnectionTimeout")
    number = original.args[0] if original is not None and original.args else None
    if isinstance(number, int):
        return number in _PASSING_NUMBERS or number == 0
    return "locked" in str(original) or "unable to open" in str(original)


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:500]


def _set_up_mysql(connection: Any, _record: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        # TIMESTAMP comes in the session's zone; in this one no hour comes twice.
        cursor.execute("SET SESSION time_zone = '+00:00'")


def _set_up_sqlite(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA query_only=ON")
    connection.execute("PRAGMA busy_timeout=10000")
