"""Where a field of a step, right nearly always, is wrong: since a day, or at one place."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from mining.findings._changes import VERSION
from mining.findings._columns import (
    DAY,
    MOST_VALUES,
    Column,
    case_of,
    event_columns,
    local,
    segment_fields,
    unusual_days,
)
from mining.findings._field_values import FieldValues, amounts, field_values, odd_numbers, thirds
from mining.findings._segments import Segments, began, concentrated
from mining.findings._stats import Flags, Floats, Ints, at_least, corrected
from mining.findings.facts import View

FEWEST: Final = 20
"""Events with a wrong value."""
POOL: Final = 100
"""Runs of a step from which on its fields are looked at."""
RIGHT: Final = 0.02
"""At most so many are wrong before, or elsewhere, where a field counts as right nearly always."""
WRONG: Final = 0.03
"""At least so many are wrong since, or there."""
MOST: Final = 0.6
"""What more of all runs have is how the field is."""
ALL: Final = 0.97
"""Where so many lack it, it is not asked for there."""
LIFT: Final = 5.0
CERTAIN: Final = 1e-6
FORMATS: Final = 6
"""A field has a format where no more shapes than these have a share of their own."""
OWN: Final = 0.01
KEY: Final = 0.9
"""Values of which so many are different are ids: their length may grow."""
FIXED: Final = 0.99
DIGITS: Final = 4
"""Where so many numbers have the same number of digits, and as many as these, they are codes."""
AMOUNT: Final = "amount"
PLACES: Final = frozenset({"system", "module", "device", "channel", "platform", "shop", VERSION})
Sort = Literal["missing", "malformed", "range", "differs"]


@dataclass(frozen=True)
class Break:
    """One field of one step that is wrong in one way."""

    sort: Sort
    field: str
    activity: int
    pool: Ints
    """Runs of the step that count: those that did not fail; rows, ascending."""
    hit: Flags
    """Which of them are wrong."""
    change: tuple[int, float, float] | None
    """First local day, share wrong before and since."""
    segments: Segments
    settled: bool
    """Whether it may be meant so: all of them since a day, or a new source, or all of one place from the beginning."""
    example: str | None
    """Shape or value of the wrong ones, the most frequent."""
    usual: str | None
    p_value: float


def breaks(view: View) -> list[Break]:
    """All of them, corrected for everything that was tried (Benjamini, Hochberg), in the order of the fields."""
    arena = view.arena
    if arena.events < POOL:
        return []
    looking = _Looking(view)
    found: list[Break] = []
    tried = 0
    for name, values, number in _columns(view):
        for candidate in looking.candidates(values, number):
            tried += 1
            one = looking.judged(name, *candidate)
            if one is not None:
                found.append(one)
    p_values = np.array([*(each.p_value for each in found), *np.ones(tried - len(found))])
    sure = corrected(p_values)[: len(found)] < CERTAIN
    return _best([each for each, certain in zip(found, sure.tolist(), strict=True) if certain])


def _columns(view: View) -> Iterator[tuple[str, FieldValues | None, Floats | None]]:
    """Name, values and numbers of each field; a version is none that anybody fills in."""
    for name in segment_fields(view.arena):
        if name not in (VERSION, AMOUNT) and (values := field_values(view.arena, name)) is not None:
            yield name, values, values.number
    if (number := amounts(view.arena)) is not None:
        yield AMOUNT, None, number


Candidate = tuple[Sort, int, Ints, Flags, str | None, str | None]


class _Looking:
    """What all fields are looked at with."""

    def __init__(self, view: View) -> None:
        self._view, self._arena = view, view.arena
        self._columns = list(event_columns(view.arena))
        self._unusual = unusual_days(view)
        arena = view.arena
        counts = np.bincount(arena.activity, minlength=len(arena.activities))
        good = np.flatnonzero(~arena.error)
        order = good[np.argsort(arena.activity[good], kind="stable")]
        ends = np.cumsum(np.bincount(arena.activity[good], minlength=len(counts)))
        self._pools = {
            code: np.sort(order[end - size : end])
            for code, (end, size) in enumerate(zip(ends, np.diff(ends, prepend=0), strict=True))
            if size >= POOL
        }
        self._case = case_of(arena)

    def candidates(self, values: FieldValues | None, number: Floats | None) -> Iterator[Candidate]:
        """All events of a step in which the field might be wrong, and in what way."""
        differs = None if values is None else self._differing(values)
        for code, pool in self._pools.items():
            if values is not None:
                there = values.there[pool]
                if there.mean() < 1 - MOST:
                    continue
                yield "missing", code, pool, ~there, None, None
                yield from self._malformed(values, code, pool)
                if differs is not None and len(comparable := pool[differs[0][pool]]) >= POOL:
                    yield "differs", code, comparable, differs[1][comparable], None, None
            if number is not None:
                own = number[pool]
                if np.isnan(own).mean() <= MOST:
                    early = thirds(self._arena.start[pool])
                    for usual in (early, np.ones(len(pool), np.bool_)):
                        odd = odd_numbers(own, usual)
                        example = _median(own[odd])
                        yield "range", code, pool, odd, example, _median(own[~odd])
                    if values is None:
                        yield "missing", code, pool, np.isnan(own), None, None

    def judged(
        self, field: str, sort: Sort, activity: int, pool: Ints, hit: Flags, example: str | None, usual: str | None
    ) -> Break | None:
        """The break that these hits are; None where they begin nowhere and are at no place."""
        count, size = int(hit.sum()), len(pool)
        if count < FEWEST or count > MOST * size:
            return None
        start = self._arena.start[pool]
        day = local(self._view, start) // DAY
        change = began(day, hit, self._unusual)
        everything = np.ones(size, np.bool_)
        columns = [Column(c.field, c.codes[pool], c.names) for c in self._columns if c.field != field]
        segments = concentrated(hit, everything, columns)
        best: tuple[float, bool] | None = None
        if change is not None:
            first, before, after = change
            late = day >= first
            if before <= RIGHT and after >= max(WRONG, LIFT * before):
                rate = (int(hit[~late].sum()) + 1) / (int((~late).sum()) + 1)
                p = at_least(int(hit[late].sum()), int(late.sum()), rate)
                everybody = bool(hit[day > first].mean() >= ALL) if (day > first).any() else after >= ALL
                best = p, everybody or self._new_source(columns, segments, start, day, first)
        inside = self._placed(columns, segments, hit)
        if best is None and inside is not None:
            share = float(hit[inside].mean())
            rest = (int(hit[~inside].sum()) + 1) / (int((~inside).sum()) + 1)
            if share < ALL or sort != "missing":
                best = at_least(int(hit[inside].sum()), int(inside.sum()), rest), share >= ALL
        if best is None:
            return None
        kept = change if change is not None and change[1] <= RIGHT else None
        return Break(sort, field, activity, pool, hit, kept, segments, best[1], example, usual, best[0])

    def _placed(self, columns: Sequence[Column], segments: Segments, hit: Flags) -> Flags | None:
        """The runs of the place at which nearly all wrong ones are, where elsewhere nearly all are right."""
        for field, value, lift, *_ in segments:
            if field in PLACES and lift >= LIFT:
                column = next(c for c in columns if c.field == field)
                inside: Flags = column.codes == column.names.index(value)
                if hit[inside].mean() >= WRONG and hit[~inside].mean() <= RIGHT:
                    return inside
        return None

    def _new_source(self, columns: Sequence[Column], segments: Segments, start: Ints, day: Ints, first: int) -> bool:
        """Whether the place of the wrong ones is as new as they are, and is no version: it may have no such field."""
        for field, value, *_ in segments[:1]:
            if field in PLACES - {VERSION}:
                column = next(c for c in columns if c.field == field)
                inside = column.codes == column.names.index(value)
                return bool(day[inside].min() >= first - 1)
        return False

    def _malformed(self, values: FieldValues, code: int, pool: Ints) -> Iterator[Candidate]:
        """Values of another shape than the field has: digits count where there are few shapes.

        What is counted up has a digit more when the digits are used up.
        """
        there = values.there[pool]
        count = int(there.sum())
        if values.size <= MOST_VALUES and values.number is None:
            return  # words of a list: a new one is a new word
        ids = values.size >= KEY * int(values.there.sum())
        for codes, names in ((values.shape, values.shapes), (values.coarse, values.coarses)):
            own = codes[pool]
            counts = np.bincount(own[own >= 0], minlength=len(names))
            if int((counts >= OWN * count).sum()) > FORMATS or counts.max() < 0.3 * count:
                continue
            early = thirds(self._arena.start[pool[there]])
            first = np.bincount(own[there][early], minlength=len(names))
            main = int(counts.argmax())
            if values.number is not None and not (names is values.shapes and _fixed(names[main], first, main)):
                continue  # numbers have as many digits as they need
            usual = first >= 0.1 * first.sum()
            usual[main] = True
            grown = np.array(
                [(ids and len(name) > len(names[main])) or _counts_up(name, names[main]) for name in names]
            )
            usual |= grown
            known = names[int((counts * usual).argmax())]
            odd = (own >= 0) & ~usual[own]
            if odd.any():
                yield "malformed", code, pool, odd, names[int((counts * ~usual).argmax())], known
            for shape in np.flatnonzero((counts >= WRONG * count / 2) & usual & ~grown).tolist():
                if shape != main:
                    yield "malformed", code, pool, own == shape, names[shape], names[main]

    def _differing(self, values: FieldValues) -> tuple[Flags, Flags] | None:
        """Which events have a value that another step of the case had before, and where it is another one."""
        rows = np.flatnonzero(values.there)
        same = self._case[rows[1:]] == self._case[rows[:-1]]
        other = self._arena.activity[rows[1:]] != self._arena.activity[rows[:-1]]
        if not (same & other).any():
            return None
        known, flags = np.zeros((2, self._arena.events), np.bool_)
        known[rows[1:]] = same & other
        flags[rows[1:]] = known[rows[1:]] & (values.codes[rows[1:]] != values.codes[rows[:-1]])
        return known, flags


def _fixed(name: str, counts: Ints, place: int) -> bool:
    """Whether numbers of this shape are codes: phones, postcodes, account numbers."""
    return len(name) >= DIGITS and set(name) == {"9"} and counts[place] >= FIXED * counts.sum()


def _counts_up(name: str, other: str) -> bool:
    """Whether both are digits only, one more in the one than in the other."""
    return {*name, *other} == {"9"} and abs(len(name) - len(other)) <= 1


def _median(values: Floats) -> str | None:
    known = values[~np.isnan(values)]
    return f"{float(np.median(known)):,.6g}" if len(known) else None


def _best(found: list[Break]) -> list[Break]:
    """Of each field of a step what is wrong most often; of ways with mostly the same events the first."""
    kept: list[Break] = []
    for each in sorted(found, key=lambda b: (-int(b.hit.sum()), b.sort)):
        rows = each.pool[each.hit]
        for other in kept:
            same = other.activity == each.activity and other.field == each.field
            if same and len(np.intersect1d(rows, other.pool[other.hit], assume_unique=True)) >= 0.5 * len(rows):
                break
        else:
            kept.append(each)
    return kept
