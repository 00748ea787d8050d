"""Where everything on the map stands. The same report gives the same layout; units are pixels."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from mining.map.choosing import Choice, Pair, Way, choose
from mining.map.columns import columns
from mining.map.layers import END, START, Layers, Vertex, layers
from mining.map.routes import Point, Route, around, forward
from mining.map.words import width, wrap
from mining.report import Report

FONT: Final = 13.0
LINE: Final = 17.0
SMALL: Final = 11.0
LABEL: Final = 86.0
"""Room for an edge's label."""
LEAST, MOST = 118.0, 190.0
BETWEEN_ROWS: Final = 52.0
BETWEEN_NODES: Final = 34.0
LANE: Final = 22.0
MARGIN: Final = 10.0
TERMINAL: Final = 11.0


@dataclass(frozen=True)
class PlacedNode:
    """A box; x and y are its middle."""

    kind: Literal["start", "end", "activity"]
    activity: str | None
    lines: tuple[str, ...]
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class PlacedEdge:
    """A line; source None is the start of cases, target None their end."""

    source: str | None
    target: str | None
    path: str
    """In SVG's path language."""
    points: tuple[Point, ...]
    """Corners of the line, for formats that know no curves."""
    head: tuple[Point, Point]
    """Tip of the arrow, and a point on the line right before it."""
    label: Point
    """Middle of the label."""
    back: bool
    main: bool
    deviating: bool


@dataclass(frozen=True)
class Layout:
    """The whole drawing."""

    width: float
    height: float
    nodes: tuple[PlacedNode, ...]
    edges: tuple[PlacedEdge, ...]
    cases: int
    """Cases that run on the drawn edges alone, of `all_cases`."""
    all_cases: int
    all_activities: int


def layout(report: Report, max_nodes: int = 25, coverage: float = 0.8, ways: Sequence[Way] | None = None) -> Layout:
    """The map of the most frequent variants (see `choose`), top to bottom, the main path straight."""
    choice = choose(report, max_nodes, coverage, ways)
    weight = weights(report)
    found = layers(choice, weight)
    lines = {v: wrap(activity, FONT, MOST - 20) for activity, v in found.vertex.items()}
    boxes = _sizes(found, lines)
    x = columns(found, [w / 2 for w, _ in boxes], BETWEEN_NODES)
    tall = [max(boxes[v][1] for v in row) for row in found.rows]
    middle, y = [], MARGIN
    for height in tall:
        middle.append(y + height / 2)
        y += height + BETWEEN_ROWS
    bands = [(m - h / 2, m + h / 2) for m, h in zip(middle, tall, strict=True)]
    place = {v: (x[v], middle[found.layer[v]]) for v in range(len(x))}
    routes = _routes(choice, found, boxes, place, bands, weight)
    left = min(x[v] - boxes[v][0] / 2 for v in range(len(x)))
    right = max(x[v] + boxes[v][0] / 2 for v in range(len(x)))
    for route in routes.values():
        left = min(left, *(p[0] for p in route.points))
        right = max(right, *(p[0] for p in route.points))
    shift = MARGIN - left + 8
    nodes = _nodes(found, lines, boxes, place, shift)
    edges = _edges(choice, found, routes, nodes, weight, shift)
    outside = MARGIN - min((e.label[0] - LABEL / 2 for e in edges), default=MARGIN)
    if outside > 0:
        # A label at a lane on the left reaches over the edge of the drawing.
        shift += outside
        nodes = _nodes(found, lines, boxes, place, shift)
        edges = _edges(choice, found, routes, nodes, weight, shift)
    right = max([right + shift, *(e.label[0] + LABEL / 2 for e in edges)])
    return Layout(
        width=round(right + MARGIN),
        height=round(y - BETWEEN_ROWS + MARGIN),
        nodes=nodes,
        edges=edges,
        cases=choice.cases,
        all_cases=choice.all_cases,
        all_activities=len(report.nodes),
    )


