"""Watched folders: a file that an ERP leaves there is imported once it has settled, by a child process.

Files stay where they are. What was taken or refused is remembered in `data/sources/folders.json`; losing that costs a
look at each file and no more, since the store itself knows what it has (`collector.store.inbox`).
"""

import asyncio
import contextlib
import fnmatch
import json
import os
import sys
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import structlog

from collector.settings import CollectorSettings, FolderSettings
from collector.sources.source import Intake, Source
from collector.vocabulary.ids import stable_id

ENDINGS: Final = (
    *(".csv", ".csv.gz", ".xlsx", ".xlsm", ".parquet", ".jsonl", ".jsonl.gz", ".xes", ".xes.gz", ".jsonocel", ".json"),
    ".jsonocel.gz",
    *(".json.gz", ".xml", ".xmlocel", ".xml.gz", ".xmlocel.gz", ".sqlite", ".sqlite3"),
)
"""Of the readers in `collector.files`, which would be heavy to load here (a test compares)."""
WRONG_INPUT: Final = 2
"""Exit code of an import that only a change of file or configuration can mend."""
FIRST_PAUSE: Final = 5.0
LONGEST_PAUSE: Final = 600.0
SIGNAL: Final = "files"
_STOP_SECONDS: Final = 10.0

State = tuple[int, int]
"""Size and time of the last change (ns) of a file."""

log = structlog.get_logger()


def folders(settings: CollectorSettings) -> Sequence[Source]:
    """The folders that the settings name."""
    return [Folders(settings.folders)] if settings.folders else []


class Folders:
    """All watched folders, one file at a time."""

    def __init__(self, settings: Sequence[FolderSettings]) -> None:
        self._settings = settings

    def open(self, intake: Intake) -> Coroutine[Any, Any, None]:
        """Begin to watch."""
        return _run([Watch(each, intake) for each in self._settings])


async def _run(watches: Sequence["Watch"]) -> None:
    while True:
        for watch in watches:
            await watch.look()
        await asyncio.sleep(min(watch.pause for watch in watches))


@dataclass
class _Seen:
    """A file that is not taken yet."""

    state: State
    since: float
    failures: int = 0
    not_before: float = 0.0


