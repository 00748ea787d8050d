"""How each case of a process turned out: bought, failed, done again, paid back, come again.

What needs time to show counts only for cases that have had it, so that sources with many new cases look no worse.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from mining.arena import NO_CODE, Arena
from mining.choosing import Choosable
from mining.config import ProcessConfig
from mining.contrast.customers import customers, named_cases
from mining.contrast.sheet import Kind, Outcome
from mining.contrast.testing import Flags, Floats

Times = npt.NDArray[np.int64]
NAMES: Final[dict[str, Kind]] = {
    "conversion": "share",
    "errors": "share",
    "rework": "share",
    "duration": "duration",
    "cost": "money",
    "refunds": "share",
    "repurchase": "share",
}
"""All outcomes, in the order in which they are shown."""
NEVER: Final = np.iinfo(np.int64).max
MOST: Final = 0.95
"""Once this share of those who will have had the time they take, a case counts."""
HOUR: Final = 3_600_000_000


@dataclass(frozen=True)
class Outcomes:
    """What is known of the outcomes of all cases."""

    known: tuple[Outcome, ...]
    after_s: dict[str, float]
    """Seconds since its start after which a case counts, of outcomes that need time to show."""


def outcomes(chosen: Choosable, config: ProcessConfig, now: int, refunded: Times | None) -> Outcomes:
    """The outcomes that can be known, at `now` (µs UTC).

    `refunded`: when each case was, NEVER where it was not; None where that is not known."""
    arena, begin = chosen.arena, chosen.spans[6]
    if not arena.cases:
        return Outcomes((), {})
    over = np.ones(arena.cases, np.bool_)
    if config.end_activities:
        over = chosen.reaching(config.end_activities)[chosen.of_case]
    again = np.array([len(set(path)) < len(path) for path in chosen.variants], np.bool_)[chosen.of_case]
    found: dict[str, Floats] = {
        "errors": np.maximum.reduceat(arena.error, arena.offsets[:-1]).astype(np.float64),
        "rework": again.astype(np.float64),
        "duration": np.where(over, chosen.spans[0] / 1e6, np.nan),
    }
    after: dict[str, float] = {}
    succeeded = None
    if success := success_activities(config):
        succeeded = chosen.reaching(success)[chosen.of_case]
        found["conversion"], after["conversion"] = _in_time(succeeded, begin, chosen.spans[0], now)
    cost = _cost(chosen, config)
    if cost is not None:
        found["cost"] = np.where(over, cost, np.nan)
    if refunded is not None:
        back = refunded != NEVER
        shares, after["refunds"] = _in_time(back, begin, np.where(back, refunded - begin, 0), now)
        found["refunds"] = shares if succeeded is None else np.where(succeeded, shares, np.nan)
    came = _came_again(customers(arena), begin, now)
    if came is not None:
        found["repurchase"], after["repurchase"] = came
    known = tuple(Outcome(name, kind, found[name]) for name, kind in NAMES.items() if name in found)
    return Outcomes(known, after)


def success_activities(config: ProcessConfig) -> tuple[str, ...]:
    """What it means for a case of the process to succeed; empty where nobody said so."""
    if config.success_activities:
        return config.success_activities
    return config.end_activities if len(config.end_activities) == 1 else ()


def _in_time(happened: Flags, begin: Times, took: Times, now: int) -> tuple[Floats, float]:
    """1 where it happened, 0 where not, NaN for cases too young to say; and from which age (s) on they are not."""
    age = float(np.quantile(took[happened], MOST)) if happened.any() else 0.0
    return np.where(begin <= now - age, happened.astype(np.float64), np.nan), age / 1e6


def _cost(chosen: Choosable, config: ProcessConfig) -> Floats | None:
    """Minor units a case: hours of staff, and hours waited, at their prices; None where there is no price."""
    prices, arena = config.prices, chosen.arena
    if prices.hour is None and prices.waiting_hour is None:
        return None
    cost = chosen.spans[2] / HOUR * float(prices.waiting_hour or 0)
    kinds = arena.names["actor_kind"]
    if prices.hour is not None and "staff" in kinds:
        worked = np.where(arena.codes["actor_kind"] == kinds.index("staff"), arena.end - arena.start, 0)
        cost = cost + np.add.reduceat(worked, arena.offsets[:-1]) / HOUR * float(prices.hour)
    return np.asarray(cost, np.float64)


def _came_again(customer: npt.NDArray[np.int64], begin: Times, now: int) -> tuple[Floats, float] | None:
    """At the first case of each customer whether a second one came soon, NaN at all others; and how soon (s) that is.

    Soon: as soon as half of those who came again. None where no customer ever came again.
    """
    known = np.flatnonzero(customer != NO_CODE)
    order = known[np.lexsort((begin[known], customer[known]))]
    same = customer[order][1:] == customer[order][:-1]
    first = np.append(True, ~same)[: len(order)]
    lag = np.where(np.append(same, False), np.append(begin[order][1:], NEVER) - begin[order], NEVER)[: len(order)]
    lag = lag[first]
    if not (lag != NEVER).any():
        return None
    soon = float(np.median(lag[lag != NEVER]))
    found = np.full(len(customer), np.nan)
    firsts = order[first]
    found[firsts] = np.where(begin[firsts] <= now - soon, lag <= soon, np.nan)
    return found, soon / 1e6


def refunded_at(arena: Arena, config: ProcessConfig, every: tuple[Arena, ...]) -> Times | None:
    """When each case was first refunded (µs UTC), NEVER where not; None where it isn't said what a refund is.

    `every`: the arenas of all processes. A case is refunded by one of `refund_activities` of its own, or of a case of
    another process that names it as an object.
    """
    if not config.refund_activities:
        return None
    at = np.full(arena.cases, NEVER)
    for other in every:
        wanted = np.array([name in config.refund_activities for name in other.activities], np.bool_)
        rows = np.flatnonzero(np.append(wanted, False)[other.activity])
        cases = np.searchsorted(other.offsets, rows, side="right") - 1
        if other is not arena:
            first = np.full(other.cases, NEVER)
            np.minimum.at(first, cases, other.start[rows])
            cases, of = named_cases(other, np.unique(cases), config.leading, arena.case_ids)
            np.minimum.at(at, cases, first[of])
        else:
            np.minimum.at(at, cases, other.start[rows])
    return at
