"""One case, and lists of cases, read off the arena."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from api.rows import Rows
from mining.arena import NO_CODE, NO_TIME, Arena
from mining.choosing import Choosable
from mining.details import Fields
from mining.filters import variant_id
from mining.kernels.case_has import case_has
from mining.live.knowledge import Snapshot
from mining.reporting import iso

HOUR = 3_600_000_000


@dataclass(frozen=True)
class CaseRow:
    """A case in a list."""

    case_id: str
    start: str
    end: str
    duration_s: float
    events: int
    errors: int
    open: bool
    activity: str
    """Where it stands: its last activity."""
    variant: str


@dataclass(frozen=True)
class CaseObject:
    """A business thing that a case touches."""

    type: str
    id: str
    qualifier: str | None


@dataclass(frozen=True)
class CaseEvent:
    """One event of a case; durations in seconds, `amount` in minor units."""

    event_id: str
    activity: str
    start: str
    end: str
    service_s: float
    waiting_s: float
    actor_kind: str | None
    actor: str | None
    role: str | None
    system: str | None
    module: str | None
    device: str | None
    channel: str | None
    platform: str | None
    shop: str | None
    outcome: str
    error_type: str | None
    amount: int | None
    trace_id: str | None
    fields: dict[str, str]


@dataclass(frozen=True)
class CaseDeadline:
    """A deadline of the case (`step` null) or of a step; `met` is null while it can still be met."""

    step: str | None
    due: str
    met: bool | None


@dataclass(frozen=True)
class NextStep:
    """What came next in cases that stood where this one stands; `activity` null: the case ended there."""

    activity: str | None
    cases: int
    share: float


@dataclass(frozen=True)
class Case:
    """One case as a whole."""

    process: str
    case_id: str
    start: str
    end: str
    duration_s: float
    open: bool
    stands_at: str
    """Its last activity."""
    since: str
    deadlines: tuple[CaseDeadline, ...]
    next: tuple[NextStep, ...]
    """Empty for a closed case."""
    variant: str
    objects: tuple[CaseObject, ...]
    events: tuple[CaseEvent, ...]
    findings: tuple[str, ...]
    """Ids of findings that name this case as an example."""


def closed(arena: Arena, end_activities: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Of each case, whether it has had an end activity; all where none are configured."""
    if not end_activities:
        return np.ones(arena.cases, np.bool_)
    ending = np.array([name in end_activities for name in arena.activities], np.bool_)
    return case_has(arena.offsets[:-1], arena.offsets[1:], arena.activity, ending)


class CaseList(Rows[CaseRow]):
    """Cases of an arena, newest first; rows are made when asked for.

    `keep` has one flag a case; None for all of them.
    """

    def __init__(
        self,
        choosable: Choosable,
        end_activities: Sequence[str],
        only_open: bool = False,
        keep: npt.NDArray[np.bool_] | None = None,
    ) -> None:
        self._arena = arena = choosable.arena
        self._closed = closed(arena, end_activities)
        order = choosable.newest_first
        if keep is not None or only_open:
            listed = np.ones(arena.cases, np.bool_) if keep is None else keep
            order = order[(listed & ~self._closed if only_open else listed)[order]]
        super().__init__(order, self._row)

    def _row(self, i: int) -> CaseRow:
        arena = self._arena
        low, high = int(arena.offsets[i]), int(arena.offsets[i + 1])
        begin, end = int(arena.start[low]), int(arena.end[low:high].max())
        path = tuple(arena.activities[c] for c in arena.activity[low:high].tolist())
        return CaseRow(
            case_id=arena.case_ids[i].as_py(),
            start=iso(begin),
            end=iso(end),
            duration_s=(end - begin) / 1e6,
            events=high - low,
            errors=int(arena.error[low:high].sum()),
            open=not self._closed[i],
            activity=path[-1],
            variant=variant_id(path),
        )


def key(row: CaseRow) -> tuple[int, str]:
    """By which the list is sorted: newest start first, then by id."""
    return -round(datetime.fromisoformat(row.start).timestamp() * 1e6), row.case_id


