"""Part of an arena: the cases that fit."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from collector.vocabulary.ids import stable_id
from mining.arena import Arena
from mining.kernels.overlaps import overlaps
from mining.kernels.variants import variants

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Filters:
    """Which cases to keep; all that are given must hold. Whole cases are kept or left out, never parts of one."""

    from_: int | None = None
    """µs UTC: the case ends then or later."""
    to: int | None = None
    """µs UTC: the case starts before."""
    activity: str | None = None
    """This and the next: the case has an event of it."""
    role: str | None = None
    system: str | None = None
    channel: str | None = None
    platform: str | None = None
    variant: str | None = None
    """`variant_id` of the case's path."""
    min_share: float | None = None
    """The case's variant has at least this share (0..1) of the cases that pass all the other filters."""


def variant_id(path: tuple[str, ...]) -> str:
    """The id by which a variant is asked for."""
    return stable_id(*path)


def select(arena: Arena, filters: Filters) -> Arena:
    """The arena with the cases that fit; itself where nothing is asked. Names keep their codes, also unused ones."""
    if filters == Filters():
        return arena
    keep = np.ones(arena.cases, np.bool_)
    if filters.from_ is not None and arena.events:
        keep &= np.maximum.reduceat(arena.end, arena.offsets[:-1]) >= filters.from_
    if filters.to is not None and arena.events:
        keep &= arena.start[arena.offsets[:-1]] < filters.to
    for name in ("activity", "role", "system", "channel", "platform"):
        word = getattr(filters, name)
        if word is not None:
            keep &= _has(arena, name, word)
    if filters.variant is not None or filters.min_share is not None:
        keep &= _by_variant(arena, filters, keep)
    return arena if keep.all() else _take(arena, keep)


def _has(arena: Arena, name: str, word: str) -> Flags:
    """Which cases have an event with this word."""
    found = np.zeros(arena.cases, np.bool_)
    if word in arena.names[name]:
        rows = np.flatnonzero(arena.codes[name] == arena.names[name].index(word))
        found[np.searchsorted(arena.offsets, rows, side="right") - 1] = True
    return found


def _by_variant(arena: Arena, filters: Filters, keep: Flags) -> Flags:
    """Which cases have the variant asked for and, of those kept so far, a variant common enough."""
    found = variants(arena)
    wanted = np.ones(len(found.cases), np.bool_)
    if filters.variant is not None:
        for number, case in enumerate(found.example.tolist()):
            codes = arena.activity[arena.offsets[case] : arena.offsets[case + 1]].tolist()
            wanted[number] = variant_id(tuple(arena.activities[code] for code in codes)) == filters.variant
    if filters.min_share is not None:
        kept = np.bincount(found.of_case[keep & wanted[found.of_case]], minlength=len(wanted))
        wanted &= kept >= filters.min_share * kept.sum()
    return np.asarray(wanted[found.of_case])


def _take(arena: Arena, keep: Flags) -> Arena:
    sizes = np.diff(arena.offsets)
    rows = np.flatnonzero(np.repeat(keep, sizes))
    offsets = np.zeros(int(keep.sum()) + 1, np.int64)
    np.cumsum(sizes[keep], out=offsets[1:])
    at = pa.array(rows)
    start, end = arena.start[rows], arena.end[rows]
    return replace(
        arena,
        offsets=offsets,
        case_ids=arena.case_ids.filter(pa.array(keep)),
        start=start,
        end=end,
        enabled=arena.enabled[rows],
        codes={name: codes[rows] for name, codes in arena.codes.items()},
        error=arena.error[rows],
        amount=arena.amount[rows],
        event_ids=arena.event_ids.take(at),
        trace_ids=arena.trace_ids.take(at),
        fields={name: column.take(at) for name, column in arena.fields.items()},
        objects=None if arena.objects is None else arena.objects.take(at),
        quality=replace(arena.quality, overlaps=overlaps(offsets, start, end)),
    )
