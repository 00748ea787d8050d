"""Reads a log and puts its events into a data folder: the work of `houtai import`."""

import contextlib
import dataclasses
import fcntl
import hashlib
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from api.one_shot import CASE, Columns
from api.settings import Settings, load
from api.terminal.progress import Meter
from collector.files import LogFile, ReadOptions, read
from collector.files.identity import WIDTH, identities, with_identities
from collector.running import open_folder
from collector.store import Manifest, Store
from collector.store.inbox import STATE, Inbox, commit_inbox
from collector.store.known_rows import KnownRows
from collector.vocabulary.errors import PermanentError, RetryableError
from collector.vocabulary.languages import Language, text
from collector.vocabulary.schema import EVENT_SCHEMA

POLL_SECONDS: Final = 0.2
_DAY: Final = 86_400 * 1_000_000
_BLOCK: Final = 1 << 20


@dataclass(frozen=True)
class Imported:
    """What became of a file."""

    events: int
    """New in the store."""
    cases: int
    known: int
    """Events of a growing export that were in the store already."""
    before: bool
    """The very file was taken in before; nothing was changed."""
    notes: tuple[str, ...]


def import_log(
    log: Path,
    columns: Columns,
    *,
    process: str,
    data: Path,
    config: Path | None,
    leading: str | None,
    lifecycle: Literal["pair", "all"],
    timezone: str | None,
    growing: bool,
    language: Language,
) -> Imported:
    """Take the events of `log` into `process`, once, and wait until they count.

    `growing`: the log is an export that is written anew with more rows; rows taken in before are left out, steps that
    have not ended wait. Raises PermanentError for a log or option that will not do, RetryableError where the file
    changes while it is read.
    """
    settings = load(config)
    options, configured = _options(settings, process, columns, timezone, language)
    options = dataclasses.replace(options, case_type=leading, lifecycle=lifecycle, growing=growing)
    open_folder(data)
    with Meter(3, language) as meter:
        meter.stage(text(language, "reading"))
        before = _state_of(log)
        key = _key(log, process)
        if STATE + key in Store(data).state(STATE + key):
            return Imported(0, 0, 0, before=True, notes=())
        found = read(log, options, meter.bytes)
        if _state_of(log) != before:
            raise RetryableError(text(language, "{file}: was changed while it was read", file=log))
        table = pa.Table.from_batches(found.batches, EVENT_SCHEMA)
        if configured is not None and found.leading != configured:
            table = _renamed(table, found.leading, configured)
        about: dict[str, object] = {
            "file": log.name,
            "leading": configured or found.leading,
            **{name: getattr(found.quality, name) for name in ("dropped", "without_case", "without_end")},
        }
        meter.stage(text(language, "writing"))
        if growing:
            known = _put_new(table, process, key, data, about, meter, language)
        else:
            known = 0
            Inbox(data).put(table.to_batches(), process, key, about=about)
            meter.stage(text(language, "waiting until it is taken in"))
            _settle(data, key, log, language)
        notes = [*found.quality.notes, *_further_notes(table, found, settings, process, configured, language)]
        return Imported(len(table) - known, _cases(table), known, before=False, notes=tuple(notes))


def _put_new(
    table: pa.Table, process: str, key: str, data: Path, about: dict[str, object], meter: Meter, language: Language
) -> int:
    """Put in the rows that are not known; gives how many were."""
    with KnownRows(data, process, WIDTH) as known:
        rows = identities(table)
        fresh = pc.invert(known.among(rows))
        new = with_identities(table, rows).filter(fresh)
        known.add(key, rows.filter(fresh))
        # The prefix is the same for all exports of a process, so that ids alone keep the order of simultaneous events.
        prefix = hashlib.sha256(f"growing\0{process}".encode()).hexdigest()[:12]
        Inbox(data).put(new.to_batches(), process, key, prefix=prefix, about={**about, "growing": True})
        meter.stage(text(language, "waiting until it is taken in"))
        _settle(data, key, Path(str(about["file"])), language)
        return len(table) - len(new)


def _options(
    settings: Settings, process: str, columns: Columns, timezone: str | None, language: Language
) -> tuple[ReadOptions, str | None]:
    """How to read, and the leading object type of the process where it is configured."""
    from babel.numbers import get_currency_precision

    if not process.strip():
        raise PermanentError(text(language, "--process: is empty"))
    zone = settings.timezone
    if timezone is not None:
        try:
            zone = ZoneInfo(timezone).key
        except (ValueError, OSError, KeyError) as error:
            message = text(language, "--timezone: {name!r} is no time zone (write it as Asia/Shanghai)", name=timezone)
            raise PermanentError(message) from error
    known = settings.processes.get(process)
    options = ReadOptions(
        process=process,
        leading=known.leading if known else CASE,
        timezone=zone,
        minor_digits=get_currency_precision(settings.currency) if settings.currency else 2,
        language=language,
        **dataclasses.asdict(columns),
    )
    return options, known.leading if known else None


