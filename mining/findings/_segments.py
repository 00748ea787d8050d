"""Where something concentrates, and since when: contrasts of the cases or events that have it with those that don't."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from scipy.special import ndtr

from mining.contrast.counting import coded
from mining.contrast.separating import Separation, separating_in
from mining.findings._columns import Column, daily
from mining.findings._signs import FEWEST
from mining.findings._stats import Flags, Floats, Ints, corrected, local_ranks, rise
from mining.findings.facts import Segments as Segments
from mining.findings.facts import Where

Plain = tuple[str, str, float, int, float]
"""A segment of one field."""
LEAST_LIFT: Final = 1.5
"""A segment or a period must have, or wait, this many times as much as the rest to be named."""
LEAST_PART: Final = 0.2
"""What holds less of the hits is no place where they concentrate."""
MOST_PAIRED: Final = 4
"""Fields whose combinations are looked at: those where hits concentrate most."""


def concentrated(hit: Flags, pool: Flags, columns: Sequence[Column], most: int = 5) -> Segments:
    """Values of `columns` with more hits than the rest of the pool has: (field, value, lift, hits, corrected p).

    Lift is the share of hits against that of the rest; what separates hits from the rest best comes first. Of two or
    three values that concentrate hits only together, the further ones are added: ((field, value), ..). Where no value
    concentrates them by itself no combination is looked for (mining/contrast).
    """
    data = coded(hit, pool, columns)
    found = separating_in(data, most, LEAST_PART, deepest=1)
    if found:
        deeper = separating_in(data, most, LEAST_PART, most_paired=MOST_PAIRED)
        if any(len(each.conditions) > 1 for each in deeper):
            found = deeper
    return tuple(_where(each) for each in found)


def _where(found: Separation) -> Where:
    (name, value), *also = found.conditions
    plain = name, value, round(found.lift, 2), found.hits, found.p_value
    return (*plain, tuple(also)) if also else plain


def began(days: Ints, hit: Flags, unusual: Ints) -> tuple[int, float, float] | None:
    """First local day of a lasting rise in the share of hits (at least doubled), share before and after; else None."""
    values: Floats = hit.astype(np.float64)
    first, totals, counts = daily(days, values, unusual)
    change = rise(totals, counts)
    if change is None or change.after < 2 * change.before:
        return None
    return first + change.place, change.before, change.after


def risen(day: Ints, seconds: Floats, unusual: Ints) -> tuple[int, float, float, float] | None:
    """First day, ratio, level before (s) and p-value of a rise of the daily level, None where there is none."""
    if len(seconds) < FEWEST:
        return None
    first, totals, counts = daily(day, np.log(seconds + 1.0), unusual)
    # Days at the edge of the log, with cases only beginning to arrive, are no measure of an empty queue.
    thin = counts < 0.5 * np.median(counts[counts > 0]) if counts.any() else counts > 0
    counts[thin] = totals[thin] = 0.0
    change = rise(totals, counts)
    if change is None:
        return None
    begin = first + change.place
    before = float(seconds[day < begin].mean())
    after = float(seconds[day >= begin].mean())
    if after < LEAST_LIFT * before or np.exp(change.after - change.before) < LEAST_LIFT:
        return None
    return begin, after / max(before, 1.0), before, change.p_value


def slower(columns: Sequence[Column], seconds: Floats, enabled: Ints) -> tuple[Plain, ...]:
    """Values of columns that wait longer than their neighbours in time, strongest first (van Elteren; BH)."""
    if len(seconds) < 2 * FEWEST:
        return ()
    ranks = local_ranks(seconds, enabled)
    spread = float(ranks.std())
    if spread == 0:
        return ()
    tried: list[tuple[str, str, float, int]] = []
    p_values: list[float] = []
    n = len(ranks)
    for column in columns:
        codes = column.codes
        if (codes >= 0).sum() < 0.5 * n:
            continue
        size = len(column.names)
        count = np.bincount(codes + 1, minlength=size + 1)[1:].astype(np.float64)
        rank = np.bincount(codes + 1, weights=ranks, minlength=size + 1)[1:]
        waited = np.bincount(codes + 1, weights=seconds, minlength=size + 1)[1:]
        for value in np.flatnonzero((count >= 30) & (count <= 0.8 * n)):
            rest = n - count[value]
            gap = rank[value] / count[value] - (ranks.sum() - rank[value]) / rest
            p_values.append(float(ndtr(-gap / (spread * np.sqrt(1 / count[value] + 1 / rest)))))
            level = (seconds.sum() - waited[value]) / rest
            lift = float(waited[value] / count[value] / level) if level > 0 else 1e6
            tried.append((column.field, column.names[value], lift, int(count[value])))
    adjusted = corrected(np.array(p_values))
    strong = [
        (field, value, round(lift, 2), count, float(p))
        for (field, value, lift, count), p in zip(tried, adjusted, strict=True)
        if p < 0.001 and lift >= LEAST_LIFT
    ]
    strong.sort(key=lambda s: (-(s[2] - 1) * s[3], s[4], s[0], s[1]))
    return tuple(strong[:5])


def trend(day: Ints, seconds: Floats) -> float:
    """Seconds a week by which the daily median goes up or down (Theil-Sen); 0 where that may be chance.

    Kendall's test at 0.05; days of five waits and more, eight such days at least, of long histories the last 400.
    """
    order = np.lexsort((seconds, day))
    days, first, count = np.unique(day[order], return_index=True, return_counts=True)
    enough = np.flatnonzero(count >= 5)[-400:]
    if len(enough) < 8:
        return 0.0
    days, first, count = days[enough], first[enough], count[enough]
    ordered = seconds[order]
    level = (ordered[first + (count - 1) // 2] + ordered[first + count // 2]) / 2
    left, right = np.triu_indices(len(days), 1)
    apart = level[right] - level[left]
    n = len(days)
    spread = float(np.sqrt(n * (n - 1) * (2 * n + 5) / 18))
    if 2 * float(ndtr(-abs(float(np.sign(apart).sum())) / spread)) >= 0.05:
        return 0.0
    return float(np.median(apart / (days[right] - days[left]))) * 7
