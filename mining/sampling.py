"""A process some of whose spans never came: what that can fake is not told."""

from collections.abc import Collection
from dataclasses import replace
from typing import Final

from mining.arena import Arena

SAMPLED_NOTE: Final = (
    "spans of {services} come sampled: stuck cases, skipped steps and missing objects are held back, as sampling fakes "
    "them (`houtai doctor` says how to send them whole)"
)


def mark_sampled(arena: Arena, services: Collection[str]) -> Arena:
    """The arena with `quality.sampled` and a note, where one of its systems is among the sampled `services`."""
    here = sorted(set(arena.names["system"]) & set(services))
    if not here:
        return arena
    note = SAMPLED_NOTE.format(services=", ".join(here))
    return replace(arena, quality=replace(arena.quality, sampled=True, notes=(*arena.quality.notes, note)))