def weights(report: Report) -> dict[Pair, int]:
    """How often each edge was taken, start and end edges among them."""
    found: dict[Pair, int] = {(edge.source, edge.target): edge.count for edge in report.edges}
    found |= {(None, node.activity): node.starts for node in report.nodes}
    found |= {(node.activity, None): node.ends for node in report.nodes}
    return found


def _sizes(found: Layers, lines: Mapping[Vertex, tuple[str, ...]]) -> list[tuple[float, float]]:
    widest = max((width(line, FONT) for rows in lines.values() for line in rows), default=0.0)
    box = min(max(widest + 28, LEAST), MOST + 12)
    sizes = []
    for v in range(len(found.layer)):
        if v in (START, END):
            sizes.append((2 * TERMINAL, 2 * TERMINAL))
        elif v in lines:
            sizes.append((box, len(lines[v]) * LINE + LINE + 12))
        else:
            sizes.append((LABEL * 0.6, 0.0))
    return sizes


def _routes(
    choice: Choice,
    found: Layers,
    boxes: Sequence[tuple[float, float]],
    place: Mapping[Vertex, Point],
    bands: Sequence[tuple[float, float]],
    weight: Mapping[Pair, int],
) -> dict[Pair, Route]:
    routes: dict[Pair, Route] = {}
    leaving: dict[Vertex, list[tuple[float, Pair]]] = {}
    arriving: dict[Vertex, list[tuple[float, Pair]]] = {}
    for pair, chain in found.chains.items():
        leaving.setdefault(chain[0], []).append((place[chain[1]][0], pair))
        arriving.setdefault(chain[-1], []).append((place[chain[-2]][0], pair))
    out = _ports(leaving, boxes, found)
    into = _ports(arriving, boxes, found)
    for pair, chain in found.chains.items():
        (x0, y0), (x1, y1) = place[chain[0]], place[chain[-1]]
        begin = (x0 + out[pair], y0 + boxes[chain[0]][1] / 2)
        end = (x1 + into[pair], y1 - boxes[chain[-1]][1] / 2)
        routes[pair] = forward(begin, [(place[d][0], *bands[found.layer[d]]) for d in chain[1:-1]], end)
    routes.update(_back_routes(found, boxes, place))
    return routes


def _back_routes(
    found: Layers, boxes: Sequence[tuple[float, float]], place: Mapping[Vertex, Point]
) -> dict[Pair, Route]:
    """Lanes beside the layers that a back edge spans, at the side where it has the shorter way."""
    routes: dict[Pair, Route] = {}
    # Per side (1 right, -1 left): the outermost x of every layer, and the layers each lane is taken in.
    outermost = {
        side: [max(side * place[v][0] + boxes[v][0] / 2 for v in row) for row in found.rows] for side in (1, -1)
    }
    taken: dict[int, list[list[tuple[int, int]]]] = {1: [], -1: []}
    spans = []
    for pair in found.back:
        source, target = (found.vertex[activity] for activity in pair if activity is not None)
        spans.append((found.layer[source] - found.layer[target], pair, source, target))
    for span, pair, source, target in sorted(spans, key=lambda s: (s[0], s[1][0] or "", s[1][1] or "")):
        low, high = sorted((found.layer[target], found.layer[source]))
        ways = []
        for side in (1, -1):
            lane = 0
            while lane < len(taken[side]) and any(low <= b and a <= high for a, b in taken[side][lane]):
                lane += 1
            outer = max(outermost[side][low : high + 1]) + LANE * (lane + 1)
            free = [side * place[v][0] + boxes[v][0] / 2 >= outermost[side][found.layer[v]] for v in (source, target)]
            cost = 2 * outer - side * (place[source][0] + place[target][0]) + 120.0 * free.count(False)
            ways.append((cost, -side, lane, outer, (free[0], free[1])))
        _, mirrored, lane, outer, free_ends = min(ways)
        side = -mirrored if span else 1
        if span:
            if lane == len(taken[side]):
                taken[side].append([])
            taken[side][lane].append((low, high))
        ends = (place[source], boxes[source], place[target], boxes[target])
        routes[pair] = around(*ends, outer, free_ends, side)
    return routes


