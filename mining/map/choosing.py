"""Which activities and edges to draw: those of the most frequent variants, so that the graph stays connected."""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mining.report import Report, Variant

Pair = tuple[str | None, str | None]
"""Source and target of an edge; None as source is the start of cases, as target their end."""
EDGES_PER_NODE = 2


@dataclass(frozen=True)
class Choice:
    """What to draw. Every activity lies on a path from start to end."""

    activities: tuple[str, ...]
    """In the order in which most cases reach them."""
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


def _in_order(variants: Sequence[Variant], main: tuple[str, ...]) -> tuple[str, ...]:
    """Activities so that of two with an edge between them the one most cases reach first stands first.

    Where that leaves a choice, or goes round in a circle, the mean position at which cases first reach them decides.
    The main path keeps its own order.
    """
    position = _mean_positions(variants)
    after: dict[str, set[str]] = {activity: set() for activity in position}
    straight = set(itertools.pairwise(main))
    for first, second in _precedences(variants) | straight:
        if (second, first) not in straight:
            after[first].add(second)
    waiting_for = dict.fromkeys(position, 0)
    for followers in after.values():
        for activity in followers:
            waiting_for[activity] += 1
    found: list[str] = []
    left = set(position)
    while left:
        chosen = min(left, key=lambda activity: (waiting_for[activity] > 0, position[activity], activity))
        left.remove(chosen)
        found.append(chosen)
        for activity in after[chosen]:
            waiting_for[activity] -= 1
    return tuple(found)


def _mean_positions(variants: Sequence[Variant]) -> dict[str, float]:
    weight: dict[str, int] = {}
    total: dict[str, float] = {}
    for variant in variants:
        for place, activity in enumerate(dict.fromkeys(variant.path)):
            weight[activity] = weight.get(activity, 0) + variant.cases
            total[activity] = total.get(activity, 0.0) + place * variant.cases
    return {activity: total[activity] / weight[activity] for activity in weight}


def _precedences(variants: Sequence[Variant]) -> set[tuple[str, str]]:
    """Of every two activities that follow each other directly somewhere: (the usually earlier, the later)."""
    together = {frozenset(pair) for variant in variants for pair in itertools.pairwise(variant.path)}
    lead: dict[tuple[str, str], int] = {}
    for variant in variants:
        first = {activity: place for place, activity in reversed(list(enumerate(variant.path)))}
        for pair in together:
            if len(pair) == 2 and pair <= first.keys():
                a, b = sorted(pair)
                lead[a, b] = lead.get((a, b), 0) + (variant.cases if first[a] < first[b] else -variant.cases)
    return {(a, b) if n > 0 else (b, a) for (a, b), n in lead.items() if n}
