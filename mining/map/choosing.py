"""Which activities and edges to draw: those of the most frequent variants, so that the graph stays connected."""

from collections.abc import Iterable
from dataclasses import dataclass

from mining.report import Report, Variant

Pair = tuple[str | None, str | None]
"""Source and target of an edge; None as source is the start of cases, as target their end."""
EDGES_PER_NODE = 2


@dataclass(frozen=True)
class Choice:
    """What to draw. Every activity lies on a path from start to end."""

    activities: tuple[str, ...]
    """In order of their mean position in the case."""
    edges: frozenset[Pair]
    """Start and end edges among them."""
    main: tuple[str, ...]
    """The most frequent path without its repetitions."""
    deviating: frozenset[Pair]
    """Edges that only deviating variants take."""
    cases: int
    """Cases that run on the drawn edges alone."""
    all_cases: int


def choose(report: Report, max_nodes: int = 25, coverage: float = 0.8) -> Choice:
    """The most frequent variants until `coverage` (0..1) of the cases run on what is drawn.

    A variant that would take the drawing past `max_nodes` activities, or twice as many edges, is left out; the first
    is always drawn.
    """
    taken: list[Variant] = []
    nodes: set[str] = set()
    edges: set[Pair] = set()
    covered = 0
    for variant in report.variants:
        if covered >= coverage * report.log.cases:
            break
        more_nodes, more_edges = nodes | set(variant.path), edges | set(pairs(variant.path))
        full = len(more_nodes) > max_nodes or len(more_edges) > EDGES_PER_NODE * max_nodes
        if taken and full:
            continue
        taken.append(variant)
        nodes, edges, covered = more_nodes, more_edges, covered + variant.cases
    main = tuple(dict.fromkeys(taken[0].path)) if taken else ()
    usual = {pair for variant in taken if not variant.deviating for pair in pairs(variant.path)}
    return Choice(
        activities=_in_order(taken, main),
        edges=frozenset(edges),
        main=main,
        deviating=frozenset(edges - usual),
        cases=sum(v.cases for v in report.variants if edges.issuperset(pairs(v.path))),
        all_cases=report.log.cases,
    )


def pairs(path: tuple[str, ...]) -> Iterable[Pair]:
    """The edges of a path, from the start of the case to its end."""
    return zip((None, *path), (*path, None), strict=True) if path else ()


def _in_order(variants: Iterable[Variant], main: tuple[str, ...]) -> tuple[str, ...]:
    """Activities by the mean position at which cases first reach them; those of the main path in its own order."""
    weight: dict[str, int] = {}
    total: dict[str, float] = {}
    for variant in variants:
        for place, activity in enumerate(dict.fromkeys(variant.path)):
            weight[activity] = weight.get(activity, 0) + variant.cases
            total[activity] = total.get(activity, 0.0) + place * variant.cases
    position = {activity: total[activity] / weight[activity] for activity in weight}
    latest = -1.0
    for activity in main:
        latest = position[activity] = max(position[activity], latest + 1e-6)
    return tuple(sorted(position, key=lambda activity: (position[activity], -weight[activity], activity)))
