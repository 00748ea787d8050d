"""Causes of waiting and working time in the report document."""

from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt

from mining.arena import Arena, Times
from mining.kernels.cause_sums import cause_sums
from mining.report import Causes, Report, Spread
from mining.waiting.calendars import Calendars
from mining.waiting.causes import CAUSES, Split

SECOND: Final = 1_000_000
LIVE: Final = 2_000_000
Flags = npt.NDArray[np.bool_]


def caused(found: Report, arena: Arena, split: Split, chosen: Flags | None = None, live: bool = False) -> Report:
    """The report with `causes_s` of its transitions and `working_s` of its nodes; `chosen` cases are what it is of.

    `split` is that of the whole arena. Working time of an activity is null where none of who does it has a calendar,
    and among more than LIVE events where somebody waits for a `live` answer.
    """
    inside = None if chosen is None else np.repeat(chosen, np.diff(arena.offsets))
    code = {name: number for number, name in enumerate(arena.activities)}
    size = len(code)
    keys = np.array([code[t.source] * size + code[t.target] for t in found.transitions], np.int64)
    order, of = np.argsort(keys), split.found
    parts = tuple(split.parts[cause] for cause in CAUSES[:-1])
    sums = cause_sums(of.before, arena.activity, of.enabled, of.start, parts, keys[order], size, inside)
    seconds = (sums[:, np.argsort(order)] / SECOND).T.tolist()
    transitions = tuple(
        replace(each, causes_s=Causes(**dict(zip(CAUSES, own, strict=True))))
        for each, own in zip(found.transitions, seconds, strict=True)
    )
    nodes = found.nodes
    if len(split.calendars.certain) and not (live and arena.events > LIVE):
        working = _Working(arena, split.calendars)
        nodes = tuple(replace(node, working_s=working.of(code[node.activity], inside)) for node in nodes)
    return replace(found, transitions=transitions, nodes=nodes)


class _Working:
    """Lengths of events without times off duty that lie within them, for actors with a calendar."""

    def __init__(self, arena: Arena, calendars: Calendars) -> None:
        self._arena, self._calendars = arena, calendars
        self._of = np.append(calendars.of_actor[: len(arena.names["actor"])], -1)
        self._sums = np.append(0, np.cumsum(calendars.end - calendars.begin))

    def of(self, activity: int, inside: Flags | None) -> Spread | None:
        """Of an activity's events; None where none of who does it has a calendar."""
        here = self._arena.activity == activity
        rows = np.flatnonzero(here if inside is None else here & inside)
        calendar = self._of[self._arena.codes["actor"][rows]]
        if not (calendar >= 0).any():
            return None
        start, end = self._arena.start[rows], self._arena.end[rows]
        took, by = end - start, self._calendars
        for number in np.unique(calendar[calendar >= 0]).tolist():
            own = np.flatnonzero((calendar == number) & (took > 0))
            low, high = int(by.offsets[number]), int(by.offsets[number + 1])
            first = low + np.searchsorted(by.begin[low:high], start[own], side="left")
            last = low + np.searchsorted(by.end[low:high], end[own], side="right")
            took[own] -= np.where(last > first, self._sums[last] - self._sums[first], 0)
        return _spread(took)


def _spread(working: Times) -> Spread:
    p50, p90, p95 = (np.quantile(working, [0.5, 0.9, 0.95]) / SECOND).tolist()
    total = int(working.sum())
    return Spread(total=total / SECOND, mean=total / len(working) / SECOND, p50=p50, p90=p90, p95=p95)
