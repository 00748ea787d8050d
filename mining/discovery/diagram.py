"""Where the parts of a BPMN model stand: the map's layers and columns laid on their side, left to right."""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from mining.discovery.bpmn import Bpmn, BpmnFlow, BpmnNode
from mining.map.choosing import Choice, Pair
from mining.map.columns import columns
from mining.map.layers import END, START, Layers, Vertex, layers
from mining.map.words import wrap

Point = tuple[float, float]
FONT: Final = 12.0
TASK: Final = (120.0, 60.0)
GATEWAY: Final = 50.0
EVENT: Final = 36.0
THROUGH: Final = 16.0
"""Height that a line passing a layer takes up."""
BETWEEN_ROWS: Final = 44.0
BETWEEN_LAYERS: Final = 44.0
TRACK: Final = 12.0
"""Between two upright lines in the same gap."""
MARGIN: Final = 40.0
STUB: Final = 9.0
LINE: Final = 15.0


@dataclass(frozen=True)
class Box:
    """A shape; x and y are its left upper corner, in pixels."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Diagram:
    """Shapes by id of their node, lines by id of their flow. Shapes do not overlap, but events on a task's border."""

    width: float
    height: float
    shapes: dict[str, Box]
    lines: dict[str, tuple[Point, ...]]


def diagram(model: Bpmn) -> Diagram:
    """The same model gives the same diagram. Lines turn squarely; those that run back enter from above or below."""
    return _Drawing(model).drawn()


@dataclass(frozen=True)
class _Way:
    """A flow as vertices from left to right; `back`: it runs from right to left."""

    flow: BpmnFlow
    vertices: tuple[Vertex, ...]
    back: bool


