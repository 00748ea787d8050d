"""Facts found in an earlier arena, told of a newer one."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mining.arena import Arena
from mining.findings.facts import Fact


def carried(facts: Sequence[Fact], old: Arena, new: Arena) -> tuple[Fact, ...]:
    """The facts with the positions that their cases and events have in `new`; what is there no more is left out."""
    if old is new or not facts:
        return tuple(facts)
    touched = np.unique(np.concatenate([np.array(fact.case_rows, np.int64) for fact in facts]))
    rows = np.unique(np.concatenate([np.array(fact.example_rows, np.int64) for fact in facts]))
    owners = np.searchsorted(old.offsets, rows, side="right") - 1
    places = _places(np.union1d(touched, owners), old, new)
    events: dict[int, int] = {}
    numbered = old.details is new.details  # else the same event has another number
    ids = [] if numbered else old.details.event_ids(old.rows[rows]).to_pylist()
    for i, (row, owner) in enumerate(zip(rows.tolist(), owners.tolist(), strict=True)):
        case = places.get(owner)
        if case is not None:
            low, high = new.offsets[case], new.offsets[case + 1]
            if numbered:
                at = np.flatnonzero(new.rows[low:high] == old.rows[row])
            else:
                there = new.details.event_ids(new.rows[low:high]).to_pylist()
                at = np.array([k for k, each in enumerate(there) if each == ids[i]], np.int64)
            if len(at):
                events[row] = int(low + at[0])
    return tuple(
        replace(
            fact,
            case_rows=tuple(sorted(places[case] for case in fact.case_rows if case in places)),
            example_rows=tuple(events[row] for row in fact.example_rows if row in events),
        )
        for fact in facts
    )


def _places(cases: np.ndarray[tuple[int], np.dtype[np.int64]], old: Arena, new: Arena) -> dict[int, int]:
    """Position in `old` -> position in `new`."""
    found = pc.index_in(old.case_ids.take(pa.array(cases)), value_set=new.case_ids)
    pairs = zip(cases.tolist(), found.to_pylist(), strict=True)
    return {case: place for case, place in pairs if place is not None}
