"""What the bottleneck report shows beside the report document, worked out once for all languages."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np

from api.buckets import edges
from mining.arena import Arena, Times
from mining.bottlenecks.load import Load, load
from mining.bottlenecks.passages import Grouped, Pair, Passages, passages
from mining.bottlenecks.periods import Change, Periods, changes, periods, trend, waited
from mining.bottlenecks.spectrum import Lines, spectrum_lines
from mining.config import ProcessConfig
from mining.kernels.case_ends import case_ends
from mining.kernels.case_has import case_has
from mining.report import Finding

PICTURES: Final = 8
"""Transitions that get pictures: those of most waiting, and those that findings speak of."""
DAY: Final = 86_400_000_000
DRAWN_DAYS: Final = 84
"""Pictures reach back at most this far: with more days one is thinner than a hair."""
SLOPE: Final = 25
"""So many of its long waits (p90) side by side a spectrum is wide, a week at least: else all lines look upright."""


@dataclass(frozen=True)
class Whole:
    """One period; durations in seconds, null where nothing ended."""

    cases: int
    p50: float | None
    p90: float | None
    waiting: float


@dataclass(frozen=True)
class Material:
    """Everything by transition (source, target)."""

    weeks: float
    """Length of the log, a day at least."""
    periods: Periods | None
    now: Whole | None
    """All of the last period."""
    compared: tuple[Whole, Whole] | None
    """The period before and the last one, like with like."""
    changes: tuple[Change, ...]
    trends: Mapping[Pair, tuple[float, ...]]
    lines: Mapping[Pair, Lines]
    loads: Mapping[str, Load]
    """By the activity that is waited for."""


def material(arena: Arena, config: ProcessConfig, findings: Iterable[Finding]) -> Material | None:
    """Of the cases of an arena; None where there is no event."""
    if not arena.events:
        return None
    first, last = arena.offsets[:-1], arena.offsets[1:]
    begins, ends = arena.start[first], case_ends(first, last, arena.end)
    begin, end = int(begins.min()), int(ends.max())
    found = passages(arena)
    two = periods(begins, ends)
    closed = _closed(arena, config)
    fresh, alike = np.ones(arena.cases, np.bool_), found
    if two is not None and two.fresh:
        fresh = np.where(ends > two.middle, begins > two.middle, begins > two.begin)
        alike = found.take(np.where(found.end > two.middle, begins[found.case] > two.middle, True))
    grouped = Grouped(found)
    pairs = _pairs(grouped, findings)
    drawn = max(begin, end - DRAWN_DAYS * DAY), end
    days = edges(*drawn, "day", config.zone)
    return Material(
        weeks=max(end - begin, DAY) / (7 * DAY),
        periods=two,
        now=_whole(found, begins, ends, closed, two.middle, two.end) if two else None,
        compared=(
            _whole(alike, begins, ends, closed & fresh, two.begin, two.middle),
            _whole(alike, begins, ends, closed & fresh, two.middle, two.end),
        )
        if two
        else None,
        changes=changes(grouped if alike is found else Grouped(alike), two) if two else (),
        trends={pair: trend(grouped.of(pair), begin, end) for pair in pairs},
        lines={pair: lines for pair in pairs if (lines := _lines(grouped.of(pair), drawn))},
        loads={target: load(grouped.into(target), days, end) for target in sorted({pair[1] for pair in pairs})},
    )


def _lines(own: Passages, drawn: tuple[int, int]) -> Lines | None:
    if not len(own.row):
        return None
    long = float(np.quantile(own.seconds, 0.9)) * 1e6
    begin = max(drawn[0], drawn[1] - max(7 * DAY, round(SLOPE * long)))
    return spectrum_lines(own.take(own.end > begin), begin, drawn[1])


def _closed(arena: Arena, config: ProcessConfig) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    if not config.end_activities:
        return np.ones(arena.cases, np.bool_)
    ending = np.array([name in config.end_activities for name in arena.activities], np.bool_)
    return case_has(arena.offsets[:-1], arena.offsets[1:], arena.activity, ending)


def _pairs(found: Grouped, findings: Iterable[Finding]) -> tuple[Pair, ...]:
    """The transitions of most waiting, then those that findings of bottlenecks name."""
    total = {pair: float(found.of(pair).seconds.sum()) for pair in found.pairs}
    heaviest = sorted(total, key=lambda pair: (-total[pair], pair))[: 2 * PICTURES]
    named = [
        (str(finding.subject.get("source")), str(finding.subject.get("target")))
        for finding in findings
        if finding.kind == "bottleneck"
    ]
    return tuple(dict.fromkeys([*heaviest, *(pair for pair in named[:PICTURES] if pair in total)]))


def _whole(
    found: Passages,
    begins: Times,
    ends: Times,
    closed: np.ndarray[tuple[int], np.dtype[np.bool_]],
    begin: int,
    end: int,
) -> Whole:
    done = closed & (ends > begin) & (ends <= end)
    took = (ends - begins)[done] / 1e6
    p50, p90 = np.quantile(took, (0.5, 0.9)).tolist() if len(took) else (None, None)
    started = int(np.count_nonzero((begins > begin) & (begins <= end)))
    return Whole(started, p50, p90, waited(found, begin, end).total)


def moment(time: int) -> datetime:
    """µs UTC as a time."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=time)