def _ports(
    sides: Mapping[Vertex, list[tuple[float, Pair]]], boxes: Sequence[tuple[float, float]], found: Layers
) -> dict[Pair, float]:
    """How far from the middle of its box each edge leaves or arrives: the main path in the middle, the rest beside."""
    ports: dict[Pair, float] = {}
    for v, edges in sides.items():
        ordered = sorted(edges, key=lambda e: (e[0], e[1][0] or "", e[1][1] or ""))
        straight = [i for i, (_, pair) in enumerate(ordered) if all(u in found.main for u in found.chains[pair])]
        centre = straight[0] if straight else (len(ordered) - 1) / 2
        reach = max(centre, len(ordered) - 1 - centre)
        step = min(18.0, (boxes[v][0] / 2 - 16) / reach) if reach and v in range(2, len(found.vertex) + 2) else 0.0
        for i, (_, pair) in enumerate(ordered):
            ports[pair] = (i - centre) * step
    return ports


def _nodes(
    found: Layers,
    lines: Mapping[Vertex, tuple[str, ...]],
    boxes: Sequence[tuple[float, float]],
    place: Mapping[Vertex, Point],
    shift: float,
) -> tuple[PlacedNode, ...]:
    def placed(kind: Literal["start", "end", "activity"], activity: str | None, v: Vertex) -> PlacedNode:
        (x, y), (wide, tall) = place[v], boxes[v]
        return PlacedNode(kind, activity, lines.get(v, ()), round(x + shift, 1), round(y, 1), round(wide, 1), tall)

    activities = [placed("activity", activity, v) for activity, v in found.vertex.items()]
    return (placed("start", None, START), *activities, placed("end", None, END))


def _edges(
    choice: Choice,
    found: Layers,
    routes: Mapping[Pair, Route],
    nodes: Sequence[PlacedNode],
    weight: Mapping[Pair, int],
    shift: float,
) -> tuple[PlacedEdge, ...]:
    taken = [(n.x - n.width / 2, n.y - n.height / 2, n.x + n.width / 2, n.y + n.height / 2) for n in nodes]
    edges = []
    for pair in sorted(routes, key=lambda p: (-weight.get(p, 0), p[0] or "", p[1] or "")):
        route = routes[pair].moved(shift)
        wide = LABEL if None not in pair else LABEL / 2
        label = _free(route.spots, wide, SMALL + 4, taken)
        taken.append((label[0] - wide / 2, label[1] - SMALL / 2 - 2, label[0] + wide / 2, label[1] + SMALL / 2 + 2))
        main = pair in found.chains and all(v in found.main for v in found.chains[pair])
        back = pair not in found.chains
        head = (route.points[-1], route.before)
        edges.append(PlacedEdge(*pair, route.path, route.points, head, label, back, main, pair in choice.deviating))
    return tuple(edges)


def _free(
    spots: Sequence[Point], wide: float, tall: float, taken: Sequence[tuple[float, float, float, float]]
) -> Point:
    """The first spot whose label lies on nothing, else the one that lies on least."""

    boxes = np.array(taken)
    least, best = math.inf, spots[0]
    for spot in spots:
        across = np.minimum(spot[0] + wide / 2, boxes[:, 2]) - np.maximum(spot[0] - wide / 2, boxes[:, 0])
        down = np.minimum(spot[1] + tall / 2, boxes[:, 3]) - np.maximum(spot[1] - tall / 2, boxes[:, 1])
        covered = float((np.maximum(across, 0.0) * np.maximum(down, 0.0)).sum())
        if covered < least:
            least, best = covered, spot
        if not covered:
            break
    return best
