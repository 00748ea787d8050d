"""Files on their way into the store: events read elsewhere wait as Parquet until the one writer takes them in.

A file's key says what it is. It is remembered in the transaction that lets its events count, so it is taken in once,
whatever is killed when.
"""

import contextlib
import json
import os
import re
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import structlog

from collector.dead_letters import DeadLetters
from collector.store.manifest import UNREADABLE, Changes, Manifest
from collector.store.segment import Kind
from collector.store.store import Store
from collector.vocabulary.errors import PermanentError
from collector.vocabulary.schema import EVENT_SCHEMA
from collector.wal.folder import sync_folder

SEGMENT_ROWS: Final = 200_000
STATE: Final = "import:"
PREFIX: Final = 12
"""So many digits of its key stand before the event ids of a file."""
_ROW_GROUP: Final = 1 << 16
_KEY: Final = re.compile(r"[0-9a-f]{16,64}")
_META: Final = b"houtai.import"
_LEFT_SECONDS: Final = 86_400.0

log = structlog.get_logger()


@dataclass(frozen=True)
class Entry:
    """A file that waits in the inbox."""

    key: str
    path: Path


class Inbox:
    """The folder `data/inbox/`; any number of processes put files in, the store's writer takes them out."""

    def __init__(self, data: Path) -> None:
        self._folder = data / "inbox"

    def path(self, key: str) -> Path:
        """Where the file of that key waits. PermanentError for what is no key."""
        if not _KEY.fullmatch(key):
            raise PermanentError(f"{key!r} is no key of an import (16 to 64 hex digits)")
        return self._folder / f"{key}.parquet"

    def put(
        self,
        batches: Iterable[pa.RecordBatch],
        process: str,
        key: str,
        *,
        prefix: str | None = None,
        about: Mapping[str, object] | None = None,
    ) -> Path:
        """Put batches of EVENT_SCHEMA in, all or none; once this returns they survive a power cut.

        Before every event id comes `prefix`, by default the key's first 12 digits. `about` is kept with the key: what
        JSON can hold. The same key twice replaces the file.
        """
        path = self.path(key)
        if not self._folder.exists():
            self._folder.mkdir(parents=True, exist_ok=True)
            sync_folder(self._folder.parent)
        before = key[:PREFIX] if prefix is None else prefix
        partial = path.with_name(f"{key}.{uuid.uuid4().hex}.partial")
        rows = 0
        try:
            with partial.open("wb") as file:
                with pq.ParquetWriter(file, EVENT_SCHEMA, compression="zstd", write_page_checksum=True) as writer:
                    for batch in batches:
                        writer.write_batch(_prefixed(batch, before), row_group_size=_ROW_GROUP)
                        rows += batch.num_rows
                    kept = {**(about or {}), "key": key, "process": process, "events": rows}
                    writer.add_key_value_metadata({_META: json.dumps(kept, ensure_ascii=False).encode()})
                file.flush()
                os.fsync(file.fileno())
            partial.rename(path)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
        sync_folder(self._folder)
        return path

    def waiting(self) -> list[Entry]:
        """What waits, oldest first."""
        found = []
        with contextlib.suppress(FileNotFoundError):
            for each in os.scandir(self._folder):
                name, dot, rest = each.name.partition(".")
                if rest == "parquet" and dot and _KEY.fullmatch(name):
                    with contextlib.suppress(FileNotFoundError):
                        found.append((each.stat().st_mtime_ns, Entry(name, self._folder / each.name)))
        return [entry for _, entry in sorted(found, key=lambda each: (each[0], each[1].key))]

    def take(self, entry: Entry) -> Iterator[pa.Table]:
        """The events of a file in tables of at most SEGMENT_ROWS; raises what a damaged file raises."""
        with pq.ParquetFile(entry.path, page_checksum_verification=True) as file:
            gathered: list[pa.RecordBatch] = []
            rows = 0
            for batch in file.iter_batches(batch_size=_ROW_GROUP):
                if rows + batch.num_rows > SEGMENT_ROWS:
                    yield _table(gathered)
                    gathered, rows = [], 0
                gathered.append(batch)
                rows += batch.num_rows
            if rows:
                yield _table(gathered)

    def about(self, entry: Entry) -> dict[str, object]:
        """What was kept with a file, `key`, `process` and `events` among it; ValueError where it is not of ours."""
        with pq.ParquetFile(entry.path) as file:
            kept = json.loads((file.metadata.metadata or {}).get(_META, b"null"))
            if not isinstance(kept, dict) or kept.get("key") != entry.key or not file.schema_arrow.equals(EVENT_SCHEMA):
                raise ValueError("it is not as `houtai import` writes it")
        return kept

    def remove(self, entry: Entry) -> None:
        """Take a file away that counts."""
        entry.path.unlink(missing_ok=True)
        sync_folder(self._folder)

    def set_aside(self, entry: Entry) -> Path:
        """Keep a file that cannot be read out of the way."""
        bad = entry.path.with_suffix(".bad")
        entry.path.rename(bad)
        sync_folder(self._folder)
        return bad

    def sweep(self) -> None:
        """Remove what killed processes left half written a day ago."""
        if self._folder.exists():
            for path in self._folder.glob("*.partial"):
                with contextlib.suppress(FileNotFoundError):
                    if time.time() - path.stat().st_mtime > _LEFT_SECONDS:
                        path.unlink()


