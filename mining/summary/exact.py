"""What only a second look at the cases can tell: exact quantiles, and when the log begins and ends."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from mining.arena import Codes as Column
from mining.kernels.guard import guard
from mining.part import Part
from mining.summary.blocks import Block, blocks
from mining.summary.counters import bucketed, mapped, of_cases
from mining.summary.histogram import Histogram
from mining.summary.quantiles import Collector, Wanted, plain_quantiles, quantiles, sorted_in, wanted
from mining.summary.summary import Names, Summary, sizes
from mining.summary.tallying import shares, workers

Ints = npt.NDArray[np.int64]
Reals = npt.NDArray[np.float64]
Source = tuple[Part, Names]
"""Some cases, and the words of their codes."""


@dataclass(frozen=True)
class Spreads:
    """One entry a group: `count`, `total` (µs), int64; `quantiles` (shape 3, groups), float64 µs: p50, p90, p95."""

    count: Ints
    total: Ints
    quantiles: Reals


@dataclass(frozen=True)
class Exact:
    """Quantiles by the numbers of the summary: activity code, edge number, code of a group, variant number."""

    gap: Spreads
    """By edge."""
    edge_waiting: Spreads
    """By edge; the same as `gap` where no enabling time is recorded."""
    waiting: Spreads
    """By activity."""
    service: Spreads
    """By activity."""
    groups: dict[str, tuple[Spreads, Spreads]]
    """Service and waiting by code, of each group column."""
    cases: Spreads
    """By group of `Cases.spread`: duration, work, waited; totals are Python integers, as they may pass 64 bits."""
    variants: Reals
    """Median and p90 of the duration by variant, µs; shape (2, variants)."""
    begin: int | None
    """First start of the log, µs UTC; None where it is empty."""
    end: int | None
    """Last end."""


def exact(summary: Summary, sources: Iterable[Source], threads: int | None = None) -> Exact:
    """Look at the cases of the summary again, in any order and in other parts if need be.

    `sources` are parts with the words of their codes. Raises ValueError where they are not the summary's cases.
    """
    size = len(summary.names.get("activity", ()))
    edges = summary.edges.numbering
    target = np.array(edges.rights, np.int32)
    recorded = summary.cases.sums["recorded"] > 0
    waiting, by_activity = Histogram(), Histogram()
    waiting.reserve(edges.size)
    by_activity.reserve(size)
    for rows in (summary.edges.gap.rows(), summary.edges.shift.rows()):
        if recorded:
            waiting.add_rows(rows, 1)
        by_activity.add_rows(mapped(rows, target), 1)
    looks = {
        "gap": wanted(summary.edges.gap, edges.size),
        "waiting": wanted(by_activity, size),
        "service": wanted(summary.activities.service, size),
        "cases": wanted(summary.cases.spread, 3),
    }
    if recorded:
        looks["edge_waiting"] = wanted(waiting, edges.size)
    for name, group in summary.groups.items():
        words = len(summary.names.get(name, ()))
        looks[f"service by {name}"] = wanted(group.service, words)
        looks[f"waiting by {name}"] = wanted(group.waiting, words)
    found: list[_Look] = []
    for part, names in sources:
        same = _recoded(part, names, summary)
        pieces = shares(same, workers(threads, same))
        looking = [_Look(summary, looks) for _ in pieces]
        with ThreadPoolExecutor(max(len(pieces), 1)) as pool:
            list(pool.map(lambda pair: pair[0].look(pair[1]), zip(looking, pieces, strict=True)))
        for one in looking:
            one.trim()
        found += looking
    return _put_together(summary, looks, found, target, recorded)


class _Look:
    """One thread's look."""

    def __init__(self, summary: Summary, looks: dict[str, Wanted]) -> None:
        self._summary = summary
        self.collectors = {name: Collector(look) for name, look in looks.items()}
        self.of_case: list[npt.NDArray[np.int32]] = []
        self.durations: list[Ints] = []
        self.begin: int | None = None
        self.end: int | None = None

    def trim(self) -> None:
        """Keep nothing but what was found: there may be hundreds of parts."""
        for collector in self.collectors.values():
            collector.trim()

    def look(self, part: Part) -> None:
        """Keep what is wanted of all cases of the part."""
        wide = sizes(part)
        for block in blocks(part):
            self._look(block, wide)

    def _look(self, block: Block, wide: dict[str, int]) -> None:
        times, activity, collectors = block.times, block.codes("activity"), self.collectors
        edge = self._summary.edges.known(block)
        collectors["gap"].collect(edge, times.gap_bucket, times.gap)
        if "edge_waiting" in collectors:
            collectors["edge_waiting"].collect(edge, times.waiting_bucket, times.waiting)
        collectors["waiting"].collect(activity, times.waiting_bucket, times.waiting)
        collectors["service"].collect(activity, times.service_bucket, times.service)
        for name in self._summary.groups:
            if name in wide:
                codes = block.codes(name)
                collectors[f"service by {name}"].collect(codes, times.service_bucket, times.service)
                collectors[f"waiting by {name}"].collect(codes, times.waiting_bucket, times.waiting)
        for group, values in enumerate(of_cases(times)):
            collectors["cases"].collect(np.full(len(values), group, np.int32), bucketed(values), values)
        self.of_case.append(self._summary.variants.numbers(block.offsets, activity, new=False))
        self.durations.append(times.duration)
        self.begin = times.begin if self.begin is None else min(self.begin, times.begin)
        self.end = times.end if self.end is None else max(self.end, times.end)


