"""Rows that vanished: found by comparing keys, believed with care, told with the record that explains them."""

from collections.abc import Sequence
from typing import Final

import structlog
from sqlalchemy import Connection

from collector.settings import DeletionSettings
from collector.sources.database.connection import Database
from collector.sources.database.events import DeleteRecord, Event
from collector.sources.database.queries import KEYS_AT_ONCE
from collector.sources.database.reading import TableReader
from collector.sources.database.recorder import Explain, Recorder
from collector.sources.database.records import explained
from collector.sources.database.state import Changes, Comparison, Known
from collector.sources.database.values import unpack

FEW: Final = 10
"""So many rows may vanish at once without being suspicious, whatever their share."""
_SECOND: Final = 1_000_000
log = structlog.get_logger()


class Deletions:
    """Finds and tells the vanished rows of one table."""

    def __init__(self, reader: TableReader, database: Database, recorder: Recorder) -> None:
        self._reader, self._database, self._recorder = reader, database, recorder
        self._settings = reader.settings
        self._compared: int | None = None

    def explain(self, connection: Connection) -> Explain:
        """Looks for the delete records of rows, over this connection."""

        def of(rows: Sequence[Known]) -> dict[str, DeleteRecord]:
            return explained(
                connection,
                self._recorder.source,
                self._settings,
                self._reader.zone,
                self._database.in_utc,
                rows,
            )

        return of

    def compare(self) -> None:
        """If it is time, compare the keys that are there with those remembered.

        Whatever breaks off raises and is no evidence of anything.
        """
        wanted = self._settings.deletions
        now = self._recorder.now()
        if wanted is None or (self._compared is not None and now - self._compared < wanted.every_seconds * _SECOND):
            return
        name = self._settings.name
        try:
            with self._database.snapshot(f"table {name}") as connection, self._recorder.state.comparison(name) as seen:
                self._look(connection, seen)
                total, lost = seen.counts()
                if self._believed(wanted, total, lost, now):
                    seen.miss(now)
        except Exception:
            self._release()
            raise
        self._compared = now

    def tell(self, connection: Connection, sure_before: int) -> None:
        """Tell what has vanished: with its record at once, without one when it has waited long enough for it.

        Rows that were missed at `sure_before` (µs) or later may still get an exact time from logical decoding.
        """
        wanted = self._settings.deletions
        waits = 0 if wanted is None or wanted.recorded is None else round(wanted.record_wait_seconds * _SECOND)
        after = ""
        while rows := self._recorder.state.vanished(self._settings.name, after, self._settings.batch_rows):
            after = rows[-1].key
            records = self.explain(connection)(rows)
            changes = Changes()
            events: list[Event] = []
            for row in rows:
                since = self._recorder.now() - (row.vanished or 0)
                sure = row.deleted is not None or (row.vanished or 0) < sure_before
                if sure and (row.key in records or since >= waits):
                    known, told = self._recorder.bury(self._settings, row, records.get(row.key))
                    changes.rows[row.table, row.key] = known
                    events += told
            self._recorder.keep(changes, events)

    def waiting(self) -> bool:
        """Whether any row has vanished that was not told."""
        return bool(self._recorder.state.vanished(self._settings.name, "", 1))

    def _look(self, connection: Connection, seen: Comparison) -> None:
        """Note all keys, and take in rows that no pull has seen (written with an old cursor, committed too late)."""
        settings, reader, recorder = self._settings, self._reader, self._recorder
        keys = connection.execute(reader.queries.keys(), execution_options={"yield_per": settings.batch_rows})
        for part in keys.partitions():
            seen.saw([reader.key_of(tuple(each)) for each in part])
        for fresh in seen.fresh(settings.batch_rows):
            for start in range(0, len(fresh), KEYS_AT_ONCE):
                some = [unpack(key) for key in fresh[start : start + KEYS_AT_ONCE]]
                rows, _ = reader.read(connection, reader.queries.rows(some))
                changes = Changes()
                recorder.keep(changes, recorder.absorb(settings, rows, self.explain(connection), changes))

    def _believed(self, wanted: DeletionSettings, total: int, lost: int, now: int) -> bool:
        """Whether so many rows can have vanished. A lost permission or a renamed table must not look like it."""
        if lost <= FEW or lost < total * wanted.suspicious_share:
            self._release()
            return True
        name = f"held:{self._settings.name}"
        since = self._recorder.state.meta(name)
        if since is not None and now - int(since) >= wanted.hold_seconds * _SECOND:
            self._release()
            return True
        if since is None:
            self._recorder.state.save(Changes(meta={name: str(now)}))
            log.warning(
                "database.deletions_held",
                source=self._recorder.source,
                table=self._settings.name,
                vanished=lost,
                of=total,
                seconds=wanted.hold_seconds,
            )
        self._recorder.told.held.labels(self._recorder.source, self._settings.name).set(lost)
        return False

    def _release(self) -> None:
        name = f"held:{self._settings.name}"
        if self._recorder.state.meta(name) is not None:
            self._recorder.state.save(Changes(meta={name: None}))
            self._recorder.told.held.labels(self._recorder.source, self._settings.name).set(0)
