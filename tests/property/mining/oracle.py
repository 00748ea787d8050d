"""Slow and obvious: the report document in plain Python, to hold the kernels against."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np

from tests.property.mining.enabling import before, begun, parallel, since


@dataclass(frozen=True)
class Happening:
    """An event as a test makes it; times in µs."""

    event_id: str
    case: str | None
    activity: str
    start: int
    end: int
    enabled: int | None = None
    role: str | None = None
    actor: str | None = None
    system: str | None = None
    error: bool = False


Cases = dict[str, list[Happening]]


def cases_of(events: Iterable[Happening]) -> Cases:
    """Events by case in order of start, end, event id; the last of equal ids; negative lengths are 0."""
    found: Cases = defaultdict(list)
    for event in {event.event_id: event for event in events}.values():
        if event.case is not None:
            found[event.case].append(Happening(**{**vars(event), "end": max(event.start, event.end)}))
    for rows in found.values():
        rows.sort(key=lambda e: (e.start, e.end, e.event_id))
    return dict(sorted(found.items()))


def spread(values: Sequence[int]) -> dict[str, float | None]:
    if not values:
        return {"total": 0.0, "mean": None, "p50": None, "p90": None, "p95": None}
    p50, p90, p95 = (float(np.quantile(np.array(values, float), q)) / 1e6 for q in (0.5, 0.9, 0.95))
    return {"total": sum(values) / 10**6, "mean": sum(values) / len(values) / 1e6, "p50": p50, "p90": p90, "p95": p95}


def waiting(
    rows: list[Happening], i: int, enablers: Sequence[int | None], begun: Sequence[int] | None = None
) -> int | None:
    enabled = since(rows, enablers, i)
    return None if enabled is None else max(0, (rows[i].start if begun is None else begun[i]) - enabled)


def ranked(counts: Counter[tuple[str, str]]) -> list[dict[str, object]]:
    pairs = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [{"source": s, "target": t, "count": n} for (s, t), n in pairs]


def document(
    events: Sequence[Happening],
    end_activities: Sequence[str] = (),
    estimated: bool = True,
    timed: Iterable[tuple[str, str]] = (),
) -> dict[str, object]:
    """Everything of the document but findings, currency, schema and notes; `estimated`: starts may be.

    `timed` are activities that run in parallel, one of which a timer always begins after the other.
    """
    logged = cases_of(events)
    beside = parallel(list(logged.values())) | {frozenset(pair) for pair in timed}
    enablers = {case: before(rows, beside) for case, rows in logged.items()}
    starts = begun(logged, enablers) if estimated else {case: [e.start for e in rows] for case, rows in logged.items()}
    waited = {c: [waiting(rows, i, enablers[c], starts[c]) for i in range(len(rows))] for c, rows in logged.items()}
    kept = [e for rows in logged.values() for e in rows]
    steps = [(rows, i) for rows in logged.values() for i in range(1, len(rows))]
    gaps = defaultdict(list)
    waits = defaultdict(list)
    edge_cases = defaultdict(set)
    wait_cases = defaultdict(set)
    for rows, i in steps:
        edge = (rows[i - 1].activity, rows[i].activity)
        gaps[edge].append(max(0, rows[i].start - rows[i - 1].end))
        edge_cases[edge].add(rows[i].case)
    for case, rows in logged.items():
        for i, place in enumerate(enablers[case]):
            if place is not None:
                transition = (rows[place].activity, rows[i].activity)
                waits[transition].append(waited[case][i] or 0)
                wait_cases[transition].add(case)
    edges = sorted(gaps, key=lambda edge: (-len(gaps[edge]), edge))
    transitions = sorted(waits, key=lambda pair: (-len(waits[pair]), pair))
    activity_waits = defaultdict(list)
    role_waits: Counter[str] = Counter()
    role_rework: Counter[str] = Counter()
    for case, rows in logged.items():
        for i, event in enumerate(rows):
            wait = waited[case][i]
            if wait is not None:
                activity_waits[event.activity].append(wait)
                role_waits[event.role or ""] += wait
            role_rework[event.role or ""] += any(e.activity == event.activity for e in rows[:i])
    counts = Counter(e.activity for e in kept)
    nodes = [
        {
            "activity": a,
            "events": n,
            "cases": sum(any(e.activity == a for e in rows) for rows in logged.values()),
            "starts": sum(rows[0].activity == a for rows in logged.values()),
            "ends": sum(rows[-1].activity == a for rows in logged.values()),
            "rework_cases": sum(sum(e.activity == a for e in rows) > 1 for rows in logged.values()),
            "errors": sum(e.activity == a and e.error for e in kept),
            "service_s": spread([e.end - e.start for e in kept if e.activity == a]),
            "working_s": None,
            "waiting_s": spread(activity_waits[a]),
            "roles": dict(Counter(e.role for e in kept if e.activity == a and e.role)),
            "systems": dict(Counter(e.system for e in kept if e.activity == a and e.system)),
            "modules": {},
        }
        for a, n in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    ]
    paths = Counter(tuple(e.activity for e in rows) for rows in logged.values())
    length = {case: max(e.end for e in rows) - rows[0].start for case, rows in logged.items()}
    variants = []
    for path, n in sorted(paths.items(), key=lambda item: (-item[1], item[0])):
        of = spread([length[c] for c, rows in logged.items() if tuple(e.activity for e in rows) == path])
        duration = {"p50": of["p50"], "p90": of["p90"]}
        variants.append(
            {"path": list(path), "cases": n, "share": n / len(logged), "duration_s": duration, "deviating": False}
        )
    shares = [busy(rows) / length[case] for case, rows in logged.items() if length[case]]
    has_length = any(e.end > e.start for e in kept)
    roles = []
    for role, n in sorted(Counter(e.role for e in kept if e.role).items(), key=lambda item: (-item[1], str(item[0]))):
        mine = [e for e in kept if e.role == role]
        roles.append(
            {
                "role": role,
                "actors": len({e.actor for e in mine if e.actor}),
                "events": n,
                "cases": len({e.case for e in mine}),
                "service_s": spread([e.end - e.start for e in mine]),
                "waiting_caused_s": role_waits[str(role)] / 10**6,
                "rework": role_rework[str(role)],
                "errors": sum(e.error for e in mine),
            }
        )
    by = "role" if any(e.role for e in kept) else "actor"
    passed = Counter((str(getattr(rows[i - 1], by)), str(getattr(rows[i], by))) for rows, i in steps)
    handovers = Counter({pair: n for pair, n in passed.items() if "None" not in pair and pair[0] != pair[1]})
    ids = [e.event_id for e in events]
    last = {e.event_id: e for e in events}
    return {
        "log": {
            "events": len(kept),
            "cases": len(logged),
            "activities": len(counts),
            "variants": len(paths),
            "from": iso(min(e.start for e in kept)) if kept else None,
            "to": iso(max(e.end for e in kept)) if kept else None,
            "open_cases": sum(not any(e.activity in end_activities for e in rows) for rows in logged.values())
            if end_activities
            else 0,
        },
        "quality": {
            "dropped": 0,
            "late": 0,
            "duplicates": len(ids) - len(set(ids)),
            "without_case": sum(e.case is None for e in last.values()),
            "without_end": 0,
            "overlaps": sum(rows[i].start < max(e.end for e in rows[:i]) for rows, i in steps),
            "sampled": False,
        },
        "nodes": nodes,
        "edges": [
            {
                "source": s,
                "target": t,
                "count": len(gaps[s, t]),
                "cases": len(edge_cases[s, t]),
                "gap_s": spread(gaps[s, t]),
            }
            for s, t in edges
        ],
        "transitions": [
            {
                "source": s,
                "target": t,
                "count": len(waits[s, t]),
                "cases": len(wait_cases[s, t]),
                "waiting_s": spread(waits[s, t]),
                "causes_s": None,
            }
            for s, t in transitions
        ],
        "variants": variants,
        "cases": {
            "duration_s": spread(list(length.values())),
            "service_s": spread([sum(e.end - e.start for e in rows) for rows in logged.values()]),
            "waiting_s": spread([sum(wait or 0 for wait in waited[case]) for case in logged]),
            "efficiency": math.fsum(shares) / len(shares) if shares and has_length else None,
        },
        "roles": roles,
        "handovers": ranked(handovers),
    }


def busy(rows: list[Happening]) -> int:
    """Length of the union of the events' intervals: the moments covered, between one time stamp and the next."""
    marks = sorted({t for e in rows for t in (e.start, e.end)})
    return sum(
        later - earlier
        for earlier, later in pairwise(marks)
        if any(e.start <= earlier and later <= e.end for e in rows)
    )


def iso(time: int) -> str:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=time)
    return moment.strftime("%Y-%m-%dT%H:%M:%S" + (".%f" if time % 1_000_000 else "") + "Z")
