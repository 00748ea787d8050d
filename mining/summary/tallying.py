"""Cases into a summary and out of it."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from mining.part import Part
from mining.summary.blocks import EVENTS, blocks, cuts
from mining.summary.summary import Names, Summary, sizes


def tally(summary: Summary, part: Part, sign: int) -> None:
    """Add (`sign` 1) or take out (-1) all cases of the part; it costs as much as their events.

    Codes are those of `summary.names`, which may have grown since. Raises ValueError for rows or codes out of range.
    """
    if sign not in (1, -1):
        raise ValueError("sign is 1 or -1")
    wide = sizes(part)
    for block in blocks(part):
        summary.tally(block, wide, part.enabled is not None, sign)
    if sign < 0:
        summary.variants.compact()


def summarise(part: Part, names: Names, threads: int | None = None, groups: Sequence[str] = ("role",)) -> Summary:
    """The summary of all cases of the part; `names` is code -> word per column.

    `threads`: by default two, or as many as there are processors. Raises ValueError as `tally`.
    """
    found = [Summary(names, groups) for _ in range(workers(threads, part))]
    pieces = shares(part, len(found))
    with ThreadPoolExecutor(len(found)) as pool:
        list(pool.map(lambda place: tally(found[place], pieces[place], 1), range(len(pieces))))
    for other in found[1:]:
        found[0].add(other)
    return found[0]


def workers(threads: int | None, part: Part) -> int:
    """How many threads are worth their start."""
    wanted = min(2, os.cpu_count() or 1) if threads is None else max(threads, 1)
    return max(1, min(wanted, part.cases, part.events // (4 * EVENTS)))


def shares(part: Part, count: int) -> list[Part]:
    """The part in so many pieces (or fewer) of about as many events each."""
    if count == 1:
        return [part]
    lengths = part.last - part.first
    return [part.take(slice(low, high)) for low, high in cuts(lengths, -(-part.events // count))]