def commit_inbox(manifest: Manifest, data: Path, letters: DeadLetters | None = None) -> int:
    """Let the events of all waiting files count, each file in one transaction; gives how many files that were.

    For the store's one writer, between rounds. A file that was taken in before is deleted; one that cannot be read is
    set aside as `.bad` with a dead letter. Errors of the store itself (a full disk) are raised; nothing is lost then.
    """
    inbox = Inbox(data)
    waiting = inbox.waiting()
    if not waiting:
        return 0
    inbox.sweep()
    known = Store(data).state(STATE)
    taken = 0
    for entry in waiting:
        if STATE + entry.key in known:
            inbox.remove(entry)
            continue
        try:
            about = inbox.about(entry)
            # All is read once before anything is written: a file that breaks off must not fail a commit.
            for _ in inbox.take(entry):
                pass
        except FileNotFoundError:
            continue
        except (*UNREADABLE, ValueError) as error:
            _refuse(inbox, entry, error, letters)
            continue
        tables: Iterator[tuple[Kind, pa.Table]] = (("events", table) for table in inbox.take(entry))
        position = manifest.position
        state = {STATE + entry.key: json.dumps({**about, "at": time.time_ns() // 1000}, ensure_ascii=False)}
        manifest.commit(tables, position + 1, position, Changes(state=state))
        inbox.remove(entry)
        taken += 1
        log.info("inbox.taken", process=about["process"], file=about.get("file"), events=about["events"])
    if taken:
        # The converter lives for months; what a large file took must not stay with it.
        pa.default_memory_pool().release_unused()
    return taken


def imported(store: Store) -> tuple[str, ...]:
    """What the ids of events begin with that came from files which were read once; what grows is not among them."""
    found = []
    for name, value in store.state(STATE).items():
        if not json.loads(value).get("growing"):
            found.append(name.removeprefix(STATE)[:PREFIX])
    return tuple(found)


def _refuse(inbox: Inbox, entry: Entry, error: Exception, letters: DeadLetters | None) -> None:
    reason = str(error) or type(error).__name__
    try:
        bad = inbox.set_aside(entry)
        size = bad.stat().st_size
    except FileNotFoundError:
        return
    log.error("inbox.unreadable", file=str(bad), error=reason)
    if letters is not None:
        letters.add("import", f"{bad.name}: {reason}", length=size, file=str(bad))


def _prefixed(batch: pa.RecordBatch, prefix: str) -> pa.RecordBatch:
    at = EVENT_SCHEMA.get_field_index("event_id")
    ids = pc.binary_join_element_wise(prefix, batch.column(at), "")
    columns = [ids if i == at else column for i, column in enumerate(batch.columns)]
    return pa.RecordBatch.from_arrays(columns, schema=EVENT_SCHEMA)


def _table(batches: list[pa.RecordBatch]) -> pa.Table:
    return pa.Table.from_batches(batches).unify_dictionaries().combine_chunks().cast(EVENT_SCHEMA)
