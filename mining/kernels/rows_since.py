"""Events of some actors, each from a moment on."""

from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from mining.kernels.guard import guard
from mining.kernels.plain import plain

Times = npt.NDArray[np.int64]


def rows_since(
    actor: npt.NDArray[np.signedinteger[Any]],
    instead: npt.NDArray[np.signedinteger[Any]],
    actors: int,
    end: Times,
    since: Times,
) -> Times:
    """Rows, ascending, of events that did not `end` before (µs) what `since` says of who did them.

    That is the `actor`, 0..actors-1, or where there is none (-1) `actors + instead`, if that is there. Raises
    ValueError for codes out of range or columns of unequal length.
    """
    if not len(actor) == len(instead) == len(end):
        raise ValueError("the columns differ in length")
    guard(actor, actors)
    guard(instead, len(since) - actors)
    found: Times = _since(*plain(actor, instead), actors, *plain(end, since))
    return found


@numba.njit(nogil=True, cache=True)
def _since(
    actor: npt.NDArray[np.signedinteger[Any]], instead: npt.NDArray[np.signedinteger[Any]], actors: int, end: Times,
    since: Times,
) -> Times:  # fmt: skip
    found = np.empty(1 << 10, np.int64)
    count = 0
    for row in range(len(actor)):
        who = np.int64(actor[row])
        if who < 0 and instead[row] >= 0:
            who = np.int64(instead[row]) + actors
        if who >= 0 and end[row] >= since[who]:
            if count == len(found):
                grown = np.empty(2 * count, np.int64)
                grown[:count] = found
                found = grown
            found[count] = row
            count += 1
    return found[:count].copy()