class Watch:
    """One folder. `clock` gives seconds that only grow."""

    def __init__(self, settings: FolderSettings, intake: Intake, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings, self._intake, self._clock = settings, intake, clock
        self._path = Path(settings.path)
        self._memory = _Memory(intake.data / "sources" / "folders.json", stable_id(settings.model_dump_json()))
        self._seen: dict[str, _Seen] = {}
        self._next = 0.0
        self._missing = False

    @property
    def pause(self) -> float:
        """Seconds until it makes sense to look again."""
        return max(0.1, self._next - self._clock())

    async def look(self) -> None:
        """Import what has settled, if it is time to look."""
        if self._clock() < self._next:
            return
        found = await asyncio.to_thread(self._list)
        now = self._clock()
        for name, state in sorted(found.items(), key=lambda each: (each[1][1], each[0])):
            if self._memory.has(name, state):
                self._seen.pop(name, None)
                continue
            seen = self._seen.get(name)
            if seen is None or seen.state != state:
                seen = self._seen[name] = _Seen(state, now)
            if now - seen.since >= self._settings.settle_seconds and now >= seen.not_before:
                await self._take(name, seen)
        self._seen = {name: seen for name, seen in self._seen.items() if name in found}
        self._next = self._clock() + self._settings.every_seconds

    def _list(self) -> dict[str, State]:
        """Path -> state of the files that are meant."""
        found: dict[str, State] = {}
        try:
            with os.scandir(self._path) as entries:
                for entry in entries:
                    # Excel keeps a file ~$name beside what it has open.
                    if entry.name.startswith((".", "~$")) or not entry.name.lower().endswith(ENDINGS):
                        continue
                    if fnmatch.fnmatchcase(entry.name, self._settings.pattern):
                        with contextlib.suppress(OSError):
                            state = entry.stat()
                            if entry.is_file() and state.st_size:
                                found[entry.path] = state.st_size, state.st_mtime_ns
            self._missing = False
        except OSError as error:
            if not self._missing:
                log.warning("folders.unreachable", folder=str(self._path), error=error.strerror or str(error))
            self._missing = True
            return {name: seen.state for name, seen in self._seen.items()}
        else:
            self._memory.keep_only(found)
        return found

    async def _take(self, name: str, seen: _Seen) -> None:
        told = self._intake.told
        told.received.labels(SIGNAL).inc()
        try:
            status, said = await self._import(name)
            if status == WRONG_INPUT:
                self._intake.letters.add(
                    "import", said, length=seen.state[0], file=name, process=self._settings.process
                )
        except OSError as error:
            # No process can be started, or no letter kept, now.
            status, said = 1, error.strerror or str(error)
        if status == 0:
            self._memory.add(name, seen.state)
            told.acknowledged.labels(SIGNAL).inc()
            log.info("folders.taken", file=name, process=self._settings.process, said=said)
            return
        if status == WRONG_INPUT:
            self._memory.add(name, seen.state)
            told.rejected.labels(SIGNAL, "refused").inc()
            log.error("folders.refused", file=name, process=self._settings.process, error=said)
            return
        told.rejected.labels(SIGNAL, "failed").inc()
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2**seen.failures)
        seen.failures += 1
        seen.not_before = self._clock() + pause
        log.warning("folders.failed", file=name, status=status, error=said, pause_seconds=pause)

    async def _import(self, name: str) -> tuple[int, str]:
        """Exit code of the import and its first line."""
        process = await asyncio.create_subprocess_exec(
            *self.command(name),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            out, error = await process.communicate()
        except asyncio.CancelledError:
            # The receiver ends. What the child has put into the inbox counts all the same.
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            try:
                async with asyncio.timeout(_STOP_SECONDS):
                    await process.communicate()
            except TimeoutError:
                process.kill()
                await process.communicate()
            raise
        status = process.returncode or 0
        lines = (out if status == 0 else error).decode(errors="replace").strip().splitlines()
        # The last line of an error is its message, whatever a library has said before.
        return status, (lines[0] if status == 0 else lines[-1]).removeprefix("houtai: ") if lines else "?"

    def command(self, name: str) -> list[str]:
        """The command line that imports a file."""
        told = self._settings
        options: Mapping[str, str | None] = {
            "--process": told.process,
            "--data": str(self._intake.data),
            "--config": None if self._intake.config is None else str(self._intake.config),
            "--case": told.case,
            "--activity": told.activity,
            "--start": told.start,
            "--end": told.end,
            "--actor": told.actor,
            "--role": told.role,
            "--leading": told.leading,
            "--lifecycle": told.lifecycle,
            "--timezone": told.timezone,
            "--lang": "en",
        }
        given = [f"{option}={value}" for option, value in options.items() if value is not None]
        growing = ["--growing"] if told.growing else []
        return [sys.executable, "-m", "api.cli", "import", *given, *growing, "--background", "--", name]


class _Memory:
    """Which files, in which state, were taken or refused with the settings of a folder."""

    def __init__(self, path: Path, settings: str) -> None:
        self._path, self._settings = path, settings
        self._files: dict[str, list[int]] = self._read().get(settings, {})

    def has(self, name: str, state: State) -> bool:
        """Whether the file was dealt with as it is now."""
        return self._files.get(name) == [*state]

    def add(self, name: str, state: State) -> None:
        """The file was dealt with."""
        self._files[name] = [*state]
        self._write()

    def keep_only(self, found: Mapping[str, State]) -> None:
        """Forget files that are gone."""
        gone = [name for name in self._files if name not in found]
        if gone:
            for name in gone:
                del self._files[name]
            self._write()

    def _read(self) -> dict[str, dict[str, list[int]]]:
        try:
            known = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return known if isinstance(known, dict) else {}

    def _write(self) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            fresh = self._path.with_suffix(".fresh")
            everything = {**self._read(), self._settings: self._files}
            fresh.write_text(json.dumps(everything, ensure_ascii=False), encoding="utf-8")
            fresh.replace(self._path)
        except OSError as error:
            log.warning("folders.memory_not_written", error=error.strerror or str(error))
