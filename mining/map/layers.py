"""Which layer every activity stands in, and the order within layers that crosses the fewest edges."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import igraph

from mining.map.choosing import Choice, Pair

Vertex = int
START: Vertex = 0
END: Vertex = 1


@dataclass(frozen=True)
class Layers:
    """A proper layering: every forward edge is a chain of vertices, one a layer."""

    vertex: dict[str, Vertex]
    """Of the activities; 0 and 1 are start and end, what comes after the activities are dummies."""
    layer: tuple[int, ...]
    """Of every vertex, from the top."""
    rows: tuple[tuple[Vertex, ...], ...]
    """The vertices of each layer from left to right."""
    chains: dict[Pair, tuple[Vertex, ...]]
    """Forward edges: source, dummies, target."""
    back: tuple[Pair, ...]
    """Edges against the order, loops among them."""
    main: frozenset[Vertex]
    """Vertices of the main path and dummies between them: at most one a layer."""


def layers(choice: Choice, weight: Mapping[Pair, int]) -> Layers:
    """Layers by longest path over the edges that go with the order of `choice.activities`."""
    vertex = {activity: place + 2 for place, activity in enumerate(choice.activities)}
    ends = {pair: (_vertex(vertex, pair[0], START), _vertex(vertex, pair[1], END)) for pair in choice.edges}
    forward = [p for p, (s, t) in ends.items() if s == START or t == END or s < t]
    forward.sort(key=lambda p: (-weight.get(p, 0), p[0] or "", p[1] or ""))
    layer = _longest_paths(len(vertex) + 2, [ends[p] for p in forward])
    chains: dict[Pair, tuple[Vertex, ...]] = {}
    for pair in forward:
        source, target = ends[pair]
        dummies = range(len(layer), len(layer) + layer[target] - layer[source] - 1)
        layer.extend(layer[source] + 1 + place for place in range(len(dummies)))
        chains[pair] = (source, *dummies, target)
    main = _main(choice, chains, weight)
    back = [pair for pair in choice.edges if pair not in chains]
    back.sort(key=lambda p: (p[0] or "", p[1] or ""))
    return Layers(vertex, tuple(layer), _rows(layer, chains, weight), chains, tuple(back), frozenset(main))


def _main(choice: Choice, chains: Mapping[Pair, tuple[Vertex, ...]], weight: Mapping[Pair, int]) -> set[Vertex]:
    """The most frequent path, or, where it goes back on itself, the one whose rarest edge is most frequent."""
    walk: list[Pair] = list(itertools.pairwise((None, *choice.main, None)))
    if not all(pair in chains for pair in walk):
        widest: dict[str | None, tuple[int, Pair]] = {}
        for activity in reversed(choice.activities):
            _widen(widest, activity, [p for p in chains if p[0] == activity], weight)
        ways = [p for p in chains if p[0] is None and p[1] in widest]
        walk = []
        if ways:
            at = max(ways, key=lambda p: (min(weight.get(p, 0), widest[p[1]][0]), p[1] or ""))
            walk.append(at)
            while at[1] is not None:
                at = widest[at[1]][1]
                walk.append(at)
    return {v for pair in walk for v in chains.get(pair, ())} | {START, END}


def _widen(
    widest: dict[str | None, tuple[int, Pair]], activity: str, ways: Sequence[Pair], weight: Mapping[Pair, int]
) -> None:
    """Note the best way on from `activity` to the end, where there is any."""
    found = [
        (min(weight.get(way, 0), widest[way[1]][0] if way[1] is not None else weight.get(way, 0)), way)
        for way in ways
        if way[1] is None or way[1] in widest
    ]
    if found:
        widest[activity] = max(found, key=lambda f: (f[0], f[1][1] or ""))


def _vertex(vertex: Mapping[str, Vertex], activity: str | None, otherwise: Vertex) -> Vertex:
    return otherwise if activity is None else vertex[activity]


def _longest_paths(size: int, edges: Sequence[tuple[Vertex, Vertex]]) -> list[int]:
    before: list[list[Vertex]] = [[] for _ in range(size)]
    after: list[list[Vertex]] = [[] for _ in range(size)]
    for source, target in edges:
        before[target].append(source)
        after[source].append(target)
    layer = [0] * size
    order = range(2, size)
    for v in order:
        layer[v] = 1 + max((layer[u] for u in before[v] if u != START), default=0)
    layer[END] = 1 + max(layer[v] for v in (START, *order))
    # What only the start leads to stands right above what it leads to.
    for v in reversed(order):
        if all(u == START for u in before[v]) and after[v]:
            layer[v] = max(layer[v], min(layer[w] for w in after[v]) - 1)
    return layer


def _rows(
    layer: Sequence[int], chains: Mapping[Pair, tuple[Vertex, ...]], weight: Mapping[Pair, int]
) -> tuple[tuple[Vertex, ...], ...]:
    graph = igraph.Graph(n=len(layer), directed=True)
    steps, weights = [], []
    for pair, chain in chains.items():
        steps += list(itertools.pairwise(chain))
        weights += [float(weight.get(pair, 1))] * (len(chain) - 1)
    graph.add_edges(steps)
    places = graph.layout_sugiyama(layers=list(layer), weights=weights, maxiter=200)
    rows: list[list[Vertex]] = [[] for _ in range(max(layer) + 1)]
    for v in range(len(layer)):
        rows[layer[v]].append(v)
    return tuple(tuple(sorted(row, key=lambda v: (round(places[v][0], 6), v))) for row in rows)