class _Drawing:
    def __init__(self, model: Bpmn) -> None:
        self.model = model
        self.nodes = {node.id: node for node in model.nodes}
        self.boundary = {n.id: n.attached for n in model.nodes if n.attached in self.nodes and n.attached != n.id}
        hosts = [node.id for node in model.nodes if node.id not in self.boundary]
        flows = [(flow, self._host(flow.source), self._host(flow.target)) for flow in model.flows]
        order = _order(hosts, [(source, target) for _, source, target in flows])
        rank = {node: place for place, node in enumerate(order)}
        pairs: dict[str, tuple[tuple[str, str], ...]] = {}
        """Per flow the edges to draw it by, left to right."""
        taken: set[tuple[str, str]] = set()
        extra: list[tuple[int, str]] = []
        for flow, source, target in flows:
            if source == target:
                continue
            pair = (source, target) if rank[source] < rank[target] else (target, source)
            if pair in taken:
                # A second line between the same two: through a place of its own.
                via = f"\0{flow.id}"
                extra.append((rank[pair[0]], via))
                pairs[flow.id] = ((pair[0], via), (via, pair[1]))
            else:
                pairs[flow.id] = (pair,)
            taken.update(pairs[flow.id])
        ranked = [(place, 0, node) for node, place in rank.items()] + [(place, 1, via) for place, via in extra]
        order = [node for _, _, node in sorted(ranked)]
        sources, targets = {s for _, s, _ in flows}, {t for _, _, t in flows}
        edges: set[Pair] = {*taken}
        edges |= {(None, node) for node in rank if node not in targets}
        edges |= {(node, None) for node in rank if node not in sources}
        # The main line goes through what is done rather than past it.
        weight: dict[Pair, int] = {pair: 2 if any(self._is_task(end) for end in pair) else 1 for pair in edges}
        # ... and never through what goes back.
        for flow, source, target in flows:
            if rank[source] > rank[target]:
                weight.update(dict.fromkeys(pairs[flow.id], 0))
        choice = Choice(tuple(order), frozenset(edges), (), frozenset(), 0, 0)
        self.found: Layers = layers(choice, weight)
        self.of = {vertex: node for node, vertex in self.found.vertex.items()}
        self.sizes = [self._size(v) for v in range(len(self.found.layer))]
        self.ways = []
        for flow, source, target in flows:
            if source != target:
                chains = [self.found.chains[pair] for pair in pairs[flow.id]]
                vertices = (*chains[0], *(v for chain in chains[1:] for v in chain[1:]))
                self.ways.append(_Way(flow, vertices, rank[source] > rank[target]))
        self.y = columns(self.found, [tall / 2 for _, tall in self.sizes], BETWEEN_ROWS)
        self.stubs: dict[tuple[str, int], int] = {}
        self._port_of = self._ports()

    def drawn(self) -> Diagram:
        ends = {way.flow.id: (self._leaves(way, 0), self._leaves(way, -1)) for way in self.ways}
        tracks = self._tracks(ends)
        inner = [v for v in range(len(self.y)) if v not in (START, END)]
        wide = [max((self.sizes[v][0] for v in row if v not in (START, END)), default=0.0) for row in self.found.rows]
        x, at = [0.0] * len(wide), MARGIN
        for layer in range(len(wide)):
            x[layer] = at + wide[layer] / 2
            at += wide[layer] + BETWEEN_LAYERS + TRACK * len(set(tracks[layer].values()))
        shapes: dict[str, Box] = {}
        for v in inner:
            node = self.nodes.get(self.of.get(v, ""))
            if node is not None:
                width, height = _box(node)
                shapes[node.id] = Box(x[self.found.layer[v]] - width / 2, self.y[v] - height / 2, width, height)
        shapes |= self._on_borders(shapes)
        lines: dict[str, tuple[Point, ...]] = {}
        for way in self.ways:
            lines[way.flow.id] = self._line(way, ends[way.flow.id], shapes, x, wide, tracks)
        for flow in self.model.flows:
            if flow.id not in lines:
                lines[flow.id] = self._around(flow, shapes)
        return _shifted(shapes, lines)

    def _host(self, node: str) -> str:
        """The shape that stands in the layout: for an event on a task's border the task."""
        seen = set()
        while (host := self.boundary.get(node)) is not None and node not in seen:
            seen.add(node)
            node = host
        return node

    def _is_task(self, node: str | None) -> bool:
        return node in self.nodes and self.nodes[node].kind == "task"

    def _size(self, v: Vertex) -> tuple[float, float]:
        node = self.nodes.get(self.of.get(v, ""))
        if node is None:
            return (0.0, 0.0) if v in (START, END) else (0.0, THROUGH)
        width, height = _box(node)
        return width, height + (EVENT + 2 * STUB if node.id in self.boundary.values() else 0.0)

    def _on_borders(self, shapes: dict[str, Box]) -> dict[str, Box]:
        found: dict[str, Box] = {}
        count: dict[str, int] = {}
        for event, task in self.boundary.items():
            host = shapes.get(self._host(task))
            if host is not None:
                place = count[task] = count.get(task, -1) + 1
                left = host.x + 6 + place * (EVENT + 4) % max(1.0, host.width - EVENT)
                found[event] = Box(left, host.y + host.height - EVENT / 2, EVENT, EVENT)
        return found

    def _ports(self) -> dict[tuple[str, int], float]:
        """Per flow and end (0 left, -1 right) how far from its task's middle it meets the task's side."""
        sides: dict[tuple[Vertex, int], list[tuple[float, str]]] = {}
        for way in self.ways:
            for end, near in ((0, 1), (-1, -2)):
                if self._is_task(self.of.get(way.vertices[end])):
                    side = sides.setdefault((way.vertices[end], end), [])
                    side.append((self.y[way.vertices[near]], way.flow.id))
        ports: dict[tuple[str, int], float] = {}
        for (v, end), lines in sides.items():
            step = min(14.0, (_box(self.nodes[self.of[v]])[1] - 16) / max(1, len(lines) - 1))
            for place, (_, flow) in enumerate(sorted(lines)):
                ports[flow, end] = (place - (len(lines) - 1) / 2) * step
        return ports

    def _leaves(self, way: _Way, end: int) -> tuple[float, int]:
        """The height at which a way leaves its left (0) or right (-1) end, and from which corner: 0 the side."""
        v = way.vertices[end]
        node = self.of[v]
        actual = (way.flow.target if way.back else way.flow.source) if end == 0 else None
        if end == -1:
            actual = way.flow.source if way.back else way.flow.target
        on_border = actual in self.boundary
        if not on_border and (not way.back or self._is_task(node)):
            return self.y[v] + self._port_of.get((way.flow.id, end), 0.0), 0
        near = self.y[way.vertices[1 if end == 0 else -2]]
        corner = 1 if on_border or near > self.y[v] - 1 else -1
        used = self.stubs[node, corner] = self.stubs.get((node, corner), -1) + 1
        height = _box(self.nodes[node])[1] / 2 + (EVENT / 2 if on_border else 0.0)
        return self.y[v] + corner * (height + STUB + min(used, 2) * 4), corner

    def _tracks(self, ends: dict[str, tuple[tuple[float, int], tuple[float, int]]]) -> list[dict[str, int]]:
        """Per gap behind a layer: flow -> place of its upright line; flows of one gateway share theirs."""
        spans: list[dict[tuple[int, str], tuple[float, float]]] = [{} for _ in self.found.rows]
        members: list[dict[tuple[int, str], list[str]]] = [{} for _ in self.found.rows]
        for way in self.ways:
            for a, b in itertools.pairwise(way.vertices):
                low, high = sorted((self._height(way, a, ends), self._height(way, b, ends)))
                if high - low < 0.5:
                    continue
                gap = self.found.layer[a]
                group = (0, f"\0{way.flow.id}")
                if not way.back:
                    if self._opens(a) and a == way.vertices[0]:
                        group = (0, self.of[a])
                    elif self._opens(b) and b == way.vertices[-1]:
                        group = (1, self.of[b])
                known = spans[gap].get(group, (low, high))
                spans[gap][group] = min(known[0], low), max(known[1], high)
                members[gap].setdefault(group, []).append(way.flow.id)
        return [_placed(spans[gap], members[gap]) for gap in range(len(spans))]

    def _opens(self, v: Vertex) -> bool:
        node = self.nodes.get(self.of.get(v, ""))
        return node is not None and node.kind != "task"

    def _height(self, way: _Way, v: Vertex, ends: dict[str, tuple[tuple[float, int], tuple[float, int]]]) -> float:
        if v == way.vertices[0]:
            return ends[way.flow.id][0][0]
        return ends[way.flow.id][1][0] if v == way.vertices[-1] else self.y[v]

    def _line(
        self,
        way: _Way,
        ends: tuple[tuple[float, int], tuple[float, int]],
        shapes: dict[str, Box],
        x: Sequence[float],
        wide: Sequence[float],
        tracks: Sequence[dict[str, int]],
    ) -> tuple[Point, ...]:
        left_id, right_id = (way.flow.target, way.flow.source) if way.back else (way.flow.source, way.flow.target)
        left, right = shapes[left_id], shapes[right_id]
        points = _end(left, ends[0], right_side=True)
        known = {way.flow.id: ends}
        for a, b in itertools.pairwise(way.vertices):
            layer = self.found.layer[a]
            ya, yb = self._height(way, a, known), self._height(way, b, known)
            if abs(ya - yb) >= 0.5:
                track = x[layer] + wide[layer] / 2 + BETWEEN_LAYERS / 2 + TRACK * tracks[layer][way.flow.id]
                points += [(track, ya), (track, yb)]
        points += reversed(_end(right, ends[1], right_side=False))
        return _straightened(reversed(points) if way.back else points)

    def _around(self, flow: BpmnFlow, shapes: dict[str, Box]) -> tuple[Point, ...]:
        """From a shape to itself: out at the right, below it, in at the left."""
        source, target = shapes[flow.source], shapes[flow.target]
        right, middle = source.x + source.width, source.y + source.height / 2
        low = max(source.y + source.height, target.y + target.height) + 12
        back = target.y + target.height / 2
        return (
            (right, middle),
            (right + 12, middle),
            (right + 12, low),
            (target.x - 12, low),
            (target.x - 12, back),
            (target.x, back),
        )


