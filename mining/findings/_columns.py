"""How detectors look at an arena: weeks, local days and hours, case attributes, examples."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from mining.arena import NO_CODE, NO_TIME, Arena, Codes
from mining.contrast.column import Column as Column
from mining.findings._stats import Flags, Floats, Ints
from mining.findings.facts import View

SECOND: Final = 1_000_000
HOUR: Final = 3600 * SECOND
DAY: Final = 24 * HOUR
WEEK: Final = 7 * DAY
CASE_FIELDS: Final = ("channel", "platform", "shop")
"""Columns that say something of the whole case."""
EVENT_FIELDS: Final = ("channel", "platform", "shop", "device", "system", "module", "role", "actor")
LEAST_EVENTS: Final = 100
"""From as many events on one in a hundred may have a wrong clock."""
BANDS: Final = 4
"""Into so many are amounts put .."""
KNOWN: Final = 20
""".. where so many are known."""
ORIGIN: Final = "error.origin."
"""Begins the fields of a failed event that say where its error began (docs/errors.md)."""
WAITED: Final = "error.waited."
"""Begins those that say what a call that ran out of time had waited for."""
MOST_VALUES: Final = 60
"""A field with more different values is an id, not a segment."""


def weeks(arena: Arena) -> float:
    """Length of the window in weeks, at least one day."""
    first, last = window(arena)
    return max(last - first, DAY) / WEEK


def window(arena: Arena) -> tuple[int, int]:
    """First start and last end (µs), without the few events a wrong clock has put far away.

    Far: before or after the middle 98 % by more than its own length. Of fewer than 100 events none is left out.
    """
    n = arena.events
    if n == 0:
        return 0, 0
    if n < LEAST_EVENTS:
        return int(arena.start.min()), int(arena.end.max())
    out = n // LEAST_EVENTS
    low, high = int(np.partition(arena.start, out)[out]), int(np.partition(arena.end, n - 1 - out)[n - 1 - out])
    reach = max(high - low, DAY)
    return int(arena.start[arena.start >= low - reach].min()), int(arena.end[arena.end <= high + reach].max())


def weeks_since(view: View, since: int | None) -> float:
    """Weeks of the window from `since` (µs) on, at least one day; the whole window where it is None."""
    if since is None:
        return weeks(view.arena)
    first, last = window(view.arena)
    return max(min(view.now, last) - max(since, first), DAY) / WEEK


def local(view: View, times: Ints) -> Ints:
    """`times` (µs UTC) as µs of the clock on the wall in the view's zone; the offset is looked up once an hour."""
    if len(times) == 0:
        return times
    hours, place = np.unique(times // HOUR, return_inverse=True)
    if len(hours) > 24 * 400:
        hours, place = np.unique(times // DAY * 24, return_inverse=True)
    from datetime import UTC, datetime, timedelta

    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    offsets = np.empty(len(hours), dtype=np.int64)
    for i, hour in enumerate(hours):
        offset = (epoch + timedelta(hours=int(hour))).astimezone(view.zone).utcoffset() or timedelta()
        offsets[i] = int(offset.total_seconds()) * SECOND
    return times + offsets[place]


def unusual_days(view: View) -> Ints:
    """Days (local, since the epoch) that are no measure of a level: holidays and promotions with the day after."""
    days = {int(np.datetime64(day, "D").astype(np.int64)) for day in view.business_days.holidays}
    for day in view.business_days.promotions:
        number = int(np.datetime64(day, "D").astype(np.int64))
        days |= {number, number + 1}
    return np.array(sorted(days), dtype=np.int64)


def case_of(arena: Arena) -> Ints:
    """Index of the case of each event."""
    return np.repeat(np.arange(arena.cases, dtype=np.int64), np.diff(arena.offsets))


def event_columns(arena: Arena, skip: frozenset[str] = frozenset()) -> Iterator[Column]:
    """All columns by which events can be told apart, further fields with few values among them."""
    for name in EVENT_FIELDS:
        if name not in skip and len(arena.names[name]) > 1:
            yield Column(name, arena.codes[name], arena.names[name])
    for name in segment_fields(arena):
        found = arena.fields.coded(name, MOST_VALUES) if name not in skip else None
        if found is not None and len(found[1]) > 1:
            yield Column(name, *found)


def segment_fields(arena: Arena) -> list[str]:
    """Further fields that may set cases apart; where an error began is a part of the error, not what it comes from."""
    return [name for name in sorted(arena.fields) if not name.startswith((ORIGIN, WAITED))]


def first_known(arena: Arena, codes: Codes) -> Codes:
    """Per case the first code that is known."""
    if arena.cases == 0:
        return np.empty(0, dtype=np.int32)
    far = arena.events
    row = np.where(codes >= 0, np.arange(arena.events), far)
    first = np.minimum.reduceat(row, arena.offsets[:-1])
    return np.where(first < far, codes[np.minimum(first, max(far - 1, 0))], NO_CODE).astype(np.int32)


def case_columns(arena: Arena) -> list[Column]:
    """Columns by which cases can be told apart: channel, platform, shop, further fields with few values."""
    found = [
        Column(name, first_known(arena, arena.codes[name]), arena.names[name])
        for name in CASE_FIELDS
        if len(arena.names[name]) > 1
    ]
    for name in segment_fields(arena):
        encoded = arena.fields.coded(name, MOST_VALUES)
        if encoded is not None and len(encoded[1]) > 1:
            found.append(Column(name, first_known(arena, encoded[0]), encoded[1]))
    return found


def case_amounts(arena: Arena) -> Ints:
    """Per case the first amount that is known, NO_TIME where none is."""
    if arena.cases == 0:
        return np.empty(0, dtype=np.int64)
    far = arena.events
    row = np.where(arena.amount != NO_TIME, np.arange(arena.events), far)
    first = np.minimum.reduceat(row, arena.offsets[:-1])
    return np.where(first < far, arena.amount[np.minimum(first, max(far - 1, 0))], NO_TIME)


def amount_bands(arena: Arena) -> Column | None:
    """Per case the band of its amount, of about equally many cases each; None where few have one, or all the same."""
    amount = case_amounts(arena)
    there = amount != NO_TIME
    if int(there.sum()) < KNOWN:
        return None
    edges = np.unique(np.quantile(amount[there], np.arange(1, BANDS) / BANDS).astype(np.int64))
    codes = np.where(there, np.searchsorted(edges, amount, side="left"), NO_CODE).astype(np.int32)
    limits = [f"{edge / 100:,.0f}" for edge in edges]
    return Column("amount", codes, ("≤ " + limits[0], *(f"{a}–{b}" for a, b in pairwise(limits)), "> " + limits[-1]))


def graded_columns(arena: Arena) -> list[Column]:
    """Columns of cases, and the band of their amount."""
    bands = amount_bands(arena)
    return [*case_columns(arena), *([bands] if bands is not None else [])]


def ids(arena: Arena, cases: npt.ArrayLike, most: int = 5) -> tuple[str, ...]:
    """Case ids of the first `most` different cases of `cases` (indices)."""
    chosen: list[int] = []
    for case in np.asarray(cases, dtype=np.int64):
        if int(case) not in chosen:
            chosen.append(int(case))
        if len(chosen) == most:
            break
    return tuple(arena.case_ids[case].as_py() for case in chosen)


def daily(days: Ints, values: Floats, skip: Ints) -> tuple[int, Floats, Floats]:
    """First day, and per day from it on the sum of `values` and their number; days in `skip` count as empty."""
    if len(days) == 0:
        return 0, np.empty(0), np.empty(0)
    first = int(days.min())
    counts = np.bincount(days - first).astype(np.float64)
    totals = np.bincount(days - first, weights=values)
    for day in skip:
        if 0 <= day - first < len(counts):
            counts[day - first] = totals[day - first] = 0.0
    return first, totals.astype(np.float64), counts


def unlocal(view: View, day: int) -> int:
    """µs UTC of midnight of a local day (days since the epoch)."""
    from datetime import datetime, timedelta

    midnight = datetime(1970, 1, 1, tzinfo=view.zone) + timedelta(days=day)
    return int(midnight.timestamp()) * SECOND


def mostly(flags: Flags) -> bool:
    """Whether more than half of the flags are set."""
    return len(flags) > 0 and 2 * int(flags.sum()) > len(flags)
