"""The change that something may come from: given, or seen as a new version of a system."""

from typing import Final

import numpy as np

from mining.findings._columns import DAY
from mining.findings._stats import Ints
from mining.findings.facts import Change, View

VERSION: Final = "service.version"
"""Field that holds the version of the system of an event."""
MOST_VERSIONS: Final = 200
REACH: Final = 2 * DAY
"""A day on which something began is known to a day; what lies further before is no reason."""

AT_ONCE: Final = 3_600_000_000
"""What came within this (µs) of when something began came with it."""


def change_before(view: View, since: int, rows: Ints, also: frozenset[str] = frozenset()) -> Change | None:
    """The last change of a system of the events `rows`, that enabled them, or of `also`, about the day from `since` on.

    `since` is µs UTC. Looked for from two days before to the end of that day; None where there is none. One at the very
    time comes before all others: a day's beginning is seldom one, but where it is known exactly when it began, it is.
    """
    arena = view.arena
    before = view.split.found.before[rows]
    seen = np.concatenate([arena.codes["system"][rows], arena.codes["system"][before[before >= 0]]])
    systems = {arena.names["system"][code] for code in np.unique(seen) if code >= 0} | also
    known = [c for c in (*view.changes, *_seen(view)) if c.system in systems and since - REACH <= c.time < since + DAY]
    at_once = [c for c in known if abs(c.time - since) <= AT_ONCE]
    if at_once:
        return min(at_once, key=lambda c: (abs(c.time - since), c.system))
    return max(known, key=lambda c: (c.time, c.system), default=None)


def _seen(view: View) -> list[Change]:
    """New versions that the events tell of; the first one of a system is none."""
    arena = view.arena
    coded = arena.fields.coded(VERSION, MOST_VERSIONS) if VERSION in arena.fields else None
    if coded is None:
        return []
    codes, names = coded
    systems = arena.codes["system"].astype(np.int64)
    there = np.flatnonzero((codes >= 0) & (systems >= 0))
    keys = systems[there] * len(names) + codes[there]
    first = np.full(len(arena.names["system"]) * len(names), np.iinfo(np.int64).max)
    np.minimum.at(first, keys, arena.start[there])
    table = first.reshape(-1, len(names))
    found = []
    for system, times in enumerate(table):
        used = np.flatnonzero(times < np.iinfo(np.int64).max)
        for version in used[np.argsort(times[used], kind="stable")][1:]:
            found.append(Change(int(times[version]), arena.names["system"][system], names[version]))
    return found
