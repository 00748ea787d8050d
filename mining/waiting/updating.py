"""Why work waited, of a log that has grown: only what came since is divided into causes."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mining.arena import NO_CODE, NO_TIME, Arena, Times
from mining.kernels.cause_split import SLACK
from mining.kernels.pile_reach import pile_reach
from mining.kernels.place_ranges import place_ranges
from mining.kernels.ranges import rows_of
from mining.kernels.rows_since import rows_since
from mining.kernels.same_cases import same_cases
from mining.part import Part
from mining.settings import BusinessDays
from mining.summary.enabled import Rule, enabled
from mining.summary.parallel import Parallel
from mining.waiting.calendars import Calendars, Worked
from mining.waiting.causes import Flags, Split, divide, look
from mining.waiting.enabling import Enabling
from mining.waiting.pools import PRESENT

MARGIN: Final = PRESENT + SLACK
"""How far before an event was enabled others may have ended that say what its actor did then, µs."""
NEVER: Final = np.iinfo(np.int64).max


def updated(
    known: Split,
    old: Arena,
    new: Arena,
    parallel: Parallel,
    zone: ZoneInfo = ZoneInfo("UTC"),
    business_days: BusinessDays = BusinessDays(),
) -> Split | None:
    """The split of `new`, which `old`, of which `known` is the split, has become; None where all is to be split anew.

    Only events that came, or are now enabled by another one, are divided; those of other cases that their actors did
    keep what they had. Hours of duty, pools, and who does many things at once are as they were. What runs in parallel
    now is given as `parallel` (codes of `new`): where that has changed, where starts are estimated, or where events
    have other numbers, much else may have changed.
    """
    before, numbered = known.found, old.details is new.details
    if not new.events or before.estimated or not numbered:
        return None
    same = same_cases(old.offsets, old.rows, new.offsets, new.rows)
    kept, touched = np.flatnonzero(same >= 0), np.flatnonzero(same < 0)
    first, last, to = old.offsets[same[kept]], old.offsets[same[kept] + 1], new.offsets[kept]

    def placed(column: Times, moved: bool = False) -> Times:
        into = np.zeros(new.events, np.int64)
        place_ranges(column, first, last, to, into, moved)
        return into

    with ThreadPoolExecutor(2) as workers:
        when = workers.submit(placed, before.enabled)
        by = workers.submit(placed, before.before, True)
        columns = {cause: workers.submit(placed, column) for cause, column in known.parts.items()}
        found = Enabling(when.result(), by.result(), new.start, False, parallel)
        parts = {cause: column.result() for cause, column in columns.items()}
    again = np.empty(0, np.int64)
    if parallel.pairs(new.activities) != before.parallel.pairs(old.activities):
        again = _enabled_otherwise(new, kept, found)
        for column in parts.values():
            column[again] = 0
    _enable(new, touched, found)
    open_ = _carry(known, old, new, same, touched, found, parts)
    open_ = np.union1d(open_, again[new.start[again] > found.enabled[again]])
    fresh = _Fresh(known, old, new, found, zone, business_days)
    if len(open_):
        fresh.divide(open_, parts)
    return Split(parts, found, fresh.calendars, fresh.shared, fresh.pool, fresh.unlimited)


def _enable(new: Arena, touched: Times, found: Enabling) -> None:
    """Write what enabled the events of the touched cases into `found`."""
    ranges = rows_of(new.offsets[touched], new.offsets[touched + 1])
    rows = ranges.rows
    recorded = new.enabled[rows]
    part = Part(
        first=ranges.offsets[:-1],
        last=ranges.offsets[1:],
        start=new.start[rows],
        end=new.end[rows],
        enabled=recorded if bool((recorded != NO_TIME).any()) else None,
        codes={"activity": new.activity[rows]},
        size={"activity": len(new.activities)},
        error=new.error[rows],
    )
    own = enabled(part, Rule(found.parallel))
    found.enabled[rows] = np.where(own.enabled == NO_TIME, part.start, own.enabled)
    found.before[rows] = np.where(own.before >= 0, rows[own.before], -1) if len(rows) else rows


def _enabled_otherwise(new: Arena, cases: Times, found: Enabling) -> Times:
    """Write what enabled the events of these cases into `found`; gives the rows for which it said otherwise."""
    rows = rows_of(new.offsets[cases], new.offsets[cases + 1]).rows
    when, by = found.enabled[rows], found.before[rows]
    _enable(new, cases, found)
    return np.asarray(rows[(found.enabled[rows] != when) | (found.before[rows] != by)])


def _carry(
    known: Split, old: Arena, new: Arena, same: Times, touched: Times, found: Enabling, parts: dict[str, Times]
) -> Times:
    """Write into `parts` what touched cases had; gives the rows that waited otherwise, or not yet, ascending."""
    rows = rows_of(new.offsets[touched], new.offsets[touched + 1]).rows
    gone = np.ones(old.cases, np.bool_)
    gone[same[same >= 0]] = False
    was = np.flatnonzero(gone)
    there = pc.index_in(old.case_ids.take(pa.array(was)), value_set=new.case_ids.take(pa.array(touched)))
    was = was[np.asarray(there.is_valid())]
    earlier = rows_of(old.offsets[was], old.offsets[was + 1]).rows
    earlier = earlier[np.argsort(old.rows[earlier])]
    places, held = _found(old.rows[earlier], new.rows[rows])
    at, mine = earlier[places], rows[held]
    by, enabler = found.before[mine], known.found.before[at]
    again = (found.enabled[mine] == known.found.enabled[at]) & ((by < 0) == (enabler < 0))
    again &= np.where((by >= 0) & (enabler >= 0), new.rows[by] == old.rows[enabler], True)
    for cause, column in parts.items():
        column[mine[again]] = known.parts[cause][at[again]]
    open_ = np.ones(len(rows), np.bool_)
    open_[np.flatnonzero(held)[again]] = False
    rows = rows[open_]
    return rows[new.start[rows] > found.enabled[rows]]


class _Fresh:
    """What is known of actors and activities, by the codes of the newer arena."""

    def __init__(
        self, known: Split, old: Arena, new: Arena, found: Enabling, zone: ZoneInfo, business_days: BusinessDays
    ) -> None:
        self._new, self._found = new, found
        self._actors = len(new.names["actor"])
        who = _places(old.names["actor"], new.names["actor"])
        systems = _places(old.names["system"], new.names["system"])
        systems = np.where(systems >= 0, systems + len(old.names["actor"]), NO_CODE)
        self._was = np.concatenate([who, systems])
        activities = _places(old.activities, new.activities)
        self.shared: Flags = np.append(known.shared, False)[activities]
        self.pool = np.append(known.pool, NO_CODE)[self._was]
        self.unlimited: Flags = np.append(known.unlimited, False)[self._was]
        of = np.append(known.calendars.of_actor, NO_CODE)[self._was]
        begin = int(new.start.min())
        told = known.calendars.told(min(begin, int(found.enabled.min())), int(new.end.max()), zone, business_days)
        self.calendars: Calendars = replace(told, of_actor=of)

    def divide(self, rows: Times, parts: dict[str, Times]) -> None:
        """Write into `parts` how the waiting of these events divides into causes."""
        since = self._since(rows)
        window = self._window(since)
        done = self._done(window)
        reach = np.full(len(since), NEVER)
        wanted, (places, _) = np.zeros(len(window), np.bool_), _found(window, rows)
        wanted[places] = True
        for actors, first in done.each(lambda actors: (actors, self._reach(done, actors, wanted))):
            reach[actors] = first
        if (reach < since).any():
            window = self._window(np.minimum(since, np.where(reach == NEVER, NEVER, reach - MARGIN)))
            done = self._done(window)
        looked = look(done, self.calendars, self.pool, len(self._new.activities)) if self.shared.any() else []
        own = {cause: np.zeros(len(window), np.int64) for cause in parts}
        divide(done, self.calendars, self.pool, self.shared, looked, own)
        places, there = _found(window, rows)
        for cause, column in parts.items():
            column[rows[there]] = own[cause][places]

    def _since(self, rows: Times) -> Times:
        """From when on it must be known of each actor what was done, for the waiting of these events to be divided."""
        who, when = self._who(rows), self._found.enabled[rows]
        since = np.full(len(self._was), NEVER)
        np.minimum.at(since, who[who >= 0], when[who >= 0])
        taken = self.shared[self._new.activity[rows]] & (who >= 0)
        if taken.any():
            of_pool = np.full(int(self.pool.max(initial=-1)) + 2, NEVER)
            np.minimum.at(of_pool, self.pool[who[taken]], when[taken])
            of_pool[-1] = NEVER  # of no pool
            since = np.minimum(since, of_pool[self.pool])
        return np.where(since == NEVER, NEVER, since - MARGIN)

    def _who(self, rows: Times | slice) -> Times:
        actor, system = self._new.codes["actor"][rows], self._new.codes["system"][rows]
        instead = np.where(system >= 0, system.astype(np.int64) + self._actors, NO_CODE)
        return np.where(actor >= 0, actor, instead)

    def _window(self, since: Times) -> Times:
        new = self._new
        return rows_since(new.codes["actor"], new.codes["system"], self._actors, new.end, since)

    def _done(self, rows: Times) -> Worked:
        new, found = self._new, self._found
        who = self._who(rows).astype(np.int32)
        times = new.start[rows], new.end[rows], found.enabled[rows]
        return Worked(who, len(self._was), new.activity[rows], *times, self.unlimited)

    def _reach(self, done: Worked, actors: slice, wanted: Flags) -> Times:
        did = done.some(actors)
        return pile_reach(did.offsets, did.activity, did.start, did.end, did.enabled, wanted[did.rows])


def _found(among: Times, values: Times) -> tuple[Times, Flags]:
    """Places, in what rises, of the values that are there, and which these are."""
    places = np.searchsorted(among, values)
    there = places < len(among)
    there[there] = among[places[there]] == values[there]
    return places[there], there


def _places(old: Sequence[str], new: Sequence[str]) -> Times:
    """The code in `old` of each word of `new`; NO_CODE where it is not there."""
    known = {word: code for code, word in enumerate(old)}
    return np.array([known.get(word, NO_CODE) for word in new], np.int64)
