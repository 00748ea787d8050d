"""Events and their objects as OCEL 2.0 (https://www.ocel-standard.org/, specification of 2024).

All three formats are made from the SQLite one, which is filled event by event in a temporary file: memory stays small.
"""

import re
import shutil
import sqlite3
import tempfile
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import IO, Final

import pyarrow as pa

from collector.files.rest import REST, WORDS, Row, objects_of, packed, shown, split
from collector.files.writing import About
from collector.files.writing.cases import plain_columns
from collector.files.writing.single import SingleProcess
from collector.files.zones import FIRST

_SCHEMA: Final = """
CREATE TABLE event_map_type (ocel_type TEXT PRIMARY KEY, ocel_type_map TEXT);
CREATE TABLE object_map_type (ocel_type TEXT PRIMARY KEY, ocel_type_map TEXT);
CREATE TABLE event (ocel_id TEXT PRIMARY KEY, ocel_type TEXT REFERENCES event_map_type(ocel_type));
CREATE TABLE object (ocel_id TEXT PRIMARY KEY, ocel_type TEXT REFERENCES object_map_type(ocel_type));
CREATE TABLE event_object (
    ocel_event_id TEXT REFERENCES event(ocel_id), ocel_object_id TEXT REFERENCES object(ocel_id), ocel_qualifier TEXT,
    PRIMARY KEY (ocel_event_id, ocel_object_id, ocel_qualifier));
CREATE TABLE object_object (
    ocel_source_id TEXT REFERENCES object(ocel_id), ocel_target_id TEXT REFERENCES object(ocel_id), ocel_qualifier TEXT,
    PRIMARY KEY (ocel_source_id, ocel_target_id, ocel_qualifier));
"""
_KEYS: Final = {"actor": "org:resource", "role": "org:role"}
_NAME: Final = re.compile(r'[^"\[\]\x00]+')
_MOST_COLUMNS: Final = 500
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class OcelWriter:
    """`.sqlite`, `.jsonocel`, `.xmlocel`: events with objects; `start_timestamp` is the start, the time the end."""

    def __init__(self, file: IO[bytes], about: About) -> None:
        self._file, self._about = file, about
        self._single = SingleProcess(about)
        self._folder = tempfile.TemporaryDirectory(prefix="houtai-export-")
        self._path = Path(self._folder.name) / "log.sqlite"
        self._log = sqlite3.connect(self._path, isolation_level=None)
        self._log.execute("PRAGMA journal_mode=OFF")
        self._log.execute("PRAGMA synchronous=OFF")
        self._log.executescript(_SCHEMA)
        self._log.execute("BEGIN")
        self._tables: dict[str, dict[str, str]] = {"event": {}, "object": {}}
        self._columns: dict[str, dict[str, str]] = {}

    def write(self, batch: pa.RecordBatch) -> None:
        """Take in a batch; PermanentError for one of another process."""
        self._single.check(batch)
        for row in plain_columns(batch).to_pylist():
            self._add(row)

    def close(self) -> None:
        """Write the log."""
        self._log.execute("COMMIT")
        with self._folder, closing(self._log):
            if self._about.path.name.lower().endswith(".jsonocel"):
                from collector.files.writing.ocel_json import write_json

                write_json(self._log, self._file)
            elif self._about.path.name.lower().endswith(".xmlocel"):
                from collector.files.writing.ocel_xml import write_xml

                write_xml(self._log, self._file)
            else:
                self._log.close()
                with self._path.open("rb") as made:
                    shutil.copyfileobj(made, self._file, 1 << 20)

    def discard(self) -> None:
        """Let go of the temporary file."""
        with self._folder:
            self._log.close()

    def _add(self, row: Row) -> None:
        leading = self._single.leading
        kind = shown(row["activity"])
        table = self._table("event", kind)
        fields, rest = split(row, leading)
        rest.pop("objects", None)
        values = {_KEYS.get(name, name): shown(row[name]) for name in WORDS if row[name]}
        if row["amount"] is not None:
            values["amount"] = str(Decimal(row["amount"]).scaleb(-self._about.digits))
        for name, value in fields.items():
            if self._column(table, name) is None:
                rest.setdefault("fields", {})[name] = value
            else:
                values[name] = value
        objects = objects_of(row, leading)
        names = [self._object(kind_, name) for kind_, name, _ in objects]
        told = [(mine, shown(each[2] or "")) for mine, each in zip(names, objects, strict=True)]
        if told != [(name, qualifier or "") for _, name, qualifier in objects]:
            rest["objects"] = objects
        values[REST] = packed(rest)
        values["start_timestamp"] = _stamp(row["start"])
        event = self._event(row["event_id"], kind)
        columns = [self._column(table, name) or name for name in values]
        listed = ", ".join(f'"{each}"' for each in ("ocel_id", "ocel_time", *columns))
        marks = ", ".join("?" * (len(columns) + 2))
        self._log.execute(
            f'INSERT INTO "{table}" ({listed}) VALUES ({marks})', (event, _stamp(row["end"]), *values.values())
        )
        self._log.executemany(
            "INSERT OR IGNORE INTO event_object VALUES (?, ?, ?)",
            [(event, *each) for each in told],
        )

    def _event(self, name: str, kind: str) -> str:
        """Adds the event; of several with one id the later ones get a number."""
        unique, number = name, 1
        while self._log.execute("INSERT OR IGNORE INTO event VALUES (?, ?)", (unique, kind)).rowcount == 0:
            number += 1
            unique = f"{name}#{number}"
        return unique

    def _object(self, kind: str, name: str) -> str:
        """Adds the object where it is new; ids are unique over all types, so a later type's stands before its id."""
        wanted = shown(name)
        for unique in (wanted, f"{shown(kind)}:{wanted}"):
            there = self._log.execute("SELECT ocel_type FROM object WHERE ocel_id = ?", (unique,)).fetchone()
            if there is None:
                table = self._table("object", shown(kind))
                self._log.execute("INSERT INTO object VALUES (?, ?)", (unique, shown(kind)))
                self._log.execute(f'INSERT INTO "{table}" (ocel_id, ocel_time) VALUES (?, ?)', (unique, _stamp(0)))
                return unique
            if there[0] == shown(kind):
                return unique
        return unique

    def _table(self, of: str, kind: str) -> str:
        """The table of an event or object type."""
        known = self._tables[of]
        if kind not in known:
            letters = re.sub(r"[^A-Za-z0-9]", "", kind)
            taken = {each.lower() for each in known.values()}
            mapped = letters if letters and f"{of}_{letters}".lower() not in taken else f"{letters}{len(known)}"
            if f"{of}_{mapped}".lower() in taken or mapped.lower() in ("object", "maptype"):
                mapped = f"{letters}_{len(known)}"
            known[kind] = table = f"{of}_{mapped}"
            extra = ", ocel_changed_field TEXT" if of == "object" else ""
            self._log.execute(f"INSERT INTO {of}_map_type VALUES (?, ?)", (kind, mapped))
            self._log.execute(f'CREATE TABLE "{table}" (ocel_id TEXT, ocel_time TIMESTAMP{extra})')
            if of == "event":
                self._log.execute(f'CREATE INDEX "of_{table}" ON "{table}" (ocel_id)')
                self._columns[table] = {}
        return known[kind]

    def _column(self, table: str, name: str) -> str | None:
        """The column of an attribute; None where SQLite cannot have one of this name beside the others."""
        known = self._columns[table]
        folded = name.lower()
        if folded not in known:
            if not _NAME.fullmatch(name) or folded.startswith("ocel_") or len(known) >= _MOST_COLUMNS:
                return None
            self._log.execute(f'ALTER TABLE "{table}" ADD COLUMN "{name}" TEXT')
            known[folded] = name
        return name if known[folded] == name else None


def _stamp(micros: int) -> str:
    return (_EPOCH + timedelta(microseconds=max(micros, int(FIRST)))).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