def _end(box: Box, end: tuple[float, int], right_side: bool) -> list[Point]:
    """Where a line meets a shape: at its side, or at the middle of its top (-1) or bottom (1)."""
    height, corner = end
    if corner == 0:
        return [(box.x + box.width if right_side else box.x, height)]
    middle = box.x + box.width / 2
    return [(middle, box.y if corner < 0 else box.y + box.height), (middle, height)]


def _placed(
    spans: dict[tuple[int, str], tuple[float, float]], members: dict[tuple[int, str], list[str]]
) -> dict[str, int]:
    """Upright lines side by side where they would lie on each other; those that part stand left of those that meet."""
    found: dict[str, int] = {}
    base = 0
    for kind in (0, 1):
        rows: list[list[tuple[float, float]]] = []
        chosen = sorted((g for g in spans if g[0] == kind), key=lambda g: (spans[g][1] - spans[g][0], g))
        for group in chosen if kind == 0 else reversed(chosen):
            low, high = spans[group]
            place = 0
            while place < len(rows) and any(low <= b + 4 and a <= high + 4 for a, b in rows[place]):
                place += 1
            if place == len(rows):
                rows.append([])
            rows[place].append((low, high))
            for flow in members[group]:
                found[flow] = base + place
        base += len(rows)
    return found


