"""The little statistics that detectors share: corrections, bounds, stratified ranks, level changes.

All are distribution-free or exact, so that none has to be fitted to a kind of company. `scipy.special` instead of
`scipy.stats`: the same functions, a second less of importing.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.special import bdtrc, ndtr, pdtrc

from mining.contrast.testing import corrected as corrected

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

BLOCK: Final = 40
"""Neighbours in time that are compared with one another."""
DRAWS: Final = 400
"""Permutations of days; the smallest p-value is 1 / (DRAWS + 1)."""


def at_least(hits: int, trials: int, rate: float) -> float:
    """P(X >= hits) of a binomial of `trials` with `rate`."""
    if hits <= 0:
        return 1.0
    if hits > trials:
        return 0.0
    return float(bdtrc(hits - 1, trials, min(max(rate, 0.0), 1.0)))


def at_least_poisson(hits: int, mean: float) -> float:
    """P(X >= hits) of a Poisson of `mean`."""
    return 1.0 if hits <= 0 else float(pdtrc(hits - 1, max(mean, 1e-12)))


def lower_bound(hits: float, trials: float, z: float = 1.645) -> float:
    """Lower end of Wilson's interval (1927) for a share; 0 of nothing."""
    if trials <= 0:
        return 0.0
    p, zz = hits / trials, z * z
    centre = p + zz / (2 * trials)
    spread = z * float(np.sqrt(p * (1 - p) / trials + zz / (4 * trials * trials)))
    return max(0.0, (centre - spread) / (1 + zz / trials))


def local_ranks(values: Floats, order: Floats | Ints, block: int = BLOCK) -> Floats:
    """Mid-rank in (0, 1) of each value among its `block` neighbours by `order` (van Elteren's strata in time).

    What changes with the hour, the weekday, a promotion or over the weeks hits neighbours alike and cancels.
    """
    n = len(values)
    by_time = np.argsort(order, kind="stable")
    strata = np.minimum(np.arange(n) // block, max(n // block - 1, 0))
    sorted_values = values[by_time]
    inner = np.lexsort((sorted_values, strata))
    value, stratum = sorted_values[inner], strata[inner]
    fresh = np.ones(n, dtype=np.bool_)
    fresh[1:] = (value[1:] != value[:-1]) | (stratum[1:] != stratum[:-1])
    group = np.cumsum(fresh) - 1
    first = np.flatnonzero(fresh)
    last = np.append(first[1:], n) - 1
    begins = np.searchsorted(stratum, np.arange(strata[-1] + 1 if n else 0))
    sizes = np.bincount(strata)
    middle = (first + last)[group] / 2 - begins[stratum]
    ranks = np.empty(n)
    ranks[by_time[inner]] = (middle + 0.5) / sizes[stratum]
    return ranks


def higher(ranks: Floats, member: Flags) -> float:
    """One-sided p-value that the members' local ranks lie higher than chance has it."""
    n = int(member.sum())
    if n == 0 or n == len(ranks):
        return 1.0
    spread = float(ranks.std())
    if spread == 0:
        return 1.0
    rest = len(ranks) - n
    gap = float(ranks[member].mean() - ranks[~member].mean())
    return float(ndtr(-gap / (spread * np.sqrt(1 / n + 1 / rest))))


@dataclass(frozen=True)
class Change:
    """A rise in level from the day `place` (index into the days given) on."""

    place: int
    before: float
    after: float
    p_value: float


def rise(totals: Floats, counts: Floats, least_days: int = 3) -> Change | None:
    """Where the daily mean `totals / counts` rose for good, None where nothing speaks for it (p > 0.01).

    Days are the unit, not events: what a day's events have in common must not pass for evidence. The split with the
    largest weighted sum of squares between (CUSUM form); its p-value by permuting the days, so that trying many
    splits is paid for. Deterministic.
    """
    kept = np.flatnonzero(counts > 0)
    if len(kept) < 2 * least_days:
        return None
    total, count = totals[kept], counts[kept]
    n = len(kept)
    generator = np.random.default_rng(7)
    shuffles = np.stack([np.arange(n), *(generator.permutation(n) for _ in range(DRAWS))])
    t, c = np.cumsum(total[shuffles], axis=1), np.cumsum(count[shuffles], axis=1)
    left_n, left_t = c[:, least_days - 1 : n - least_days], t[:, least_days - 1 : n - least_days]
    all_n, all_t = c[:, -1:], t[:, -1:]
    before, after = left_t / left_n, (all_t - left_t) / (all_n - left_n)
    gain = np.where(after > before, left_n * (all_n - left_n) / all_n * (after - before) ** 2, 0.0)
    best = gain.max(axis=1)
    p_value = float((best >= best[0] * (1 - 1e-9)).sum()) / (DRAWS + 1)
    if best[0] <= 0 or p_value > 0.01:
        return None
    split = int(np.argmax(gain[0]))
    days_mean = total / count
    edge = split + least_days
    # The level must have moved against the days' own unrest as well, not only against chance.
    earlier, later = days_mean[:edge], days_mean[edge:]
    above = float((later[:, None] > earlier[None, :]).mean())
    if above < 0.9:
        return None
    return Change(int(kept[edge]), float(before[0, split]), float(after[0, split]), p_value)
