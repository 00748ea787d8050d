"""What the API and the pages read: snapshots, reports of filtered cases, findings with their newest state."""

import dataclasses
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final, TypeVar

import numpy as np
from starlette.exceptions import HTTPException

from api.bottlenecks.context import Standing
from api.changes import Change, Changes, Kind
from api.operations import Operations
from api.readiness import Readiness
from api.redesign import done_moment, freeze, standing, standings
from api.sharing import Sharing
from collector.vocabulary.languages import LANGUAGES, Language, text
from mining.arena import Arena, Quality
from mining.choosing import Choosable, Flags, Ways, figures
from mining.figures import By
from mining.filters import Filters, choose, take
from mining.findings import ODD_WAYS, detect
from mining.live.knowledge import Knowledge, Snapshot
from mining.live.marks import MarkBook
from mining.live.redesigns import Frozen, Redesigns
from mining.live.register import Register, State
from mining.live.stoppages import Stoppages
from mining.map import Layout, layout
from mining.report import Finding, Report, Variant
from mining.reporting import ACTORS_NOTE, iso, view, worded
from mining.story import tell
from mining.waiting.telling import caused

KEPT: Final = 32
DETECTED: Final = 50_000
"""Events of a choice of cases in which findings are looked for; of a larger one those of all cases are shown."""
FINDINGS_NOTE: Final = "findings are those of all cases that touch one of these; their figures are of all cases"
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
        self.redesigns = Redesigns(operations.url)
        self.stoppages = Stoppages(operations.url)
        self.marks = MarkBook(operations.url)
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[object, ...], tuple[Snapshot, object]] = OrderedDict()
        self._changed: dict[str, State] = {}
        self._readiness, self._sharing = Readiness(), Sharing()

    def title(self, process: str, language: Language) -> str:
        """What people call the process."""
        return self._titles.get(process, {}).get(language) or process

    def snapshot(self, process: str) -> Snapshot:
        """The newest snapshot that is ready to be asked; 404 for a process that is not watched."""
        found = self.knowledge.snapshot(process)
        if found is None:
            raise HTTPException(404, f"process {process!r}: not known")
        return self._readiness.of(found).snapshot

    def choosable(self, snapshot: Snapshot) -> Choosable:
        """What figures of a choice of the snapshot's cases are counted from."""
        return self._readiness.choosable(snapshot)

    def behind(self) -> float:
        """Seconds by which what we show is behind the world; 0 when level, and before the first round."""
        taken = self.knowledge.taken
        silent = (self.clock() - taken) / 1e6 if taken else 0.0
        return max(self.knowledge.lag, silent if silent > 60 else 0.0)

    def flags(self, snapshot: Snapshot, filters: Filters) -> Flags | None:
        """One flag a case of the snapshot: whether it fits; None for all."""
        if filters == Filters():
            return None
        return self.derived(snapshot, ("flags", filters), lambda: choose(snapshot.arena, filters))

    def arena(self, snapshot: Snapshot, filters: Filters) -> Arena:
        """The cases that fit, as an arena of their own: their events are copied."""
        keep = self.flags(snapshot, filters)
        return (
            snapshot.arena
            if keep is None
            else self.derived(snapshot, ("arena", filters), lambda: take(snapshot.arena, keep))
        )

    def variants(self, snapshot: Snapshot, filters: Filters) -> Sequence[Variant]:
        """The variants of the cases that fit; deviating are those of whose cases rare paths touch half.

        Rare paths are those found among all cases.
        """
        if filters == Filters():
            return snapshot.reports["en"].variants
        return self.derived(
            snapshot,
            ("variants", filters),
            lambda: Ways(self.choosable(snapshot), self.flags(snapshot, filters), self._odd(snapshot)),
        )

    def tables(self, snapshot: Snapshot, filters: Filters, language: Language, by: By = "role") -> Report:
        """The report of the cases that fit, without variants and findings (all cases: perhaps with them).

        Made without looking for findings, so it comes fast.
        """
        if filters == Filters() and by == "role":
            return snapshot.reports[language]

        def make() -> Report:
            keep = self.flags(snapshot, filters)
            return figures(self.choosable(snapshot), keep, snapshot.config, by, _quality(snapshot))

        return worded(self.derived(snapshot, ("tables", filters, by), make), language)

    def _odd(self, snapshot: Snapshot) -> Flags:
        """The cases that go an odd way."""
        odd = np.zeros(snapshot.arena.cases, np.bool_)
        for fact in snapshot.facts:
            if fact.name in ODD_WAYS:
                odd[fact.case_rows.rows] = True
        return odd

    def report(self, snapshot: Snapshot, filters: Filters, language: Language, by: By = "role") -> Report:
        """The report of the cases that fit, its findings in their newest state.

        In up to DETECTED events findings are looked for anew. Of a larger choice they are those of all cases that
        touch a case of it, with their figures, as a note says.
        """
        found = snapshot.reports[language]
        if filters != Filters() or by != "role":
            found = self.derived(
                snapshot,
                ("report", filters, language, by),
                lambda: self._with_findings(snapshot, filters, language, by),
            )
        known = {finding.id: finding for finding in snapshot.reports[language].findings}
        return dataclasses.replace(found, findings=tuple(self._newest(f, known.get(f.id)) for f in found.findings))

    def _with_findings(self, snapshot: Snapshot, filters: Filters, language: Language, by: By) -> Report:
        keep = self.flags(snapshot, filters)
        variants = tuple(self.variants(snapshot, filters))
        found = dataclasses.replace(self.tables(snapshot, filters, language, by), variants=variants)
        if snapshot.split is not None:
            found = caused(found, snapshot.arena, snapshot.split, keep, live=True)
        if keep is None:
            return dataclasses.replace(found, findings=snapshot.reports[language].findings)
        if found.log.events <= DETECTED:
            seen = view(take(snapshot.arena, keep), snapshot.config, snapshot.now)
            if snapshot.split is not None:
                # Who kept them waiting may stand in another case.
                seen = dataclasses.replace(seen, known=snapshot.split.of_cases(snapshot.arena, keep))
            return dataclasses.replace(found, findings=tell(detect(seen), seen, snapshot.config.process, language))
        facts = [fact for fact in snapshot.facts if not fact.case_rows or keep[fact.case_rows.rows].any()]
        seen = view(snapshot.arena, snapshot.config, snapshot.now)
        notes = (*found.quality.notes, text(language, FINDINGS_NOTE))
        return dataclasses.replace(
            found,
            findings=tell(facts, seen, snapshot.config.process, language),
            quality=dataclasses.replace(found.quality, notes=notes),
        )

    def layout(self, snapshot: Snapshot, filters: Filters, nodes: int, coverage: float) -> Layout:
        """Where the map's parts stand; the same in every language."""
        return self.derived(
            snapshot,
            ("layout", filters, nodes, coverage),
            lambda: self._placed(snapshot, filters, nodes, coverage),
        )

    def _placed(self, snapshot: Snapshot, filters: Filters, nodes: int, coverage: float) -> Layout:
        variants = self.variants(snapshot, filters)
        ways = variants.plain() if isinstance(variants, Ways) else None
        return layout(self.tables(snapshot, filters, "en"), nodes, coverage, ways)

    def derived(self, snapshot: Snapshot, key: tuple[object, ...], make: Callable[[], T]) -> T:
        """What `make` makes of the snapshot, made once."""
        whole = (snapshot.config.process, *key)

        def work() -> T:
            made = make()
            with self._lock:
                self._kept[whole] = (snapshot, made)
                self._kept.move_to_end(whole)
                while len(self._kept) > KEPT:
                    self._kept.popitem(last=False)
            return made

        with self._lock:
            kept = self._kept.get(whole)
            if kept is not None and kept[0] is snapshot:
                self._kept.move_to_end(whole)
                return kept[1]  # type: ignore[return-value]
        return self._sharing.run((id(snapshot), whole), work)

    def finding(self, finding_id: str, language: Language) -> Finding:
        """A finding as it is now; 404 where no process has it."""
        found = self.known_finding(finding_id, language)
        if found is None:
            raise HTTPException(404, f"finding {finding_id!r}: not known, or no longer there")
        return found

    def known_finding(self, finding_id: str, language: Language) -> Finding | None:
        """A finding as it is now; None where no process has it."""
        found = self.knowledge.finding(finding_id, language)
        return None if found is None else self._newest(found, None)

    def change_finding(
        self, who: str, finding_id: str, status: str | None, owner: str | None, done_at: datetime | None = None
    ) -> Finding:
        """Set status, owner or when its redesign was done, and put it on the record; taken back where it can't be.

        A finding that becomes `in_redesign` has its baseline frozen. PermanentError for a `done_at` that can't be.
        """
        known = self.finding(finding_id, LANGUAGES[0])
        snapshot = self.snapshot(known.process)
        begins = status == "in_redesign" and known.status != "in_redesign"
        if begins:
            freeze(self.redesigns, known, snapshot, self.clock())
        more: dict[str, str] = {}
        if done_at is not None:
            done = done_moment(self.redesigns.get(finding_id), done_at, snapshot, self.clock())
            more = {"done_at": iso(done)}
        before, after = self.register.change(finding_id, status, owner)
        try:
            self.operations.record(who, "change finding", finding_id, _state(before), {**_state(after), **more})
        except Exception:
            self.register.change(finding_id, before.status, before.owner or "")
            raise
        if done_at is not None:
            self.redesigns.set_done(finding_id, done)
        with self._lock:
            self._changed[finding_id] = after
        return self.finding(finding_id, LANGUAGES[0])

    def standings(self, snapshot: Snapshot) -> dict[str, Standing]:
        """Where the redesigns of the process stand, by finding."""
        return standings(self.redesigns, snapshot, self.derived)

    def redesign(self, finding_id: str) -> tuple[Frozen, Standing] | None:
        """What is kept of one and where it stands, also of a finding that is gone; None where there is none."""
        frozen = self.redesigns.get(finding_id)
        return None if frozen is None else (frozen, standing(frozen, self.snapshot(frozen.process), self.derived))

    def redesign_done(self, who: str, finding_id: str, done_at: datetime) -> None:
        """Set when a redesign was done, also of a finding that is gone, and put it on the record.

        404 where its baseline was never frozen, PermanentError for a moment that can't be.
        """
        frozen = self.redesigns.get(finding_id)
        if frozen is None:
            raise HTTPException(404, f"finding {finding_id!r}: has never been in redesign")
        done = done_moment(frozen, done_at, self.snapshot(frozen.process), self.clock())
        before = {} if frozen.done is None else {"done_at": iso(frozen.done)}
        self.operations.record(who, "change redesign", finding_id, before, {"done_at": iso(done)})
        self.redesigns.set_done(finding_id, done)

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


def _quality(snapshot: Snapshot) -> Quality:
    """What was wrong with the input, notes in English, but for what a report itself says of its cases."""
    known = snapshot.reports["en"].quality
    notes = tuple(note for note in known.notes if note != ACTORS_NOTE)
    return Quality(**{**dataclasses.asdict(known), "notes": notes})
