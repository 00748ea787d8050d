"""Writing the store: one transaction makes segments count, moves the position and keeps what resolution must know."""

import contextlib
import fcntl
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import structlog
from sqlalchemy import Connection, bindparam, delete, insert, select
from sqlalchemy.dialects.sqlite import insert as upsert

from collector.store.merging import to_merge
from collector.store.segment import Fresh, Kind, remove_orphans, write_segment
from collector.store.store import Store
from collector.store.tables import JOINS, METADATA, OPEN_EVENTS, POSITION, SEGMENTS, STATE, open_database
from collector.vocabulary.errors import PermanentError
from collector.wal.folder import sync_folder

log = structlog.get_logger()
SpanKey = tuple[bytes, bytes]
JoinKey = tuple[str, str, str]
GRACE = 60 * 1_000_000
"""So long (µs) the files of merged segments stay."""


@dataclass(frozen=True, slots=True)
class OpenEvent:
    """A span whose event waits to be written (`process` is None), or is written without a case."""

    key: SpanKey
    since: int
    process: str | None
    objects: str


@dataclass
class Changes:
    """What a round changes of the state kept for resolution."""

    opened: dict[SpanKey, OpenEvent] = field(default_factory=dict)
    closed: set[SpanKey] = field(default_factory=set)
    joined: dict[JoinKey, str | None] = field(default_factory=dict)
    forgotten: set[JoinKey] = field(default_factory=set)
    state: dict[str, str] = field(default_factory=dict)

    def empty(self) -> bool:
        """Whether there is nothing to keep."""
        return not (self.opened or self.closed or self.joined or self.forgotten or self.state)

    def clear(self) -> None:
        """Forget what was kept."""
        for each in (self.opened, self.closed, self.joined, self.forgotten, self.state):
            each.clear()


class Manifest:
    """The one writer of a data folder's store. Raises PermanentError where another converter has it."""

    def __init__(self, data: Path) -> None:
        data.mkdir(parents=True, exist_ok=True)
        self._data, self._folder = data, data / "segments"
        self._merged: list[tuple[int, Path]] = []
        self._lock = (data / "manifest.lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._lock.close()
            raise PermanentError(f"{data}: another converter is writing here") from error
        self._engine = open_database(data / "manifest.sqlite")
        METADATA.create_all(self._engine)
        with self._engine.connect() as connection:
            names = set(connection.execute(select(SEGMENTS.c.name)).scalars())
            self.position: int = connection.execute(select(POSITION.c.last)).scalar() or 0
        removed = remove_orphans(self._folder, names)
        if removed:
            log.info("store.orphans_removed", files=removed)

    def commit(self, tables: Iterable[tuple[Kind, pa.Table]], first: int, last: int, changes: Changes) -> None:
        """Write `tables` as segments made from positions `first..last` and let them count, all or none.

        Empty tables are left out. On any error nothing counts; the files are removed at the next opening.
        """
        fresh = [write_segment(self._folder, kind, table, first, last) for kind, table in tables if table.num_rows]
        if fresh:
            sync_folder(self._folder)
        now = time.time_ns() // 1000
        with self._engine.begin() as connection:
            if fresh:
                connection.execute(insert(SEGMENTS), [_row(each, now) for each in fresh])
            position = upsert(POSITION).values(id=1, last=last)
            connection.execute(position.on_conflict_do_update(index_elements=["id"], set_={"last": last}))
            _apply(connection, changes)
        self.position = last

    def merge(self, kind: Kind) -> int:
        """Put a run of small old segments of `kind` together; gives how many there were (0: none worth it).

        The merged one takes the place (the id) of the last of them: whoever has read them all does not see it, whoever
        begins reads every row once, in the same order.
        """
        now = time.time_ns() // 1000
        self._remove_merged(now)
        run = to_merge(Store(self._data).segments(kind), now)
        if not run:
            return 0
        table = pa.concat_tables([pq.ParquetFile(each.path).read() for each in run]).unify_dictionaries()
        fresh = write_segment(self._folder, kind, table, run[0].first, run[-1].last)
        sync_folder(self._folder)
        with self._engine.begin() as connection:
            connection.execute(delete(SEGMENTS).where(SEGMENTS.c.id.in_([each.id for each in run])))
            connection.execute(insert(SEGMENTS).values(id=run[-1].id, **_row(fresh, run[-1].committed)))
        # A reader may have listed them a moment ago.
        self._merged += [(now, each.path) for each in run]
        return len(run)

    def _remove_merged(self, now: int) -> None:
        gone = [path for at, path in self._merged if at < now - GRACE]
        self._merged = [(at, path) for at, path in self._merged if at >= now - GRACE]
        for path in gone:
            path.unlink(missing_ok=True)

    def open_events(self) -> list[OpenEvent]:
        """What earlier rounds left open, oldest first."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(OPEN_EVENTS).order_by(OPEN_EVENTS.c.since)).all()
        return [OpenEvent((row.trace_id, row.span_id), row.since, row.process, row.objects) for row in rows]

    def joins(self) -> Sequence[tuple[JoinKey, str | None]]:
        """All joins that are remembered."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(JOINS)).all()
        return [((row.type, row.id, row.leading), row.target) for row in rows]

    def close(self) -> None:
        """Let go of the folder. Idempotent."""
        self._engine.dispose()
        with contextlib.suppress(OSError):
            self._lock.close()


def _row(each: Fresh, now: int) -> dict[str, object]:
    return {
        "kind": each.kind,
        "name": each.path.name,
        "first": each.first,
        "last": each.last,
        "rows": each.rows,
        "committed": now,
    }


def _apply(connection: Connection, changes: Changes) -> None:
    if changes.closed:
        connection.execute(
            delete(OPEN_EVENTS).where(
                OPEN_EVENTS.c.trace_id == bindparam("gone_trace"), OPEN_EVENTS.c.span_id == bindparam("gone_span")
            ),
            [{"gone_trace": trace, "gone_span": span} for trace, span in changes.closed],
        )
    if changes.opened:
        connection.execute(
            insert(OPEN_EVENTS).prefix_with("OR REPLACE"),
            [
                {
                    "trace_id": each.key[0],
                    "span_id": each.key[1],
                    "since": each.since,
                    "process": each.process,
                    "objects": each.objects,
                }
                for each in changes.opened.values()
            ],
        )
    if changes.joined:
        connection.execute(
            insert(JOINS).prefix_with("OR REPLACE"),
            [{"type": t, "id": i, "leading": g, "target": x} for (t, i, g), x in changes.joined.items()],
        )
    if changes.state:
        connection.execute(
            insert(STATE).prefix_with("OR REPLACE"),
            [{"name": name, "value": value} for name, value in changes.state.items()],
        )
    if changes.forgotten:
        connection.execute(
            delete(JOINS).where(
                JOINS.c.type == bindparam("gone_type"),
                JOINS.c.id == bindparam("gone_id"),
                JOINS.c.leading == bindparam("gone_leading"),
            ),
            [{"gone_type": t, "gone_id": i, "gone_leading": g} for t, i, g in changes.forgotten],
        )
