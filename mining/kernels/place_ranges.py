"""Ranges of a column, copied to where they now stand."""

import numba
import numpy as np
import numpy.typing as npt

from mining.kernels.plain import plain

Numbers = npt.NDArray[np.int64]


def place_ranges(
    source: Numbers, first: Numbers, last: Numbers, to: Numbers, into: Numbers, moved: bool = False
) -> None:
    """Copy `source[first[i]:last[i]]` to `into[to[i]:]`, each range by itself.

    `moved`: values are rows of the same range and move with it, but for those below 0. Raises ValueError for a range
    outside of `source` or `into`.
    """
    if not len(first) == len(last) == len(to):
        raise ValueError("first, last and to must have one entry a range")
    if len(first) and (
        int(first.min()) < 0
        or int(last.max()) > len(source)
        or bool((last < first).any())
        or int(to.min()) < 0
        or int((to + last - first).max()) > len(into)
    ):
        raise ValueError("a range is outside of the column")
    _place(*plain(source, first, last, to), into, moved)


@numba.njit(nogil=True, cache=True)
def _place(source: Numbers, first: Numbers, last: Numbers, to: Numbers, into: Numbers, moved: bool) -> None:
    for i in range(len(first)):
        by = to[i] - first[i]
        if moved:
            for k in range(first[i], last[i]):
                value = source[k]
                into[k + by] = value + by if value >= 0 else value
        else:
            for k in range(first[i], last[i]):
                into[k + by] = source[k]
