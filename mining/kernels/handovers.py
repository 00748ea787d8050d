"""Handovers: direct successions in which the work passes from one hand to another."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mining.kernels.before import before
from mining.kernels.pairs import pairs


@dataclass(frozen=True)
class Handovers:
    """`source` and `target` are codes (int32), `count` how often (int64); in order of source, then target."""

    source: npt.NDArray[np.int32]
    target: npt.NDArray[np.int32]
    count: npt.NDArray[np.int64]


def handovers(offsets: npt.NDArray[np.int64], codes: npt.NDArray[np.int32], size: int) -> Handovers:
    """Direct successions whose codes (of role, or actor) are both known and differ; codes in -1..size-1."""
    found = pairs(before(offsets, codes), codes, size, size)
    passed = found.left != found.right
    return Handovers(found.left[passed], found.right[passed], found.count[passed])
