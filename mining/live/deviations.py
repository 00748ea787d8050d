"""Which deviations closed cases show, by the facts that are known."""

from collections.abc import Iterable, Sequence

from mining.findings.facts import Fact


def deviations(cases: Iterable[int], facts: Sequence[Fact]) -> dict[str, int]:
    """How many of `cases` (positions in the arena) show each name of deviation; a case counts once a name."""
    closed = set(cases)
    touched: dict[str, set[int]] = {}
    for fact in facts:
        if fact.kind == "deviation":
            touched.setdefault(fact.name, set()).update(closed.intersection(fact.case_rows))
    return {name: len(found) for name, found in touched.items()}
