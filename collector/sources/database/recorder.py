"""Rows become events, and events get into the log exactly once."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from collector.dead_letters import DeadLetters
from collector.settings import TableSettings
from collector.sources.database import events as made
from collector.sources.database.events import DeleteRecord, Event, bodies
from collector.sources.database.state import Changes, Known, State, deflated, inflated
from collector.sources.database.telemetry import PullMetrics
from collector.sources.database.values import Row, canonical, row_hash

Explain = Callable[[Sequence[Known]], dict[str, DeleteRecord]]
_ROW_BYTES_SHARE: Final = 0.5
"""A row this large, of what the converter takes at once, is a dead letter."""


@dataclass(frozen=True, slots=True)
class Read:
    """A row as it was read. `at` is its time by its cursor and `time` that of its event, in µs, where it has any."""

    key: str
    row: Row
    at: int | None
    time: int | None


class Recorder:
    """Turns what was read into changes and events; keeps both; hands the events on.

    A batch and what it is based on (cursor, rows) are safe on disk in one transaction before the log gets it; it is
    forgotten once the log has it. After a crash in between it goes into the log once more under the same number.
    """

    def __init__(
        self,
        source: str,
        state: State,
        append: Callable[[bytes], None],
        letters: DeadLetters,
        told: PullMetrics,
        now: Callable[[], int],
        limit_bytes: int,
    ) -> None:
        """`append` gives a compressed body to the log and returns once it is safe; `now` is in µs since 1970."""
        self.source, self.state, self.now, self.told, self.letters = source, state, now, told, letters
        self._append, self._limit = append, limit_bytes

    def deliver(self) -> None:
        """Hand on what is kept. Raises what the log raises; it stays kept then."""
        while (waiting := self.state.pending()) is not None:
            number, body = waiting
            self._append(body)
            self.state.sent(number)

    def keep(self, changes: Changes, events: Sequence[Event]) -> None:
        """Make the changes safe, then hand the events on."""
        if events:
            changes.first = self.state.next
            changes.bodies = list(bodies(self.source, changes.first, events, min(made.BODY_BYTES, self._limit)))
        self.state.save(changes)
        for event in events:
            self.told.events.labels(self.source, event["table"], event["operation"]).inc()
        self.deliver()

    def absorb(self, settings: TableSettings, rows: Iterable[Read], explain: Explain, changes: Changes) -> list[Event]:
        """The events of rows that were read; what is then known of them goes into `changes`."""
        rows = list(rows)
        known = self.state.known(settings.name, [each.key for each in rows])
        for read in rows:
            if (changed := changes.rows.get((settings.name, read.key))) is not None:
                known[read.key] = changed
        back = [known[each.key] for each in rows if each.key in known and known[each.key].vanished is not None]
        records = explain(back) if back else {}
        events: list[Event] = []
        for read in rows:
            before = known.get(read.key)
            after, told = self._step(settings, read, before, records.get(read.key))
            if after == before:
                continue
            changes.rows[settings.name, read.key] = known[read.key] = after
            events += told
        return events

    def _step(
        self, settings: TableSettings, read: Read, before: Known | None, record: DeleteRecord | None
    ) -> tuple[Known, list[Event]]:
        """What is known of a row after it was read, and the events that tell how it came to be so."""
        raw = canonical(read.row)
        digest = row_hash(raw)
        time = read.time if read.time is not None else self.now()
        told: list[Event] = []
        if before is not None and before.vanished is not None:
            if before.deleted is not None and before.hash == digest:
                # PostgreSQL logs a commit a moment before others see it. If it did come back, it is there later, too.
                return before, []
            if before.deleted is None and record is None and before.hash == digest:
                # It was only out of sight (a replica that lags, a filter).
                return replace(before, vanished=None), []
            before, told = self.bury(settings, before, record)
        if before is not None and not before.gone and before.hash == digest:
            return before, told
        if len(raw) > math.floor(self._limit * _ROW_BYTES_SHARE):
            self._refuse(settings, read, raw)
            # Remembered without its values, so that it is told once.
            version = 1 if before is None else before.version + 1
            return Known(settings.name, read.key, digest, version, read.at, b""), told
        version = 1 if before is None else before.version + 1
        record_hash = None if before is None else before.record
        after = Known(settings.name, read.key, digest, version, read.at, deflated(read.row), record=record_hash)
        if before is None or before.gone:
            restored = before is not None
            return after, [*told, made.created(self.source, settings, read.row, after, time, restored=restored)]
        return after, [*told, made.updated(self.source, settings, read.row, before.values(), after, time)]

    def bury(self, settings: TableSettings, known: Known, record: DeleteRecord | None) -> tuple[Known, list[Event]]:
        """The event of a deletion, and what remains known of the row."""
        if known.deleted is not None:
            at = known.deleted
        elif record is not None and record.at is not None:
            at = record.at
        else:
            at = known.vanished if known.vanished is not None else self.now()
        digest = record.hash if record is not None else known.record
        version = known.version + 1
        since = known.deleted if known.deleted is not None else known.vanished
        after = replace(
            known, version=version, at=since, row=b"", vanished=None, deleted=None, gone=True, record=digest
        )
        return after, [made.deleted(self.source, settings, inflated(known.row), after, at, record)]

    def _refuse(self, settings: TableSettings, read: Read, raw: bytes) -> None:
        detail = f"{self.source}, table {settings.name}: row {read.key} has {len(raw)} bytes; leave large columns out"
        self.letters.add("row_too_large", detail, raw, signal="events")
