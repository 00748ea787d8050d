"""Which bucket of time a moment lies in. Compiled into the kernels that use it."""

import numpy as np
import numpy.typing as npt
from numba.extending import register_jitable


def guard_edges(edges: npt.NDArray[np.int64]) -> None:
    """Raise ValueError unless there is a bucket and each ends after it begins."""
    if len(edges) < 2 or bool((np.diff(edges) <= 0).any()):
        raise ValueError("the edges of the buckets must rise, and be two or more")


@register_jitable
def bucket(edges: npt.NDArray[np.int64], time: int, guess: int) -> int:
    """The bucket with edges[k] <= time < edges[k + 1], which must exist; it is `guess` more often than not."""
    if edges[guess] <= time < edges[guess + 1]:
        return guess
    low, high = 0, len(edges) - 1
    while high - low > 1:
        middle = (low + high) >> 1
        if edges[middle] <= time:
            low = middle
        else:
            high = middle
    return low
