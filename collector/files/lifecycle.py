"""Start and complete records of one piece of work become one event."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.int64]

NOTHING = -1


@dataclass(frozen=True)
class Pairs:
    """Events made from records, in order of the position of their first record."""

    first: Rows
    """Record that began the event."""
    last: Rows
    """Record that ended it; the same where it has only one."""
    scheduled: Rows
    """Record that says when the work was enabled, NOTHING where there is none."""
    open: npt.NDArray[np.bool_]
    """Whether the event began and was never completed."""

    @property
    def without_end(self) -> int:
        """Events that began and were never completed."""
        return int(np.count_nonzero(self.open))

    def select(self, keep: npt.NDArray[np.bool_]) -> "Pairs":
        """Only the events that `keep` says."""
        return Pairs(self.first[keep], self.last[keep], self.scheduled[keep], self.open[keep])


def pair(group: Rows, transition: npt.NDArray[np.str_], time: Rows) -> Pairs:
    """Pairs records first to first.

    `group` numbers the (case, activity, instance) of each record, `transition` is `start`, `complete`, `schedule`,
    empty (an event of its own) or anything else (no event), `time` in microseconds. All have one
    entry a record, in order of the file.
    """
    starts = np.flatnonzero(transition == "start")
    completes = np.flatnonzero(transition == "complete")
    schedules = np.flatnonzero(transition == "schedule")
    begun, ended = match(group, time, starts, completes)
    unsaid = np.flatnonzero(transition == "")
    unfinished = np.setdiff1d(starts, begun)
    alone = np.concatenate([unfinished, np.setdiff1d(completes, ended), unsaid])
    first = np.concatenate([begun, alone])
    last = np.concatenate([ended, alone])
    order = np.argsort(first, kind="stable")
    first, last = first[order], last[order]

    scheduled = np.full(len(first), NOTHING, dtype=np.int64)
    by_record = np.full(len(group), NOTHING, dtype=np.int64)
    by_record[first] = np.arange(len(first))
    enabling, enabled = match(group, time, schedules, first)
    scheduled[by_record[enabled]] = enabling
    return Pairs(first, last, scheduled, np.isin(first, unfinished))


def match(group: Rows, time: Rows, openers: Rows, closers: Rows) -> tuple[Rows, Rows]:
    """Which opener belongs to which closer: in each group, in order of time, the first that is open to the next closer.

    A closer before any open opener stays alone. Returns two equally long arrays of records.
    """
    records = np.concatenate([openers, closers])
    if not len(openers) or not len(closers):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    closes = np.repeat([False, True], [len(openers), len(closers)])
    # At one moment openers come before closers; then the file's order decides.
    order = np.lexsort((records, closes, time[records], group[records]))
    records, closes = records[order], closes[order]
    groups = group[records]
    new = np.r_[True, groups[1:] != groups[:-1]]
    number = np.cumsum(new) - 1

    step = np.where(closes, -1, 1)
    running = np.cumsum(step)
    before: Rows = (running - step)[new][number]
    balance = running - before
    # Closers that found nothing open, up to here: how far the balance ever fell below zero. A rise of more than the
    # largest possible fall parts the groups, so that one running maximum serves all.
    span = 2 * len(records) + 2
    fallen = np.maximum(np.maximum.accumulate(-balance + number * span) - number * span, 0)
    previous = np.r_[0, fallen[:-1]]
    previous[new] = 0
    lonely = closes & (fallen > previous)

    taken = closes & ~lonely
    opened = ~closes
    # Rank among the openers, and among the closers that take one, within the group.
    rank_open = _rank(opened, new, number)
    rank_taken = _rank(taken, new, number)
    width = len(records) + 1
    key_open = number[opened] * width + rank_open[opened]
    key_taken = number[taken] * width + rank_taken[taken]
    at = np.searchsorted(key_open, key_taken)
    return records[opened][at], records[taken]


def _rank(chosen: npt.NDArray[np.bool_], new: npt.NDArray[np.bool_], number: Rows) -> Rows:
    count = np.cumsum(chosen)
    before: Rows = (count - chosen)[new][number]
    return np.asarray(count - before, dtype=np.int64)