def _state_of(log: Path) -> tuple[int, int] | None:
    try:
        state = log.stat()
    except OSError:
        return None  # reading it says why
    return state.st_size, state.st_mtime_ns


def _key(log: Path, process: str) -> str:
    """What a file says of a process, in 32 hex digits."""
    digest = hashlib.sha256(process.encode() + b"\0")
    with contextlib.suppress(OSError), log.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()[:32]


def _renamed(table: pa.Table, found: str, wanted: str) -> pa.Table:
    """The same events, objects of the type `found` called `wanted`."""
    at = EVENT_SCHEMA.get_field_index("objects")
    field = EVENT_SCHEMA.field(at)
    lists = table["objects"].combine_chunks()
    lists = lists.chunk(0) if isinstance(lists, pa.ChunkedArray) else lists
    kinds, ids, qualifiers = lists.values.flatten()
    kinds = pc.if_else(pc.equal(kinds, found), pa.scalar(wanted), kinds)
    things = pa.StructArray.from_arrays([kinds, ids, qualifiers], fields=list(field.type.value_type))
    return table.set_column(at, field, pa.ListArray.from_arrays(lists.offsets, things, type=field.type))


def _settle(data: Path, key: str, log: Path, language: Language) -> None:
    """Until the file counts: the service's converter takes it in, or, where none runs, this process."""
    waiting = Inbox(data).path(key)
    while True:
        there = waiting.exists()
        if STATE + key in Store(data).state(STATE + key):
            return
        if not there:
            message = "{file}: could not be taken in; the reason is in {folder}"
            raise PermanentError(text(language, message, file=log, folder=data / "dead-letters"))
        with _no_service(data) as free:
            if free and _take_in(data):
                continue
        time.sleep(POLL_SECONDS)


@contextlib.contextmanager
def _no_service(data: Path) -> Iterator[bool]:
    """Whether no service uses the data folder; while it is so none can begin."""
    with (data / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
            return
        yield True


def _take_in(data: Path) -> bool:
    """Be the store's writer for a moment; False where a converter that is run alone is."""
    from prometheus_client import CollectorRegistry

    from collector.dead_letters import DeadLetters

    try:
        manifest = Manifest(data)
    except PermanentError:
        return False
    try:
        commit_inbox(manifest, data, DeadLetters(data, "import", CollectorRegistry()))
    finally:
        manifest.close()
    return True


def _cases(table: pa.Table) -> int:
    if not len(table):
        return 0
    ids = pc.struct_field(pc.list_element(table["objects"], 0), "id")
    return int(pc.count_distinct(ids).as_py())


def _further_notes(
    table: pa.Table, found: LogFile, settings: Settings, process: str, configured: str | None, language: Language
) -> list[str]:
    notes = []
    if configured is None:
        notes.append(
            text(
                language,
                "Process {process} is not in the configuration: the pages show it once there is "
                "`processes: {{{process}: {{leading: {leading}}}}}`.",
                process=process,
                leading=found.leading,
            )
        )
    elif configured != found.leading:
        notes.append(
            text(
                language,
                "Objects of type {found} are called {wanted}, as the process has it.",
                found=found.leading,
                wanted=configured,
            )
        )
    days = settings.mining.window_days
    begin = time.time_ns() // 1000 - int(days * _DAY)
    old = pc.sum(pc.less(table["end"].cast(pa.int64()), begin)).as_py() or 0
    if old:
        notes.append(
            text(
                language,
                "{count} events ended more than {days} days ago, which is before what the pages show "
                "(mining.window_days).",
                count=old,
                days=f"{days:g}",
            )
        )
    return notes


def tell(log: Path, process: str, done: Imported, language: Language) -> str:
    """What became of the file, for a terminal."""
    if done.before:
        return text(
            language, "{file}: is in process {process} already; nothing was changed.", file=log, process=process
        )
    lines = [
        text(
            language,
            "{file}: {events} events were taken into process {process} ({cases} cases in the file).",
            file=log,
            events=done.events,
            cases=done.cases,
            process=process,
        )
    ]
    if done.known:
        lines.append(text(language, "{count} events were there already.", count=done.known))
    return "\n".join([*lines, *(f"· {note}" for note in done.notes)])


def step_back() -> None:
    """Let everything else on the machine go first."""
    if sys.platform != "win32":
        os.nice(10)
