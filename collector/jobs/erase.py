"""Taking one object or person out of every file of the data folder.

An object that leads a process takes its whole case along: its events go. Anything else is replaced by a token that
leads back to nothing, so that figures stay. What is acknowledged when the erasure is asked for is converted first, and
then leaves the write-ahead log.
"""

import contextlib
import json
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from collector.dead_letters import Letter, rewrite_letters
from collector.erasing import databases
from collector.erasing.requests import scrub_record
from collector.erasing.scrubber import Scrubber, keys_of
from collector.erasing.segments import Case, erase_file, find_spans
from collector.gzip_body import BadGzip, gunzip
from collector.jobs.job_kind import Done, Tell, Workshop
from collector.jobs.queue import Job
from collector.store.manifest import UNREADABLE
from collector.store.segment import Kind
from collector.vocabulary.errors import PermanentError
from collector.wal.folder import delete_covered, read_synced, segment_files
from collector.wal.rotation import ask_rotation

KEPT = "kept"
"""Folder in which the miner keeps what it would otherwise make again at its next start."""
_SOURCES_FORGET = ("rows", "inserts")
"""Tables of a pull's memory whose rows are forgotten: with another content they would look changed."""


def arguments(data: Path, value: str, kind: str | None, token: str) -> dict[str, Any]:
    """What to ask the job with: everything acknowledged by now is erased."""
    return {"value": value, "type": kind, "token": token, "position": read_synced(data / "wal")}


class Erase:
    """Arguments: see `arguments`."""

    name = "erase"

    def ready(self, job: Job, shop: Workshop) -> bool:
        """Once all that was acknowledged before is converted, and none of it stands in a log segment still in use."""
        asked = int(job.arguments["position"])
        files = segment_files(shop.data / "wal")
        after = [each.first for each in files if each.first > asked]
        if files and asked and not after:
            ask_rotation(shop.data / "wal")
            after = [each.first for each in segment_files(shop.data / "wal") if each.first > asked]
            if not after:
                return False
        # The segment that holds the last of it must be covered to its end: only then it is deleted.
        return shop.manifest.position >= (min(after) - 1 if after else asked)

    def run(self, job: Job, shop: Workshop, tell: Tell) -> Done:
        """Erase; gives how much of what was changed, and files of others in which it still stands (`left`)."""
        value, kind = str(job.arguments["value"]), job.arguments["type"]
        if not value:
            raise PermanentError("there is nothing to erase: the id is empty")
        scrubber = Scrubber(value, str(job.arguments["token"]), kind, keys_of(shop.mapping, kind))
        led = frozenset(name for name, each in shop.processes.items() if each.leading == kind)
        counts: dict[str, int] = {}
        case = self._remembered_case(job, shop, scrubber, led)
        shop.manifest.remove_left(grace=0)
        shutil.rmtree(shop.data / "staging", ignore_errors=True)
        counts |= self._segments(shop, scrubber, case, tell)
        tell("raw", 0, 0)
        if shop.archive is not None:
            whole = bool(led)
            counts["raw"] = shop.archive.rewrite(lambda each: scrub_record(each, scrubber, whole, case.spans))
        delete_covered(shop.data / "wal", shop.manifest.position)
        for torn in (shop.data / "wal").glob("torn-*.bin"):
            if scrubber.may_hold(torn.read_bytes()):
                torn.unlink()
                counts["torn"] = counts.get("torn", 0) + 1
        counts["dead_letters"] = rewrite_letters(shop.data, lambda letter, line: not _holds(letter, line, scrubber))
        tell("databases", 0, 0)
        counts["manifest"] = self._manifest(shop, scrubber, case)
        counts["databases"] = self._databases(shop.data, scrubber)
        # What the miner keeps for its next start; from now on it writes none of what it had read before.
        shutil.rmtree(shop.data / KEPT, ignore_errors=True)
        return Done({"counts": counts, "left": _left(shop.data, scrubber, job)}, reopen=True)

    def _remembered_case(self, job: Job, shop: Workshop, scrubber: Scrubber, led: frozenset[str]) -> Case:
        """The case, as it was before anything was taken out: done again, the same goes."""
        path = shop.data / "jobs" / f"{job.id}.case"
        with contextlib.suppress(FileNotFoundError):
            told = json.loads(path.read_bytes())
            spans = {(bytes.fromhex(trace), bytes.fromhex(span)) for trace, span in told["spans"]}
            return Case(scrubber.value, led, frozenset(told["linked"]), spans)
        case = _case(shop, scrubber.value, led)
        if led:
            for each in shop.manifest.store.segments("events"):
                with contextlib.suppress(*UNREADABLE):
                    find_spans(each.path, scrubber, case)
            ids = [(trace.hex(), span.hex()) for trace, span in sorted(case.spans)]
            partial = path.with_suffix(".partial")
            partial.write_text(json.dumps({"linked": sorted(case.linked), "spans": ids}))
            partial.replace(path)
        return case

    def _segments(self, shop: Workshop, scrubber: Scrubber, case: Case, tell: Tell) -> dict[str, int]:
        kinds: tuple[Kind, ...] = ("events", "links", "spans", "logs")
        store = shop.manifest.store
        segments = [(kind, each.path) for kind in kinds for each in store.segments(kind)]
        segments += [("events", path) for path in sorted((shop.data / "inbox").glob("*.parquet"))]
        counts: dict[str, int] = {}
        for number, (kind, path) in enumerate(segments):
            tell("segments", number, len(segments))
            try:
                changed = erase_file(path, kind, scrubber, case)
            except UNREADABLE as error:
                if not path.exists():
                    continue
                # What cannot be read can neither be changed nor be left: it may hold it.
                shop.manifest.note_bad(path.name, str(error))
                raise PermanentError(
                    f"{path}: cannot be read, so nothing can be erased in it; delete it first"
                ) from error
            counts[kind] = counts.get(kind, 0) + changed
        return counts

    def _manifest(self, shop: Workshop, scrubber: Scrubber, case: Case) -> int:
        """Joins, open events and state; rows are counted again, and readers are told."""
        path = shop.data / "manifest.sqlite"
        with contextlib.closing(sqlite3.connect(path, timeout=20, isolation_level=None)) as database:
            database.execute("PRAGMA secure_delete=ON")
            database.execute("BEGIN IMMEDIATE")
            touched = 0
            for trace, span in case.spans:
                gone = database.execute("DELETE FROM open_events WHERE trace_id = ? AND span_id = ?", (trace, span))
                touched += gone.rowcount
            kind, value = scrubber.kind, scrubber.value
            joined = database.execute(
                "DELETE FROM joins WHERE (id = ? AND ? IN (type, '')) OR (target = ? AND ? IN (leading, ''))",
                (value, kind or "", value, kind or ""),
            )
            touched += joined.rowcount
            database.execute("COMMIT")
        touched += databases.scrub_database(path, scrubber)
        with shop.manifest.changing() as connection:
            shop.manifest.recount(connection)
            shop.manifest.new_generation(connection)
        return touched

    def _databases(self, data: Path, scrubber: Scrubber) -> int:
        touched = 0
        for path in sorted(data.rglob("*.sqlite")):
            if path != data / "manifest.sqlite":
                forget = _SOURCES_FORGET if path.parent.name == "sources" else ()
                try:
                    touched += databases.scrub_database(path, scrubber, forget)
                except sqlite3.DatabaseError as error:
                    raise PermanentError(f"{path}: cannot be searched: {error}") from error
        return touched


