"""Ways in which a step is slow: since a day, for a segment, or once in a while."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from scipy.special import ndtr

from mining.findings._columns import DAY, Column, daily, unlocal
from mining.findings._lengths import Lengths
from mining.findings._stats import Flags, Floats, Ints, corrected, higher, local_ranks, rise
from mining.findings.facts import View

FEWEST: Final = 50
RISEN: Final = 1.3
UNEVEN: Final = 1.5
TAIL: Final = 8.0
"""p90 against the median; lengths that vary as in most work (lognormal, sigma 1) have 3.6."""
REPLICAS: Final = frozenset({"device", "platform", "channel", "shop"})
"""Fields whose values do the same work; other fields may stand for work that is another by nature."""
NATURE: Final = 0.7
"""Confidence where the data don't say whether the work is of another kind."""


@dataclass(frozen=True)
class Slow:
    """One way in which a step is slow: which of its events, and what they would take otherwise."""

    pattern: str
    member: Flags
    usual: Floats
    """Seconds, per event of the step."""
    rest: Flags
    """Those it is compared with."""
    ratio: float
    p_value: float
    confidence: float
    since: int | None = None
    """µs UTC."""
    column: Column | None = None
    value: int = -1


def risen(view: View, step: Lengths, day: Ints, member: Flags, unusual: Ints) -> Slow | None:
    """A lasting rise of the daily level of the members; days with few of them are no measure."""
    if int(member.sum()) < FEWEST:
        return None
    off = step.off
    first, totals, counts = daily(day[member], off[member], unusual)
    if not counts.any():
        return None
    thin = counts < 0.25 * np.median(counts[counts > 0])
    counts[thin] = totals[thin] = 0.0
    change = rise(totals, counts)
    if change is None:
        return None
    begin = first + change.place
    late = member & (day >= begin)
    early = member & ~late
    if min(int(late.sum()), int(early.sum())) < FEWEST // 2:
        return None
    before = float(np.median(off[early]))
    ratio = float(np.exp(np.median(off[late]) - before))
    if ratio < RISEN or np.exp(change.after - change.before) < RISEN:
        return None
    # Lengths vary far more than days do: the pieces themselves must say it too, for every day it might have been.
    ranks = np.empty(int(member.sum()))
    ranks[np.argsort(off[member], kind="stable")] = np.arange(len(ranks))
    by_piece = min(higher(ranks, late[member]) * len(counts), 1.0)
    if by_piece > 0.001:
        return None
    return Slow(
        "risen",
        late,
        np.exp(step.base + before),
        early,
        ratio,
        change.p_value,
        min(0.98, 1 - change.p_value),
        unlocal(view, begin),
    )


@dataclass(frozen=True)
class Segment:
    column: Column
    value: int
    member: Flags
    ratio: float
    p_value: float


def segments(view: View, every: list[Lengths], known: list[Column]) -> list[list[Segment]]:
    """Per step the values that take longer than their neighbours in time, strongest first."""
    tried: list[tuple[int, Column, int]] = []
    p_values: list[float] = []
    for place, step in enumerate(every):
        ranks = local_ranks(step.off, view.arena.start[step.rows])
        spread, n = float(ranks.std()), len(ranks)
        if n < 2 * FEWEST or spread == 0:
            continue
        for column in known:
            if step.staff and column.field == "shop":
                continue
            codes = column.codes[step.rows]
            size = len(column.names)
            if 2 * int((codes >= 0).sum()) < n:
                continue
            count = np.bincount(codes + 1, minlength=size + 1)[1:].astype(np.float64)
            rank = np.bincount(codes + 1, weights=ranks, minlength=size + 1)[1:]
            have, ranked = count.sum(), rank.sum()
            for value in np.flatnonzero((count >= FEWEST) & (have - count >= np.maximum(FEWEST, count / 2))):
                rest = have - count[value]
                gap = rank[value] / count[value] - (ranked - rank[value]) / rest
                p_values.append(float(ndtr(-gap / (spread * np.sqrt(1 / count[value] + 1 / rest)))))
                tried.append((place, column, int(value)))
    found: list[list[Segment]] = [[] for _ in every]
    for (place, column, code), p in zip(tried, corrected(np.array(p_values)), strict=True):
        if p > 0.001:
            continue
        step = every[place]
        codes = column.codes[step.rows]
        member, off = codes == code, step.off
        ratio = float(np.exp(np.median(off[member]) - np.median(off[(codes >= 0) & ~member])))
        if ratio > 1:
            found[place].append(Segment(column, code, member, ratio, float(p)))
    for ways in found:
        # By evidence: the narrowest value that holds all that are slow beats a wider one around it.
        ways.sort(key=lambda s: -(np.log(s.ratio) * np.sqrt(float(s.member.sum()))))
    return found


def uneven(view: View, step: Lengths, day: Ints, found: list[Segment], unusual: Ints) -> list[Slow]:
    """The segments as ways of being slow, at most three; what one explains counts for no other."""
    start = view.arena.start[step.rows]
    explained = np.zeros(len(step.rows), dtype=np.bool_)
    slow: list[Slow] = []
    for segment in found:
        member = segment.member & ~explained
        rest = (segment.column.codes[step.rows] >= 0) & ~segment.member & ~explained
        if min(int(member.sum()), int(rest.sum())) < FEWEST:
            continue
        level = float(np.median(step.off[rest]))
        own = risen(view, step, day, member, unusual)
        if own is not None and own.since is not None:
            later = rest & (start >= own.since)
            gap = float(np.median(step.off[own.member]) - np.median(step.off[later])) if later.any() else 0.0
            if gap >= np.log(RISEN):
                slow.append(replace(own, column=segment.column, value=segment.value))
                explained |= own.member
                continue
        ratio = float(np.exp(np.median(step.off[member]) - level))
        if ratio < UNEVEN:
            continue
        since = _appeared(view, step, member)
        sure = segment.column.field in REPLICAS or since is not None
        confidence = min(0.98, 1 - segment.p_value) if sure else NATURE
        usual = np.exp(step.base + level)
        way = (segment.column, segment.value)
        slow.append(Slow("uneven", member, usual, rest, ratio, segment.p_value, confidence, since, *way))
        explained |= member
    return slow[:3]


def _appeared(view: View, step: Lengths, member: Flags) -> int | None:
    """When the members first came up, where that is no accident: at their pace a dozen had come before, on 3 days."""
    own, every = view.arena.start[step.rows[member]], view.arena.start[step.rows]
    first = int(own.min())
    before = int((every < first).sum())
    pace = len(own) / max(len(every) - before, 1)
    return first if before * pace >= 12 and first - int(every.min()) >= 3 * DAY else None


def tail(step: Lengths) -> Slow | None:
    """One in ten takes many times the median, of whoever does it."""
    off = step.off
    median, p90 = np.quantile(off, [0.5, 0.9])
    ratio = float(np.exp(p90 - median))
    if len(off) < 2 * FEWEST or ratio < TAIL:
        return None
    usual = np.exp(step.base + median) * 2
    return Slow("tail", off > median + np.log(TAIL), usual, off <= median, ratio, 0.0, 0.6)
