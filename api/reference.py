"""What the model of a process says of its cases, for the API and the page."""

from dataclasses import dataclass

import numpy as np

from mining.discovery.bpmn import BpmnNote
from mining.live.knowledge import Snapshot
from mining.reference.conformance import Conformance, Kind
from mining.reference.reference import Reference


@dataclass(frozen=True)
class DepartureRow:
    """One way in which cases depart from the model."""

    kind: Kind
    steps: tuple[str, ...]
    """Skipped: the activities; inserted: the one; wrong_order: what came too early, then what should be first."""
    cases: int
    share: float
    """Of the cases that were compared, 0..1."""
    example_cases: tuple[str, ...]
    """Up to five, the newest first."""


@dataclass(frozen=True)
class ReferenceDocument:
    """`GET /api/v1/processes/{p}/reference`."""

    process: str
    model: str
    """Its name, or that of its file."""
    fitness: float | None
    """1 - deviations / (events + cases x fewest steps through the model), over finished cases."""
    precision: float | None
    """How much of what the model allows is done, over finished cases; 1: all of it."""
    cases: int
    compared_cases: int
    """Those of paths that were aligned so far."""
    fitting_cases: int
    departures: tuple[DepartureRow, ...]
    """Most cases first. A case may show several."""
    unmatched_tasks: tuple[str, ...]
    """Tasks of the model that no activity is called like; they are passed through."""
    unknown_activities: tuple[str, ...]
    """Activities that the model doesn't have."""
    notes: tuple[BpmnNote, ...]
    """What in the file was not understood, or taken for something simpler; with line and id."""


def reference_document(snapshot: Snapshot) -> ReferenceDocument | None:
    """The newest word of the model; None where the process has none."""
    reference = snapshot.config.reference
    if not isinstance(reference, Reference):
        return None
    # Not kept: what the miner aligns meanwhile counts at the next look.
    return _document(snapshot, reference)


def _document(snapshot: Snapshot, reference: Reference) -> ReferenceDocument:
    arena = snapshot.arena
    found = reference.conformance(arena, snapshot.config.end_activities, align_new=False)
    judged = int(found.judged.sum())
    return ReferenceDocument(
        process=snapshot.config.process,
        model=reference.name,
        fitness=found.fitness,
        precision=found.precision,
        cases=arena.cases,
        compared_cases=judged,
        fitting_cases=judged - int(found.deviating.sum()),
        departures=_rows(snapshot, found, judged),
        unmatched_tasks=found.unmatched,
        unknown_activities=found.unknown,
        notes=reference.model.notes,
    )


def _rows(snapshot: Snapshot, found: Conformance, judged: int) -> tuple[DepartureRow, ...]:
    arena = snapshot.arena
    shown: dict[tuple[Kind, tuple[str, ...]], set[int]] = {}
    for path, told in enumerate(found.deviations):
        for each in told or ():
            shown.setdefault((each.kind, each.steps), set()).add(path)
    rows = []
    for (kind, steps), those in shown.items():
        cases = np.flatnonzero(np.isin(found.of_case, sorted(those)))
        newest = cases[np.argsort(-arena.start[arena.offsets[cases]], kind="stable")][:5]
        examples = tuple(arena.case_ids[int(case)].as_py() for case in newest)
        rows.append(DepartureRow(kind, steps, len(cases), len(cases) / judged, examples))
    return tuple(sorted(rows, key=lambda row: (-row.cases, row.kind, row.steps)))