def _case(shop: Workshop, value: str, led: frozenset[str]) -> Case:
    """Which events are the object's own, as far as links tell: of an event's links the last one holds."""
    last: dict[str, str] = {}
    if led:
        segments = shop.manifest.store.segments("links")
        for looking in (True, False):
            for each in segments:
                with contextlib.suppress(*UNREADABLE):
                    table = pq.ParquetFile(each.path).read()
                    table = table.filter(pc.is_in(table["process"], value_set=pa.array(sorted(led), pa.string())))
                    mine = (
                        pc.equal(table["case_id"], value)
                        if looking
                        else pc.is_in(table["event_id"], value_set=pa.array(sorted(last), pa.string()))
                    )
                    for row in table.filter(mine).to_pylist():
                        last[row["event_id"]] = row["case_id"]
    return Case(value, led, frozenset(event for event, known in last.items() if known == value))


def _holds(letter: Letter | None, line: bytes, scrubber: Scrubber) -> bool:
    if letter is None:
        return scrubber.may_hold(line)
    told = line.partition(b'"body": ')[0]
    bodies = [letter.body]
    if letter.body[:2] == b"\x1f\x8b":
        with contextlib.suppress(BadGzip):
            bodies.append(gunzip(letter.body, 1 << 30))
    return scrubber.in_clear(told) or any(map(scrubber.may_hold, bodies))


def _left(data: Path, scrubber: Scrubber, job: Job) -> list[str]:
    """Files that are not ours to change, and in which it still stands."""
    found = []
    for path in sorted(data.rglob("*")):
        inside = path.relative_to(data)
        if inside.parts[0] in ("segments", "raw", "wal", "dead-letters") or path.name.startswith(job.id):
            continue
        with contextlib.suppress(OSError):
            if path.is_file() and not path.name.endswith((".sqlite", "-wal", "-shm", ".parquet")):
                raw = path.read_bytes()
                if (scrubber.in_clear(raw) and not scrubber.short) or b'"' + scrubber.value.encode() + b'"' in raw:
                    found.append(str(inside))
    return found
