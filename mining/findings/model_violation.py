"""`deviation/model_violation`: cases that are not as the model has them, or take a branch that is marked wrong."""

import numpy as np

from mining.findings._columns import DAY, graded_columns, ids, local, unlocal, unusual_days
from mining.findings._departures import SURE, UNSURE, departing
from mining.findings._marked import wrong_branches
from mining.findings._segments import began, concentrated
from mining.findings.facts import Fact, View
from mining.findings.positions import Positions


def model_violation(view: View) -> list[Fact]:
    """One fact for each branch that is marked wrong and taken, and a summary of the drawn model."""
    return [*wrong_branches(view), *_summary(view)]


def _summary(view: View) -> list[Fact]:
    """One fact; none without a model or where no case departs from it.

    It is sure of itself only where no departure of its own is large enough for a warning, but all together are: what
    is told one by one need not be told again as loudly.
    """
    found, arena = view.conformance, view.arena
    if found is None:
        return []
    hit, pool = found.deviating & found.judged, found.judged
    cases = np.flatnonzero(hit)
    if not len(cases):
        return []
    each = departing(view, found, ("skipped", "inserted", "wrong_order"))
    alone = any(len(those) >= view.settings.warning_share * arena.cases for those in each)
    begun = local(view, arena.start[arena.offsets[:-1]]) // DAY
    change = began(begun[pool], hit[pool], unusual_days(view))
    recent = cases[np.argsort(-arena.start[arena.offsets[cases]], kind="stable")]
    share = len(cases) / int(pool.sum())
    return [
        Fact(
            kind="deviation",
            name="model_violation",
            subject={"model": found.model},
            confidence=UNSURE if alone or share > 0.5 else SURE,
            cases=len(cases),
            share=len(cases) / arena.cases,
            hours_per_week=0.0,
            example_cases=ids(arena, recent),
            case_rows=Positions(cases),
            example_rows=tuple(int(row) for row in arena.offsets[recent[:5]]),
            figures={
                "model": found.model,
                "departures": len(each),
                "fitness": None if found.fitness is None else round(found.fitness, 4),
                "precision": None if found.precision is None else round(found.precision, 4),
                "judged": int(pool.sum()),
                "unjudged": int(arena.cases - pool.sum()),
                "unmatched": ", ".join(found.unmatched) or None,
                "unknown": ", ".join(found.unknown) or None,
            },
            since=unlocal(view, change[0]) if change else None,
            segment=concentrated(hit, pool, graded_columns(arena)),
            levers=(("settle_model", "business"), ("find_cause", "business")),
        )
    ]
