"""The cases that pass the filters, without a copy of their events."""

from api.cases import CaseList
from api.knowing import Knowing
from mining.filters import Filters
from mining.live.knowledge import Snapshot
from mining.part import Part


def chosen(knows: Knowing, snapshot: Snapshot, filters: Filters) -> Part:
    """The cases of the snapshot that fit."""
    part, flags = knows.choosable(snapshot).part, knows.flags(snapshot, filters)
    return part if flags is None else part.take(flags)


def listed_cases(knows: Knowing, snapshot: Snapshot, filters: Filters, only_open: bool) -> CaseList:
    """The same as a list, newest first."""
    ends = snapshot.config.end_activities
    return knows.derived(
        snapshot,
        ("cases", filters, only_open),
        lambda: CaseList(knows.choosable(snapshot), ends, only_open, knows.flags(snapshot, filters)),
    )
