"""Where the vertices of each layer stand from left to right: the main path straight, long edges nearly so."""

import itertools
from collections.abc import Sequence

from mining.map.layers import Layers, Vertex

SWEEPS = 120
HELD = 1e6
"""Weight of a vertex that must not move."""


def columns(layers: Layers, half: Sequence[float], gap: float) -> list[float]:
    """The middle of every vertex. `half` is half its width, `gap` the least distance of two sides in a layer.

    Each sweep moves a layer as near to its neighbours' places as order and distance allow (least squares).
    """
    above: list[list[Vertex]] = [[] for _ in layers.layer]
    below: list[list[Vertex]] = [[] for _ in layers.layer]
    for chain in layers.chains.values():
        for source, target in itertools.pairwise(chain):
            below[source].append(target)
            above[target].append(source)
    dummy = [v >= len(layers.vertex) + 2 for v in range(len(layers.layer))]
    x = [0.0] * len(layers.layer)
    for row in layers.rows:
        for place, value in zip(row, _spread(row, [0.0] * len(row), [1.0] * len(row), half, gap), strict=True):
            x[place] = value
    for sweep in range(SWEEPS):
        down = sweep % 2 == 0
        for row in layers.rows if down else reversed(layers.rows):
            wanted, weights = [], []
            for v in row:
                near = above[v] + below[v] if sweep >= SWEEPS // 2 else (above[v] if down else below[v]) or [v]
                pull = [8.0 if dummy[v] and dummy[u] else 1.0 for u in near]
                wanted.append(sum(p * x[u] for p, u in zip(pull, near, strict=True)) / sum(pull) if near else x[v])
                weights.append(3.0 if dummy[v] else 1.0)
                if v in layers.main:
                    wanted[-1], weights[-1] = 0.0, HELD
            for v, value in zip(row, _spread(row, wanted, weights, half, gap), strict=True):
                x[v] = value
    return x


def _spread(
    row: Sequence[Vertex], wanted: Sequence[float], weights: Sequence[float], half: Sequence[float], gap: float
) -> list[float]:
    """Least-squares places in the given order at the given distances (pool adjacent violators)."""
    offset = [0.0]
    for left, right in itertools.pairwise(row):
        offset.append(offset[-1] + half[left] + gap + half[right])
    blocks: list[tuple[float, float, int]] = []  # (sum of weight * place, sum of weights, vertices)
    for target, weight, shift in zip(wanted, weights, offset, strict=True):
        block = (weight * (target - shift), weight, 1)
        while blocks and blocks[-1][0] / blocks[-1][1] > block[0] / block[1]:
            last = blocks.pop()
            block = (last[0] + block[0], last[1] + block[1], last[2] + block[2])
        blocks.append(block)
    places = [total / weight for total, weight, count in blocks for _ in range(count)]
    return [place + shift for place, shift in zip(places, offset, strict=True)]
