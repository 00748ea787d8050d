"""What a lever would save: the queue worked once more from the recorded arrivals, and how much days differ in it."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from mining.findings._columns import DAY, HOUR, SECOND, daily, local
from mining.findings._frame import Frame
from mining.findings._signs import Figures, Sign, sittings
from mining.findings._stats import Flags, Floats, Ints
from mining.findings._waits import Waits, hours
from mining.findings.facts import Gain
from mining.kernels.queue_replay import MOST, queue_replay

DRAWS: Final = 400
FEWEST_DAYS: Final = 5
"""Days from which on an interval can be drawn from them; without one there is no gain."""
SHIFT: Final = 8
"""Hours that one more person is at work a day."""
BY_CAUSE: Final = {
    "batching": ("release_often", "business"),
    "prioritisation": ("bound_overtaking", "business"),
    "contention": ("add_capacity", "business"),
    "unavailability": ("hand_over", "business"),
    "extraneous": ("remind_after", "system"),
}
"""What to try by cause."""


@dataclass(frozen=True)
class Try:
    """What one lever would save, and what its sentence tells."""

    saved: Floats
    """Hours each wait would be shorter; negative where it would be longer."""
    figures: Figures = field(default_factory=dict)


@dataclass(frozen=True)
class Queue:
    """The waits that a finding tells of."""

    frame: Frame
    places: Ints
    waits: Waits
    lost: Floats
    """Hours each wait loses."""
    parts: Floats
    """(5, n) hours by cause, in order of CAUSES."""
    sign: Sign

    @property
    def enabled(self) -> Ints:
        """Local µs."""
        return self.frame.enabled[self.places]

    @property
    def service(self) -> Ints:
        """µs from start to end."""
        return np.asarray(np.maximum(self.frame.view.arena.end[self.waits.row] - self.waits.start, 0))


def tries(lever: str, queue: Queue) -> Try | None:
    """What the recorded data say of a lever; None where they say nothing."""
    match lever:
        case "cover_hours":
            return _covered(queue)
        case "release_often":
            return _released(queue)
        case "add_capacity":
            return _one_more(queue)
        case "bound_overtaking":
            return _in_order(queue)
        case "remind_after":
            return _reminded(queue)
        case "undo_change" | "fix_segment":
            return Try(queue.lost)
        case _:
            return None


def gain(queue: Queue, saved: Floats, late: Flags, weeks: float) -> Gain | None:
    """Hours a week with a 90 % interval, days drawn with replacement; at most what is lost. None for less than 0.1.

    Of the waits that count (`late`), which lie in so many weeks.
    """
    _, totals, _ = daily(queue.enabled[late] // DAY, np.minimum(saved, queue.lost)[late], np.empty(0, dtype=np.int64))
    if len(totals) < FEWEST_DAYS:
        return None
    most = float(queue.lost[late].sum())
    draws = np.random.default_rng(7).integers(0, len(totals), (DRAWS, len(totals)))
    spread = np.quantile(totals[draws].sum(axis=1), (0.05, 0.95))
    value, low, high = (min(max(float(v), 0.0), most) / weeks for v in (totals.sum(), *spread))
    return Gain(value, low, high) if value >= 0.1 else None


def _covered(queue: Queue) -> Try | None:
    """Who comes in the covered hours waits as others do while somebody is there: in the mean."""
    begin, end = queue.sign.figures.get("try_from"), queue.sign.figures.get("try_to")
    if not isinstance(begin, int) or not isinstance(end, int):
        return None
    hour = queue.enabled // HOUR % 24
    covered: Flags = (hour - begin) % 24 < (end - begin) % 24
    waited = queue.waits.seconds / 3600
    served = queue.parts[3] == 0
    usual = float(waited[served].mean()) if served.any() else 0.0
    saved = np.where(covered, np.minimum(np.maximum(waited - usual, 0.0), queue.lost), 0.0)
    return Try(saved, {"usual_s": usual * 3600})


def _released(queue: Queue) -> Try | None:
    """A sixth of the time between the batches, whole hours: each waits for the next of the releases."""
    start = np.sort(queue.waits.start)
    service = float(np.median(queue.service)) / SECOND
    _, _, count, apart = sittings(start, int(max(15 * 60.0, 4 * service) * SECOND))
    step = int(apart / 6 // HOUR * HOUR) if apart >= 6 * HOUR else int(apart / 2)
    if count < 4 or step < 60 * SECOND:
        return None
    then = (start[0] - queue.waits.enabled) % step
    saved = queue.waits.seconds / 3600 - then / HOUR
    return Try(saved, {"release_s": step / SECOND, "then_s": float(np.median(then)) / SECOND})


def _one_more(queue: Queue) -> Try | None:
    """All work of its people once more, first come first served, with one more while the queue is longest.

    At work in an hour is who began or ended something then. The replay of what was is not what was, so the part by
    which the two replays differ is taken of the time that waited for people, and where all hands are full also of the
    hours off duty over which the queue was carried.
    """
    view, found = queue.frame.view, queue.frame.view.split.found
    actor = view.arena.codes["actor"]
    known = actor[queue.waits.row] >= 0
    if float(known.mean()) < 0.8:
        return None
    ours = np.append(np.zeros(len(view.arena.names["actor"]), dtype=np.bool_), False)
    ours[actor[queue.waits.row[known]]] = True
    rows = np.flatnonzero(ours[actor])
    rows = rows[np.argsort(found.enabled[rows], kind="stable")]
    length = np.maximum(view.arena.end[rows] - found.start[rows], 0)
    begin, start = local(view, found.enabled[rows]), local(view, found.start[rows])
    hands, first = _hands(actor[rows].astype(np.int64), start, start + length)
    if int(hands.max()) >= MOST:
        return None
    clock = hours(queue.enabled, np.maximum(queue.frame.start[queue.places], queue.enabled))
    at = np.arange(len(clock.slots)) + clock.first - first
    staffed = (at >= 0) & (at < len(hands)) & (hands[np.clip(at, 0, len(hands) - 1)] > 0)
    of_day = np.bincount(clock.slots[staffed] % 24, weights=clock.waiting[staffed], minlength=24)
    around = np.concatenate([of_day, of_day[: SHIFT - 1]])
    opens = int(np.convolve(around, np.ones(SHIFT), mode="valid").argmax())
    hour = (np.arange(len(hands)) + first) % 24
    more = hands + (((hour - opens) % 24 < SHIFT) & (hands > 0))
    # In order also where clocks were put back; the service times stay with their jobs.
    begin = np.maximum.accumulate(begin)
    was, less = (queue_replay(begin, length, each, first) for each in (hands, more))
    spared = np.zeros(view.arena.events)
    spared[rows] = np.maximum(1.0 - np.divide(less, was, out=np.ones(len(was)), where=was > 0), 0.0)
    people = queue.parts[2] + queue.parts[3] if queue.sign.name == "contended" else queue.parts[2]
    saved = spared[queue.waits.row] * people
    then = float(np.quantile(queue.waits.seconds / 3600 - saved, 0.9)) * 3600
    return Try(saved, {"add_from": opens, "add_to": (opens + SHIFT) % 24 or 24, "then_p90_s": then})


def _hands(actor: Ints, start: Ints, end: Ints) -> tuple[Ints, int]:
    """How many different actors began or ended something in each hour, and the first hour (since the epoch)."""
    first, size = int(start.min()) // HOUR, int(end.max()) // HOUR - int(start.min()) // HOUR + 1
    actors = int(actor.max()) + 1
    pairs = np.unique(np.concatenate([start, end]) // HOUR * actors + np.tile(actor, 2))
    return np.bincount(pairs // actors - first, minlength=size), first


def _in_order(queue: Queue) -> Try:
    """Everybody takes what was ready first. That only moves waiting about: it tells of the longest tenth alone."""
    actor = queue.frame.view.arena.codes["actor"][queue.waits.row]
    came = queue.waits.enabled[np.lexsort((queue.waits.enabled, actor))]
    taken = queue.waits.start[np.lexsort((queue.waits.start, actor))]
    then = float(np.quantile(np.maximum(taken - came, 0), 0.9)) / SECOND
    return Try(np.zeros(len(queue.places)), {"in_order_p90_s": then})


def _reminded(queue: Queue) -> Try:
    """What lies over the third quartile, of the waiting that nothing of the house explains."""
    limit = float(np.quantile(queue.waits.seconds, 0.75)) / 3600
    over = np.maximum(queue.waits.seconds / 3600 - limit, 0.0)
    return Try(np.minimum(np.minimum(over, queue.parts[4]), queue.lost), {"remind_s": limit * 3600})
