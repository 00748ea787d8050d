"""What the live miner knows at a moment, for the API, the pages, the metrics and the alerts to read."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass

from collector.vocabulary.languages import Language
from mining.arena import Arena, Times
from mining.config import ProcessConfig
from mining.findings.facts import Fact
from mining.report import Finding, Report
from mining.waiting.causes import Split


@dataclass(frozen=True)
class Snapshot:
    """One process at one moment; nothing in it changes."""

    config: ProcessConfig
    arena: Arena
    facts: tuple[Fact, ...]
    now: int
    """Microseconds UTC: the moment the findings speak of."""
    reports: Mapping[Language, Report]
    """The whole report in each language, findings with what the register knows of them."""
    split: Split | None = None
    """Why its events waited; None where there are too many to ask at every moment."""
    fresh: Times | None = None
    """Numbers (`arena.rows`) of the events that are there for the first time, ascending; None: not known."""


class Knowledge:
    """The newest snapshot of each process. One writer (the live miner), any number of readers."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._snapshots: dict[str, Snapshot] = {}
        self._taken = 0
        self._lag = 0.0

    def publish(self, snapshots: Mapping[str, Snapshot], taken: int, lag: float) -> None:
        """Replace the snapshots of the given processes. `taken` is the clock (µs UTC), `lag` in seconds."""
        with self._lock:
            self._snapshots = {**self._snapshots, **snapshots}
            self._taken, self._lag = taken, lag

    def processes(self) -> tuple[str, ...]:
        """Processes that have a snapshot, in order of their names."""
        with self._lock:
            return tuple(sorted(self._snapshots))

    def snapshot(self, process: str) -> Snapshot | None:
        """The newest snapshot of `process`, None where there is none."""
        with self._lock:
            return self._snapshots.get(process)

    def finding(self, finding_id: str, language: Language) -> Finding | None:
        """The finding of that id in `language`, None where no process has it now."""
        with self._lock:
            snapshots = list(self._snapshots.values())
        for snapshot in snapshots:
            for finding in snapshot.reports[language].findings:
                if finding.id == finding_id:
                    return finding
        return None

    @property
    def taken(self) -> int:
        """When the last round ended, µs UTC; 0 before the first."""
        with self._lock:
            return self._taken

    @property
    def lag(self) -> float:
        """Age in seconds of the oldest acknowledged thing not yet taken in, as of the last round."""
        with self._lock:
            return self._lag
