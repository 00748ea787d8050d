"""Facts found in an earlier arena, told of a newer one."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mining.arena import Arena
from mining.findings.facts import Fact
from mining.findings.positions import Ints, Positions


def carried(facts: Sequence[Fact], old: Arena, new: Arena) -> tuple[Fact, ...]:
    """The facts with the positions that their cases and events have in `new`; what is there no more is left out."""
    if old is new or not facts:
        return tuple(facts)
    touched = np.unique(np.concatenate([fact.case_rows.rows for fact in facts]))
    rows = np.unique(np.concatenate([np.array(fact.example_rows, np.int64) for fact in facts]))
    owners = np.searchsorted(old.offsets, rows, side="right") - 1
    touched = np.union1d(touched, owners)
    found = pc.index_in(old.case_ids.take(pa.array(touched)), value_set=new.case_ids)
    now: Ints = pc.fill_null(found, -1).to_numpy(zero_copy_only=False).astype(np.int64)

    def places(cases: Ints) -> Ints:
        """Where they stand in `new`; -1 for one that is there no more."""
        return np.asarray(now[np.searchsorted(touched, cases)])

    events: dict[int, int] = {}
    numbered = old.details is new.details  # else the same event has another number
    ids = [] if numbered else old.details.event_ids(old.rows[rows]).to_pylist()
    for i, (row, case) in enumerate(zip(rows.tolist(), places(owners).tolist(), strict=True)):
        if case >= 0:
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
            case_rows=Positions(_there(places(fact.case_rows.rows))),
            example_rows=tuple(events[row] for row in fact.example_rows if row in events),
        )
        for fact in facts
    )


def _there(places: Ints) -> Ints:
    return places[places >= 0]
