"""Tests of two-by-two tables, many at once, and what many of them prove together."""

from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln, ndtr

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
NEGLIGIBLE: Final = 1e-12
"""A term of a tail that adds less than this to it ends the sum."""
Z95: Final = 1.959964


def corrected(p_values: Floats, tried: int = 0) -> Floats:
    """False-discovery-rate-adjusted p-values (Benjamini and Hochberg 1995), same order.

    `tried`: how many tests there were, where some that could prove nothing are left out of `p_values`.
    """
    n = len(p_values)
    if n == 0:
        return p_values
    order = np.argsort(p_values)
    ranked = p_values[order] * max(n, tried) / np.arange(1, n + 1)
    adjusted = np.empty(n)
    adjusted[order] = np.minimum(np.minimum.accumulate(ranked[::-1])[::-1], 1.0)
    return adjusted


def more_often(hits: npt.ArrayLike, size: npt.ArrayLike, all_hits: npt.ArrayLike, total: npt.ArrayLike) -> Floats:
    """P(X >= hits) where `size` of `total` are drawn without looking and `all_hits` of `total` are hits.

    Fisher's exact test, one-sided; the arguments broadcast. 1 where there are fewer hits than expected: what is not
    more often needs no exact figure.
    """
    a, n, h, m = (np.ascontiguousarray(x, np.float64) for x in np.broadcast_arrays(hits, size, all_hits, total))
    shape = a.shape
    a, n, h, m = a.ravel(), n.ravel(), h.ravel(), m.ravel()
    p = np.ones(len(a))
    with np.errstate(divide="ignore", invalid="ignore"):
        at = np.flatnonzero((m > 0) & (a > n * h / m))
    a, n, h, m = a[at], n[at], h[at], m[at]
    first = np.exp(_log_choose(h, a) + _log_choose(m - h, n - a) - _log_choose(m, n))
    # Terms fall faster and faster from here on, so the sum of their ratios to the first one ends soon.
    ratio, tail, going = np.ones(len(at)), np.ones(len(at)), np.arange(len(at))
    while len(going):
        ag, ng, hg, mg = a[going], n[going], h[going], m[going]
        ratio = ratio * (hg - ag) * (ng - ag) / ((ag + 1) * (mg - hg - ng + ag + 1))
        tail[going] += ratio
        a[going] += 1
        still = ratio > NEGLIGIBLE * tail[going]
        going, ratio = going[still], ratio[still]
    p[at] = np.minimum(first * tail, 1.0)
    return np.asarray(p.reshape(shape))


def lift_bounds(hits: npt.ArrayLike, size: npt.ArrayLike, other: npt.ArrayLike, others: npt.ArrayLike) -> Floats:
    """Ratio of the shares hits / size and other / others, with the ends of its 95 % interval; shape (3, ..).

    On the logarithm, half a case added to each count (Walter 1975), so that none is nought.
    """
    a, n, b, m = (np.asarray(x, np.float64) for x in (hits, size, other, others))
    middle = np.log((a + 0.5) / (n + 0.5)) - np.log((b + 0.5) / (m + 0.5))
    spread = Z95 * np.sqrt(np.maximum(1 / (a + 0.5) - 1 / (n + 0.5) + 1 / (b + 0.5) - 1 / (m + 0.5), 0.0))
    return np.asarray(np.exp(np.stack([middle, middle - spread, middle + spread])))


def together_more(hits: npt.NDArray[np.float64], size: npt.NDArray[np.float64]) -> tuple[Floats, Floats]:
    """By how much two conditions together do more than one times the other, and the p-value that they do no more.

    Both arguments have the shape (2, 2, ..): hits and cases without and with the one, without and with the other. The
    measure is the ratio of shares p11 p00 / (p10 p01), one-sided by its logarithm's normal approximation.
    """
    a, n = hits + 0.5, size + 0.5
    share = a / n
    times = share[1, 1] * share[0, 0] / (share[1, 0] * share[0, 1])
    spread = np.sqrt(np.maximum((1 / a - 1 / n).sum(axis=(0, 1)), NEGLIGIBLE))
    return times, np.asarray(ndtr(-np.log(times) / spread), np.float64)


def wilson(hits: Floats, size: Floats) -> tuple[Floats, Floats]:
    """Both ends of the 95 % interval of a share (Wilson 1927); 0 and 1 of nothing."""
    n = np.maximum(size, 1e-9)
    p, zz = hits / n, Z95 * Z95
    centre, spread = p + zz / (2 * n), Z95 * np.sqrt(np.maximum(p * (1 - p) / n + zz / (4 * n * n), 0.0))
    return np.clip((centre - spread) / (1 + zz / n), 0.0, 1.0), np.clip((centre + spread) / (1 + zz / n), 0.0, 1.0)


def _log_choose(n: Floats, k: Floats) -> Floats:
    return np.asarray(gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1), np.float64)
