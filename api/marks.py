"""Branches of a process beside what people said of them, for the API and the page."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from api.knowing import Knowing
from api.paging import Key
from collector.vocabulary.errors import PermanentError
from mining.live.knowledge import Snapshot
from mining.live.marks import Marked
from mining.reference.marks import MARKS, Branch, Mark, Way, ways
from mining.reporting import iso

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class MarkRow:
    """One branch: from an activity straight to the next; null for the beginning or the end of a case."""

    source: str | None
    target: str | None
    mark: Mark | None
    """Null: nobody has judged it yet."""
    marked_by: str | None
    marked_at: str | None
    cases: int
    """Those that take it; 0 for one that is marked and not taken."""
    share: float
    """Of all cases, 0..1."""
    first_seen: str | None
    """ISO 8601, UTC; in the window of what is kept."""
    last_seen: str | None
    new: bool
    """Not judged, and first taken after somebody began to mark."""


def branches(knows: Knowing, snapshot: Snapshot) -> list[MarkRow]:
    """All branches that are taken or marked: those not judged first, the newest of them first; then wrong ones,
    exceptions and intended ones, most cases first."""
    taken = knows.derived(snapshot, ("branches",), lambda: ways(snapshot.arena, snapshot.config.end_activities))
    marks = knows.marks.of(snapshot.config.process)
    begun = min((marked.at for marked in marks.values()), default=None)
    known = {way.branch: way for way in taken}
    gone = [Way(branch, 0, 0, 0) for branch in marks if branch not in known]
    rows = (_row(way, marks.get(way.branch), snapshot.arena.cases, begun) for way in (*taken, *gone))
    return sorted(rows, key=order)


def order(row: MarkRow) -> Key:
    """The key of the list."""
    ends = row.source or "", row.target or ""
    if row.mark is not None:
        return (1 + MARKS[::-1].index(row.mark), -row.cases, *ends)
    first = datetime.fromisoformat(row.first_seen) if row.first_seen is not None else _EPOCH
    return (0, -((first - _EPOCH) // timedelta(microseconds=1)), *ends)


def _row(way: Way, marked: Marked | None, cases: int, begun: int | None) -> MarkRow:
    return MarkRow(
        source=way.branch[0],
        target=way.branch[1],
        mark=None if marked is None else marked.mark,
        marked_by=None if marked is None else marked.who,
        marked_at=None if marked is None else iso(marked.at),
        cases=way.cases,
        share=way.cases / cases if cases else 0.0,
        first_seen=iso(way.first) if way.cases else None,
        last_seen=iso(way.last) if way.cases else None,
        new=marked is None and begun is not None and way.first > begun,
    )


def set_mark(knows: Knowing, who: str, snapshot: Snapshot, branch: Branch, mark: Mark | None) -> None:
    """Mark a branch, or take its mark away (None), and put it on the record of operations; neither without the other.

    PermanentError for a branch between activities that the process doesn't have, or that is not marked and is to be
    unmarked.
    """
    process = snapshot.config.process
    before = knows.marks.of(process).get(branch)
    if branch == (None, None):
        raise PermanentError("source, target: one of them must be an activity")
    for name, end in zip(("source", "target"), branch, strict=True):
        if before is None and end is not None and end not in snapshot.arena.activities:
            raise PermanentError(f"{name}: process {process!r} has no activity {end!r}")
    if mark is None and before is None:
        raise PermanentError("source, target: this branch is not marked")
    knows.marks.set(process, branch, None if mark is None else Marked(mark, who, knows.clock()))
    try:
        subject = f"{process}: {branch[0] or 'begin'} → {branch[1] or 'end'}"
        knows.operations.record(
            who,
            "mark branch",
            subject,
            None if before is None else {"mark": before.mark},
            None if mark is None else {"mark": mark},
        )
    except Exception:
        knows.marks.set(process, branch, before)
        raise
