"""The cases that pass the filters, without a copy of their events."""

from api.knowing import Knowing
from mining.filters import Filters, choose
from mining.live.knowledge import Snapshot
from mining.part import Part, part_of


def chosen(knows: Knowing, snapshot: Snapshot, filters: Filters) -> Part:
    """The cases of the snapshot that fit, kept until a newer snapshot comes."""
    arena = snapshot.arena
    part = knows.derived(snapshot, ("part",), lambda: part_of(arena))
    if filters == Filters():
        return part
    return knows.derived(snapshot, ("chosen", filters), lambda: part.take(choose(arena, filters)))
