"""The figures of the report document by the plainest Python there is: lists, dictionaries, loops over cases."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import floor, isclose
from typing import Any

import pyarrow as pa

from tests.property.mining.enabling import before, begun, parallel, since

SECOND = 1_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, order=True)
class Event:
    """In the order of a case: by start, end, id. Times in µs UTC."""

    start: int
    end: int
    id: str
    activity: str
    enabled: int | None
    role: str | None
    actor: str | None
    system: str | None
    module: str | None
    error: bool


Cases = dict[str, list[Event]]


def cases_of(batches: Iterable[pa.RecordBatch], leading: str) -> Cases:
    """Events by case id, in order; the case of an event is its first object of type `leading`."""
    found: Cases = defaultdict(list)
    for batch in batches:
        times = {name: batch[name].cast(pa.int64()).to_pylist() for name in ("start", "end", "enabled")}
        names = ("event_id", "activity", "role", "actor", "system", "module", "outcome", "objects")
        rest = (batch[name].to_pylist() for name in names)
        for start, end, enabled, event_id, activity, role, actor, system, module, outcome, objects in zip(
            *times.values(), *rest, strict=True
        ):
            case = next((each["id"] for each in objects if each["type"] == leading), None)
            if case is not None:
                found[case].append(
                    Event(
                        start,
                        max(start, end),
                        event_id,
                        activity,
                        enabled,
                        role,
                        actor,
                        system,
                        module,
                        outcome == "error",
                    )
                )
    return {
        case: sorted(events, key=lambda event: (event.start, event.end, event.id)) for case, events in found.items()
    }


def gap(before: Event, after: Event) -> int:
    """From the end of one event to the start of the next; 0 where they overlap."""
    return max(0, after.start - before.end)


def document(cases: Cases, by: str = "role", timed: Iterable[tuple[str, str]] = ()) -> dict[str, Any]:
    """Sections `log`, `nodes`, `edges`, `transitions`, `variants`, `cases`, `roles`, `handovers` of the report.

    `timed` are activities that run in parallel, one of which a timer always begins after the other.
    """
    events = [event for case in cases.values() for event in case]
    pairs = [(case, i, events[i - 1], events[i]) for case, events in cases.items() for i in range(1, len(events))]
    beside = parallel(list(cases.values())) | {frozenset(pair) for pair in timed}
    enablers = {case: before(rows, beside) for case, rows in cases.items()}
    waiting = _waiting(cases, enablers)
    if by == "role" and not any(event.role for event in events):
        by = "actor"
    variants = _variants(cases)
    return {
        "log": {
            "events": len(events),
            "cases": len(cases),
            "activities": len({event.activity for event in events}),
            "variants": len(variants),
            "from": _iso(min(event.start for event in events)),
            "to": _iso(max(event.end for event in events)),
            "open_cases": 0,
        },
        "overlaps": sum(
            event.start < max(earlier.end for earlier in case[:i])
            for case in cases.values()
            for i, event in enumerate(case)
            if i
        ),
        "nodes": _nodes(cases, waiting),
        "edges": _pairs([(case, (a.activity, b.activity), gap(a, b)) for case, _, a, b in pairs], "gap_s"),
        "transitions": _pairs(
            [
                (case, (rows[place].activity, rows[i].activity), waiting[case, i])
                for case, rows in cases.items()
                for i, place in enumerate(enablers[case])
                if place is not None
            ],
            "waiting_s",
        ),
        "variants": variants,
        "cases": _cases(cases, waiting),
        "roles": _roles(cases, waiting),
        "handovers": _handovers([(getattr(a, by), getattr(b, by)) for _, _, a, b in pairs]),
    }


def spread(values: Sequence[int]) -> dict[str, float | None]:
    """Of µs, in seconds; quantiles with linear interpolation."""
    if not values:
        return {"total": 0.0, "mean": None, "p50": None, "p90": None, "p95": None}
    ordered = sorted(values)
    total = sum(ordered)
    quantiles = {f"p{share}": quantile(ordered, share) / SECOND for share in (50, 90, 95)}
    return {"total": total / SECOND, "mean": total / len(ordered) / SECOND, **quantiles}


def quantile(ordered: Sequence[int], percent: int) -> float:
    """Hyndman and Fan 1996, type 7."""
    place = (len(ordered) - 1) * percent / 100
    below = floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def differences(found: Any, wanted: Any, place: str = "") -> list[str]:
    """Where two documents differ: floats by more than 1 µs and 1e-9 of their value, everything else at all."""
    match found, wanted:
        case dict(), dict() if found.keys() == wanted.keys():
            return [text for key in wanted for text in differences(found[key], wanted[key], f"{place}.{key}")]
        case list() | tuple(), list() | tuple() if len(found) == len(wanted):
            pairs = enumerate(zip(found, wanted, strict=True))
            return [text for i, (one, other) in pairs for text in differences(one, other, f"{place}[{i}]")]
        case float(), float():
            return [] if isclose(found, wanted, rel_tol=1e-9, abs_tol=1e-6) else [f"{place}: {found} for {wanted}"]
        case _:
            same = type(found) is type(wanted) and found == wanted
            return [] if same else [f"{place}: {str(found)[:100]} for {str(wanted)[:100]}"]


def _waiting(cases: Cases, enablers: dict[str, list[int | None]]) -> dict[tuple[str, int], int]:
    """By case and position: from when the work could have started to when it began, where something enabled it."""
    found = {}
    starts = begun(cases, enablers)
    for case, events in cases.items():
        for i in range(len(events)):
            enabled = since(events, enablers[case], i)
            if enabled is not None:
                found[case, i] = max(0, starts[case][i] - enabled)
    return found


def _nodes(cases: Cases, waiting: dict[tuple[str, int], int]) -> list[dict[str, Any]]:
    by_activity: dict[str, list[tuple[str, int, Event]]] = defaultdict(list)
    for case, events in cases.items():
        for i, event in enumerate(events):
            by_activity[event.activity].append((case, i, event))
    starts = Counter(events[0].activity for events in cases.values())
    ends = Counter(events[-1].activity for events in cases.values())
    found = []
    for activity, rows in by_activity.items():
        times = Counter(case for case, _, _ in rows)
        found.append(
            {
                "activity": activity,
                "events": len(rows),
                "cases": len(times),
                "starts": starts[activity],
                "ends": ends[activity],
                "rework_cases": sum(count > 1 for count in times.values()),
                "errors": sum(event.error for _, _, event in rows),
                "service_s": spread([event.end - event.start for _, _, event in rows]),
                "working_s": None,
                "waiting_s": spread([waiting[case, i] for case, i, _ in rows if (case, i) in waiting]),
                "roles": dict(Counter(event.role for _, _, event in rows if event.role is not None)),
                "systems": dict(Counter(event.system for _, _, event in rows if event.system is not None)),
                "modules": dict(Counter(event.module for _, _, event in rows if event.module is not None)),
            }
        )
    return sorted(found, key=lambda node: (-node["events"], node["activity"]))


def _pairs(rows: list[tuple[str, tuple[str, str], int]], name: str) -> list[dict[str, Any]]:
    by_pair: dict[tuple[str, str], list[tuple[str, int]]] = defaultdict(list)
    for case, pair, time in rows:
        by_pair[pair].append((case, time))
    return [
        {
            "source": pair[0],
            "target": pair[1],
            "count": len(times),
            "cases": len({case for case, _ in times}),
            name: spread([time for _, time in times]),
            **({"causes_s": None} if name == "waiting_s" else {}),
        }
        for pair, times in sorted(by_pair.items(), key=lambda item: (-len(item[1]), item[0]))
    ]


def _variants(cases: Cases) -> list[dict[str, Any]]:
    by_path: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for events in cases.values():
        by_path[tuple(event.activity for event in events)].append(_duration(events))
    found = []
    for path, durations in sorted(by_path.items(), key=lambda item: (-len(item[1]), item[0])):
        times = spread(durations)
        found.append(
            {
                "path": list(path),
                "cases": len(durations),
                "share": len(durations) / len(cases),
                "duration_s": {"p50": times["p50"], "p90": times["p90"]},
            }
        )
    return found


def _cases(cases: Cases, waiting: dict[tuple[str, int], int]) -> dict[str, Any]:
    durations = [_duration(events) for events in cases.values()]
    service = [sum(event.end - event.start for event in events) for events in cases.values()]
    waits: dict[str, int] = dict.fromkeys(cases, 0)
    for (case, _), time in waiting.items():
        waits[case] += time
    shares = [_busy(events) / _duration(events) for events in cases.values() if _duration(events)]
    return {
        "duration_s": spread(durations),
        "service_s": spread(service),
        "waiting_s": spread(list(waits.values())),
        "efficiency": sum(shares) / len(shares) if shares and any(service) else None,
    }


def _duration(events: list[Event]) -> int:
    return max(event.end for event in events) - min(event.start for event in events)


def _busy(events: list[Event]) -> int:
    """Length of the union of the intervals."""
    total, until = 0, events[0].start
    for event in events:
        total += max(0, event.end - max(until, event.start))
        until = max(until, event.end)
    return total


def _roles(cases: Cases, waiting: dict[tuple[str, int], int]) -> list[dict[str, Any]]:
    by_role: dict[str, list[tuple[str, int, Event]]] = defaultdict(list)
    for case, events in cases.items():
        for i, event in enumerate(events):
            if event.role is not None:
                by_role[event.role].append((case, i, event))
    found = []
    for role, rows in by_role.items():
        again = sum(any(earlier.activity == event.activity for earlier in cases[case][:i]) for case, i, event in rows)
        found.append(
            {
                "role": role,
                "actors": len({event.actor for _, _, event in rows if event.actor is not None}),
                "events": len(rows),
                "cases": len({case for case, _, _ in rows}),
                "service_s": spread([event.end - event.start for _, _, event in rows]),
                "waiting_caused_s": sum(waiting.get((case, i), 0) for case, i, _ in rows) / SECOND,
                "rework": again,
                "errors": sum(event.error for _, _, event in rows),
            }
        )
    return sorted(found, key=lambda role: (-role["events"], role["role"]))


def _handovers(pairs: list[tuple[str | None, str | None]]) -> list[dict[str, Any]]:
    counts = Counter((a, b) for a, b in pairs if a is not None and b is not None and a != b)
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [{"source": a, "target": b, "count": count} for (a, b), count in ordered]


def _iso(time: int) -> str:
    return (EPOCH + timedelta(microseconds=time)).isoformat().replace("+00:00", "Z")
