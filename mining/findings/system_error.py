"""`error/system_error`: a part of a system that fails more than it used to, or than the others do."""

from typing import Final

import numpy as np

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
    positions,
    unlocal,
    unusual_days,
    weeks,
    weeks_since,
)
from mining.findings._segments import Segments, began, concentrated
from mining.findings._stats import Flags, Ints, at_least_poisson, lower_bound
from mining.findings._waits import groups
from mining.findings.facts import Fact, View

FEWEST: Final = 5
BURST_FEWEST: Final = 10
HANGING: Final = 0.05


def system_error(view: View) -> list[Fact]:
    """Errors of one activity at one system and module, compared with its own past, with all other work, and within.

    Confidence: a lasting rise from a day on, a burst in the last hour, or a segment with several times the rest's
    rate; else how far the rate is over what the rest of the process has (lower bound at least three times as high);
    else 0.6. Hours lost: what the case takes longer to its next event than a case without the error.
    """
    arena = view.arena
    if not arena.error.any():
        return []
    case = case_of(arena)
    systems, modules = len(arena.names["system"]) + 1, len(arena.names["module"]) + 1
    key = (arena.activity.astype(np.int64) * systems + arena.codes["system"] + 1) * modules + arena.codes["module"] + 1
    failed = np.flatnonzero(arena.error)
    per_key = dict(groups(key[failed]))
    every_failed, every = int(arena.error.sum()), arena.events
    columns = [*event_columns(arena), *(Column(c.field, c.codes[case], c.names) for c in case_columns(arena))]
    facts = []
    for value, places in sorted(per_key.items()):
        wrong = failed[places]
        if len(wrong) < FEWEST:
            continue
        pool = key == value
        rest = (every_failed - len(wrong)) / max(every - int(pool.sum()), 1)
        facts.append(_fact(view, case, pool, wrong, rest, _unique(columns)))
    return facts


def _unique(columns: list[Column]) -> list[Column]:
    return list({column.field: column for column in columns}.values())


def _fact(view: View, case: Ints, pool: Flags, wrong: Ints, rest: float, columns: list[Column]) -> Fact:
    arena = view.arena
    rows = np.flatnonzero(pool)
    hit = arena.error[rows]
    day = local(view, arena.start[rows]) // DAY
    change = began(day, hit, unusual_days(view))
    here = [Column(c.field, c.codes[rows], c.names) for c in columns if c.field not in ("system", "module")]
    segments: Segments = concentrated(hit, np.ones(len(rows), dtype=np.bool_), here)
    rate = len(wrong) / len(rows)
    burst, recent = _burst(view, rows, hit)
    since = None if change is None else _moment(view, arena.start[rows], hit, unlocal(view, change[0]))
    low = lower_bound(len(wrong), len(rows))
    floor = max(3 * rest, 0.005)
    if change is not None or burst:
        confidence = 0.97
    elif segments and segments[0][2] >= 3:
        confidence = 0.95
    elif low >= floor:
        confidence = 0.9
    else:
        confidence = 0.6
    types = np.bincount(arena.codes["error_type"][wrong] + 1)
    main = int(types.argmax()) - 1
    cases = np.unique(case[wrong])
    slower = 0.0 if since is None else _slower(view, rows, since)
    rate_lost = (_lost(view, case, pool, wrong) + slower) / weeks(arena)
    if since is not None:
        # What a change costs is told by what has been lost since, unless the moment was found too late.
        after = _lost(view, case, pool, wrong[arena.start[wrong] >= since]) + slower
        rate_lost = max(rate_lost, after / weeks_since(view, since))
    late_first = wrong[np.argsort(-arena.start[wrong], kind="stable")]
    if since is not None:
        late_first = late_first[arena.start[late_first] >= since]
    if segments:
        column = next(c for c in columns if c.field == segments[0][0])
        inside = late_first[column.codes[late_first] == column.names.index(segments[0][1])]
        late_first = inside if len(inside) else late_first
    subject: dict[str, str | tuple[str, ...]] = {"activity": arena.activities[int(arena.activity[wrong[0]])]}
    for part in ("system", "module"):
        code = int(arena.codes[part][wrong[0]])
        if code >= 0:
            subject[part] = arena.names[part][code]
    return Fact(
        kind="error",
        name="system_error",
        subject=subject,
        confidence=confidence,
        cases=len(cases),
        share=len(cases) / arena.cases,
        hours_per_week=rate_lost,
        example_cases=ids(arena, case[late_first]),
        case_rows=positions(cases),
        example_rows=tuple(int(r) for r in late_first[:5]),
        figures={
            "errors": len(wrong),
            "events": len(rows),
            "rate": rate,
            "rest": rest,
            "error_type": arena.names["error_type"][main] if main >= 0 else None,
            "before": None if since is None else _share(hit, arena.start[rows] < since),
            "after": None if since is None else _share(hit, arena.start[rows] >= since),
            "recent": recent,
        },
        since=since,
        burst=burst,
        segment=segments,
        levers=(("undo_change", "system"), ("retry_or_switch", "system"))
        if change is not None or burst
        else (("fix_system", "system"), ("retry_or_switch", "system")),
    )


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


def _moment(view: View, times: Ints, hit: Flags, day: int) -> int:
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
