"""For each event that activates a rule, the event that the rule is about: needed, or forbidden."""

from dataclasses import dataclass
from typing import Any, Final

import numba
import numpy as np
import numpy.typing as npt

from mining.arena import Codes
from mining.kernels.guard import guard
from mining.kernels.plain import guard_cases, plain
from mining.rules.templates import Actor, How

ACTIVATES: Final = 1
COUNTS: Final = 2
LONGEST: Final = 1 << 61
"""µs; a bound beyond it is none."""
_HOWS: Final[dict[How, int]] = {"any": 0, "alternate": 1, "chain": 2}
_ANYONE: Final = 0
_SAME: Final = 1
_DIFFERENT: Final = 2
_ACTORS: Final[dict[Actor | None, int]] = {None: _ANYONE, "same": _SAME, "different": _DIFFERENT}


@dataclass(frozen=True)
class Witnesses:
    """One entry an activation, case by case in the order of the cases given, ascending within; int64."""

    case: npt.NDArray[np.int64]
    """Place of the case in `first`."""
    row: npt.NDArray[np.int64]
    """The event that activates."""
    witness: npt.NDArray[np.int64]
    """The row that counts for it, -1 where there is none."""


def rule_witness(
    first: npt.NDArray[np.int64],
    last: npt.NDArray[np.int64],
    start: npt.NDArray[np.int64],
    end: npt.NDArray[np.int64],
    marks: npt.NDArray[np.uint8],
    actors: Codes,
    size: int,
    *,
    after: bool,
    how: How = "any",
    actor: Actor | None = None,
    sure: bool = False,
    not_before: int = 0,
    within: int | None = None,
) -> Witnesses:
    """The witness of each row of the cases `first:last` whose mark has ACTIVATES, among those whose mark has COUNTS.

    It stands `after` the activating row, or before it, never is it. `any`: anywhere; `alternate`: no further than the
    next activating row, which may be it; `chain`: the very next row. The time between the two, from the end of the
    earlier to the start of the later one (an overlap is no time), is `not_before`..`within` µs. Of several it is the
    one from which least time has gone. `actor`: it has the same one, or another; one that is not known fits, but where
    it must be `sure`. `actors` are codes -1..size-1. One pass a case; a case is sorted only where `not_before` asks
    for it. Raises ValueError for rows, codes or bounds out of range. The templates are those of Declare (Pesic,
    Schonenberg, van der Aalst 2007), with the data of MP-Declare (Burattin, Maggi, Sperduti 2016).
    """
    guard_cases(first, last, start, end, marks, actors)
    guard(actors, size)
    bound = LONGEST if within is None else min(within, LONGEST)
    if not 0 <= not_before <= bound:
        raise ValueError("not_before must lie between 0 and within")
    columns = plain(first, last, start, end, marks, actors)
    asked = (after, _HOWS[how], _ACTORS[actor], sure, min(not_before, LONGEST), bound)
    return Witnesses(*_rule_witness(*columns, size, *asked))


