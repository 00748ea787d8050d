"""PostgreSQL's logical decoding: exact times of deletions, and rows that came and went between two pulls.

The slot is made by the owner of the database (`pg_create_logical_replication_slot(name, 'test_decoding')`), never by
us: a slot that nobody reads keeps the database's log from being recycled. Changes are peeked at, kept, and only then is
the slot advanced; what was kept before a crash is skipped by its position.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

import structlog
from sqlalchemy import Connection, text

from collector.sources.database.connection import Database
from collector.sources.database.decoding import Commit, RowChange, Value, parse
from collector.sources.database.deletions import Deletions
from collector.sources.database.events import Event
from collector.sources.database.postgresql import text_values
from collector.sources.database.reading import TableReader
from collector.sources.database.recorder import Read, Recorder
from collector.sources.database.state import Changes, Known, deflated, inflated
from collector.sources.database.values import json_row, micros_of, pack
from collector.vocabulary.errors import PermanentError

CHANGES_AT_ONCE: Final = 10_000
"""PostgreSQL gives whole transactions: more where the last one is larger."""
KEPT_AT_ONCE: Final = 5_000
INSERTS_AT_ONCE: Final = 50_000
"""Of a larger transaction, only deletions count: a bulk load is seen by the next pull."""
_FETCHED: Final = 2_000
_PEEK: Final = text(
    "SELECT lsn::text, data FROM pg_logical_slot_peek_changes(:slot, NULL, :limit,"
    " 'include-timestamp', 'on', 'skip-empty-xacts', 'on')"
)
log = structlog.get_logger()


@dataclass
class _Batch:
    """What comes of one peek."""

    now: int
    changes: Changes = field(default_factory=Changes)
    events: list[Event] = field(default_factory=list)
    inserts: dict[tuple[str, str], dict[str, Any] | None] = field(default_factory=dict)
    """Rows seen coming; None where one went again."""


class Slot:
    """Follows one slot."""

    def __init__(
        self,
        name: str,
        tables: list[tuple[TableReader, Deletions]],
        database: Database,
        recorder: Recorder,
        stopped: Callable[[], bool],
    ) -> None:
        self._slot, self._database, self._recorder, self._stopped = name, database, recorder, stopped
        self._tables = {_relation(reader): (reader, deletions) for reader, deletions in tables}

    def follow(self) -> None:
        """Take in all that was committed before now.

        Raises PermanentError where the slot is not there or may not be read.
        """
        with self._database.connect(f"slot {self._slot}") as connection:
            self._check(connection)
            # What is on the server's disk now is in the next peeks.
            flushed = connection.execute(text("SELECT pg_current_wal_flush_lsn()::text")).scalar_one()
            while not self._stopped():
                lines = connection.execute(
                    _PEEK, {"slot": self._slot, "limit": CHANGES_AT_ONCE}, execution_options={"yield_per": _FETCHED}
                )
                read = text_values(connection.connection.driver_connection)
                count, last = self._keep(((each.lsn, each.data) for each in lines), read)
                if count < CHANGES_AT_ONCE:
                    self._advance(connection, flushed)
                    return
                self._advance(connection, last)

    def _check(self, connection: Connection) -> None:
        found = connection.execute(
            text("SELECT plugin FROM pg_replication_slots WHERE slot_name = :slot"), {"slot": self._slot}
        ).first()
        place = f"{self._recorder.source}, slot {self._slot}"
        if found is None:
            raise PermanentError(
                f"{place}: there is no such slot (pg_create_logical_replication_slot('{self._slot}', 'test_decoding'))"
            )
        if found.plugin != "test_decoding":
            raise PermanentError(f"{place}: its plugin is {found.plugin}, needed is test_decoding")

    def _advance(self, connection: Connection, position: str) -> None:
        # It refuses to go back, so a position behind the slot's own is left out.
        connection.execute(
            text(
                "SELECT pg_replication_slot_advance(slot_name, CAST(:position AS pg_lsn)) FROM pg_replication_slots"
                " WHERE slot_name = :slot AND confirmed_flush_lsn < CAST(:position AS pg_lsn)"
            ),
            {"slot": self._slot, "position": position},
        )
        connection.commit()

    def _keep(self, lines: Iterable[tuple[str, str]], read: Value) -> tuple[int, str]:
        """Keep what the lines tell of our tables; gives their number and the position of the last transaction."""
        seen = last = self._recorder.state.meta("slot") or "0/0"
        batch = _Batch(self._recorder.now())
        transaction: list[RowChange] = []
        count = 0
        for position, line in lines:
            count += 1
            try:
                said = parse(line, read)
            except ValueError as error:
                self._recorder.letters.add(
                    "slot_line", f"{self._recorder.source}, slot {self._slot}: {error}", line.encode(), signal="events"
                )
                continue
            if isinstance(said, RowChange):
                wanted = said.operation == "DELETE" or len(transaction) < INSERTS_AT_ONCE
                if said.relation in self._tables and wanted:
                    transaction.append(said)
            elif isinstance(said, Commit):
                if _number(position) > _number(seen):
                    self._apply(transaction, said.at, batch)
                    last = position
                transaction = []
                if len(batch.changes.rows) + len(batch.inserts) >= KEPT_AT_ONCE:
                    self._save(batch, last)
                    batch = _Batch(self._recorder.now())
        if last != seen:
            self._save(batch, last)
        return count, last

    def _save(self, batch: _Batch, last: str) -> None:
        changes = batch.changes
        changes.meta["slot"] = last
        changes.inserts = [each for each in batch.inserts.values() if each is not None]
        changes.pulled = [key for key, each in batch.inserts.items() if each is None]
        self._recorder.keep(changes, batch.events)

    def _apply(self, transaction: list[RowChange], at: datetime | None, batch: _Batch) -> None:
        own: set[tuple[str, str]] = set()
        for change in transaction:
            table = self._tables.get(change.relation)
            if table is None:
                continue
            reader, deletions = table
            commit = micros_of(at, reader.zone) if at is not None else batch.now
            assert commit is not None
            key = _key(reader, change.new)
            gone = _key(reader, change.old)
            if change.operation != "INSERT" and gone is not None and gone != key:
                if (reader.settings.name, gone) in own:
                    # Nobody ever saw it.
                    batch.inserts[reader.settings.name, gone] = None
                    own.discard((reader.settings.name, gone))
                else:
                    self._went(reader, deletions, gone, commit, batch)
            if change.operation != "DELETE" and key is not None and reader.settings.query is None:
                if gone != key and (change.operation == "INSERT" or gone is not None):
                    own.add((reader.settings.name, key))
                self._came(reader, key, change, gone, commit, batch)

    def _came(
        self, reader: TableReader, key: str, change: RowChange, gone: str | None, commit: int, batch: _Batch
    ) -> None:
        """Remember a row that no pull may ever see."""
        place = (reader.settings.name, key)
        known = self._known(*place, batch)
        if known is not None and not known.gone and known.deleted is None:
            # A pull was ahead of the slot.
            return
        if known is not None and known.gone and known.at is not None and commit <= known.at:
            # So was a comparison of keys: this row has been told, and that it is gone.
            return
        if change.operation == "UPDATE" and gone in (None, key) and self._inserted(place, batch) is None:
            return
        row = json_row(change.new, reader.zone)
        batch.inserts[place] = {
            "table": place[0],
            "key": key,
            "row": deflated(row),
            "at": commit,
            "round": batch.now,
        }

    def _went(self, reader: TableReader, deletions: Deletions, key: str, commit: int, batch: _Batch) -> None:
        """A row was deleted at `commit` (µs)."""
        place = (reader.settings.name, key)
        known = self._known(*place, batch)
        inserted = self._inserted(place, batch)
        if inserted is not None and (known is None or known.gone or known.deleted is not None):
            row, at = inflated(inserted[0]), inserted[1]
            read = Read(key, row, _moment(reader.settings.cursor, row, reader), None)
            time = _moment(reader.settings.time, row, reader)
            read = replace(read, time=next(each for each in (time, read.at, at) if each is not None))
            with self._database.snapshot(f"table {place[0]}") as connection:
                batch.events += self._recorder.absorb(
                    reader.settings, [read], deletions.explain(connection), batch.changes
                )
            known = self._known(*place, batch)
        batch.inserts[place] = None
        later = known is not None and known.at is not None and known.at > commit
        if known is not None and not known.gone and known.deleted is None and not later:
            since = known.vanished if known.vanished is not None else batch.now
            batch.changes.rows[place] = replace(known, vanished=since, deleted=commit)

    def _known(self, table: str, key: str, batch: _Batch) -> Known | None:
        changed = batch.changes.rows.get((table, key))
        return changed if changed is not None else self._recorder.state.known(table, [key]).get(key)

    def _inserted(self, place: tuple[str, str], batch: _Batch) -> tuple[bytes, int] | None:
        if place in batch.inserts:
            waiting = batch.inserts[place]
            return (waiting["row"], waiting["at"]) if waiting is not None else None
        return self._recorder.state.inserted(place[0], [place[1]]).get(place[1])


def _relation(reader: TableReader) -> str:
    name = reader.settings.table or reader.settings.name
    return name if "." in name else f"public.{name}"


def _key(reader: TableReader, row: dict[str, Any]) -> str | None:
    values = [row.get(name) for name in reader.settings.key]
    return None if None in values else pack(values)


def _moment(column: str | None, row: dict[str, Any], reader: TableReader) -> int | None:
    return micros_of(row[column], reader.zone) if column is not None and column in row else None


def _number(position: str) -> int:
    high, _, low = position.partition("/")
    return (int(high, 16) << 32) + int(low, 16)
