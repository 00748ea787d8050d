"""Signs that a wait is more than the normal lead time of a step: nobody there, released in batches, all hands full."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from scipy.special import pdtr

from mining.arena import Arena
from mining.findings._columns import DAY, HOUR, SECOND
from mining.findings._stats import Flags, Floats, Ints
from mining.findings._waits import SLOTS, Hours, Waits

FEWEST: Final = 50
"""Waits below which nothing is said of hours and queues."""
LEAST_HOURS: Final = 3
"""Hours on end without anybody that are more than staggered shifts."""
Figures = dict[str, float | int | str | None]


@dataclass(frozen=True)
class Sign:
    """Why the waits of one activity are no normal lead time."""

    name: str
    confidence: float
    lost: Floats
    """Hours each wait loses to it."""
    figures: Figures = field(default_factory=dict)


def unserved(clock: Hours) -> Flags:
    """Slots (of 48) in which hardly anything is started although work waits.

    Against the pace of the busiest third of the slots with work: a tenth of it or less, and too little for chance
    (Poisson, 0.0001).
    """
    present = clock.waiting + clock.arrivals >= 0.5
    chances = np.bincount(clock.slots[present], minlength=SLOTS).astype(np.float64)
    done = np.bincount(clock.slots[present], weights=clock.starts[present], minlength=SLOTS)
    used = chances >= 2
    if used.sum() < 6:
        return np.zeros(SLOTS, dtype=np.bool_)
    rate = np.divide(done, chances, out=np.zeros(SLOTS), where=used)
    pace = float(np.sort(rate[used])[-max(int(used.sum()) // 3, 1) :].mean())
    rare: Flags = used & (rate <= 0.1 * pace) & (pdtr(done, pace * chances) < 1e-4)
    return rare


def busy_slots(local_starts: Ints, slots: Ints) -> Floats:
    """Pace of starts per slot against the busiest third of the slots; 0 where nothing is done."""
    if len(slots) == 0:
        return np.zeros(SLOTS)
    done = np.bincount(slots, minlength=SLOTS).astype(np.float64)
    days = np.unique(local_starts // DAY)
    weekend = int((((days + 3) % 7) >= 5).sum())
    chances = np.repeat([max(len(days) - weekend, 1), max(weekend, 1)], 24)
    rate = done / chances
    pace = float(np.sort(rate)[-SLOTS // 3 :].mean())
    relative: Floats = rate / pace if pace > 0 else rate
    return relative


def unattended(clock: Hours, begin: Ints, end: Ints, closed: Flags, others: Floats) -> Sign | None:
    """Nobody does this step in hours in which work comes in and others in the house are at work.

    Or, less sure, in hours of a working day in which at least half as much comes in as in its open hours: a shop that
    is asleep gets little. Shifts staggered by an hour or two are no sign: the hours must be three or more on end, and
    an eighth of the work must come in then. What comes in when all is quiet waits through a normal night, and days of
    rest at weekends are no sign at all.
    """
    if not closed.any() or closed.all():
        return None
    present = np.bincount(clock.slots, minlength=SLOTS)
    rate = np.bincount(clock.slots, weights=clock.arrivals, minlength=SLOTS) / np.maximum(present, 1)
    working = np.arange(SLOTS) < 24
    awake = others >= 0.25
    wanted = working & (rate >= 0.5 * float(rate[~closed & working].mean())) if (~closed & working).any() else awake
    missing = closed & (awake | wanted) & working
    begin_hour, length = _run(missing[:24])
    if length < LEAST_HOURS:
        return None
    came = missing[clock.slots[begin // HOUR - clock.first]]
    lost = np.where(came, clock.part(closed[clock.slots], begin, end), 0.0)
    total = float(((end - begin) / HOUR).sum())
    if came.mean() < 0.125 or float(lost.sum()) < 0.3 * total:
        return None
    band = (np.arange(length) + begin_hour) % 24
    sure = bool(awake[band].sum() >= LEAST_HOURS)
    shut = np.flatnonzero(closed[:24])
    first = last = begin_hour
    while (first - 1) % 24 in shut:
        first -= 1
    while (last + 1) % 24 in shut:
        last += 1
    figures: Figures = {
        "from_hour": first % 24,
        "to_hour": (last + 1) % 24 or 24,
        "try_from": begin_hour,
        "try_to": (begin_hour + length) % 24 or 24,
        "others": int(sure),
        "part": float(lost.sum()) / total if total else 0.0,
    }
    return Sign("unattended", 0.95 if sure else 0.85, lost, figures)


def _run(flags: Flags) -> tuple[int, int]:
    """Start and length of the longest run of set flags round the clock."""
    if flags.all():
        return 0, 24
    best = (0, 0)
    for begin in np.flatnonzero(flags & ~np.roll(flags, 1)):
        length = 0
        while flags[(begin + length) % 24]:
            length += 1
        if length > best[1]:
            best = (int(begin), length)
    return best


def batched(waits: Waits, service: float, local_enabled: Ints, local_start: Ints, span: int) -> Sign | None:
    """Work is let through in few short sittings although it becomes ready all the time, and hardly any of it at once.

    A sitting: starts with at most 15 minutes (or four services) between them. Batching: sittings take less than 15 %
    of the time, a typical start has four or more in its company, and becoming ready is far less bunched.
    """
    quiet = int(max(15 * 60.0, 4 * service) * SECOND)
    taken = np.sort(waits.start)
    size, active, count, apart = sittings(taken, quiet)
    ready_size, ready_active, _, _ = sittings(np.sort(waits.enabled), quiet)
    if count < 4 or size < 5 or active > 0.15 * span:
        return None
    if ready_active < 3 * active and ready_size > size / 3:
        return None
    # Where a fifth is taken at once, people work as it comes, in bunches only after a night or a lull.
    if float(np.quantile(waits.seconds, 0.2)) * SECOND < quiet:
        return None
    hour = int(np.bincount((local_start // HOUR) % 24, minlength=24).argmax())
    # Waiting that a sitting of the usual company would leave anyway is not lost: the time the sitting itself takes.
    own = active / max(len(taken), 1) / HOUR
    figures: Figures = {"size": round(size, 1), "every_s": apart / SECOND, "hour": hour}
    bunched = float(np.mean(np.diff(taken) <= quiet)) if len(taken) > 1 else 0.0
    if bunched < 0.8:
        return None
    return Sign("batched", min(0.99, 0.5 + bunched / 2), np.maximum(waits.seconds / 3600 - own, 0.0), figures)


def filled(waits: Waits, service: float, local_start: Ints, lost: Floats) -> Sign:
    """Most of the waiting passed until batches were full, as the split has it, whatever the time between them."""
    size, _, _, apart = sittings(np.sort(waits.start), int(max(15 * 60.0, 4 * service) * SECOND))
    hour = int(np.bincount((local_start // HOUR) % 24, minlength=24).argmax())
    part = float(lost.sum()) / max(float(waits.seconds.sum()) / 3600, 1e-9)
    figures: Figures = {"size": round(size, 1), "every_s": apart / SECOND, "hour": hour}
    return Sign("batched", 0.5 + part / 2, lost, figures)


def sittings(times: Ints, quiet: int) -> tuple[float, int, int, float]:
    """Mean company of an event, active µs, number and usual distance (µs) of the sittings in sorted `times`."""
    breaks = np.flatnonzero(np.diff(times) > quiet)
    first = np.concatenate([[0], breaks + 1])
    last = np.concatenate([breaks, [len(times) - 1]])
    sizes = last - first + 1
    apart = float(np.median(np.diff(times[first]))) if len(first) > 1 else 0.0
    return float((sizes**2).sum() / sizes.sum()), int((times[last] - times[first]).sum()), len(sizes), apart


def contended(
    arena: Arena, waits: Waits, since_last: Floats, open_wait: Floats, clock: Hours, off: Flags
) -> Sign | None:
    """All hands are full: who queues is taken right when somebody gets free, and waits are long against the work.

    `since_last` is how long (s) the actor had been free at each start, NaN where unknown; `open_wait` the hours of
    waiting outside the closed hours, which `off` flags. A third of all must wait longer than the work takes, and all
    on average 1.75 times as long: what a single server has at two thirds of its capacity (M/M/1), and several have
    only when short of hands.
    """
    known = ~np.isnan(since_last)
    if known.sum() < max(FEWEST, 0.8 * len(since_last)):
        return None
    usual = float(np.maximum(arena.end[waits.row] - waits.start, 0).mean()) / SECOND
    if usual <= 0:
        return None
    queued = known & (open_wait * 3600 > usual)
    ratio = float(open_wait.mean()) * 3600 / usual
    if queued.sum() < FEWEST or queued.mean() < 1 / 3 or ratio < 1.75:
        return None
    # A wave that comes once a day, from a step before that let it go, is over soon; too few people always have a queue.
    if float((clock.waiting[~off] >= 1).mean()) < 0.15:
        return None
    full = float((since_last[queued] <= max(0.5 * usual, 30.0)).mean())
    if full < 0.8:
        return None
    actor = arena.codes["actor"][waits.row].astype(np.int64)
    hour = waits.start // HOUR
    there = np.unique(np.stack([hour, actor]), axis=1).shape[1] / len(np.unique(hour))
    figures: Figures = {
        "busy": full,
        "queue": float(np.quantile(clock.waiting[clock.waiting > 0], 0.9)),
        "actors": round(there, 1),
        "ratio": ratio,
    }
    return Sign("contended", min(0.98, 0.6 + 0.4 * full), np.maximum(open_wait - usual / 3600, 0.0), figures)