@numba.njit(nogil=True, cache=True)
def _rule_witness(
    first: npt.NDArray[np.int64],
    last: npt.NDArray[np.int64],
    start: npt.NDArray[np.int64],
    end: npt.NDArray[np.int64],
    marks: npt.NDArray[np.uint8],
    actors: npt.NDArray[np.signedinteger[Any]],
    size: int,
    after: bool,
    how: int,
    actor: int,
    sure: bool,
    low: int,
    high: int,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    count = 0
    for c in range(len(first)):
        for i in range(first[c], last[c]):
            count += marks[i] & 1
    case, rows = np.empty(count, np.int64), np.empty(count, np.int64)
    found = np.full(count, -1, np.int64)
    # Of each actor the best row so far (place 0: not known), and in which case that was noted.
    own, noted = np.empty(size + 1, np.int64), np.full(size + 1, -1, np.int64)
    k = 0
    for c in range(len(first)):
        begin = k
        for i in range(first[c], last[c]):
            if marks[i] & 1:
                case[k], rows[k] = c, i
                k += 1
        if k == begin:
            continue
        here = rows[begin:k], found[begin:k], start, end, marks, actors
        if how == 2:
            _chain(first[c], last[c], *here, after, actor, sure, low, high)
        elif how == 1:
            _alternate(first[c], last[c], *here, after, actor, sure, low, high)
        else:
            _any(c, first[c], last[c], *here, own, noted, after, actor, sure, low, high)
    return case, rows, found


@numba.njit(nogil=True, cache=True)
def _fits(one: int, other: int, actor: int, sure: bool) -> bool:
    if actor == _ANYONE:
        return True
    if one < 0 or other < 0:
        return not sure
    return (one == other) == (actor == _SAME)


@numba.njit(nogil=True, cache=True)
def _chain(
    first: int,
    last: int,
    rows: npt.NDArray[np.int64],
    found: npt.NDArray[np.int64],
    start: npt.NDArray[np.int64],
    end: npt.NDArray[np.int64],
    marks: npt.NDArray[np.uint8],
    actors: npt.NDArray[np.signedinteger[Any]],
    after: bool,
    actor: int,
    sure: bool,
    low: int,
    high: int,
) -> None:
    for k in range(len(rows)):
        row = rows[k]
        other = row + 1 if after else row - 1
        if first <= other < last and marks[other] & 2 and _fits(actors[row], actors[other], actor, sure):
            gap = max(0, start[other] - end[row] if after else start[row] - end[other])
            if low <= gap <= high:
                found[k] = other


@numba.njit(nogil=True, cache=True)
def _alternate(
    first: int,
    last: int,
    rows: npt.NDArray[np.int64],
    found: npt.NDArray[np.int64],
    start: npt.NDArray[np.int64],
    end: npt.NDArray[np.int64],
    marks: npt.NDArray[np.uint8],
    actors: npt.NDArray[np.signedinteger[Any]],
    after: bool,
    actor: int,
    sure: bool,
    low: int,
    high: int,
) -> None:
    for k in range(len(rows)):
        row = rows[k]
        if after:
            begin, stop = row + 1, rows[k + 1] + 1 if k + 1 < len(rows) else last
        else:
            begin, stop = rows[k - 1] if k else first, row
        least = high + 1
        for other in range(begin, stop):
            if marks[other] & 2 and _fits(actors[row], actors[other], actor, sure):
                gap = max(0, start[other] - end[row] if after else start[row] - end[other])
                if low <= gap < least:
                    least, found[k] = gap, other


@numba.njit(nogil=True, cache=True)
def _any(
    c: int,
    first: int,
    last: int,
    rows: npt.NDArray[np.int64],
    found: npt.NDArray[np.int64],
    start: npt.NDArray[np.int64],
    end: npt.NDArray[np.int64],
    marks: npt.NDArray[np.uint8],
    actors: npt.NDArray[np.signedinteger[Any]],
    own: npt.NDArray[np.int64],
    noted: npt.NDArray[np.int64],
    after: bool,
    actor: int,
    sure: bool,
    low: int,
    high: int,
) -> None:
    """Activations in one order, candidates in another, so that the last candidates to enter are the nearest.

    Looking back both go forward in time, a candidate by its end where it must have ended some time before; looking
    ahead both go backward, an activation by its end for the same reason.
    """
    best, second = -1, -1  # of all, and of all whose actor is not that of the best
    places = entering = np.empty(0, np.int64)
    next_ = last - 1 if after else first
    if low > 0 and after:
        places = np.argsort(end[rows])[::-1]
    elif low > 0:
        candidates = first + np.flatnonzero(marks[first:last] & 2)
        entering, next_ = candidates[np.argsort(end[candidates])], 0
    for step in range(len(rows)):
        k = step if not after else (len(rows) - 1 - step if low == 0 else places[step])
        row = rows[k]
        while True:
            if low > 0 and not after:
                if next_ >= len(entering) or start[row] - end[entering[next_]] < low:
                    break
                other = entering[next_]
                next_ += 1
            elif after:
                if next_ < first or (next_ <= row if low == 0 else start[next_] - end[row] < low):
                    break
                other = next_
                next_ -= 1
            else:
                if next_ >= row:
                    break
                other = next_
                next_ += 1
            if not marks[other] & 2 or (sure and actor != _ANYONE and actors[other] < 0):
                continue
            place = actors[other] + 1
            if noted[place] != c or after or end[other] >= end[own[place]]:
                own[place], noted[place] = other, c
            if best < 0 or after or end[other] >= end[best]:
                if best >= 0 and actors[best] != actors[other]:
                    second = best
                best = other
            elif actors[other] != actors[best] and (second < 0 or end[other] >= end[second]):
                second = other
        mine = actors[row]
        witness = best
        if actor != _ANYONE and mine < 0:
            witness = -1 if sure else best
        elif actor == _DIFFERENT and best >= 0 and actors[best] == mine:
            witness = second
        elif actor == _SAME:
            witness = own[mine + 1] if noted[mine + 1] == c else -1
            if noted[0] == c and (witness < 0 or (own[0] < witness if after else end[own[0]] > end[witness])):
                witness = own[0]
        if witness >= 0:
            gap = max(0, start[witness] - end[row] if after else start[row] - end[witness])
            if gap <= high:
                found[k] = witness