def case(snapshot: Snapshot, case_id: str) -> Case | None:
    """The whole of one case; None where there is none of that id."""
    arena, config = snapshot.arena, snapshot.config
    place = arena.find(case_id)
    if place is None:
        return None
    low, high = int(arena.offsets[place]), int(arena.offsets[place + 1])
    events = _events(arena, low, high)
    path = tuple(event.activity for event in events)
    begin, end = int(arena.start[low]), int(arena.end[low:high].max())
    is_open = bool(config.end_activities) and not set(path) & set(config.end_activities)
    deadlines = []
    for deadline in config.deadlines:
        due = begin + int(deadline.within_hours * HOUR)
        wanted = {deadline.step} if deadline.step else set(config.end_activities)
        done = [int(arena.end[low + i]) for i, activity in enumerate(path) if activity in wanted]
        met = min(done) <= due if done else (False if snapshot.now > due else None)
        deadlines.append(CaseDeadline(deadline.step, iso(due), met))
    examples = [f.id for f in snapshot.reports["en"].findings if case_id in f.evidence.cases]
    return Case(
        process=arena.process,
        case_id=case_id,
        start=iso(begin),
        end=iso(end),
        duration_s=(end - begin) / 1e6,
        open=is_open,
        stands_at=path[-1],
        since=events[-1].end,
        deadlines=tuple(deadlines),
        next=_next(snapshot, path[-1]) if is_open or not config.end_activities else (),
        variant=variant_id(path),
        objects=_objects(arena, low, high),
        events=events,
        findings=tuple(examples),
    )


def _events(arena: Arena, low: int, high: int) -> tuple[CaseEvent, ...]:
    rows = arena.rows[low:high]
    ids, traces = arena.details.event_ids(rows).to_pylist(), arena.details.trace_ids(rows).to_pylist()
    fields = Fields(arena.details, rows)
    columns = {name: fields[name].to_pylist() for name in fields}
    return tuple(
        _event(
            arena,
            low + i,
            low,
            ids[i],
            traces[i],
            {name: values[i] for name, values in columns.items() if values[i] is not None},
        )
        for i in range(high - low)
    )


def _event(arena: Arena, row: int, low: int, event_id: str, trace_id: str | None, fields: dict[str, str]) -> CaseEvent:
    def word(name: str) -> str | None:
        code = int(arena.codes[name][row])
        return None if code == NO_CODE else arena.names[name][code]

    begin, end, enabled = int(arena.start[row]), int(arena.end[row]), int(arena.enabled[row])
    since = enabled if enabled != NO_TIME else int(arena.end[row - 1]) if row > low else begin
    amount = int(arena.amount[row])
    return CaseEvent(
        event_id=event_id,
        activity=arena.activities[arena.activity[row]],
        start=iso(begin),
        end=iso(end),
        service_s=(end - begin) / 1e6,
        waiting_s=max(0, begin - since) / 1e6,
        actor_kind=word("actor_kind"),
        actor=word("actor"),
        role=word("role"),
        system=word("system"),
        module=word("module"),
        device=word("device"),
        channel=word("channel"),
        platform=word("platform"),
        shop=word("shop"),
        outcome="error" if arena.error[row] else "ok",
        error_type=word("error_type"),
        amount=None if amount == NO_TIME else amount,
        trace_id=trace_id,
        fields=fields,
    )


def _objects(arena: Arena, low: int, high: int) -> tuple[CaseObject, ...]:
    objects = arena.details.objects(arena.rows[low:high])
    if objects is None:
        return ()
    found: dict[CaseObject, None] = {}
    rows: list[list[dict[str, Any]] | None] = objects.to_pylist()
    for row in rows:
        for thing in row or ():
            found[CaseObject(thing["type"], thing["id"], thing["qualifier"])] = None
    return tuple(found)


def _next(snapshot: Snapshot, activity: str) -> tuple[NextStep, ...]:
    """What most often follows `activity` directly; an end counts only where cases are known to end."""
    report, ends = snapshot.reports["en"], snapshot.config.end_activities
    counts: dict[str | None, int] = {edge.target: edge.count for edge in report.edges if edge.source == activity}
    if not ends or activity in ends:
        counts[None] = next((node.ends for node in report.nodes if node.activity == activity), 0)
    whole = sum(counts.values())
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0] or ""))
    return tuple(NextStep(target, count, count / whole) for target, count in ranked if count)
