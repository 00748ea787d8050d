"""Which events of an arena are seen for the first time, and are young enough to count as live."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mining.arena import Arena, Times

HISTORY: int = 3600 * 1_000_000
"""µs. An event that ended longer ago than this when it is first seen is history."""


class FirstSight:
    """Remembers the ids of the last hour's events, so that each is counted once."""

    def __init__(self, counted_until: int = 0) -> None:
        """Events seen in the first call that ended by `counted_until` (µs UTC) were counted by an earlier process."""
        self._ids: pa.StringArray = pa.array([], type=pa.string())
        self._ends: Times = np.empty(0, dtype=np.int64)
        self._counted_until = counted_until
        self._now = 0

    def fresh(self, arena: Arena, now: int, among: Times | None = None) -> Times:
        """Rows of live events not given before, ascending; `now` in µs UTC.

        `among`: numbers (`arena.rows`) of the only events that can be new, ascending; None: all can.
        """
        # A clock that is set back must not bring ids to life that were let go.
        self._now = now = max(now, self._now)
        recent = np.flatnonzero(arena.end > now - HISTORY)
        if among is not None:
            recent = recent[np.isin(arena.rows[recent], among)]
        ids = arena.details.event_ids(arena.rows[recent])
        new = ~np.asarray(pc.is_in(ids, value_set=self._ids), dtype=np.bool_)
        rows = recent[new]
        keep = self._ends > now - HISTORY
        self._ids = pa.concat_arrays([self._ids.filter(pa.array(keep)), ids.filter(pa.array(new))])
        self._ends = np.concatenate([self._ends[keep], arena.end[rows]])
        if self._counted_until:
            rows = rows[arena.end[rows] > self._counted_until]
            self._counted_until = 0
        return rows
