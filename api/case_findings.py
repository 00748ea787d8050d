"""Which findings touch which case, as CSV."""

import csv
import io
from collections.abc import Sequence

import numpy as np
import pyarrow.compute as pc

from mining.arena import Arena
from mining.findings.facts import Fact


def case_findings(arena: Arena, facts: Sequence[Fact]) -> str:
    """CSV with a line a case: `case_id, deviation_score, deviating, findings`, cases in order of their id.

    The score is the largest confidence of a deviation that touches the case, 0 where none does; `findings` are the
    names of all that touch it, joined by `;`. A fact that does not tell its cases apart counts for its examples only.
    """
    score = np.zeros(arena.cases)
    names: dict[int, set[str]] = {}
    ids = arena.case_ids.to_pylist()
    place: dict[str, int] = {}
    for fact in facts:
        rows: Sequence[int] = fact.case_rows
        if not rows:
            place = place or {case: i for i, case in enumerate(ids)}
            rows = [place[case] for case in fact.example_cases if case in place]
        for row in rows:
            names.setdefault(row, set()).add(fact.name)
        if fact.kind == "deviation" and len(rows):
            at = np.asarray(rows)
            score[at] = np.maximum(score[at], fact.confidence)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["case_id", "deviation_score", "deviating", "findings"])
    for row in pc.sort_indices(arena.case_ids).to_pylist():
        value = float(score[row])
        writer.writerow([ids[row], f"{value:.4g}", int(value > 0), ";".join(sorted(names.get(row, ())))])
    return out.getvalue()
