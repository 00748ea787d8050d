"""The cases that pass the filters, without a copy of their events."""

import numpy as np
import numpy.typing as npt

from api.cases import CaseList
from api.knowing import Knowing
from mining.filters import Filters, choose
from mining.live.knowledge import Snapshot
from mining.part import Part, part_of


def chosen(knows: Knowing, snapshot: Snapshot, filters: Filters) -> Part:
    """The cases of the snapshot that fit, kept until a newer snapshot comes."""
    part = knows.derived(snapshot, ("part",), lambda: part_of(snapshot.arena))
    flags = _flags(knows, snapshot, filters)
    return part if flags is None else part.take(flags)


def listed_cases(knows: Knowing, snapshot: Snapshot, filters: Filters, only_open: bool) -> CaseList:
    """The same as a list, newest first."""
    arena, ends = snapshot.arena, snapshot.config.end_activities
    return knows.derived(
        snapshot,
        ("cases", filters, only_open),
        lambda: CaseList(arena, ends, only_open, _flags(knows, snapshot, filters)),
    )


def _flags(knows: Knowing, snapshot: Snapshot, filters: Filters) -> npt.NDArray[np.bool_] | None:
    """One flag a case of the snapshot; None for all."""
    if filters == Filters():
        return None
    return knows.derived(snapshot, ("flags", filters), lambda: choose(snapshot.arena, filters))
