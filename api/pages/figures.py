"""The figures on top of a process page, and how they changed from one week to the next."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from api.cases import closed
from mining.arena import Arena
from mining.choosing import Choosable, Flags
from mining.filters import take
from mining.kernels.pairs import pairs
from mining.kernels.spreads import spreads
from mining.kernels.waits import waits
from mining.live.knowledge import Snapshot
from mining.report import Report, Transition

WEEK_US = 7 * 86_400_000_000
HOUR_S = 3600.0
Name = Literal["cases", "duration_s", "waiting_s", "errors"]


@dataclass(frozen=True)
class Period:
    """What happened in one week; null where nothing did."""

    cases: int
    duration_s: float | None
    """Median of the cases that ended in it."""
    waiting_s: float
    errors: int


@dataclass(frozen=True)
class Trend:
    """The last week and the one before; `before` is null where the log does not reach back that far."""

    last: Period
    before: Period | None

    def change(self, name: Name) -> float | None:
        """By how much a figure rose, as a share of what it was."""
        if self.before is None:
            return None
        now, then = getattr(self.last, name), getattr(self.before, name)
        return (now - then) / then if now is not None and then else None


@dataclass(frozen=True)
class ActorRow:
    """What one actor did in one role."""

    role: str
    actor: str
    events: int
    errors: int
    service_p50: float
    service_p90: float


def trend(chosen: Choosable, keep: Flags | None, end_activities: tuple[str, ...]) -> Trend | None:
    """The last seven days of the cases kept (None: all) against the seven before; None where there is no event."""
    begins, ends = _spans(chosen, keep)
    if not len(ends):
        return None
    to = int(ends.max())
    # Whatever happened in these weeks belongs to a case that ended in them.
    recent = chosen.spans[7] > to - 2 * WEEK_US
    arena = take(chosen.arena, recent if keep is None else recent & keep)
    waiting = waits(arena).waiting
    begin = arena.start[arena.offsets[:-1]]
    end = np.maximum.reduceat(arena.end, arena.offsets[:-1])
    done = closed(arena, end_activities)

    def period(low: int, high: int) -> Period:
        rows = (arena.start > low) & (arena.start <= high)
        ended = end[done & (end > low) & (end <= high)] - begin[done & (end > low) & (end <= high)]
        return Period(
            cases=int(np.count_nonzero((begin > low) & (begin <= high))),
            duration_s=float(np.median(ended)) / 1e6 if len(ended) else None,
            waiting_s=_sum(waiting[rows]),
            errors=int(np.count_nonzero(arena.error & rows)),
        )

    # A log a day short of two weeks is compared all the same.
    reaches = int(begins.min()) <= to - 2 * WEEK_US + WEEK_US // 7
    before = period(to - 2 * WEEK_US, to - WEEK_US) if reaches else None
    return Trend(period(to - WEEK_US, to), before)


def weeks(chosen: Choosable, keep: Flags | None) -> float:
    """How many weeks the cases kept (None: all) span, a day at least."""
    begins, ends = _spans(chosen, keep)
    if not len(ends):
        return 1.0
    return max(int(ends.max()) - int(begins.min()), WEEK_US // 7) / WEEK_US


def _spans(chosen: Choosable, keep: Flags | None) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    begins, ends = chosen.spans[6], chosen.spans[7]
    return (begins, ends) if keep is None else (begins[keep], ends[keep])


def bottlenecks(report: Report, most: int = 10) -> tuple[Transition, ...]:
    """Where waiting is longest in all; what makes up less than 0.2 % of it is left out."""
    least = report.cases.waiting_s.total / 500
    waiting = [t for t in report.transitions if t.waiting_s.total > least]
    return tuple(sorted(waiting, key=lambda t: (-t.waiting_s.total, t.source, t.target))[:most])


def waiting_price(snapshot: Snapshot, hours: float) -> int | None:
    """What so many hours of waiting cost, in minor units; None where no price is known."""
    price = snapshot.config.prices.waiting_hour
    return None if price is None else round(hours * price)


def actors(arena: Arena) -> list[ActorRow]:
    """What each actor did in each role, by role, then most events first."""
    roles, people = arena.names["role"], arena.names["actor"]
    found = pairs(arena.codes["role"], arena.codes["actor"], len(roles), len(people))
    size = len(found.count)
    service = spreads(arena.end - arena.start, found.of_row, size)
    errors = np.bincount(found.of_row[(found.of_row >= 0) & arena.error], minlength=size)
    rows = []
    for i in range(size):
        rows.append(
            ActorRow(
                role=roles[found.left[i]],
                actor=people[found.right[i]],
                events=int(found.count[i]),
                errors=int(errors[i]),
                service_p50=float(service.p50[i]) / 1e6,
                service_p90=float(service.p90[i]) / 1e6,
            )
        )
    return sorted(rows, key=lambda r: (r.role, -r.events, r.actor))


def _sum(values: npt.NDArray[np.int64]) -> float:
    return float(values[values > 0].sum()) / 1e6
