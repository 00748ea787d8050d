"""Which values of fields, and which combinations of them, separate a set of cases from the rest.

A value separates where more of the set than of the rest has it. A combination of two or three is named only where it
does clearly more than each of its parts, and than they do one beside the other. All values, and all combinations, that
were tried are corrected for. Why it is done so: docs/contrast.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Final

import numpy as np

from mining.contrast.column import Column
from mining.contrast.counting import Coded, coded
from mining.contrast.evidence import FEWEST, lifted, more_than_parts
from mining.contrast.testing import Flags, Ints, corrected, lift_bounds, more_often

LEAST_PART: Final = 0.05
"""What could hold less of the set is not looked at."""
SURE: Final = 0.01
"""Share of false ones among all that is named, at most (false discovery rate)."""
MOST_PAIRED: Final = 24
"""Fields of which combinations are looked at: of more, those that separate best by themselves."""
MOST_CELLS: Final = 1 << 20
"""A pair of fields with more combinations of values is left out: the counts would take more room than the cases."""
MOST_DEEPENED: Final = 8
"""Pairs to which a third condition is sought."""


@dataclass(frozen=True)
class Separation:
    """A value, or values that hold together, by which a set stands apart from the rest of what it is compared with."""

    conditions: tuple[tuple[str, str], ...]
    """Field and value."""
    cases: int
    """That meet them, of set and rest."""
    hits: int
    """That meet them, of the set."""
    share_of_set: float
    share_of_rest: float
    """Of the rest, the cases that meet them."""
    lift: float
    """Share of hits among the cases that meet them, to that among the others; what is unknown is left out."""
    interval: tuple[float, float]
    """95 %, of the lift."""
    p_value: float
    """Corrected for all that was tried."""


@dataclass(frozen=True)
class _Found:
    """Something tried, before it is corrected."""

    fields: tuple[int, ...]
    values: tuple[int, ...]
    size: float
    hits: float
    total: float
    all_hits: float
    p_value: float

    @property
    def apart(self) -> float:
        """Share of the set that has it less that of the rest."""
        return self.hits / self.all_hits - (self.size - self.hits) / (self.total - self.all_hits)


@dataclass(frozen=True)
class _Tried:
    found: list[_Found]
    """What may prove something."""
    count: int
    """How much was tried."""


def separating(
    hit: Flags, pool: Flags, columns: Sequence[Column], most: int = 12, deepest: int = 3
) -> tuple[Separation, ...]:
    """What sets the cases of `hit` in `pool` apart from the others in `pool`, what separates best first.

    `hit`, `pool` and the codes of `columns` have the shape (cases,). At most `most`, of up to `deepest` conditions.
    """
    return separating_in(coded(hit, pool, columns), most, deepest=deepest)


def separating_in(
    data: Coded, most: int, least_part: float = LEAST_PART, deepest: int = 3, most_paired: int = MOST_PAIRED
) -> tuple[Separation, ...]:
    """The same of cases that have been coded; combined are up to `most_paired` fields."""
    if not data.member.any() or data.member.all():
        return ()
    singles = [_singles(data, field, least_part) for field in range(len(data.fields))]
    families = 2 if deepest > 1 else 1
    sure = _sure([found for each in singles for found in each.found], sum(each.count for each in singles), families)
    if deepest > 1:
        combined = _most_apart(singles, most_paired)
        pairs = _all_pairs(data, combined, least_part)
        deeper = _deepened(data, pairs.found, combined, least_part) if deepest > 2 else _Tried([], 0)
        sure += _sure([*pairs.found, *deeper.found], pairs.count + deeper.count, families)
    told = _without_shadows(data, sure) if deepest > 1 else sure
    told.sort(key=lambda found: (-found.apart, found.p_value, found.fields, found.values))
    return tuple(_told(data, found) for found in told[:most])


def _sure(tried: list[_Found], count: int, families: int) -> list[_Found]:
    """What is sure after `count` were tried, in one of so many families that are corrected each by itself."""
    adjusted = np.minimum(corrected(np.array([found.p_value for found in tried]), count) * families, 1.0)
    return [replace(found, p_value=float(p)) for found, p in zip(tried, adjusted, strict=True) if p < SURE]


def _singles(data: Coded, field: int, least_part: float) -> _Tried:
    size, hits = data.table(field)
    total, all_hits = size.sum(), hits.sum()
    tried = (size >= max(FEWEST, least_part * all_hits)) & (size < total)
    likely = np.flatnonzero(tried & (hits >= FEWEST) & lifted(hits, size, all_hits, total))
    p_values = more_often(hits[likely], size[likely], all_hits, total)
    found = [
        _Found((field,), (int(v),), size[v], hits[v], total, all_hits, float(p))
        for v, p in zip(likely, p_values, strict=True)
        if hits[v] >= least_part * all_hits
    ]
    return _Tried(found, int(tried.sum()))


def _most_apart(singles: list[_Tried], most: int) -> list[int]:
    """The fields of which a value separates best, in their order."""
    apart = [max((found.apart for found in single.found), default=0.0) for single in singles]
    return sorted(sorted(range(len(singles)), key=lambda field: (-apart[field], field))[:most])


def _all_pairs(data: Coded, combined: list[int], least_part: float) -> _Tried:
    fullest = len(data.member) // max(FEWEST, int(least_part * data.member.sum()))
    found: list[_Found] = []
    count = 0
    for left, right in combinations(range(len(data.fields)), 2):
        cells = len(data.names[left]) * len(data.names[right])
        if left in combined and right in combined and cells <= MOST_CELLS:
            pairs = _pairs(data, left, right, least_part)
            found += pairs.found
            count += pairs.count
        else:  # not looked at because of what was seen: it counts as tried
            count += min(cells, fullest)
    return _Tried(found, count)


def _pairs(data: Coded, left: int, right: int, least_part: float) -> _Tried:
    table = data.table(left, right)
    (size, hits), total, all_hits = table, table[0].sum(), table[1].sum()
    rows, columns = table.sum(axis=2)[:, :, None], table.sum(axis=1)[:, None, :]
    tried = (size >= max(FEWEST, least_part * all_hits)) & (size < rows[0]) & (size < columns[0])
    likely = np.nonzero(tried & (hits >= max(FEWEST, least_part * all_hits)))
    both = table[:, likely[0], likely[1]]
    one, other = rows[:, likely[0], 0], columns[:, 0, likely[1]]
    p_values = more_than_parts(both, [(one, other)], table.sum(axis=(1, 2))[:, None])
    found = [
        _Found((left, right), (int(i), int(j)), size[i, j], hits[i, j], total, all_hits, float(p))
        for i, j, p in zip(*likely, p_values, strict=True)
        if p < 1
    ]
    return _Tried(found, int(tried.sum()))


def _deepened(data: Coded, pairs: list[_Found], combined: list[int], least_part: float) -> _Tried:
    """A third condition to the pairs that separate best."""
    found: dict[tuple[tuple[int, int], ...], _Found] = {}
    count = 0
    likely = sorted(pairs, key=lambda pair: (pair.p_value >= SURE, -pair.apart, pair.fields, pair.values))
    for pair in likely[:MOST_DEEPENED]:
        (a, b), (u, v) = pair.fields, pair.values
        known = (data.codes[a] > 0) & (data.codes[b] > 0)
        first, second = known & (data.codes[a] == u + 1), known & (data.codes[b] == v + 1)
        rows = [np.flatnonzero(flags) for flags in (known, first, second, first & second)]
        for third in combined:
            if third not in pair.fields:
                deeper = _triples(data, pair, third, rows, least_part)
                count += deeper.count
                found |= {tuple(sorted(zip(each.fields, each.values, strict=True))): each for each in deeper.found}
    return _Tried(list(found.values()), count)


def _triples(data: Coded, pair: _Found, third: int, rows: list[Ints], least_part: float) -> _Tried:
    """The pair with each value of the third field.

    `rows` are the cases of which the pair's fields are known, those with its first value, its second, and both.
    """
    single, first, second, both = (data.table(third, rows=each) for each in rows)
    whole, pairs = single.sum(axis=1)[:, None], both.sum(axis=1)[:, None]
    size, hits = both
    tried = (size >= max(FEWEST, least_part * whole[1, 0])) & (size < pairs[0])
    tried &= (size < first[0]) & (size < second[0])
    likely = np.flatnonzero(tried & (hits >= max(FEWEST, least_part * whole[1, 0])))
    splits = [
        (pairs, single[:, likely]),
        (first[:, likely], second.sum(axis=1)[:, None]),
        (second[:, likely], first.sum(axis=1)[:, None]),
    ]
    p_values = more_than_parts(both[:, likely], splits, whole)
    found = [
        _Found((*pair.fields, third), (*pair.values, int(w)), size[w], hits[w], whole[0, 0], whole[1, 0], float(p))
        for w, p in zip(likely, p_values, strict=True)
        if p < 1
    ]
    return _Tried(found, int(tried.sum()))


def _without_shadows(data: Coded, sure: list[_Found]) -> list[_Found]:
    """Without what no longer separates among the cases outside of the combinations already named.

    So a part stays only where it says something beside the whole.
    """
    kept: list[_Found] = []
    outside = np.ones(len(data.member), np.bool_)
    for found in sorted(sure, key=lambda f: (-len(f.fields), -f.apart, f.fields, f.values)):
        holds = data.holds(found.fields, found.values)
        if outside.all() or _still(holds[outside], data.member[outside]):
            kept.append(found)
            if len(found.fields) > 1:
                outside &= ~holds
    return kept


def _still(holds: Flags, member: Ints) -> bool:
    size, hits, all_hits = float(holds.sum()), float(member[holds].sum()), float(member.sum())
    counts = np.array([hits]), np.array([size]), all_hits, float(len(member))
    return hits >= FEWEST and bool(lifted(*counts)[0]) and float(more_often(*counts)[0]) < SURE


def _told(data: Coded, found: _Found) -> Separation:
    size, hits, total, all_hits = found.size, found.hits, found.total, found.all_hits
    lift, low, high = lift_bounds(hits, size, all_hits - hits, total - size).tolist()
    return Separation(
        tuple((data.fields[f], data.names[f][v]) for f, v in sorted(zip(found.fields, found.values, strict=True))),
        int(size),
        int(hits),
        float(hits / all_hits),
        float((size - hits) / (total - all_hits)),
        lift,
        (low, high),
        found.p_value,
    )
