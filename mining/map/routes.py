"""The lines of edges: splines down through the layers, and lanes at the right side back up."""

from collections.abc import Sequence
from dataclasses import dataclass

Point = tuple[float, float]
CORNER = 9.0
TIP = 5.0


@dataclass(frozen=True)
class Route:
    """A line as commands with points, so that it can be moved."""

    commands: tuple[tuple[str, tuple[Point, ...]], ...]
    spots: tuple[Point, ...]
    """Where its label may stand, best first."""
    before: Point
    """A point on the line right before its end."""

    @property
    def points(self) -> tuple[Point, ...]:
        """Where the commands end."""
        return tuple(points[-1] for _, points in self.commands)

    @property
    def path(self) -> str:
        """In SVG's path language."""
        return " ".join(command + " ".join(f"{_n(x)},{_n(y)}" for x, y in points) for command, points in self.commands)

    def moved(self, right: float) -> "Route":
        """The same line, moved to the right."""
        return Route(
            tuple((c, tuple(_moved(p, right) for p in points)) for c, points in self.commands),
            tuple(_moved(p, right) for p in self.spots),
            _moved(self.before, right),
        )


def forward(begin: Point, through: Sequence[tuple[float, float, float]], end: Point) -> Route:
    """Down from `begin` to `end`, upright through each of `through` (x, top, bottom of the layer)."""
    commands: list[tuple[str, tuple[Point, ...]]] = [("M", (begin,))]
    bends: list[tuple[Point, Point]] = []
    at = begin
    for x, top, bottom in through:
        bends.append((at, (x, top)))
        commands += [_bend(at, (x, top)), ("L", ((x, bottom),))]
        at = (x, bottom)
    bends.append((at, end))
    commands.append(_bend(at, end))
    # Mid-gap first, where curves part; the gaps at either end belong to this edge more than those it passes.
    order = [bends[0], *reversed(bends[1:])] if len(bends) > 1 else bends
    spots = tuple(_on_bend(a, b, t) for t in (0.5, 0.4, 0.6, 0.3, 0.72, 0.22) for a, b in order)
    upright = tuple((x, (top + bottom) / 2) for x, top, bottom in through)
    return Route(tuple(commands), (*spots[: len(order)], *upright, *spots[len(order) :]), (end[0], end[1] - TIP))


def around(
    source: Point,
    source_box: Point,
    target: Point,
    target_box: Point,
    lane: float,
    free: tuple[bool, bool],
    side: int = 1,
) -> Route:
    """From one side of `source` (1 right, -1 left) up a lane and into the same side of `target`.

    `lane` is how far to that side the lane runs. Where another box stands between the lane and one of them (`free`
    false), the line takes the gap between the layers instead.
    """
    right, left_at = side * source[0] + source_box[0] / 2, side * target[0] + target_box[0] / 2
    loop = source == target
    if free[0] or loop:
        first = [(right, source[1] + (source_box[1] / 4 if loop else -source_box[1] / 6))]
    else:
        above = source[1] - source_box[1] / 2
        first = [(right - 14, above), (right - 14, above - 14)]
    if free[1] or loop:
        last = [(left_at, target[1] + (-target_box[1] / 4 if loop else target_box[1] / 6))]
    else:
        below = target[1] + target_box[1] / 2
        last = [(left_at - 14, below + 14), (left_at - 14, below)]
    if loop:
        lane = right + 20
    corners = [*first, (lane, first[-1][1]), (lane, last[0][1]), *last]
    low, high = last[0][1], first[-1][1]
    spots = [(lane, low + (high - low) * t) for t in (0.5, 0.4, 0.6, 0.3, 0.7, 0.2, 0.8, 0.9, 0.1)]
    if loop:
        spots = [(lane + dx, source[1] + dy) for dx in (46, 8) for dy in (0, 14, -14, 26, -26)]
    end = last[-1]
    before = (end[0] + TIP, end[1]) if free[1] or loop else (end[0], end[1] + TIP)
    return Route(
        _rounded([(side * x, y) for x, y in corners]),
        tuple((side * x, y) for x, y in spots),
        (side * before[0], before[1]),
    )


def _rounded(corners: Sequence[Point]) -> tuple[tuple[str, tuple[Point, ...]], ...]:
    commands: list[tuple[str, tuple[Point, ...]]] = [("M", (corners[0],))]
    for a, b, c in zip(corners, corners[1:], corners[2:], strict=False):
        r = min(CORNER, _length(a, b) / 2, _length(b, c) / 2)
        commands += [("L", (_towards(b, a, r),)), ("Q", (b, _towards(b, c, r)))]
    commands.append(("L", (corners[-1],)))
    return tuple(commands)


def _bend(a: Point, b: Point) -> tuple[str, tuple[Point, ...]]:
    if abs(a[0] - b[0]) < 0.5:
        return "L", (b,)
    middle = (a[1] + b[1]) / 2
    return "C", ((a[0], middle), (b[0], middle), b)


def _on_bend(a: Point, b: Point, t: float) -> Point:
    """The point at `t` of the curve that `_bend` draws."""
    u = 1 - t
    x = a[0] * (u**3 + 3 * u * u * t) + b[0] * (3 * u * t * t + t**3)
    middle = (a[1] + b[1]) / 2
    return x, a[1] * u**3 + middle * (3 * u * u * t + 3 * u * t * t) + b[1] * t**3


def _length(a: Point, b: Point) -> float:
    return abs(a[0] - b[0]) + abs(a[1] - b[1])


def _towards(a: Point, b: Point, r: float) -> Point:
    length = _length(a, b) or 1.0
    return a[0] + (b[0] - a[0]) * r / length, a[1] + (b[1] - a[1]) * r / length


def _moved(point: Point, right: float) -> Point:
    return round(point[0] + right, 1), round(point[1], 1)


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
