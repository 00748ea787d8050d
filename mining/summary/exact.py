"""What only a second look at the cases can tell: exact quantiles, and when the log begins and ends."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from mining.arena import Codes as Column
from mining.kernels.guard import guard
from mining.part import Part
from mining.summary.blocks import Block, blocks
from mining.summary.counters import bucketed, of_cases
from mining.summary.enabled import Rule, longest, with_enabled
from mining.summary.quantiles import Collector, Wanted, plain_quantiles, quantiles, sorted_in, wanted
from mining.summary.summary import Names, Summary, sizes
from mining.summary.tallying import shares, workers
from mining.summary.timed import with_timed
from mining.summary.waits import Counting, Waits, added_up, plainly

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
    transitions: Spreads
    """Waiting by number of `waits.numbering`."""
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
    waits: Waits
    estimated: bool
    """Whether waiting ends at estimated starts."""
    begin: int | None
    """First start of the log, µs UTC; None where it is empty."""
    end: int | None
    """Last end."""


def exact(summary: Summary, sources: Iterable[Source], threads: int | None = None, rule: Rule | None = None) -> Exact:
    """Look at the cases of the summary again, in any order and in other parts if need be.

    `sources` are parts with the words of their codes; they are gone through two to four times, and twice more for each
    round in which branches with timers are found. `rule` (with the summary's codes) says how waiting is found, where
    others decide it than the summary's cases. Raises ValueError where they are not the summary's cases.
    """
    rule = rule_of(summary, sources) if rule is None else rule
    waits = _counted(summary, sources, threads, rule) if rule else plainly(summary)
    size, transitions = len(summary.names.get("activity", ())), waits.numbering.size
    looks = {
        "gap": wanted(summary.edges.gap, summary.edges.numbering.size),
        "waiting": wanted(waits.activities, size),
        "service": wanted(summary.activities.service, size),
        "cases": wanted(waits.cases, 3),
    }
    if waits.transitions is not summary.edges.gap:
        looks["transitions"] = wanted(waits.transitions, transitions)
    for name, group in summary.groups.items():
        words = len(summary.names.get(name, ()))
        looks[f"service by {name}"] = wanted(group.service, words)
        looks[f"waiting by {name}"] = wanted(waits.groups[name][1], words)
    found: list[_Look] = []
    for part, names in sources:
        same = with_enabled(_recoded(part, names, summary), rule)
        looking = _in_threads(lambda: _Look(summary, waits, looks), same, threads)
        for one in looking:
            one.trim()
        found += looking
    return _put_together(summary, waits, looks, found, rule.longest is not None)


L = TypeVar("L", bound="_Looking")


class _Looking(Protocol):
    def look(self, part: Part) -> None: ...


def _in_threads(made: Callable[[], L], part: Part, threads: int | None) -> list[L]:
    """Looks at pieces of the part, a thread each."""
    pieces = shares(part, workers(threads, part))
    looking = [made() for _ in pieces]
    with ThreadPoolExecutor(max(len(pieces), 1)) as pool:
        list(pool.map(lambda pair: pair[0].look(pair[1]), zip(looking, pieces, strict=True)))
    return looking


def rule_of(summary: Summary, sources: Iterable[Source]) -> Rule:
    """How waiting is found in the log that these are all cases of; with the summary's codes."""
    size = len(summary.names.get("activity", ()))
    again = _Recoded(summary, sources)
    parallel = summary.parallel()
    if summary.cases.sums["work"]:
        parallel = with_timed(parallel, summary.follows(), again, size)
    if summary.cases.sums["work"] or all(part.free is None for part, _ in sources):
        return Rule(parallel)
    return Rule(parallel, longest((part for part in again if part.free is not None), parallel, size))


class _Recoded:
    """The sources with the codes of the summary, as often as they are gone through."""

    def __init__(self, summary: Summary, sources: Iterable[Source]) -> None:
        self._summary, self._sources = summary, sources

    def __iter__(self) -> Iterator[Part]:
        return (_recoded(part, names, self._summary) for part, names in self._sources)


def _counted(summary: Summary, sources: Iterable[Source], threads: int | None, rule: Rule) -> Waits:
    found: list[Counting] = []
    for part, names in sources:
        same = with_enabled(_recoded(part, names, summary), rule)
        found += _in_threads(lambda: Counting(summary), same, threads)
    return added_up(summary, found)


class _Look:
    """One thread's look."""

    def __init__(self, summary: Summary, waits: Waits, looks: dict[str, Wanted]) -> None:
        self._summary, self._numbering = summary, waits.numbering
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
        if "transitions" in collectors:
            number = self._numbering.known(block.enablers, activity)
            collectors["transitions"].collect(number, times.waiting_bucket, times.waiting)
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
    summary: Summary, waits: Waits, looks: dict[str, Wanted], found: list[_Look], estimated: bool
) -> Exact:
    known = {name: quantiles(look, [one.collectors[name].found() for one in found]) for name, look in looks.items()}
    edges, activities, targets = summary.edges, summary.activities, waits.numbering.rights
    gap = _spreads(looks, known, "gap", edges.counts[:, edges.GAP])
    waited = np.zeros(len(looks["waiting"].counts), np.int64)
    np.add.at(waited, targets[targets >= 0], waits.counts[targets >= 0, 2])
    sums = summary.cases.sums
    totals = np.array([sums["duration"], sums["work"], waits.waited], object)
    begins = [one.begin for one in found if one.begin is not None]
    ends = [one.end for one in found if one.end is not None]
    return Exact(
        gap=gap,
        transitions=_spreads(looks, known, "transitions", waits.counts[:, 2]) if "transitions" in looks else gap,
        waiting=_spreads(looks, known, "waiting", waited),
        service=_spreads(looks, known, "service", activities.counts[:, activities.SERVICE]),
        groups={
            name: (
                _spreads(looks, known, f"service by {name}", group.counts[:, group.SERVICE]),
                _spreads(looks, known, f"waiting by {name}", waits.groups[name][0]),
            )
            for name, group in summary.groups.items()
        },
        cases=_spreads(looks, known, "cases", totals),
        variants=_of_variants(summary, found),
        waits=waits,
        estimated=estimated,
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
