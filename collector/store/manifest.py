"""Writing the store: one transaction makes segments count, moves the position and keeps what resolution must know."""

import contextlib
import fcntl
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, Final

import pyarrow as pa
import pyarrow.parquet as pq
import structlog
from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from collector.store import applying
from collector.store.applying import Changes as Changes
from collector.store.applying import JoinKey as JoinKey
from collector.store.applying import OpenEvent as OpenEvent
from collector.store.applying import SpanKey as SpanKey
from collector.store.merging import to_merge
from collector.store.segment import Fresh, Kind, Segment, remove_orphans, write_segment
from collector.store.store import BAD_SEGMENT, GENERATION, Store
from collector.store.tables import JOINS, LEAVING, METADATA, OPEN_EVENTS, POSITION, SEGMENTS, STATE, open_database
from collector.vocabulary.errors import PermanentError
from collector.wal.folder import sync_folder

log = structlog.get_logger()
GRACE = 60 * 1_000_000
"""So long (µs) the files of replaced segments stay: a reader may have listed them a moment ago."""
UNREADABLE: Final = (OSError, pa.ArrowException)
"""What reading a damaged Parquet file raises."""


class Busy(PermanentError):
    """Another converter has the data folder."""


def take_lock(data: Path) -> IO[str]:
    """The lock of the store's one writer. Raises Busy (a PermanentError) where another has it."""
    data.mkdir(parents=True, exist_ok=True)
    lock = (data / "manifest.lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        raise Busy(f"{data}: another converter is writing here") from error
    return lock


class Manifest:
    """The one writer of a data folder's store. Raises PermanentError where another converter has it."""

    def __init__(self, data: Path) -> None:
        self._data, self._folder = data, data / "segments"
        self._lock = take_lock(data)
        try:
            self._engine = open_database(data / "manifest.sqlite")
            METADATA.create_all(self._engine)
            with self._engine.connect() as connection:
                names = set(connection.execute(select(SEGMENTS.c.name)).scalars())
                left = set(connection.execute(select(LEAVING.c.name)).scalars())
                self.position: int = connection.execute(select(POSITION.c.last)).scalar() or 0
        except BaseException:
            self._lock.close()
            raise
        removed = remove_orphans(self._folder, names | left)
        if removed:
            log.info("store.orphans_removed", files=removed)
        self.remove_left()

    @property
    def store(self) -> Store:
        """What counts now."""
        return Store(self._data)

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
            applying.apply(connection, changes)
        self.position = last

    def merge(self, kind: Kind) -> int:
        """Put a run of small old segments of `kind` together; gives how many there were (0: none worth it).

        The merged one takes the place (the id) of the last of them: whoever has read them all does not see it, whoever
        begins reads every row once, in the same order. What cannot be read is noted and left where it is.
        """
        now = time.time_ns() // 1000
        self.remove_left()
        store = self.store
        run = to_merge(store.segments(kind), now, store.bad())
        tables = []
        for each in run:
            try:
                tables.append(pq.ParquetFile(each.path).read())
            except UNREADABLE as error:
                self.note_bad(each.path.name, str(error))
                return self.merge(kind)
        if not run:
            return 0
        # Segments of an earlier version may lack a column.
        table = pa.concat_tables(tables, promote_options="default").unify_dictionaries()
        fresh = write_segment(self._folder, kind, table, run[0].first, run[-1].last)
        sync_folder(self._folder)
        with self.changing() as connection:
            _drop(connection, run, now)
            connection.execute(insert(SEGMENTS).values(id=run[-1].id, **_row(fresh, run[-1].committed)))
        return len(run)

    def replace(
        self, gone: Sequence[Segment], fresh: Sequence[tuple[Fresh, int]], connection: Connection, now: int
    ) -> None:
        """Within a transaction of `changing`: let `fresh` (with the time each was committed) count instead of `gone`.

        Whoever follows must be told by `new_generation`.
        """
        _drop(connection, gone, now)
        if fresh:
            connection.execute(insert(SEGMENTS), [_row(each, committed) for each, committed in fresh])

    def new_generation(self, connection: Connection) -> int:
        """Within a transaction of `changing`: tell those who follow that what they have read has changed."""
        known = connection.execute(select(STATE.c.value).where(STATE.c.name == GENERATION)).scalar()
        generation = int(known or 0) + 1
        applying.apply(connection, Changes(state={GENERATION: str(generation)}))
        return generation

    @contextlib.contextmanager
    def changing(self) -> Iterator[Connection]:
        """One transaction: all of it or nothing."""
        with self._engine.begin() as connection:
            yield connection

    def drop(self, gone: Sequence[Segment], state: dict[str, str]) -> None:
        """Let `gone` count no more, and note `state`."""
        with self.changing() as connection:
            _drop(connection, gone, time.time_ns() // 1000)
            applying.apply(connection, Changes(state=state))

    def note_bad(self, name: str, reason: str) -> None:
        """Note that a segment's file cannot be read; it stays, for somebody to mend."""
        log.error("store.bad_segment", name=name, error=reason)
        with self.changing() as connection:
            applying.apply(connection, Changes(state={BAD_SEGMENT + name: reason[:500] or "cannot be read"}))

    def recount(self, connection: Connection) -> None:
        """Within a transaction of `changing`: note how many rows each segment has by its own word."""
        for row in connection.execute(select(SEGMENTS.c.id, SEGMENTS.c.name, SEGMENTS.c.rows)).all():
            with contextlib.suppress(*UNREADABLE):
                rows = pq.read_metadata(self._folder / row.name).num_rows
                if rows != row.rows:
                    connection.execute(update(SEGMENTS).where(SEGMENTS.c.id == row.id).values(rows=rows))

    def remove_left(self, grace: int | None = None) -> int:
        """Delete the files of segments that were replaced a while ago (`grace`, µs); gives how many."""
        before = time.time_ns() // 1000 - (GRACE if grace is None else grace)
        with self._engine.connect() as connection:
            gone = list(connection.execute(select(LEAVING.c.name).where(LEAVING.c.at <= before)).scalars())
        for name in gone:
            (self._folder / name).unlink(missing_ok=True)
        if gone:
            sync_folder(self._folder)
            with self.changing() as connection:
                connection.execute(delete(LEAVING).where(LEAVING.c.name.in_(gone)))
        return len(gone)

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


def _row(each: Fresh, committed: int) -> dict[str, object]:
    return {
        "kind": each.kind,
        "name": each.path.name,
        "first": each.first,
        "last": each.last,
        "rows": each.rows,
        "committed": committed,
    }


def _drop(connection: Connection, gone: Sequence[Segment], now: int) -> None:
    for begin in range(0, len(gone), 500):
        part = gone[begin : begin + 500]
        connection.execute(delete(SEGMENTS).where(SEGMENTS.c.id.in_([each.id for each in part])))
        left = insert(LEAVING).prefix_with("OR REPLACE")
        connection.execute(left, [{"name": each.path.name, "at": now} for each in part])
