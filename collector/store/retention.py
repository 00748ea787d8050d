"""What is kept no longer: by the age of what stands in a segment, and by the size of all together.

Age is that of the newest event or span in a segment, not of its commit: history that was imported yesterday is old.
Nothing goes silently: each time is logged, counted, and left in the state `forgotten:<what>` for the record.
"""

import contextlib
import json
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq
import structlog

from collector.raw.archive import RawArchive
from collector.store.manifest import UNREADABLE, Manifest
from collector.store.segment import Kind, Segment
from collector.store.settings import RetentionSettings

FORGOTTEN: Final = "forgotten:"
"""State {what: raw, spans, logs, events, links}: JSON of the newest time it happened: `at` (ms), `why`, `rows` (of raw
requests: 0), `bytes`, and of all times together: `total_rows`, `total_bytes`, `times`."""
YOUNG_US: Final = 10 * 60 * 1_000_000
"""Spans and log records committed so recently (µs) stay, however old they say they are: events wait for them, and what
is sent again must be known again after a restart."""
_DAY_US: Final = 86_400 * 1_000_000
_TIMES: Final[dict[Kind, str]] = {"events": "end", "spans": "end", "logs": "time"}
Told = Callable[[str, int], None]
"""Takes what was forgotten (`spans`, `events`, .. or `raw_bytes`) and how many."""

log = structlog.get_logger()


class Retention:
    """Forgets by `settings`; keeps in memory how old each segment is."""

    def __init__(self, settings: RetentionSettings, told: Told = lambda what, count: None) -> None:
        self._settings, self._told = settings, told
        self._newest: dict[tuple[int, str], int] = {}

    def round(self, manifest: Manifest, archive: RawArchive | None, now_ms: int | None = None) -> None:
        """Forget what has to go at `now_ms` (since 1970)."""
        now = time.time_ns() // 1_000_000 if now_ms is None else now_ms
        chosen = self._settings
        if archive is not None:
            freed = archive.delete_before(now - int(chosen.raw_hours * 3_600_000))
            # That is what `raw_hours` promises: nothing that somebody would miss.
            if freed:
                log.info("raw.expired", bytes=freed, raw_hours=chosen.raw_hours)
        limits: dict[Kind, float | None] = {
            "spans": chosen.spans_days,
            "logs": chosen.spans_days,
            "events": chosen.events_days,
        }
        for kind, days in limits.items():
            if days is not None:
                before = now * 1000 - int(days * _DAY_US)
                old = [each for each in self._segments(manifest, (kind,), now) if self._age(manifest, each) < before]
                self._forget(manifest, old, f"older than {days:g} days", now)
        if chosen.max_bytes is not None:
            self._shrink(manifest, archive, chosen.max_bytes, now)
        self._drop_links(manifest, now)

    def _shrink(self, manifest: Manifest, archive: RawArchive | None, limit: int, now: int) -> None:
        """The oldest raw requests first, then spans and log records, then events, until all is within `limit` bytes."""
        everything = self._segments(manifest, ("spans", "logs", "events", "links"))
        over = sum(map(_size, everything)) + (archive.bytes() if archive is not None else 0) - limit
        why = f"more than {limit} bytes"
        freed = 0
        while archive is not None and over > 0 and (size := archive.delete_oldest()):
            over -= size
            freed += size
        if freed:
            self._note(manifest, "raw", [], freed, why, now)
        families: tuple[tuple[Kind, ...], ...] = (("spans", "logs"), ("events",))
        for kinds in families:
            gone: list[Segment] = []
            for each in sorted(self._segments(manifest, kinds, now), key=lambda each: self._age(manifest, each)):
                if over <= 0:
                    break
                over -= _size(each)
                gone.append(each)
            for kind in kinds:
                self._forget(manifest, [each for each in gone if each.kind == kind], why, now)

    def _drop_links(self, manifest: Manifest, now: int) -> None:
        """A link is written with its event or later: those made before every event that is left speak of none."""
        events = self._segments(manifest, ("events",))
        if not events or not manifest.store.state(FORGOTTEN + "events"):
            return
        first = min(each.first for each in events)
        old = [each for each in self._segments(manifest, ("links",)) if max(each.first, each.last) < first]
        self._forget(manifest, old, "its events are forgotten", now)

    def _forget(self, manifest: Manifest, gone: Sequence[Segment], why: str, now: int) -> None:
        if gone:
            self._note(manifest, gone[0].kind, gone, sum(map(_size, gone)), why, now)

    def _note(self, manifest: Manifest, what: str, gone: Sequence[Segment], freed: int, why: str, now: int) -> None:
        rows = sum(each.rows for each in gone)
        known = json.loads(manifest.store.state(FORGOTTEN + what).get(FORGOTTEN + what, "{}"))
        told = {"at": now, "why": why, "rows": rows, "bytes": freed}
        told["total_rows"] = known.get("total_rows", 0) + rows
        told["total_bytes"] = known.get("total_bytes", 0) + freed
        told["times"] = known.get("times", 0) + 1
        manifest.drop(gone, {FORGOTTEN + what: json.dumps(told)})
        self._told(what if gone else f"{what}_bytes", rows if gone else freed)
        log.warning("store.forgotten", what=what, why=why, segments=len(gone), rows=rows, bytes=freed)

    def _segments(self, manifest: Manifest, kinds: Iterable[Kind], now: int | None = None) -> list[Segment]:
        """All of these kinds; with `now` (ms) only those that may be forgotten."""
        store = manifest.store
        found = [each for kind in kinds for each in store.segments(kind)]
        if now is None:
            return found
        return [each for each in found if each.kind == "events" or not 0 <= now * 1000 - each.committed < YOUNG_US]

    def _age(self, manifest: Manifest, segment: Segment) -> int:
        """The end of the newest thing in a segment, µs UTC; of one that cannot be read, when it was committed."""
        key = segment.id, segment.path.name
        if key not in self._newest:
            if len(self._newest) > 100_000:
                self._newest.clear()
            try:
                newest = newest_in(segment, _TIMES[segment.kind])
            except UNREADABLE as error:
                if segment.path.name not in manifest.store.bad():
                    manifest.note_bad(segment.path.name, str(error))
                newest = None
            self._newest[key] = segment.committed if newest is None else newest
        return self._newest[key]


def newest_in(segment: Segment, column: str) -> int | None:
    """The greatest time (µs UTC) of a column by the file's own statistics; None where it holds none."""
    with pq.ParquetFile(segment.path) as file:
        number = file.schema_arrow.get_field_index(column)
        names = [file.metadata.schema.column(each).path for each in range(file.metadata.num_columns)]
        place = names.index(file.schema_arrow.names[number])
        found: list[int] = []
        for group in range(file.metadata.num_row_groups):
            told = file.metadata.row_group(group).column(place).statistics
            if told is None or not told.has_min_max:
                read = file.read_row_group(group, columns=[column])[column].cast(pa.int64()).drop_null().to_pylist()
                found += read
            else:
                found.append(_micros(told.max))
        return max(found, default=None)


def _micros(moment: datetime) -> int:
    since = moment.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def _size(segment: Segment) -> int:
    with contextlib.suppress(OSError):
        return segment.path.stat().st_size
    return 0
