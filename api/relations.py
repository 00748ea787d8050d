"""How activities and people stand to each other, as the API gives it: order, concurrency, shared cases."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from api.routes.documents import ConcurrencyRow, EventuallyRow, TogetherRow
from api.rows import Rows
from mining.kernels.concurrency import concurrency as parallel
from mining.kernels.eventually_follows import eventually_follows as follows
from mining.kernels.working_together import working_together as together
from mining.part import Part

HOUR = 3_600_000_000


def eventually_follows(
    part: Part, activities: Sequence[str], source: str | None, target: str | None, within_hours: float | None
) -> Rows[EventuallyRow]:
    """Pairs of activities of which one comes some time after the other, most cases first."""
    asked = [name for name in dict.fromkeys((source, target)) if name is not None]
    words, codes = list(activities), part.codes["activity"]
    if any(name not in words for name in asked):
        return Rows(np.zeros(0, np.int64), _no_row)
    if source is not None and target is not None:  # two activities are counted faster than all
        place = np.full(len(words) + 1, -1, codes.dtype)
        place[[words.index(name) for name in asked]] = np.arange(len(asked))
        codes, words = place[codes], asked
    within = None if within_hours is None else round(within_hours * HOUR)
    found = follows(part.first, part.last, codes, part.start, part.end, len(words), within)
    wanted = np.ones(len(found.count), np.bool_)
    for name, column in ((source, found.source), (target, found.target)):
        if name is not None:
            wanted &= column == words.index(name)

    def row(i: int) -> EventuallyRow:
        cases = int(found.cases[i])
        return EventuallyRow(
            words[found.source[i]], words[found.target[i]], int(found.count[i]), cases, cases / part.cases
        )

    return Rows(_ranked(words, -found.cases, found.source, found.target, wanted), row)


def concurrency(part: Part, activities: Sequence[str]) -> Rows[ConcurrencyRow]:
    """Pairs of activities that overlap or follow each other, by name; `left` is the first of the two names."""
    codes = part.codes["activity"]
    found = parallel(part.first, part.last, codes, part.start, part.end, len(activities))
    rank = _rank(activities)
    swapped = rank[found.left] > rank[found.right]
    left, right = np.where(swapped, found.right, found.left), np.where(swapped, found.left, found.right)
    forward = np.where(swapped, found.backward, found.forward)
    backward = np.where(swapped, found.forward, found.backward)

    def row(i: int) -> ConcurrencyRow:
        return ConcurrencyRow(
            left=activities[left[i]],
            right=activities[right[i]],
            cases=int(found.together[i]),
            overlapping=int(found.overlapping[i]),
            forward=int(forward[i]),
            backward=int(backward[i]),
            parallel=bool(found.parallel[i]),
        )

    return Rows(np.lexsort((rank[right], rank[left])), row)


def working_together(part: Part, name: str, words: Sequence[str]) -> tuple[Rows[TogetherRow], int]:
    """Two words of the column `name` that share cases, most first; and how many cases were too crowded to look."""
    if name not in part.codes:
        return Rows(np.zeros(0, np.int64), _no_row), 0
    found = together(part.first, part.last, part.codes[name], len(words))
    rank = _rank(words)
    swapped = rank[found.left] > rank[found.right]
    left, right = np.where(swapped, found.right, found.left), np.where(swapped, found.left, found.right)

    def row(i: int) -> TogetherRow:
        a, b = int(left[i]), int(right[i])
        return TogetherRow(words[a], words[b], int(found.cases[i]), int(found.each[a]), int(found.each[b]))

    everything = np.ones(len(left), np.bool_)
    return Rows(_ranked(words, -found.cases, left, right, everything), row), found.crowded


def _no_row(place: int) -> Any:
    raise IndexError(place)


def _rank(words: Sequence[str]) -> npt.NDArray[np.int64]:
    """Of each code the place of its word in order of the text."""
    rank = np.empty(len(words), np.int64)
    rank[sorted(range(len(words)), key=words.__getitem__)] = np.arange(len(words))
    return rank


def _ranked(
    words: Sequence[str],
    values: npt.NDArray[np.int64],
    left: npt.NDArray[np.signedinteger[Any]],
    right: npt.NDArray[np.signedinteger[Any]],
    wanted: npt.NDArray[np.bool_],
) -> npt.NDArray[np.int64]:
    """The wanted positions by value, then by names."""
    rank = _rank(words)
    order = np.lexsort((rank[right], rank[left], values))
    return np.asarray(order[wanted[order]])
