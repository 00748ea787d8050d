"""Reads OCEL 2.0 in SQLite, table by table."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from collector.files.log import Progress, RawLog, ReadOptions
from collector.files.ocel import Ocel, old_version, told
from collector.vocabulary.errors import PermanentError
from collector.vocabulary.languages import text

_MAGIC: Final = b"SQLite format 3\0"
_LONGEST: Final = 1 << 24
"""Bytes of one value; a file may hold expressions that make longer ones."""
_NEEDED: Final = ("event", "object", "event_object", "event_map_type", "object_map_type")


class OcelSqliteReader:
    """`.sqlite`, `.sqlite3`. Only tables are read, no views; relations between objects are left out."""

    endings: tuple[str, ...] = (".sqlite", ".sqlite3")

    def read(self, path: Path, options: ReadOptions, progress: Progress) -> RawLog:
        """The raw log; PermanentError names the file and what is wrong with it."""
        try:
            with path.open("rb") as file:
                if file.read(len(_MAGIC)) != _MAGIC:
                    raise PermanentError(text(options.language, "{file}: is no SQLite database", file=path))
            total = path.stat().st_size
            with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
                connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST)
                connection.execute("PRAGMA trusted_schema=OFF")
                connection.text_factory = lambda raw: raw.decode(errors="replace")
                gathered = _Tables(connection, path, options, progress, total).gather()
        except (sqlite3.Error, OSError, MemoryError, OverflowError) as error:
            reason = (getattr(error, "strerror", None) or str(error) or type(error).__name__).splitlines()[0][:200]
            raise PermanentError(
                text(options.language, "{file}: cannot be read ({reason})", file=path, reason=reason)
            ) from error
        return gathered.raw_log(path, options)


class _Tables:
    """One database while it is read."""

    def __init__(
        self, connection: sqlite3.Connection, path: Path, options: ReadOptions, progress: Progress, total: int
    ) -> None:
        self._connection, self._path, self._options = connection, path, options
        self._progress, self._total, self._left = progress, total, total
        named = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        self._tables = {str(name).lower(): str(name) for (name,) in named}

    def gather(self) -> Ocel:
        """All events, objects and relations."""
        missing = [name for name in _NEEDED if name not in self._tables]
        if missing:
            if {"events", "objects", "relations"} <= self._tables.keys():
                raise old_version(self._path, self._options)
            raise PermanentError(
                text(
                    self._options.language,
                    "{file}: is no OCEL 2.0: it has no table {table}",
                    file=self._path,
                    table=missing[0],
                )
            )
        gathered = Ocel()
        for name, kind in self._pairs("object", "ocel_id", "ocel_type"):
            gathered.add_object(name, kind or "")
        for table in self._typed("object"):
            for name, time, values in self._values(table):
                for key, value in values:
                    gathered.add_value(name, key, time or "", value)
        details: dict[str, tuple[str | None, list[tuple[str, str]]]] = {}
        for table in self._typed("event"):
            details.update({name: (time, values) for name, time, values in self._values(table)})
        for name, kind in self._pairs("event", "ocel_id", "ocel_type"):
            time, values = details.get(name, (None, []))
            gathered.add_event(name, kind, time, values)
        rows = self._rows("event_object", ("ocel_event_id", "ocel_object_id", "ocel_qualifier"))
        for event, thing, qualifier in rows:
            if event is not None and thing is not None:
                gathered.relate(event, (thing, qualifier))
        return gathered

    def _pairs(self, table: str, *columns: str) -> Iterator[tuple[str, str | None]]:
        for name, other in self._rows(table, columns):
            if name is not None:
                yield name, other

    def _typed(self, kind: str) -> list[str]:
        """The table of each type that is there."""
        named = [each for _, each in self._rows(f"{kind}_map_type", ("ocel_type", "ocel_type_map"))]
        found = [self._tables.get(f"{kind}_{each}".lower()) for each in named]
        return list(dict.fromkeys(each for each in found if each is not None))

    def _values(self, table: str) -> Iterator[tuple[str, str | None, list[tuple[str, str]]]]:
        columns = [str(row[1]) for row in self._connection.execute(f"PRAGMA table_info({_quoted(table)})")]
        own = [each for each in columns if each.lower() in ("ocel_id", "ocel_time")]
        if [each.lower() for each in own] not in (["ocel_id", "ocel_time"], ["ocel_time", "ocel_id"]):
            raise PermanentError(
                text(
                    self._options.language,
                    "{file}: is no OCEL 2.0: table {table} lacks ocel_id or ocel_time",
                    file=self._path,
                    table=table,
                )
            )
        rest = [each for each in columns if each.lower() not in ("ocel_id", "ocel_time", "ocel_changed_field")]
        for name, time, *values in self._rows(table, ("ocel_id", "ocel_time", *rest)):
            if name is not None:
                yield name, time, [(key, each) for key, each in zip(rest, values, strict=True) if each is not None]

    def _rows(self, table: str, columns: tuple[str, ...]) -> Iterator[list[str | None]]:
        listed = ", ".join(_quoted(each) for each in columns)
        cursor = self._connection.execute(f"SELECT {listed} FROM {_quoted(self._tables[table.lower()])}")
        row: tuple[Any, ...]
        for number, row in enumerate(cursor):
            # A row takes at least a byte: a damaged tree that leads in circles gives more than there can be.
            self._left -= 1
            if self._left < 0:
                raise sqlite3.DatabaseError("more rows than the file can hold")
            if number % 10_000 == 0:
                self._progress(self._total - self._left, self._total)
            yield [told(value) for value in row]


def _quoted(name: str) -> str:
    """An identifier in SQL; in double quotes a missing column would be a text."""
    return "[" + name.replace("]", "") + "]"