def _put_together(
    summary: Summary, looks: dict[str, Wanted], found: list[_Look], target: npt.NDArray[np.int32], recorded: bool
) -> Exact:
    known = {name: quantiles(look, [one.collectors[name].found() for one in found]) for name, look in looks.items()}
    edges, activities = summary.edges, summary.activities
    counts = edges.counts[: edges.numbering.size]
    gap = Spreads(looks["gap"].counts, counts[:, edges.GAP], known["gap"])
    both = counts[:, edges.GAP] + counts[:, edges.SHIFT]
    waited = np.zeros(len(looks["waiting"].counts), np.int64)
    np.add.at(waited, target[target >= 0], both[target >= 0])
    sums = summary.cases.sums
    begins = [one.begin for one in found if one.begin is not None]
    ends = [one.end for one in found if one.end is not None]
    return Exact(
        gap=gap,
        edge_waiting=Spreads(looks["edge_waiting"].counts, both, known["edge_waiting"]) if recorded else gap,
        waiting=Spreads(looks["waiting"].counts, waited, known["waiting"]),
        service=Spreads(
            looks["service"].counts,
            activities.counts[: len(looks["service"].counts), activities.SERVICE],
            known["service"],
        ),
        groups={
            name: (
                _spreads(looks, known, f"service by {name}", group.counts[:, group.SERVICE]),
                _spreads(looks, known, f"waiting by {name}", group.counts[:, group.WAITING]),
            )
            for name, group in summary.groups.items()
        },
        cases=_spreads(looks, known, "cases", np.array([sums["duration"], sums["work"], sums["waited"]], object)),
        variants=_of_variants(summary, found),
        begin=min(begins, default=None),
        end=max(ends, default=None),
    )


def _spreads(looks: dict[str, Wanted], known: dict[str, Reals], name: str, totals: Ints) -> Spreads:
    counts = looks[name].counts
    return Spreads(counts, totals[: len(counts)], known[name])


def _of_variants(summary: Summary, found: list[_Look]) -> Reals:
    cases = summary.variants.cases
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(cases)])
    of_case = [numbers for one in found for numbers in one.of_case]
    durations = [values for one in found for values in one.durations]
    numbers = np.concatenate(of_case) if of_case else np.zeros(0, np.int32)
    if bool((numbers < 0).any()) or not np.array_equal(np.bincount(numbers, minlength=len(cases)), cases):
        raise ValueError("these are not the cases that the summary was made of")
    grouped = np.empty(len(numbers), np.int64)
    sorted_in(offsets, numbers, np.concatenate(durations) if durations else grouped, grouped)
    return plain_quantiles(offsets, grouped, (0.5, 0.9))


def _recoded(part: Part, names: Names, summary: Summary) -> Part:
    """The part with the codes of the summary. A word that the summary doesn't know is not known."""
    codes: dict[str, Column] = {}
    size: dict[str, int] = {}
    for name in {"activity", *summary.groups} & set(part.codes):
        own = summary.names.get(name, ())
        codes[name], size[name] = part.codes[name], part.size[name]
        if names[name] is not own and list(names[name]) != list(own):
            place = {word: code for code, word in enumerate(own)}
            guard(part.codes[name], part.size[name])
            table = np.array([*(place.get(word, -1) for word in names[name]), -1], np.int32)
            codes[name], size[name] = table[part.codes[name]], len(own)
    return replace(part, codes=codes, size=size)
