"""What the API and the pages read: snapshots, reports of filtered cases, findings with their newest state."""

import dataclasses
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Final, TypeVar

from starlette.exceptions import HTTPException

from api.changes import Change, Changes, Kind
from api.operations import Operations
from collector.vocabulary.languages import LANGUAGES, Language
from mining.arena import Arena
from mining.figures import By
from mining.filters import Filters, select
from mining.live.knowledge import Knowledge, Snapshot
from mining.live.register import Register, State
from mining.map import Layout, layout
from mining.report import Finding, Report
from mining.reporting import iso, report

KEPT: Final = 32
T = TypeVar("T")


class Knowing:
    """One per app. Everything derived from a snapshot is kept until newer ones push it out."""

    def __init__(
        self,
        knowledge: Knowledge,
        register: Register,
        operations: Operations,
        changes: Changes,
        titles: Mapping[str, Mapping[str, str]],
        clock: Callable[[], int] = lambda: time.time_ns() // 1000,
    ) -> None:
        self.knowledge, self.register, self.operations, self.changes = knowledge, register, operations, changes
        self.clock, self._titles = clock, titles
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[object, ...], tuple[Snapshot, object]] = OrderedDict()
        self._changed: dict[str, State] = {}

    def title(self, process: str, language: Language) -> str:
        """What people call the process."""
        return self._titles.get(process, {}).get(language) or process

    def snapshot(self, process: str) -> Snapshot:
        """The newest snapshot; 404 for a process that is not watched."""
        found = self.knowledge.snapshot(process)
        if found is None:
            raise HTTPException(404, f"process {process!r}: not known")
        return found

    def behind(self) -> float:
        """Seconds by which what we show is behind the world; 0 when level, and before the first round."""
        taken = self.knowledge.taken
        silent = (self.clock() - taken) / 1e6 if taken else 0.0
        return max(self.knowledge.lag, silent if silent > 60 else 0.0)

    def arena(self, snapshot: Snapshot, filters: Filters) -> Arena:
        """The cases that fit."""
        return self.derived(snapshot, ("arena", filters), lambda: select(snapshot.arena, filters))

    def report(self, snapshot: Snapshot, filters: Filters, language: Language, by: By = "role") -> Report:
        """The report of the cases that fit, its findings in their newest state."""
        if filters == Filters() and by == "role":
            found = snapshot.reports[language]
        else:
            found = self.derived(
                snapshot,
                ("report", filters, language, by),
                lambda: report(
                    self.arena(snapshot, filters),
                    snapshot.config,
                    snapshot.now,
                    language,
                    by,
                    snapshot.facts if filters == Filters() else None,
                ),
            )
        known = {finding.id: finding for finding in snapshot.reports[language].findings}
        return dataclasses.replace(found, findings=tuple(self._newest(f, known.get(f.id)) for f in found.findings))

    def layout(self, snapshot: Snapshot, filters: Filters, nodes: int, coverage: float) -> Layout:
        """Where the map's parts stand; the same in every language."""
        return self.derived(
            snapshot,
            ("layout", filters, nodes, coverage),
            lambda: layout(self.report(snapshot, filters, "en"), nodes, coverage),
        )

    def derived(self, snapshot: Snapshot, key: tuple[object, ...], make: Callable[[], T]) -> T:
        """What `make` makes of the snapshot, made once."""
        whole = (snapshot.config.process, *key)
        with self._lock:
            kept = self._kept.get(whole)
            if kept is not None and kept[0] is snapshot:
                self._kept.move_to_end(whole)
                return kept[1]  # type: ignore[return-value]
        made = make()
        with self._lock:
            self._kept[whole] = (snapshot, made)
            self._kept.move_to_end(whole)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return made

    def finding(self, finding_id: str, language: Language) -> Finding:
        """A finding as it is now; 404 where no process has it."""
        found = self.knowledge.finding(finding_id, language)
        if found is None:
            raise HTTPException(404, f"finding {finding_id!r}: not known, or no longer there")
        return self._newest(found, None)

    def change_finding(self, who: str, finding_id: str, status: str | None, owner: str | None) -> Finding:
        """Set status or owner and put it on the record; taken back where it can't be recorded."""
        self.finding(finding_id, LANGUAGES[0])
        before, after = self.register.change(finding_id, status, owner)
        try:
            self.operations.record(who, "change finding", finding_id, _state(before), _state(after))
        except Exception:
            self.register.change(finding_id, before.status, before.owner or "")
            raise
        with self._lock:
            self._changed[finding_id] = after
        return self.finding(finding_id, LANGUAGES[0])

    def add_change(
        self,
        who: str,
        moment: int,
        system: str,
        kind: Kind,
        version: str | None,
        author: str | None,
        description: str | None,
    ) -> Change:
        """Note a release, configuration or rule change and put it on the record; neither without the other."""
        change = self.changes.add(moment, system, kind, version, author, description)
        try:
            after = {k: v for k, v in dataclasses.asdict(change).items() if v is not None}
            self.operations.record(who, "add change", str(change.id), None, {**after, "time": iso(change.time)})
        except Exception:
            self.changes.remove(change.id)
            raise
        return change

    def _newest(self, finding: Finding, known: Finding | None) -> Finding:
        """With status and owner as they were last set, also since the snapshot was taken."""
        if known is not None:
            finding = dataclasses.replace(
                finding,
                first_seen=known.first_seen,
                last_seen=known.last_seen,
                status=known.status,
                owner=known.owner or None,
            )
        state = self._changed.get(finding.id)
        return (
            finding if state is None else dataclasses.replace(finding, status=state.status, owner=state.owner or None)
        )


def _state(state: State) -> dict[str, str | int | float | bool | None]:
    return {"status": state.status, "owner": state.owner}
