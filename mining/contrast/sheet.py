"""Outcomes beside sources: how cases of each channel, platform or shop turn out, and where the others do not.

Shares are compared by Fisher's exact test, durations and money by ranks (Mann and Whitney, so that a
few huge values are no difference), each value with all others of its field; the p-values of the whole sheet are
corrected together.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
from scipy.special import ndtr

from mining.contrast.column import Column
from mining.contrast.testing import Flags, Floats, Ints, corrected, more_often, wilson

Kind = Literal["share", "duration", "money"]
Differs = Literal["more", "less"]
FEWEST: Final = 10
"""Cases: of fewer, on one of the two sides, nothing is compared."""
SURE: Final = 0.01
"""Share of false ones among all marks, at most (false discovery rate)."""
LEAST_RATIO: Final = 1.1
"""A difference by less is not marked, however sure it is."""
MOST_VALUES: Final = 100
"""Of a field with more, those with most cases."""
Z95: Final = 1.959964


@dataclass(frozen=True)
class Outcome:
    """How each case turned out."""

    name: str
    kind: Kind
    values: Floats
    """One a case: 0 or 1, seconds, minor units; NaN where it does not count or is not known yet."""


@dataclass(frozen=True)
class Cell:
    """One outcome of the cases of one source."""

    cases: int
    """Of which the outcome is known."""
    value: float | None
    """Share, median of durations, mean of money; None of no case."""
    interval: tuple[float, float] | None
    """95 %."""
    others: float | None
    """The same of the cases of all other sources."""
    differs: Differs | None
    """From the others, where that is sure and large enough to matter."""
    p_value: float | None
    """Corrected for the whole sheet; None where nothing was compared."""


@dataclass(frozen=True)
class Source:
    """A value of a field, and the outcomes of its cases by name."""

    field: str
    value: str
    cases: int
    cells: dict[str, Cell]


def source_sheet(columns: Sequence[Column], outcomes: Sequence[Outcome], keep: Flags | None = None) -> list[Source]:
    """One row a value of each column, most cases first; `keep` flags the cases that count (None: all).

    Codes, values and flags have the shape (cases,). What has no code stands in no row and is nobody's other.
    """
    rows: list[Source] = []
    for column in columns:
        known = column.codes >= 0
        at = np.flatnonzero(known if keep is None else known & keep)
        count = np.bincount(column.codes[at], minlength=len(column.names))
        listed = np.argsort(-count, kind="stable")[: min(MOST_VALUES, int((count > 0).sum()))]
        place = np.full(len(count), len(listed))
        place[listed] = np.arange(len(listed))
        groups = place[column.codes[at]]
        cells = {outcome.name: _cells(groups, outcome.values[at], outcome.kind, len(listed)) for outcome in outcomes}
        rows += [
            Source(column.field, column.names[code], int(count[code]), {name: of[n] for name, of in cells.items()})
            for n, code in enumerate(listed.tolist())
        ]
    return _corrected(rows)


@dataclass(frozen=True)
class _Compared:
    """Of each group what it comes to, and how far the groups' values lie from the others'."""

    count: Floats
    value: Floats
    low: Floats
    high: Floats
    others: Floats
    p_value: Floats
    higher: Flags
    """Which way the test points."""


def _cells(groups: Ints, values: Floats, kind: Kind, size: int) -> list[Cell]:
    """One cell a group 0..size-1; a case of no group that is shown, `size`, is one of the others."""
    there = ~np.isnan(values)
    compare = {"share": _shares, "duration": _medians, "money": _means}[kind]
    with np.errstate(divide="ignore", invalid="ignore"):
        found = compare(groups[there], values[there], size)
    every = int(there.sum())
    return [_cell(found, n, every, kind) for n in range(size)]


def _sums(groups: Ints, values: Floats, size: int) -> tuple[Floats, Floats]:
    count = np.bincount(groups, minlength=size + 1)[:size].astype(np.float64)
    total = np.bincount(groups, weights=values, minlength=size + 1)[:size]
    return count, total.astype(np.float64)


def _shares(groups: Ints, values: Floats, size: int) -> _Compared:
    count, hits = _sums(groups, values, size)
    every, all_hits = float(len(values)), float(values.sum())
    more = more_often(hits, count, all_hits, every)
    less = more_often(count - hits, count, every - all_hits, every)
    low, high = wilson(hits, count)
    others = (all_hits - hits) / (every - count)
    return _Compared(count, hits / count, low, high, others, np.minimum(2 * np.minimum(more, less), 1.0), more < less)


def _medians(groups: Ints, values: Floats, size: int) -> _Compared:
    """Medians with the order statistics between which they lie for sure enough (binomial, normal approximation)."""
    order = np.argsort(values, kind="stable")
    ordered, of_group = values[order], groups[order]
    count, z = _by_ranks(ordered, of_group, size)
    middle, low, high, others = np.full((4, size), np.nan)
    for group in np.flatnonzero(count).tolist():
        mine = of_group == group
        own, reach = ordered[mine], Z95 * np.sqrt(count[group]) / 2
        middle[group], others[group] = _middle(own), _middle(ordered[~mine])
        low[group] = own[int(max(np.floor(len(own) / 2 - reach), 0))]
        high[group] = own[int(min(np.ceil(len(own) / 2 + reach), len(own) - 1))]
    return _Compared(count, middle, low, high, others, _two_sided(z), z > 0)


def _means(groups: Ints, values: Floats, size: int) -> _Compared:
    count, total = _sums(groups, values, size)
    _, squares = _sums(groups, values**2, size)
    rest, rest_total = len(values) - count, values.sum() - total
    mean, others = total / count, rest_total / rest
    error = np.maximum(squares / count - mean**2, 0.0) / (count - 1)
    order = np.argsort(values, kind="stable")
    _, z = _by_ranks(values[order], groups[order], size)
    reach = Z95 * np.sqrt(error)
    return _Compared(count, mean, mean - reach, mean + reach, others, _two_sided(z), z > 0)


def _cell(found: _Compared, n: int, every: int, kind: Kind) -> Cell:
    """With the plain p-value where there are cases enough to compare, marked as it will be if that proves sure."""
    count, value, others = int(found.count[n]), found.value[n], found.others[n]
    bounds = (float(found.low[n]), float(found.high[n]))
    way: Differs | None = None
    compared = min(count, every - count) >= FEWEST
    if compared and value != others and bool(value > others) == bool(found.higher[n]):
        small, large = sorted((value, others))
        enough = large >= LEAST_RATIO * small or (kind == "share" and 1 - small >= LEAST_RATIO * (1 - large))
        way = ("more" if value > others else "less") if enough else None
    return Cell(
        cases=count,
        value=float(value) if count else None,
        interval=None if not count or np.isnan(bounds).any() else bounds,
        others=None if np.isnan(others) else float(others),
        differs=way,
        p_value=float(found.p_value[n]) if compared else None,
    )


def _corrected(rows: list[Source]) -> list[Source]:
    found = [cell.p_value for row in rows for cell in row.cells.values() if cell.p_value is not None]
    adjusted = iter(corrected(np.array(found)).tolist())

    def mended(cell: Cell) -> Cell:
        if cell.p_value is None:
            return cell
        p = next(adjusted)
        return replace(cell, p_value=p, differs=cell.differs if p < SURE else None)

    return [replace(row, cells={name: mended(cell) for name, cell in row.cells.items()}) for row in rows]


def _middle(ordered: Floats) -> float:
    n = len(ordered)
    return float((ordered[(n - 1) // 2] + ordered[n // 2]) / 2) if n else np.nan


def _by_ranks(ordered: Floats, groups: Ints, size: int) -> tuple[Floats, Floats]:
    """Size of each group, and how many standard errors its mean rank lies above that of the others."""
    ranks = _mid_ranks(ordered)
    count, rank = _sums(groups, ranks, size)
    n, rest = len(ordered), len(ordered) - count
    if n < 2:
        return count, np.zeros(size)
    gap = rank / count - (ranks.sum() - rank) / rest
    return count, gap / (ranks.std() * np.sqrt(n / (n - 1) * (1 / count + 1 / rest)))


def _mid_ranks(ordered: Floats) -> Floats:
    """From 1; equal values share the middle of theirs."""
    fresh = np.append(True, ordered[1:] != ordered[:-1])[: len(ordered)]
    first = np.flatnonzero(fresh)
    last = np.append(first[1:], len(ordered))
    return np.asarray(((first + last[: len(first)] + 1) / 2)[np.cumsum(fresh) - 1], np.float64)


def _two_sided(z: Floats) -> Floats:
    return np.asarray(2 * ndtr(-np.abs(np.nan_to_num(z))), np.float64)
