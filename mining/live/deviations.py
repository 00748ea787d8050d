"""Which deviations closed cases show, by the facts that are known."""

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from mining.findings.facts import Fact


def deviations(cases: Iterable[int], facts: Sequence[Fact]) -> dict[str, int]:
    """How many of `cases` (positions in the arena) show each name of deviation; a case counts once a name."""
    closed = np.unique(np.fromiter(cases, np.int64))
    touched: dict[str, npt.NDArray[np.bool_]] = {}
    for fact in facts:
        if fact.kind == "deviation":
            found = touched.setdefault(fact.name, np.zeros(len(closed), np.bool_))
            found |= np.isin(closed, fact.case_rows.rows, assume_unique=True)
    return {name: int(found.sum()) for name, found in touched.items()}
