"""What it takes for a combination to be named: more than the rest, than its parts, than both side by side."""

from typing import Final

import numpy as np

from mining.contrast.testing import Flags, Floats, more_often, together_more

LEAST_LIFT: Final = 1.5
"""What has less than so many times the share of hits of the rest is not worth a word."""
FEWEST: Final = 3
"""Cases: fewer are no pattern."""


def more_than_parts(both: Floats, splits: list[tuple[Floats, Floats]], whole: Floats) -> Floats:
    """Of each combination the p-value that it separates no better than chance, than a part, or than parts side by side.

    Cases and hits, shape (2, combinations) or (2, 1): of the combination, of the two sides of each way to split it,
    and of everything. Where the lift itself is too small, 1. The largest p-value of several tests holds for the claim
    that all of them are true (Berger 1982).
    """
    (size, hits), (total, all_hits) = both, np.broadcast_to(whole, both.shape)
    p = more_often(hits, size, all_hits, total)
    p[~lifted(hits, size, all_hits, total)] = 1.0
    for split in splits:
        one, other = (np.broadcast_to(side, both.shape) for side in split)
        for part in (one, other):
            p = np.maximum(p, more_often(hits, size, part[1], part[0]))
            p[~lifted(hits, size, part[1], part[0])] = 1.0
        cells = np.array([[whole - one - other + both, other - both], [one - both, both]])
        times, chance = together_more(cells[:, :, 1], cells[:, :, 0])
        p = np.maximum(p, chance)
        p[times < LEAST_LIFT] = 1.0
    return p


def lifted(hits: Floats, size: Floats, all_hits: Floats | float, total: Floats | float) -> Flags:
    """Whether the share of hits is LEAST_LIFT times that among the others of the total, or of half a hit."""
    others = np.maximum(total - size, 1.0)
    floor = np.maximum((all_hits - hits) / others, 0.5 / others)
    return np.asarray(hits / np.maximum(size, 1.0) >= LEAST_LIFT * floor)
