"""One database, pulled by one thread: what is due, in order, and what to do when something fails."""

import random
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import structlog

from collector.dead_letters import DeadLetters
from collector.settings import DatabaseSettings
from collector.sources.database.connection import Database
from collector.sources.database.deletions import Deletions
from collector.sources.database.reading import TableReader
from collector.sources.database.recorder import Recorder
from collector.sources.database.slot import Slot
from collector.sources.database.state import Changes, State
from collector.sources.database.telemetry import PullMetrics
from collector.vocabulary.errors import PermanentError, RetryableError

WRONG_SECONDS: Final = 60.0
"""What needs somebody's hand (a wrong column, a permission) is tried again after this time."""
FIRST_WAIT: Final = 1.0
LONGEST_WAIT: Final = 60.0
"""A database that is away is tried again after these, doubling."""
log = structlog.get_logger()


def now_micros() -> int:
    """Microseconds since 1970."""
    return time.time_ns() // 1000


class Puller:
    """Pulls one database until it is stopped."""

    def __init__(
        self,
        settings: DatabaseSettings,
        data: Path,
        append: Callable[[bytes], None],
        letters: DeadLetters,
        told: PullMetrics,
        limit_bytes: int,
        now: Callable[[], int] = now_micros,
    ) -> None:
        """`append` gives a compressed body to the write-ahead log. Raises PermanentError where the URL cannot work."""
        self.name = f"db:{settings.name}"
        self._settings, self._told, self._now = settings, told, now
        self._stop = threading.Event()
        self._database = Database(self.name, settings.url)
        if settings.slot is not None and self._database.dialect != "postgresql":
            raise PermanentError(f"{self.name}: only PostgreSQL has a slot")
        self._path = data / "sources" / f"{settings.name}.sqlite"
        self._state: State | None = None
        self._append, self._letters, self._limit = append, letters, limit_bytes
        self._tables: list[tuple[TableReader, Deletions]] = []
        self._slot: Slot | None = None
        self._slot_away = ""
        self._pulled: dict[str, int] = {}
        """When the round of each table's last good pull began (µs)."""
        self._wrong: dict[tuple[str, str], tuple[float, str]] = {}
        for table in settings.tables:
            told.begin(self.name, table.name)

    def run(self) -> None:
        """Pull until `stop` is called. Whatever fails is told, counted and tried again."""
        wait = FIRST_WAIT
        away = ""
        while not self._stop.is_set():
            begun = time.monotonic()
            try:
                self.round()
                if away:
                    log.info("database.back", source=self.name)
                wait, away = FIRST_WAIT, ""
                pause = max(0.0, self._settings.every_seconds - (time.monotonic() - begun))
            except Exception as error:
                # One line when it goes away, not one for every attempt.
                self._told.errors.labels(self.name, "").inc()
                expected = isinstance(error, RetryableError)
                if str(error) != away:
                    log.warning("database.away", source=self.name, error=str(error), exc_info=not expected)
                away = str(error)
                pause = wait * random.uniform(0.5, 1.0)
                wait = min(LONGEST_WAIT, wait * 2)
            self._stop.wait(pause)
        self.close()

    def stop(self) -> None:
        """Ask `run` to end; it does after the page under way."""
        self._stop.set()

    def round(self) -> None:
        """Once through all that is due. Raises RetryableError where the database or the log is away."""
        recorder = self._opened()
        recorder.deliver()
        began = self._now()
        followed = self._follow()
        sure_before = began if followed else self._now() + 1
        failed: RetryableError | None = None
        for reader, deletions in self._tables:
            if self._stop.is_set():
                return
            try:
                self._table(reader, deletions, followed, began, sure_before)
            except RetryableError as error:
                # A deadlock of one table must not keep the others waiting; two in a row, and all is away.
                if failed is not None:
                    raise
                failed = error
        if failed is not None:
            raise failed

    def _follow(self) -> bool:
        """Whether logical decoding is up to date."""
        if self._slot is None:
            return False
        try:
            followed = self._try("", "slot", self._slot.follow)
        except RetryableError as error:
            # In use by what is left of a connection, say; if the database is away, the tables will tell.
            if str(error) != self._slot_away:
                log.warning("database.slot_away", error=str(error))
            self._slot_away = str(error)
            return False
        self._slot_away = ""
        return followed

    def close(self) -> None:
        """Close files and connections. Idempotent."""
        self._database.close()
        if self._state is not None:
            self._state.close()
            self._state = None

    def _table(self, reader: TableReader, deletions: Deletions, followed: bool, began: int, sure_before: int) -> None:
        name = reader.settings.name

        def pull() -> None:
            reader.pull(deletions.explain, self._slot is not None)
            if self._stop.is_set() or self._state is None:
                return
            if followed and name in self._pulled:
                # What came before the pull before this one, and that pull did not see, went before it: logical decoding
                # has told since, or it is not ours.
                self._state.save(Changes(forget_inserts=(name, self._pulled[name])))
            self._pulled[name] = began

        def tell() -> None:
            if deletions.waiting():
                with self._database.snapshot(f"table {name}") as connection:
                    deletions.tell(connection, sure_before)

        if self._try(name, "rows", pull):
            self._told.succeeded(self.name, name)
            self._try(name, "keys", deletions.compare)
        self._try(name, "delete records", tell)

    def _try(self, table: str, step: str, work: Callable[[], None]) -> bool:
        """Do it unless it went wrong a moment ago. An error of this step must not keep others from their turn."""
        until, before = self._wrong.get((table, step), (0.0, ""))
        if time.monotonic() < until:
            return False
        try:
            work()
        except PermanentError as error:
            self._told.errors.labels(self.name, table).inc()
            if str(error) != before:
                log.error("database.wrong", error=str(error), again_after_seconds=WRONG_SECONDS)
            self._wrong[table, step] = (time.monotonic() + WRONG_SECONDS, str(error))
            return False
        if self._wrong.pop((table, step), None) is not None:
            log.info("database.right_again", source=self.name, table=table, step=step)
        return True

    def _opened(self) -> Recorder:
        if self._state is None:
            # Numbers of batches begin with the time, so that they grow even over a file that was lost.
            self._state = State(self._path, self._now())
            zone = ZoneInfo(self._settings.timezone)
            self._recorder = recorder = Recorder(
                self.name, self._state, self._append, self._letters, self._told, self._now, self._limit
            )
            for table in self._settings.tables:
                reader = TableReader(table, self._database, recorder, zone, self._stop.is_set)
                self._tables.append((reader, Deletions(reader, self._database, recorder)))
            if self._settings.slot is not None:
                self._slot = Slot(self._settings.slot, self._tables, self._database, recorder, self._stop.is_set)
        return self._recorder
