"""Everything the report's tables need of a log, as counts that add and subtract."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from mining.kernels.overlapping import Overlapping
from mining.part import Part
from mining.summary.blocks import Block
from mining.summary.counters import Activities, Cases, Edges, Group, Pairs
from mining.summary.parallel import Follows, Parallel, parallel
from mining.summary.paths import Variants

Codes = npt.NDArray[np.int32]
Ints = npt.NDArray[np.int64]
Names = Mapping[str, Sequence[str]]

CROSSED: Final = (("activity", "role"), ("activity", "system"), ("activity", "module"), ("role", "actor"))
"""Columns whose words are counted together."""
HANDED: Final = ("role", "actor")
"""Columns between whose words work is handed over."""


class Summary:
    """Counts of cases that add up: of parts, of partitions, of what came and what went.

    Summaries of the same cases are equal (`mining.summary.arrow.to_arrow`) whatever the cases' order, the codes and
    the partitions were. `names` is code -> word per column, by reference: lists may grow. A case without an event is
    none.
    """

    def __init__(self, names: Names, groups: Sequence[str] = ("role",)) -> None:
        self.names: dict[str, Sequence[str]] = dict(names)
        self.cases = Cases()
        self.activities = Activities()
        self.edges = Edges()
        self.variants = Variants()
        self.groups: dict[str, Group] = {name: Group() for name in groups}
        self.pairs: dict[tuple[str, str], Pairs] = {pair: Pairs() for pair in CROSSED}
        self.handovers: dict[str, Pairs] = {name: Pairs() for name in HANDED}
        self.overlaps = Pairs()
        """Cases in which two activities overlap; the lesser code stands left."""
        self._stamp = 1

    def tally(self, block: Block, sizes: Mapping[str, int], recorded: bool, sign: int) -> None:
        """Add (`sign` 1) or take out (-1) the cases of a block; `recorded`: some of its events have enabling times."""
        size = sizes["activity"]
        self.activities.reserve(size)
        repeats = self.activities.tally(block, self._stamp, sign)
        self.edges.tally(block, size, recorded, self._stamp, sign)
        for name, group in self.groups.items():
            if name in sizes:
                group.reserve(sizes[name])
                group.tally(block, name, repeats, self._stamp, sign)
        for (left, right), pairs in self.pairs.items():
            if left in sizes and right in sizes:
                pairs.tally(block.codes(left), block.codes(right), sizes[left], sizes[right], sign)
        for name, pairs in self.handovers.items():
            if name in sizes:
                pairs.tally(block.before(name), block.codes(name), sizes[name], sizes[name], sign, differing=True)
        if block.times.overlaps:
            found = block.overlapping(size)
            self.overlaps.add(found.left, found.right, size, size, sign * found.cases)
        self.cases.tally(block, sign)
        self.variants.count(self.variants.numbers(block.offsets, block.codes("activity")), sign)
        self._stamp += block.cases

    def add(self, other: "Summary") -> None:
        """Add what the other counted; words are matched by name. Raises ValueError where its groups are others."""
        self._merge(other, 1)

    def subtract(self, other: "Summary") -> None:
        """Take out what the other counted; words are matched by name. Raises ValueError as `add`."""
        self._merge(other, -1)

    def follows(self) -> Follows:
        """Direct successions."""
        edges = self.edges.numbering
        return Follows(edges.lefts, edges.rights, self.edges.counts[: edges.size, self.edges.COUNT])

    def parallel(self) -> Parallel:
        """Which activities run in parallel, by what can be counted."""
        follows, overlaps = self.follows(), self.overlaps.numbering
        counts = self.overlaps.counts[: overlaps.size]
        there = counts != 0

        def paths() -> tuple[Ints, Codes, Ints]:
            numbers = np.flatnonzero(self.variants.cases)
            return *self.variants.paths(numbers), self.variants.cases[numbers]

        found = Overlapping(overlaps.lefts[there], overlaps.rights[there], counts[there])
        return parallel(len(self.names.get("activity", ())), follows, found, paths)

    @property
    def bytes(self) -> int:
        """Memory it takes, without the names."""
        histograms = [self.cases.spread, self.activities.service, self.edges.gap, self.edges.shift]
        histograms += [h for group in self.groups.values() for h in (group.service, group.waiting)]
        pairs = [*self.pairs.values(), *self.handovers.values(), self.overlaps]
        counts = [self.activities.counts, self.edges.counts, *(p.counts for p in pairs)]
        return (
            sum(h.bytes for h in histograms)
            + sum(c.nbytes for c in counts)
            + sum(n.bytes for n in [self.edges.numbering, *(p.numbering for p in pairs)])
            + self.variants.bytes
        )

    def _merge(self, other: "Summary", sign: int) -> None:
        if set(self.groups) != set(other.groups):
            raise ValueError("the summaries are by different groups")
        maps = {name: self.mapping(name, words) for name, words in other.names.items()}
        size = {name: len(words) for name, words in self.names.items()}
        nothing = np.zeros(0, np.int32)
        activity = maps.get("activity", nothing)
        self.activities.reserve(size.get("activity", 0))
        self.activities.merge(other.activities, activity[: len(other.activities.counts)], sign)
        self.edges.merge(other.edges, activity, size.get("activity", 0), sign)
        for name, group in self.groups.items():
            group.reserve(size.get(name, 0))
            group.merge(other.groups[name], maps.get(name, nothing)[: len(other.groups[name].counts)], sign)
        for (left, right), pairs in self.pairs.items():
            pairs.merge(
                other.pairs[left, right], maps.get(left, nothing), maps.get(right, nothing), size.get(left, 0),
                size.get(right, 0), sign,
            )  # fmt: skip
        for name, pairs in self.handovers.items():
            mapping = maps.get(name, nothing)
            pairs.merge(other.handovers[name], mapping, mapping, size.get(name, 0), size.get(name, 0), sign)
        numbering, many = other.overlaps.numbering, size.get("activity", 0)
        pair = activity[numbering.lefts], activity[numbering.rights]
        self.overlaps.add(
            np.minimum(*pair), np.maximum(*pair), many, many, sign * other.overlaps.counts[: numbering.size]
        )
        self.cases.merge(other.cases, sign)
        there = np.flatnonzero(other.variants.cases)
        offsets, steps = other.variants.paths(there)
        known = steps >= 0
        steps[known] = activity[steps[known]]
        self.variants.add(offsets, steps, other.variants.cases[there], sign)

    def mapping(self, name: str, words: Sequence[str]) -> Codes:
        """Codes of this summary for the words of another; words it doesn't know are added to its names."""
        own = self.names.get(name, ())
        if own is words:
            return np.arange(len(words), dtype=np.int32)
        place = {word: code for code, word in enumerate(own)}
        fresh = [word for word in words if word not in place]
        if fresh:
            place |= {word: len(own) + number for number, word in enumerate(fresh)}
            self.names[name] = [*own, *fresh]
        return np.array([place[word] for word in words], np.int32)


def sizes(part: Part) -> dict[str, int]:
    """How many words each column of the part has."""
    return {name: part.size[name] for name in part.codes}
