"""Which activities and edges to draw: those of the most frequent variants, so that the graph stays connected."""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from mining.report import Report

Pair = tuple[str | None, str | None]
"""Source and target of an edge; None as source is the start of cases, as target their end."""
Way = tuple[tuple[str, ...], int, bool]
"""A variant: its path, its cases, whether it is deviating."""
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


def choose(report: Report, max_nodes: int = 25, coverage: float = 0.8, ways: Sequence[Way] | None = None) -> Choice:
    """The most frequent variants until `coverage` (0..1) of the cases run on what is drawn.

    A variant that would take the drawing past `max_nodes` activities, or twice as many edges, is left out; the first
    is always drawn. `ways` stand for the report's variants where these have not been written out.
    """
    if ways is None:
        ways = [(variant.path, variant.cases, variant.deviating) for variant in report.variants]
    taken: list[Way] = []
    nodes: frozenset[str] = frozenset()
    edges: frozenset[Pair] = frozenset()
    covered = 0
    for way in ways:
        if covered >= coverage * report.log.cases:
            break
        own_nodes, own_edges = _sets(way[0])
        if not own_edges <= edges:
            more_nodes, more_edges = nodes | own_nodes, edges | own_edges
            if taken and (len(more_nodes) > max_nodes or len(more_edges) > EDGES_PER_NODE * max_nodes):
                continue
            nodes, edges = more_nodes, more_edges
        elif taken and (len(nodes) > max_nodes or len(edges) > EDGES_PER_NODE * max_nodes):
            continue
        taken.append(way)
        covered += way[1]
    main = tuple(dict.fromkeys(taken[0][0])) if taken else ()
    usual = {pair for path, _, deviating in taken if not deviating for pair in pairs(path)}
    return Choice(
        activities=_in_order(taken, main),
        edges=edges,
        main=main,
        deviating=edges - usual,
        cases=sum(cases for path, cases, _ in ways if _sets(path)[1] <= edges),
        all_cases=report.log.cases,
    )


@lru_cache(1 << 15)
def _sets(path: tuple[str, ...]) -> tuple[frozenset[str], frozenset[Pair]]:
    """Activities and edges of a path; the same paths come with every filter."""
    return frozenset(path), frozenset(pairs(path))


def pairs(path: tuple[str, ...]) -> Iterable[Pair]:
    """The edges of a path, from the start of the case to its end."""
    return zip((None, *path), (*path, None), strict=True) if path else ()


def _in_order(ways: Sequence[Way], main: tuple[str, ...]) -> tuple[str, ...]:
    """Activities so that of two with an edge between them the one most cases reach first stands first.

    Where that leaves a choice, or goes round in a circle, the mean position at which cases first reach them decides.
    The main path keeps its own order.
    """
    position = _mean_positions(ways)
    after: dict[str, set[str]] = {activity: set() for activity in position}
    straight = set(itertools.pairwise(main))
    for first, second in _precedences(ways) | straight:
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


def _mean_positions(ways: Sequence[Way]) -> dict[str, float]:
    weight: dict[str, int] = {}
    total: dict[str, float] = {}
    for path, cases, _ in ways:
        for place, activity in enumerate(dict.fromkeys(path)):
            weight[activity] = weight.get(activity, 0) + cases
            total[activity] = total.get(activity, 0.0) + place * cases
    return {activity: total[activity] / weight[activity] for activity in weight}


def _precedences(ways: Sequence[Way]) -> set[tuple[str, str]]:
    """Of every two activities that follow each other directly somewhere: (the usually earlier, the later)."""
    together = {frozenset(pair) for path, _, _ in ways for pair in itertools.pairwise(path)}
    lead: dict[tuple[str, str], int] = {}
    for path, cases, _ in ways:
        first = {activity: place for place, activity in reversed(list(enumerate(path)))}
        for pair in together:
            if len(pair) == 2 and pair <= first.keys():
                a, b = sorted(pair)
                lead[a, b] = lead.get((a, b), 0) + (cases if first[a] < first[b] else -cases)
    return {(a, b) if n > 0 else (b, a) for (a, b), n in lead.items() if n}