def _order(nodes: Sequence[str], flows: Sequence[tuple[str, str]]) -> list[str]:
    """Nodes so that every flow but those that close a circle goes forward (reverse postorder of a depth-first walk)."""
    after: dict[str, list[str]] = {node: [] for node in nodes}
    entered = set()
    for source, target in flows:
        after[source].append(target)
        if source != target:
            entered.add(target)
    seen: set[str] = set()
    done: list[str] = []
    for root in [*(n for n in nodes if n not in entered), *nodes]:
        if root in seen:
            continue
        seen.add(root)
        walk = [(root, iter(reversed(after[root])))]
        while walk:
            node, rest = walk[-1]
            for target in rest:
                if target not in seen:
                    seen.add(target)
                    walk.append((target, iter(reversed(after[target]))))
                    break
            else:
                done.append(node)
                walk.pop()
    return done[::-1]


def _box(node: BpmnNode) -> tuple[float, float]:
    match node.kind:
        case "task":
            lines = len(wrap(node.name or "", FONT, TASK[0] - 16))
            return TASK[0], max(TASK[1], lines * LINE + 24)
        case "start" | "end" | "event":
            return EVENT, EVENT
        case _:
            return GATEWAY, GATEWAY


def _straightened(points: Iterable[Point]) -> tuple[Point, ...]:
    """Without corners that turn nowhere."""
    kept: list[Point] = []
    for x, y in points:
        if kept and abs(kept[-1][0] - x) < 0.05 and abs(kept[-1][1] - y) < 0.05:
            continue
        if len(kept) > 1 and (
            abs(kept[-2][0] - kept[-1][0]) + abs(kept[-1][0] - x) < 0.1
            or abs(kept[-2][1] - kept[-1][1]) + abs(kept[-1][1] - y) < 0.1
        ):
            kept.pop()
        kept.append((x, y))
    return tuple(kept)


def _shifted(shapes: dict[str, Box], lines: dict[str, tuple[Point, ...]]) -> Diagram:
    xs = [v for b in shapes.values() for v in (b.x, b.x + b.width)] + [x for line in lines.values() for x, _ in line]
    ys = [v for b in shapes.values() for v in (b.y, b.y + b.height)] + [y for line in lines.values() for _, y in line]
    dx, dy = MARGIN - min(xs, default=MARGIN), MARGIN - min(ys, default=MARGIN)
    moved = {n: Box(round(b.x + dx, 1), round(b.y + dy, 1), b.width, b.height) for n, b in shapes.items()}
    return Diagram(
        width=round(max(xs, default=0.0) + dx + MARGIN, 1),
        height=round(max(ys, default=0.0) + dy + MARGIN, 1),
        shapes=moved,
        lines={f: tuple((round(x + dx, 1), round(y + dy, 1)) for x, y in line) for f, line in lines.items()},
    )
