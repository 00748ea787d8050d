"""SQLite files without what is erased, free pages and log included."""

import contextlib
import gzip
import json
import sqlite3
import time
import zlib
from collections.abc import Collection
from pathlib import Path
from typing import Any, Final

from collector.erasing.scrubber import Scrubber

_BUSY_MS: Final = 20_000
_CHECKPOINT_TRIES: Final = 50


def scrub_database(path: Path, scrubber: Scrubber, forget: Collection[str] = ()) -> int:
    """Replace it in every text of every table (of the tables in `forget`: delete the row); gives how many rows.

    Triggers are off meanwhile: a record that must not change must not hold on to a person either. Waits for others
    who write; raises sqlite3.Error where they do not let go.
    """
    with contextlib.closing(sqlite3.connect(path, timeout=_BUSY_MS / 1000, isolation_level=None)) as database:
        database.execute("PRAGMA secure_delete=ON")
        database.execute("BEGIN IMMEDIATE")
        try:
            triggers = database.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
            for name, _ in triggers:
                database.execute(f"DROP TRIGGER {_quoted(name)}")
            tables = database.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
            ).fetchall()
            touched = sum(_scrub_table(database, name, scrubber, name in forget) for (name,) in tables)
            for _, statement in triggers:
                database.execute(statement)
        except BaseException:
            database.execute("ROLLBACK")
            raise
        database.execute("COMMIT" if touched else "ROLLBACK")
        clean(database)
    return touched


def clean(database: sqlite3.Connection) -> None:
    """Leave nothing of what was deleted in free pages or in the database's own log."""
    database.execute("VACUUM")
    for _ in range(_CHECKPOINT_TRIES):
        busy = database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if not busy or not busy[0]:
            return
        time.sleep(0.1)


def _scrub_table(database: sqlite3.Connection, table: str, scrubber: Scrubber, forget: bool) -> int:
    columns = database.execute(f"PRAGMA table_info({_quoted(table)})").fetchall()
    names = [each[1] for each in columns]
    keys = [each[1] for each in sorted(columns, key=lambda each: int(each[5])) if each[5]] or ["rowid"]
    chosen = ", ".join(map(_quoted, names)) + (", rowid" if keys == ["rowid"] else "")
    touched = 0
    rows = database.execute(f"SELECT {chosen} FROM {_quoted(table)}")
    changes: list[tuple[dict[str, Any], dict[str, Any]]] = []
    for row in rows:
        told = dict(zip([*names, "rowid"], row, strict=False))
        after = {name: _scrub(told[name], name, scrubber) for name in names}
        if any(after[name] != told[name] for name in names):
            changes.append((told, after))
    for told, after in changes:
        where = " AND ".join(f"{_quoted(key)} IS ?" for key in keys)
        at = [told[key] for key in keys]
        touched += 1
        if not forget:
            different = [name for name in names if after[name] != told[name]]
            settings = ", ".join(f"{_quoted(name)} = ?" for name in different)
            try:
                database.execute(
                    f"UPDATE {_quoted(table)} SET {settings} WHERE {where}", [*(after[name] for name in different), *at]
                )
                continue
            except sqlite3.IntegrityError:
                pass  # two rows would become one
        database.execute(f"DELETE FROM {_quoted(table)} WHERE {where}", at)
    return touched


def _scrub(value: Any, key: str, scrubber: Scrubber) -> Any:
    if isinstance(value, str):
        return scrubber.text(value, "object" if key in ("id", "target", "key") else key)
    if isinstance(value, bytes):
        return _scrub_blob(value, scrubber)
    return value


def _scrub_blob(value: bytes, scrubber: Scrubber) -> bytes:
    """A text in bytes, possibly deflated or as gzip; of JSON, numbers too."""
    plain, packs = value, _as_it_is
    if value[:2] == b"\x1f\x8b":
        with contextlib.suppress(OSError, zlib.error, EOFError):
            plain, packs = gzip.decompress(value), _gzipped
    else:
        with contextlib.suppress(zlib.error):
            plain, packs = zlib.decompress(value), _deflated
    if not scrubber.may_hold(plain):
        return value
    try:
        text = plain.decode()
        told = json.loads(text)
    except ValueError:
        told = None
        try:
            text = plain.decode()
        except ValueError:
            return packs(scrubber.token.encode()) if scrubber.in_clear(plain) else value
    after = scrubber.text(text) if told is None else json.dumps(_scrub_json(told, None, scrubber), ensure_ascii=False)
    return value if after == text or (told is not None and json.loads(after) == told) else packs(after.encode())


def _scrub_json(value: Any, key: str | None, scrubber: Scrubber) -> Any:
    match value:
        case str():
            return scrubber.text(value, key)
        case list():
            return [_scrub_json(each, key, scrubber) for each in value]
        case dict():
            return {name: _scrub_json(each, name, scrubber) for name, each in value.items()}
        case int() if not isinstance(value, bool) and not scrubber.short and value == scrubber.number:
            return scrubber.token
    return value


def _as_it_is(raw: bytes) -> bytes:
    return raw


def _gzipped(raw: bytes) -> bytes:
    return gzip.compress(raw, mtime=0)


def _deflated(raw: bytes) -> bytes:
    return zlib.compress(raw)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
