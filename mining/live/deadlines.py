"""Deadlines as they pass: which cases met one, and which let it go by, since the last look."""

from collections.abc import Sequence

import numpy as np

from mining.arena import Arena, Times
from mining.live.first_sight import HISTORY
from mining.settings import DeadlineSettings

HOUR = 3600 * 1_000_000


def first_of(arena: Arena, activities: Sequence[str]) -> Times:
    """Shape (cases,): the row of each case's first event of one of `activities`; -1 without."""
    codes = [code for code, name in enumerate(arena.activities) if name in activities]
    rows = np.flatnonzero(np.isin(arena.activity, codes))
    found = np.full(arena.cases, -1, dtype=np.int64)
    # Written from the last to the first, so that the first stays.
    found[case_of(arena, rows)[::-1]] = rows[::-1]
    return found


def case_of(arena: Arena, rows: Times) -> Times:
    """The case of each of `rows`."""
    return np.searchsorted(arena.offsets, rows, side="right").astype(np.int64) - 1


class DeadlineWatch:
    """Gives each deadline of each case once: met when its step is first seen live, missed when its time goes by.

    A case that closed before the deadline without the step (a cancelled order is not shipped) counts as neither.
    """

    def __init__(self) -> None:
        self._decided: dict[tuple[int, str], int] = {}

    def passed(
        self,
        arena: Arena,
        deadlines: Sequence[DeadlineSettings],
        ends: Sequence[str],
        fresh: Times,
        since: int,
        until: int,
    ) -> list[tuple[str, bool, int]]:
        """(step, met, cases) of what was decided in (since, until], µs UTC; `fresh` are the rows first seen now.

        The step of a deadline for the whole case is empty.
        """
        self._decided = {key: at for key, at in self._decided.items() if at > until - 2 * HISTORY}
        if arena.cases == 0:
            return []
        result: list[tuple[str, bool, int]] = []
        closed = first_of(arena, ends)
        is_fresh = np.zeros(arena.events + 1, dtype=np.bool_)
        is_fresh[fresh] = True  # the last place stays false: it is where row -1 looks
        begin = arena.offsets[:-1]
        for number, deadline in enumerate(deadlines):
            done = first_of(arena, [deadline.step]) if deadline.step else closed
            due = arena.start[begin] + int(deadline.within_hours * HOUR)
            done_at = np.where(done >= 0, arena.end[done], np.iinfo(np.int64).max)
            left = np.where(closed >= 0, arena.end[closed], np.iinfo(np.int64).max)
            met = is_fresh[done] & (done_at <= due)
            gone = (due <= until) & ((due > since) | is_fresh[begin])
            missed = gone & (done_at > due) & ((left > due) | (done_at <= left) | (deadline.step is None))
            for outcome, cases in ((True, met), (False, missed)):
                fresh_cases = [c for c in np.flatnonzero(cases).tolist() if self._decide(number, arena, c, int(due[c]))]
                if fresh_cases:
                    result.append((deadline.step or "", outcome, len(fresh_cases)))
        return result

    def _decide(self, number: int, arena: Arena, case: int, due: int) -> bool:
        key = (number, arena.case_ids[case].as_py())
        if key in self._decided:
            return False
        self._decided[key] = due
        return True
