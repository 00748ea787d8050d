"""Where something concentrates, and since when: contrasts of the cases or events that have it with those that don't."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from mining.findings._columns import Column, daily
from mining.findings._stats import Flags, Floats, Ints, at_least, corrected, rise

LEAST_LIFT: Final = 1.5
LEAST_PART: Final = 0.2
"""What holds less of the hits is no place where they concentrate."""
Segments = tuple[tuple[str, str, float, int, float], ...]


def concentrated(hit: Flags, pool: Flags, columns: Sequence[Column], most: int = 5) -> Segments:
    """Values of `columns` with more hits than the rest of the pool has: (field, value, lift, hits, corrected p).

    Lift is the share of hits against that of the rest. One-sided binomial against the rest's share (a value with all
    the hits: against the pool's), Benjamini-Hochberg over all that was tried, 0.01; strongest first.
    """
    tried: list[tuple[str, str, float, int]] = []
    p_values: list[float] = []
    hits, size = int((hit & pool).sum()), int(pool.sum())
    for column in columns:
        known = pool & (column.codes >= 0)
        if known.sum() < 0.5 * size:
            continue
        count = np.bincount(column.codes[known], minlength=len(column.names))
        with_it = np.bincount(column.codes[known & hit], minlength=len(column.names))
        for value in np.flatnonzero((with_it >= max(3, LEAST_PART * hits)) & (count < known.sum())):
            share = with_it[value] / count[value]
            rest = (hits - with_it[value]) / max(size - count[value], 1)
            floor = max(rest, 0.5 / max(size - count[value], 1))
            tried.append((column.field, column.names[value], float(share / floor), int(with_it[value])))
            p_values.append(at_least(int(with_it[value]), int(count[value]), max(rest, hits / size * 0.5)))
    adjusted = corrected(np.array(p_values))
    strong = [
        (field, value, round(lift, 2), count, float(p))
        for (field, value, lift, count), p in zip(tried, adjusted, strict=True)
        if p < 0.01 and lift >= LEAST_LIFT
    ]
    strong.sort(key=lambda s: (s[4], -s[2], s[0], s[1]))
    return tuple(strong[:most])


def began(days: Ints, hit: Flags, unusual: Ints) -> tuple[int, float, float] | None:
    """First local day of a lasting rise in the share of hits (at least doubled), share before and after; else None."""
    values: Floats = hit.astype(np.float64)
    first, totals, counts = daily(days, values, unusual)
    change = rise(totals, counts)
    if change is None or change.after < 2 * change.before:
        return None
    return first + change.place, change.before, change.after
