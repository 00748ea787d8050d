"""Reading the rows of one table: what is new behind the cursor, a page at a time."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Select

from collector.settings import TableSettings
from collector.sources.database.connection import Database
from collector.sources.database.cursors import lower_bound, reached
from collector.sources.database.queries import Queries
from collector.sources.database.recorder import Explain, Read, Recorder
from collector.sources.database.state import Changes
from collector.sources.database.values import json_row, micros_of, pack, unpack
from collector.vocabulary.errors import PermanentError


class TableReader:
    """Pulls one table."""

    def __init__(
        self,
        settings: TableSettings,
        database: Database,
        recorder: Recorder,
        zone: ZoneInfo,
        stopped: Callable[[], bool],
    ) -> None:
        self.settings, self.queries, self.zone = settings, Queries(settings), zone
        self._database, self._recorder, self._stopped = database, recorder, stopped

    def pull(self, explain: Callable[[Connection], Explain], slot: bool) -> None:
        """Read what has changed since the last time; every page is kept and handed on before the next one.

        `slot`: whether logical decoding keeps rows for us that it saw come.
        """
        settings, state = self.settings, self._recorder.state
        self._check_key()
        with self._database.snapshot(f"table {settings.name}") as connection:
            why = explain(connection)
            if settings.cursor is None:
                self._pages(connection, why, lambda after: self.queries.page(None, after, settings.batch_rows), slot)
                return
            before = state.meta(self._name("cursor"))
            lower = self._lower(before)
            if not self.queries.asks_for_cursor:
                self._pages(
                    connection,
                    why,
                    lambda after: self.queries.without_cursor(after, settings.batch_rows),
                    slot,
                    behind=settings.key,
                )
            last = self._pages(
                connection, why, lambda after: self.queries.page(lower, after, settings.batch_rows), slot, moves=True
            )
            if last is not None and last != before:
                state.save(Changes(meta={self._name("cursor"): last}))

    def read(self, connection: Connection, statement: Select[Any]) -> tuple[list[Read], list[list[Any]]]:
        """The rows of a page, and of each the values that say where the next page begins: cursor (if any) and key."""
        settings = self.settings
        result = connection.execute(statement)
        names = list(result.keys())
        wanted = [*settings.key, settings.cursor, settings.time]
        for name in wanted:
            if name is not None and name not in names:
                raise PermanentError(f"{self._told()}: there is no column {name!r} (columns: {', '.join(names)})")
        utc = self._database.in_utc(result)
        zones = {name: ZoneInfo("UTC") if name in utc else self.zone for name in names}
        rows, places = [], []
        seen: set[str] = set()
        for found in result.mappings():
            key = self.key_of([found[name] for name in settings.key])
            if key in seen:
                raise PermanentError(
                    f"{self._told()}: key ({', '.join(settings.key)}) is not unique: two rows have {key}"
                )
            seen.add(key)
            cursor = found[settings.cursor] if settings.cursor is not None else None
            at = micros_of(cursor, zones[settings.cursor]) if settings.cursor is not None else None
            time = micros_of(found[settings.time], zones[settings.time]) if settings.time is not None else None
            rows.append(Read(key, json_row(dict(found), self.zone, utc), at, time if time is not None else at))
            places.append([*([cursor] if cursor is not None else []), *(found[name] for name in settings.key)])
        self._recorder.told.rows.labels(self._recorder.source, settings.name).inc(len(rows))
        return rows, places

    def key_of(self, values: Sequence[Any]) -> str:
        """A packed key; PermanentError where part of it is NULL."""
        if None in values:
            raise PermanentError(
                f"{self._told()}: a row has NULL in its key ({', '.join(self.settings.key)}); leave it out by a query"
            )
        return pack(values)

    def _pages(
        self,
        connection: Connection,
        why: Explain,
        page: Callable[[Sequence[Any] | None], Select[Any]],
        slot: bool,
        *,
        behind: Sequence[str] | None = None,
        moves: bool = False,
    ) -> str | None:
        """Read page after page until there is none; gives the last row's cursor, packed, where one `moves`."""
        settings, recorder = self.settings, self._recorder
        after: Sequence[Any] | None = None
        last: str | None = None
        began = datetime.fromtimestamp(recorder.now() / 1_000_000, UTC)
        while not self._stopped():
            rows, places = self.read(connection, page(after))
            if not rows:
                break
            changes = Changes()
            events = recorder.absorb(settings, rows, why, changes)
            if slot:
                changes.pulled = [(settings.name, each.key) for each in rows]
            after = places[-1] if behind is None else places[-1][-len(behind) :]
            if moves and places[-1][0] != "infinity":
                last = pack([reached(places[-1][0], self.zone, began)])
                changes.meta[self._name("cursor")] = last
            if events or changes.rows or slot:
                recorder.keep(changes, events)
            if len(rows) < settings.batch_rows:
                break
        return last

    def _lower(self, before: str | None) -> Any:
        if before is None:
            return self.settings.start
        return lower_bound(unpack(before)[0], self.settings)

    def _check_key(self) -> None:
        """Other key columns make other keys: all rows would seem to vanish."""
        state, now = self._recorder.state, ", ".join(self.settings.key)
        before = state.meta(self._name("key"))
        if before is None:
            state.save(Changes(meta={self._name("key"): now}))
        elif before != now:
            raise PermanentError(
                f"{self._told()}: its key was ({before}) and is now ({now}); "
                "give the table another name, then it is read anew"
            )

    def _name(self, what: str) -> str:
        if what == "cursor":
            return f"cursor:{self.settings.name}:{self.settings.cursor}"
        return f"{what}:{self.settings.name}"

    def _told(self) -> str:
        return f"{self._recorder.source}, table {self.settings.name}"
