"""Causes of waiting and working time in the report document."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from mining.arena import Arena, Times
from mining.report import Causes, Report, Spread
from mining.waiting.calendars import Calendars
from mining.waiting.causes import CAUSES, Split

SECOND = 1_000_000
Flags = npt.NDArray[np.bool_]


def caused(found: Report, arena: Arena, split: Split, chosen: Flags | None = None) -> Report:
    """The report with `causes_s` of its transitions and `working_s` of its nodes; `chosen` cases are what it is of.

    `split` is that of the whole arena. Working time of an activity is null where none of who does it has a calendar.
    """
    rows = np.flatnonzero(split.found.start > split.found.enabled)
    rows = rows[split.found.before[rows] >= 0]
    inside = None if chosen is None else np.repeat(chosen, np.diff(arena.offsets))
    if inside is not None:
        rows = rows[inside[rows]]
    code = {name: number for number, name in enumerate(arena.activities)}
    size = len(code)
    keys = np.array([code[t.source] * size + code[t.target] for t in found.transitions], np.int64)
    order = np.argsort(keys)
    sums = np.zeros((len(CAUSES), len(keys)), np.int64)
    if len(rows) and len(keys):
        key = arena.activity[split.found.before[rows]].astype(np.int64) * size + arena.activity[rows]
        place = order[np.minimum(np.searchsorted(keys, key, sorter=order), len(keys) - 1)]
        there = keys[place] == key
        parts = split.rows(rows[there])
        for number in range(len(CAUSES)):
            np.add.at(sums[number], place[there], parts[number])
    seconds = (sums / SECOND).T.tolist()
    transitions = tuple(
        replace(each, causes_s=Causes(**dict(zip(CAUSES, own, strict=True))))
        for each, own in zip(found.transitions, seconds, strict=True)
    )
    nodes = found.nodes
    if len(split.calendars.certain):
        working, known = _working(arena, split.calendars)
        nodes = tuple(
            replace(node, working_s=_spread(working, known, arena.activity == code[node.activity], inside))
            for node in nodes
        )
    return replace(found, transitions=transitions, nodes=nodes)


def _working(arena: Arena, calendars: Calendars) -> tuple[Times, Flags]:
    """Per event its length without times off duty that lie within it, µs, and whether its actor has a calendar."""
    took = arena.end - arena.start
    actor = arena.codes["actor"]
    calendar = np.append(calendars.of_actor[: len(arena.names["actor"])], -1)[actor]
    sums = np.append(0, np.cumsum(calendars.end - calendars.begin))
    for number in np.unique(calendar[calendar >= 0]).tolist():
        rows = np.flatnonzero((calendar == number) & (took > 0))
        low, high = int(calendars.offsets[number]), int(calendars.offsets[number + 1])
        first = low + np.searchsorted(calendars.begin[low:high], arena.start[rows], side="left")
        last = low + np.searchsorted(calendars.end[low:high], arena.end[rows], side="right")
        took[rows] -= np.where(last > first, sums[last] - sums[first], 0)
    return took, calendar >= 0


def _spread(working: Times, known: Flags, here: Flags, inside: Flags | None) -> Spread | None:
    if inside is not None:
        here = here & inside
    if not known[here].any():
        return None
    own = working[here]
    p50, p90, p95 = (np.quantile(own, [0.5, 0.9, 0.95]) / SECOND).tolist()
    total = int(own.sum())
    return Spread(total=total / SECOND, mean=total / len(own) / SECOND, p50=p50, p90=p90, p95=p95)
