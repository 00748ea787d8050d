"""Findings in redesign over snapshots: freezing a baseline, noting when the change was done, the verdict."""

import dataclasses
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from api.bottlenecks.context import Standing
from api.bottlenecks.material import moment
from collector.vocabulary.errors import PermanentError
from mining.bottlenecks.measuring import afterwards, baseline, subject_of
from mining.bottlenecks.redesign import Verdict, compare
from mining.live.knowledge import Snapshot
from mining.live.redesigns import Frozen, Redesigns
from mining.report import Finding
from mining.reporting import iso


class Derive(Protocol):
    """Keeps what is made of a snapshot, as `Knowing.derived` does."""

    def __call__(
        self, snapshot: Snapshot, key: tuple[object, ...], make: Callable[[], Verdict | None], /
    ) -> Verdict | None:
        """What `make` makes, now or earlier."""
        ...


def _at_once(_snapshot: Snapshot, _key: tuple[object, ...], make: Callable[[], Verdict | None], /) -> Verdict | None:
    return make()


@dataclasses.dataclass(frozen=True)
class RedesignDocument:
    """As the API gives it: times ISO 8601, figures in seconds; `missing` says why there are none."""

    measure: str
    source: str | None
    target: str | None
    frozen_at: str
    done_at: str | None
    outcome: str | None
    missing: str | None
    before: int
    after: int
    before_days: int
    after_days: int
    figures: dict[str, dict[str, float]]


def freeze(kept: Redesigns, finding: Finding, snapshot: Snapshot, now: int) -> None:
    """Keep the present figures of a finding, of the English report, as its baseline."""
    subject = subject_of(finding)
    titles = {
        language: next((f.title for f in report.findings if f.id == finding.id), finding.title)
        for language, report in snapshot.reports.items()
    }
    side = baseline(snapshot.arena, subject, snapshot.config.zone, snapshot.now)
    kept.freeze(finding.id, finding.process, titles, subject, now, side)


def done_moment(frozen: Frozen | None, done: datetime, snapshot: Snapshot, now: int) -> int:
    """A `done_at` in µs UTC; PermanentError where there is no baseline, or it can't be."""
    if frozen is None:
        raise PermanentError("done_at: set the status to in_redesign first, so that there is a baseline")
    if done.tzinfo is None:
        done = done.replace(tzinfo=snapshot.config.zone)
    found = round(done.timestamp() * 1e6)
    if found > now:
        raise PermanentError("done_at: lies in the future")
    if found < int(snapshot.arena.start.min() if snapshot.arena.events else 0):
        raise PermanentError("done_at: lies before the first event")
    return found


def verdict(frozen: Frozen, snapshot: Snapshot) -> Verdict | None:
    """Before against after; None while nothing is done."""
    if frozen.done is None:
        return None
    arena, zone, before = snapshot.arena, snapshot.config.zone, frozen.baseline
    return compare(before, afterwards(arena, frozen.subject, zone, frozen.done, snapshot.now, before))


def standing(frozen: Frozen, snapshot: Snapshot, derived: Derive = _at_once) -> Standing:
    """Where a redesign stands in a snapshot. `derived` may keep the verdict."""
    key = ("verdict", frozen.finding, frozen.at, frozen.done)
    made = derived(snapshot, key, lambda: verdict(frozen, snapshot))
    done = moment(frozen.done) if frozen.done is not None else None
    return Standing(frozen.titles, moment(frozen.at), done, made)


def standings(kept: Redesigns, snapshot: Snapshot, derived: Derive = _at_once) -> dict[str, Standing]:
    """All redesigns of the snapshot's process by finding, also of findings that are gone: perhaps it worked."""
    return {each.finding: standing(each, snapshot, derived) for each in kept.of(snapshot.config.process)}


def document(frozen: Frozen, found: Standing) -> RedesignDocument:
    """The same for programs."""
    told = found.verdict
    return RedesignDocument(
        measure=frozen.subject.measure,
        source=frozen.subject.source,
        target=frozen.subject.target,
        frozen_at=iso(frozen.at),
        done_at=iso(frozen.done) if frozen.done is not None else None,
        outcome=told.outcome if told else None,
        missing=told.missing if told else None,
        before=frozen.baseline.of,
        after=told.after if told else 0,
        before_days=frozen.baseline.days,
        after_days=told.after_days if told else 0,
        figures={name: dataclasses.asdict(figure) for name, figure in told.figures.items()} if told else {},
    )
