"""What of a log is measured to see whether a change worked."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from mining.arena import NO_CODE, Arena, Times
from mining.bottlenecks.passages import passages
from mining.bottlenecks.redesign import Measure, Side
from mining.kernels.case_ends import case_ends
from mining.report import Finding

DAY: Final = 86_400_000_000
BASELINE_DAYS: Final = 28
"""How long before the status changed the baseline reaches back: four of each weekday."""
LONG: Final = 0.95
"""Quantile of what was measured."""
KINDS: Final = ("channel", "platform")
MOST_KINDS: Final = 8
OTHERS: Final = ""
"""The kind of cases that are of none of the most frequent kinds."""


@dataclass(frozen=True)
class Subject:
    """Where to measure what; `source`, `target` are activities, null where any will do."""

    measure: Measure
    source: str | None = None
    target: str | None = None


def subject_of(finding: Finding) -> Subject:
    """What a change against this finding should make shorter."""
    said = {name: value for name, value in finding.subject.items() if isinstance(value, str)}
    activity = said.get("activity")
    if "target" in said:
        return Subject("waiting", said.get("source"), said["target"])
    if activity is not None and finding.name in ("waiting", "queue_growing", "stuck_case", "overload"):
        return Subject("waiting", None, activity)
    if activity is not None and finding.name in ("slow_step", "slow_role", "complex_step"):
        return Subject("service", None, activity)
    return Subject("duration")


def measure(arena: Arena, subject: Subject, zone: ZoneInfo, begin: int, end: int) -> Side:
    """All that began in `begin` (µs UTC, taken in) to `end` (not) and has ended."""
    case, begins, seconds = _intervals(arena, subject)
    inside = (begins >= begin) & (begins < end)
    kind, kinds = _kinds(arena)
    return Side(
        day=_days(begins[inside], zone),
        kind=kind[case[inside]],
        seconds=seconds[inside],
        kinds=kinds,
        of=int(inside.sum()),
        days=round((end - begin) / DAY),
    )


def baseline(arena: Arena, subject: Subject, zone: ZoneInfo, now: int) -> Side:
    """The last weeks of what had time to end by `now` (µs UTC), or what of them there is."""
    first = int(arena.start.min()) if arena.events else now
    every = measure(arena, subject, zone, now - BASELINE_DAYS * DAY, now)
    end = max(first, now - longest(every))
    return measure(arena, subject, zone, max(end - BASELINE_DAYS * DAY, first), end).some()


def afterwards(arena: Arena, subject: Subject, zone: ZoneInfo, done: int, now: int, before: Side) -> Side:
    """What began from `done` on and had time to end by `now`, as judged by the baseline `before`."""
    first = max(done, int(arena.start.min())) if arena.events else done
    return measure(arena, subject, zone, first, max(first, now - longest(before))).some()


def longest(side: Side) -> int:
    """How long (µs) before now things must begin to be counted, so that long ones, too, have ended by now.

    Without that cut the longest of the newest would be missing, and everything look shorter than it is.
    """
    return round(float(np.quantile(side.seconds, LONG)) * 1e6) if len(side.seconds) else 0


def _intervals(arena: Arena, subject: Subject) -> tuple[Times, Times, npt.NDArray[np.float64]]:
    """Case, begin (µs) and length (seconds) of each."""
    match subject.measure:
        case "waiting":
            found = passages(arena).between(subject.source, subject.target)
            return found.case, found.begin, found.seconds
        case "service":
            code = arena.activities.index(subject.target) if subject.target in arena.activities else NO_CODE - 1
            row = np.flatnonzero(arena.activity == code)
            case = np.searchsorted(arena.offsets, row, side="right") - 1
            return case, arena.start[row], (arena.end[row] - arena.start[row]) / 1e6
        case "duration":
            begins = arena.start[arena.offsets[:-1]]
            ends = case_ends(arena.offsets[:-1], arena.offsets[1:], arena.end)
            return np.arange(arena.cases), begins, (ends - begins) / 1e6


def _kinds(arena: Arena) -> tuple[npt.NDArray[np.int16], tuple[str, ...]]:
    """The kind of each case by what is known when it begins: where its customer came from, and on what."""
    first = arena.offsets[:-1]
    columns = [(arena.codes[name][first], arena.names[name]) for name in KINDS if len(arena.names[name]) > 1]
    if not columns or not arena.cases:
        return np.zeros(arena.cases, np.int16), ("",)
    whole = np.zeros(arena.cases, np.int64)
    for codes, names in columns:
        whole = whole * (len(names) + 1) + codes + 1
    keys, place, counts = np.unique(whole, return_inverse=True, return_counts=True)
    kept = sorted(np.argsort(-counts, kind="stable")[:MOST_KINDS].tolist())
    number = np.full(len(keys), len(kept), np.int16)
    number[kept] = np.arange(len(kept), dtype=np.int16)
    return number[place], (*(_said(int(keys[n]), columns) for n in kept), OTHERS)


def _said(key: int, columns: list[tuple[npt.NDArray[np.signedinteger], tuple[str, ...]]]) -> str:
    words = []
    for _, names in reversed(columns):
        key, code = divmod(key, len(names) + 1)
        words.append(names[code - 1] if code else "–")
    return " · ".join(reversed(words))


def _days(times: Times, zone: ZoneInfo) -> npt.NDArray[np.int64]:
    """Days since the epoch of the clock on the wall."""
    if not len(times):
        return np.empty(0, np.int64)
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    day = (epoch + timedelta(microseconds=int(times.min()))).astimezone(zone).date()
    last = (epoch + timedelta(microseconds=int(times.max()))).astimezone(zone).date()
    number = day.toordinal() - epoch.date().toordinal()
    midnights = []
    while day < last:
        day += timedelta(days=1)
        midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
        midnights.append((midnight - epoch) // timedelta(microseconds=1))
    return number + np.searchsorted(np.array(midnights, np.int64), times, side="right")
