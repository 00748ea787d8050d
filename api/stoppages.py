"""A stoppage with the cases it catches: what to do by hand meanwhile, and what became of each afterwards."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

from api.cases import HOUR, CaseObject
from mining.arena import NO_CODE, Arena
from mining.live.knowledge import Snapshot
from mining.live.stoppages import Stopped
from mining.reporting import iso
from mining.stalls.caught import caught
from mining.stalls.reconciling import OUTCOMES, Outcome, reconcile

CUSTOMERS: Final = ("customer", "user", "member")
"""Types of objects that stand for the customer."""


@dataclass(frozen=True)
class StoppedCase:
    """A case caught in a stoppage, at one step; times in UTC."""

    case_id: str
    step: str
    """Where it stands, or stood until the flow came again."""
    since: str
    next: str
    """The step that comes next."""
    role: str | None
    """Who mostly does it."""
    system: str | None
    expected: str
    """By then half of those that go on from there have begun with it."""
    deadline: str | None
    """The first deadline that was still to be met."""
    deadline_step: str | None
    """Null where it is the whole case's."""
    customer: str | None
    """Pseudonym: the object of type customer, user or member, else the last customer who acted."""
    objects: tuple[CaseObject, ...]
    outcome: Outcome
    went_on_with: str | None
    """Of a doubled case the step that came second."""
    went_on_at: str | None
    went_on_in: str | None
    """System."""


@dataclass(frozen=True)
class Stoppage:
    """A flow that is or was silent."""

    finding: str
    process: str
    field: str
    value: str
    told: str
    """When it was first told: by this stoppages of the same flow are told apart."""
    since: str
    until: str | None
    state: Literal["lasting", "over", "late"]
    """`late`: events of the silent time came in after it was told; the data had stopped, not the flow."""
    outcomes: dict[Outcome, int]
    cases: tuple[StoppedCase, ...]
    """Earliest deadline first."""


def stoppage(snapshot: Snapshot, stopped: Stopped) -> Stoppage:
    """The stoppage as the snapshot's events have it; cases that are no longer held are not there."""
    arena, config = snapshot.arena, snapshot.config
    until = snapshot.now + 1 if stopped.until is None else stopped.until
    found = caught(arena, stopped.flow, stopped.begin, until, config.end_activities)
    result = reconcile(arena, stopped.flow, found, stopped.begin, stopped.until, snapshot.now, config.end_activities)
    rows = []
    things = _objects(arena, found.case, snapshot.now)
    places = zip(found.case.tolist(), found.row.tolist(), result.row.tolist(), result.outcome, strict=True)
    for i, (case, row, then, outcome) in enumerate(places):
        low, high = int(arena.offsets[case]), int(arena.offsets[case + 1])
        due, step = _deadline(snapshot, low, high, until)
        rows.append(
            StoppedCase(
                case_id=arena.case_ids[case].as_py(),
                step=arena.activities[arena.activity[row]],
                since=iso(int(arena.end[row])),
                next=arena.activities[found.next[i]],
                role=_name(arena, "role", int(found.role[i])),
                system=_name(arena, "system", int(found.system[i])),
                expected=iso(int(found.due[i])),
                deadline=due,
                deadline_step=step,
                customer=_customer(arena, low, high, things[i]),
                objects=tuple(thing for thing in things[i] if thing.id != arena.case_ids[case].as_py()),
                outcome=outcome,
                went_on_with=None if then < 0 else arena.activities[arena.activity[then]],
                went_on_at=None if then < 0 else iso(int(arena.start[then])),
                went_on_in=None if then < 0 else _name(arena, "system", int(arena.codes["system"][then])),
            )
        )
    return Stoppage(
        finding=stopped.finding,
        process=stopped.process,
        field=stopped.flow.field,
        value=stopped.flow.value,
        told=iso(stopped.told),
        since=iso(stopped.begin),
        until=None if stopped.until is None else iso(stopped.until),
        state="late" if stopped.late else "lasting" if stopped.until is None else "over",
        outcomes={name: result.outcome.count(name) for name in OUTCOMES},
        cases=tuple(sorted(rows, key=key)),
    )


def key(row: StoppedCase) -> tuple[str, str, str, str]:
    """By which the cases are sorted: earliest deadline first, then what is expected first."""
    return row.deadline or "~", row.expected, row.case_id, row.step


def _name(arena: Arena, column: str, code: int) -> str | None:
    return None if code == NO_CODE else arena.names[column][code]


def _deadline(snapshot: Snapshot, low: int, high: int, until: int) -> tuple[str | None, str | None]:
    """The earliest deadline of a case, and its step, that had not been met before `until`."""
    arena, config = snapshot.arena, snapshot.config
    steps = {arena.activities[code] for code in arena.activity[low:high][arena.end[low:high] < until].tolist()}
    left = [
        (int(arena.start[low:high].min()) + int(each.within_hours * HOUR), each.step)
        for each in config.deadlines
        if not steps & ({each.step} if each.step else set(config.end_activities))
    ]
    due, step = min(left, key=lambda each: each[0], default=(None, None))
    return None if due is None else iso(due), step


def _customer(arena: Arena, low: int, high: int, things: tuple[CaseObject, ...]) -> str | None:
    named = [thing.id for thing in things if thing.type.lower() in CUSTOMERS]
    kinds, actors = arena.names["actor_kind"], arena.codes["actor"][low:high]
    if not named and "user" in kinds:
        own = actors[(arena.codes["actor_kind"][low:high] == kinds.index("user")) & (actors != NO_CODE)]
        named = [arena.names["actor"][own[-1]]] if len(own) else []
    return named[-1] if named else None


def _objects(arena: Arena, cases: npt.NDArray[np.int64], now: int) -> list[tuple[CaseObject, ...]]:
    """Of each case the objects of its events that ended by `now`, each once."""
    parts = [np.arange(arena.offsets[case], arena.offsets[case + 1]) for case in cases]
    rows = np.concatenate([*parts, np.empty(0, np.int64)])
    listed = arena.details.objects(arena.rows[rows]) if len(rows) else None
    if listed is None:
        return [()] * len(cases)
    each: Iterator[list[dict[str, Any]] | None] = iter(listed.to_pylist())
    found: list[tuple[CaseObject, ...]] = []
    for part in parts:
        there: dict[CaseObject, None] = {}
        for row in part:
            for thing in next(each) or ():
                if arena.end[row] <= now:
                    there[CaseObject(thing["type"], thing["id"], thing["qualifier"])] = None
        found.append(tuple(there))
    return found
