"""What failures of one origin come to: since when, how sure, where they concentrate, what they cost."""

from typing import Final

import numpy as np

from mining.findings._changes import VERSION, change_before
from mining.findings._columns import (
    DAY,
    HOUR,
    SECOND,
    Column,
    case_columns,
    case_of,
    event_columns,
    ids,
    local,
    unlocal,
    unusual_days,
    weeks,
    weeks_since,
)
from mining.findings._failures import Failures, spans_of
from mining.findings._segments import Segments, began, concentrated
from mining.findings._stats import Flags, Ints, at_least_poisson, lower_bound
from mining.findings.facts import Change, Fact, View
from mining.findings.positions import Positions

BURST_FEWEST: Final = 10
HANGING: Final = 0.05
STORM: Final = 3.0
"""Attempts of a step, or calls for one of them, from which on retries multiply the load."""
Levers = tuple[tuple[str, str], ...]


class ErrorFacts:
    """Facts of one view; what all of them need is looked up once."""

    def __init__(self, view: View) -> None:
        arena = view.arena
        self._view, self._case = view, case_of(arena)
        # A version is that of the step's own system, not of the one where the case began.
        of_cases = [c for c in case_columns(arena) if c.field != VERSION]
        columns = [*event_columns(arena), *(Column(c.field, c.codes[self._case], c.names) for c in of_cases)]
        self._columns = list({column.field: column for column in columns}.values())
        self._failed = int(arena.error.sum())

    def fact(self, name: str, found: Failures, changed: Levers, lasting: Levers) -> Fact:
        """The fact of a group of failures; levers are `changed` where they began or are bursting, else `lasting`.

        Confidence: a lasting rise from a day on, a burst in the last hour, or a segment with several times the rest's
        rate; else how far the rate is over what the rest of the process has (lower bound at least three times as
        high); else 0.6. Hours lost: what the case takes longer to its next event than a case without the error.
        """
        view, arena, wrong, case = self._view, self._view.arena, found.wrong, self._case
        rows = np.flatnonzero(found.pool)
        mine = np.zeros(arena.events, dtype=np.bool_)
        mine[wrong] = True
        hit = mine[rows]
        change = began(local(view, arena.start[rows]) // DAY, hit, unusual_days(view))
        since = None if change is None else _moment(arena.start[rows], hit, unlocal(view, change[0]))
        here = [Column(c.field, c.codes[rows], c.names) for c in self._columns if c.field not in ("system", "module")]
        segments: Segments = concentrated(hit, np.ones(len(rows), dtype=np.bool_), here)
        burst, recent = _burst(view, rows, hit)
        rest = (self._failed - int(arena.error[rows].sum())) / max(arena.events - len(rows), 1)
        attempts, usual = _attempts(view, case, found.pool, wrong)
        storm = attempts >= max(STORM, 2 * usual) or (found.calls or 1) >= STORM
        cases = np.unique(case[wrong])
        shown = self._shown(wrong, since, segments)
        return Fact(
            kind="error",
            name=name,
            subject=found.subject,
            confidence=_confidence(len(wrong), len(rows), rest, segments, changed=change is not None or burst),
            cases=len(cases),
            share=len(cases) / arena.cases,
            hours_per_week=self._hours(found, rows, since),
            example_cases=ids(arena, case[shown]),
            case_rows=Positions(cases),
            example_rows=tuple(int(r) for r in shown[:5]),
            figures={
                "errors": len(wrong),
                "events": len(rows),
                "rate": len(wrong) / len(rows),
                "rest": rest,
                "error_type": found.error_type,
                "before": None if since is None else _share(hit, arena.start[rows] < since),
                "after": None if since is None else _share(hit, arena.start[rows] >= since),
                "recent": recent,
                "version": found.version,
                "attempts": round(attempts, 1),
                "calls": found.calls,
                "storm": int(storm),
                "spans": spans_of(view, shown[:5]),
                **_lengths(view, rows, found),
            },
            since=since,
            burst=burst,
            segment=segments,
            change=None if since is None else self._change(found, rows, since),
            levers=(changed if change is not None or burst else lasting)
            + ((("limit_retries", "system"),) if storm else ()),
        )

    def _hours(self, found: Failures, rows: Ints, since: int | None) -> float:
        """Hours lost a week; what a change costs is told by what has been lost since, unless it came too late."""
        view, arena, wrong = self._view, self._view.arena, found.wrong
        lost = _lost(view, self._case, found.pool, wrong)
        if since is None:
            return lost / weeks(arena)
        slower = _slower(view, rows, since)
        after = _lost(view, self._case, found.pool, wrong[arena.start[wrong] >= since])
        return max((lost + slower) / weeks(arena), (after + slower) / weeks_since(view, since))

    def _shown(self, wrong: Ints, since: int | None, segments: Segments) -> Ints:
        """The failures that show it best, the newest first: since it began, where it concentrates."""
        arena = self._view.arena
        shown = wrong[np.argsort(-arena.start[wrong], kind="stable")]
        if since is not None:
            shown = shown[arena.start[shown] >= since]
        if segments:
            column = next(c for c in self._columns if c.field == segments[0][0])
            inside = shown[column.codes[shown] == column.names.index(segments[0][1])]
            shown = inside if len(inside) else shown
        return shown

    def _change(self, found: Failures, rows: Ints, since: int) -> Change | None:
        """A new version of where it began, or a change of the systems of these events, about that time."""
        system = found.subject.get("system")
        systems = frozenset({system}) if isinstance(system, str) else frozenset()
        change = change_before(self._view, since, rows, systems)
        if change is None and found.released is not None and since - DAY <= found.released < since + DAY:
            return Change(found.released, str(system), str(found.version))
        return change


def _confidence(errors: int, events: int, rest: float, segments: Segments, *, changed: bool) -> float:
    if changed:
        return 0.97
    if segments and segments[0][2] >= 3:
        return 0.95
    return 0.9 if lower_bound(errors, events) >= max(3 * rest, 0.005) else 0.6


def _attempts(view: View, case: Ints, pool: Flags, wrong: Ints) -> tuple[float, float]:
    """How often cases that met a failure went through the step, and how often others did, on average."""
    goes = np.bincount(case[pool], minlength=view.arena.cases)
    touched = np.zeros(view.arena.cases, dtype=np.bool_)
    touched[case[wrong]] = True
    others = goes[~touched & (goes > 0)]
    return float(goes[touched].mean()), float(others.mean()) if len(others) else 1.0


def _lengths(view: View, rows: Ints, found: Failures) -> dict[str, float | int | str | None]:
    """Of what ran out of time: how long that is, and how long a good run takes (s)."""
    if not found.timed:
        return {}
    arena = view.arena
    seconds = (arena.end - arena.start) / SECOND
    good = rows[~arena.error[rows]]
    return {
        "bound_s": float(np.median(seconds[found.wrong])),
        "usual_s": float(np.median(seconds[good])) if len(good) else None,
    }


def _share(hit: Flags, part: Flags) -> float:
    return float(hit[part].mean()) if part.any() else 0.0


def _burst(view: View, rows: Ints, hit: Flags) -> tuple[bool, int]:
    """Whether the last hour has far more errors than its traffic usually brings, and how many."""
    start = view.arena.start[rows]
    late = (start > view.now - HOUR) & (start <= view.now)
    recent, usual = int(hit[late].sum()), int(hit[~late].sum())
    if recent < BURST_FEWEST or (~late).sum() < 20:
        return False, recent
    expected = float(late.sum()) * max(usual, 1) / float((~late).sum())
    return recent >= 3 * expected and at_least_poisson(recent, expected) < 1e-6, recent


def _moment(times: Ints, hit: Flags, day: int) -> int:
    """The moment up to two days after `day` at which the rate rose: the largest likelihood of two rates (binomial).

    From the beginning on, since the days before may have been left out as unusual.
    """
    order = np.argsort(times, kind="stable")
    times, hit = times[order], hit[order]
    n, k = np.arange(1, len(times) + 1), np.cumsum(hit)
    near = np.flatnonzero(times < day + 2 * DAY)
    near = near[near > 0]
    if len(near) == 0:
        return day
    left_n, left_k = n[near - 1].astype(float), k[near - 1].astype(float)
    right_n, right_k = n[-1] - left_n, k[-1] - left_k

    def likelihood(k: np.ndarray, n: np.ndarray) -> np.ndarray:
        p = np.clip(k / np.maximum(n, 1), 1e-9, 1 - 1e-9)
        value: np.ndarray = k * np.log(p) + (n - k) * np.log(1 - p)
        return value

    best = int(np.argmax(likelihood(left_k, left_n) + likelihood(right_k, right_n)))
    return int(times[near[best]])


def _lost(view: View, case: Ints, pool: Flags, wrong: Ints) -> float:
    """Hours lost: of an attempt that is repeated all until the next one, else what it took beyond a good one."""
    arena = view.arena
    follows = np.zeros(arena.events, dtype=np.bool_)
    follows[:-1] = case[1:] == case[:-1]
    onward = np.zeros(arena.events)
    inner = np.flatnonzero(follows)
    onward[inner] = np.maximum(arena.start[inner + 1] - arena.start[inner], 0) / SECOND
    good = pool & ~arena.error & follows
    usual = float(np.median(onward[good])) if good.any() else 0.0
    bad = wrong[follows[wrong]]
    again = arena.activity[bad + 1] == arena.activity[bad]
    return float(np.where(again, onward[bad], np.maximum(onward[bad] - usual, 0.0)).sum()) / 3600


def _slower(view: View, rows: Ints, since: int) -> float:
    """Hours that good attempts hang since the change: those beyond the p99 of before, where they are 5 % or more."""
    arena = view.arena
    good = rows[~arena.error[rows]]
    seconds = (arena.end[good] - arena.start[good]) / SECOND
    late = arena.start[good] >= since
    if late.sum() < 20 or (~late).sum() < 20:
        return 0.0
    hanging = late & (seconds > float(np.quantile(seconds[~late], 0.99)))
    if hanging.sum() < HANGING * late.sum():
        return 0.0
    return float((seconds[hanging] - np.median(seconds[~late])).sum()) / 3600
