"""The tables of the report for any choice of an arena's cases, fast enough to wait for.

`mining.summary` counts cases block by block, so that they can be taken out again. Here nothing is ever taken out, and
the arena stays: what does not depend on the choice is made once, and a choice is counted in a few passes over its rows.
The figures are the same to the last bit.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cached_property
from itertools import pairwise
from typing import Any, Final, TypeVar, overload

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from mining.arena import NO_TIME, Arena, Quality
from mining.config import ProcessConfig
from mining.figures import SECOND, By
from mining.kernels.case_spans import case_spans
from mining.kernels.choice_counts import choice_counts
from mining.kernels.choice_pairs import choice_pairs
from mining.kernels.choice_times import BUCKETS, Rowwise, choice_times, choice_values
from mining.kernels.directly_follows import directly_follows
from mining.kernels.edge_numbers import edge_numbers
from mining.kernels.paths import paths
from mining.kernels.widths import common
from mining.part import Part, part_of
from mining.report import Report, ShortSpread, Variant
from mining.reporting import tables
from mining.summary.counters import _shares
from mining.summary.enabled import Rule
from mining.summary.exact import Exact, Spreads, exact
from mining.summary.histogram import Histogram, Rows
from mining.summary.paths import Variants
from mining.summary.quantiles import SHARES, Wanted, plain_quantiles, quantiles, wanted
from mining.summary.summary import CROSSED, HANDED, Summary
from mining.summary.tallying import shares, summarise, workers
from mining.summary.waits import plainly
from mining.waiting.enabling import rule_of, with_free

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Counts = list[npt.NDArray[Any]]
T = TypeVar("T")
MOST_ACTIVITIES: Final = 2048
MOST_CELLS: Final = 1 << 25
"""Counters of a thread at most (128 MB); of more groups than that, summaries are made."""


class Choosable:
    """An arena, ready to be asked for the figures of some of its cases; threads may ask at once."""

    def __init__(self, arena: Arena) -> None:
        self.arena = arena
        self.part = with_free(part_of(arena), arena.names)
        self._reaching: dict[tuple[str, ...], Flags] = {}
        _ = self.newest_first, self.by_duration, self.variants  # all that is made once
        if self.fits:
            _ = self.rowwise, self.whole, self.by_span

    @property
    def fits(self) -> bool:
        """Whether nothing runs in parallel, and tables for all pairs of words have room.

        Else choices are summarised, some times slower.
        """
        size = self.part.size
        pairs = [(left, right) for left, right in (*CROSSED, *((name, name) for name in HANDED))]
        return (
            not self.rule
            and size["activity"] <= MOST_ACTIVITIES
            and (2 * len(self.edges[0]) + 2 * size["activity"] + size.get("role", 0)) * BUCKETS <= MOST_CELLS
            and all(size.get(left, 0) * size.get(right, 0) <= MOST_CELLS // 8 for left, right in pairs)
        )

    @cached_property
    def rule(self) -> Rule:
        """How waiting is found: decided by all cases, whichever are chosen."""
        return rule_of(self.part)

    @cached_property
    def edges(self) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
        """Source and target of every edge, by its number."""
        part = self.part
        if not part.cases:
            return np.zeros(0, np.int32), np.zeros(0, np.int32)
        found = directly_follows(part.first, part.last, part.codes["activity"], part.size["activity"])
        return found.source, found.target

    @cached_property
    def rowwise(self) -> Rowwise:
        """What each event belongs to."""
        part, (sources, targets) = self.part, self.edges
        size = part.size["activity"]
        activity = part.codes["activity"]
        edge = edge_numbers(part.first, part.last, activity, size, sources, targets)
        role = part.codes.get("role", np.broadcast_to(np.int16(-1), len(activity)))
        edge, activity, role = common(edge, activity, role)
        return Rowwise(edge, activity, role, (len(sources), size, part.size.get("role", 0)))

    @cached_property
    def enabled(self) -> Ints:
        """Empty where no event has it."""
        return self.part.start[:0] if self.part.enabled is None else self.part.enabled

    @cached_property
    def spans(self) -> "npt.NDArray[np.int64]":
        """Per case duration, work, waited, busy, overlaps, recorded, begin and end; shape (8, cases)."""
        part = self.part
        found = case_spans(part.first, part.last, part.start, part.end, self.enabled)
        known = np.zeros(part.cases, np.int64)
        if len(self.enabled):
            upto = np.concatenate([np.zeros(1, np.int64), np.cumsum(self.enabled != NO_TIME)])
            known = upto[part.last] - upto[part.first]
        return np.stack(
            [
                found.end - found.begin,
                found.work,
                found.waited,
                found.busy,
                found.overlaps,
                known,
                found.begin,
                found.end,
            ]
        )

    @cached_property
    def newest_first(self) -> Ints:
        """Cases by their start, the latest first, then by their ids."""
        begin = self.spans[6]
        order = np.argsort(-begin, kind="stable")
        same = np.zeros(len(order) + 1, np.bool_)
        same[1:-1] = begin[order[1:]] == begin[order[:-1]]
        tied = np.flatnonzero(same[1:] | same[:-1])
        if len(tied):  # few: only their ids are looked at
            ids = self.arena.case_ids.take(pa.array(order[tied]))
            table = pa.table({"begin": -begin[order[tied]], "id": ids})
            ranked = pc.sort_indices(table, sort_keys=[("begin", "ascending"), ("id", "ascending")])
            order[tied] = order[tied][ranked.to_numpy()]
        return order

    @cached_property
    def crossed(self) -> list[tuple[str, str, int]]:
        """Pairs of columns that are counted together; with 1, the left one is of the event before."""
        pairs = [*((left, right, 0) for left, right in CROSSED), *((name, name, 1) for name in HANDED)]
        return [pair for pair in pairs if pair[0] in self.part.codes and pair[1] in self.part.codes]

    @cached_property
    def whole(self) -> Counts:
        """What adds up, over all cases."""
        return _counts(self, self.part)

    @cached_property
    def by_span(self) -> list[Ints]:
        """Cases in order of duration, of work, of waiting."""
        return [np.argsort(each) for each in self.spans[:3]]

    @cached_property
    def of_case(self) -> npt.NDArray[np.int32]:
        """The variant of each case; variants are numbered in order of their paths' names."""
        return self._grouped[0]

    @cached_property
    def variants(self) -> list[tuple[str, ...]]:
        """The path of each variant."""
        return self._grouped[1]

    @cached_property
    def _grouped(self) -> tuple[npt.NDArray[np.int32], list[tuple[str, ...]]]:
        part, words = self.part, self.arena.names["activity"]
        found = paths(part.first, part.last, part.codes["activity"])
        codes = part.codes["activity"]
        lows, highs = part.first[found.example].tolist(), part.last[found.example].tolist()
        told = [
            tuple([words[c] for c in codes[low:high].tolist() if c >= 0]) for low, high in zip(lows, highs, strict=True)
        ]
        ranked = sorted(range(len(told)), key=told.__getitem__)
        rank = np.empty(len(told), np.int32)
        rank[ranked] = np.arange(len(told), dtype=np.int32)
        return rank[found.of_case], [told[v] for v in ranked]

    def reaching(self, activities: tuple[str, ...]) -> Flags:
        """Of each variant, whether it has one of the activities."""
        if activities not in self._reaching:
            wanted = set(activities)
            self._reaching[activities] = np.array([not wanted.isdisjoint(path) for path in self.variants], np.bool_)
        return self._reaching[activities]

    @cached_property
    def by_duration(self) -> Ints:
        """Cases in order of variant, then duration."""
        return np.lexsort((self.spans[0], self.of_case))


class Ways(Sequence[Variant]):
    """The variants of a choice, most cases first, then by path; each is written out when it is asked for."""

    def __init__(self, chosen: Choosable, keep: Flags | None, odd: Flags | None = None) -> None:
        """`odd` flags the cases that rare paths touch: a variant half of whose cases are odd is deviating."""
        of_case, order, size = chosen.of_case, chosen.by_duration, len(chosen.variants)
        if keep is not None:
            order = order[keep[order]]
        self.cases: Ints = np.bincount(of_case if keep is None else of_case[keep], minlength=size)
        """By variant number, 0 for those that no chosen case has."""
        offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(self.cases)])
        self._spread = plain_quantiles(offsets, chosen.spans[0][order], (0.5, 0.9)) / SECOND
        self._order = np.argsort(-self.cases, kind="stable")[: np.count_nonzero(self.cases)]
        self._deviating = np.zeros(size, np.bool_)
        if odd is not None:
            of_odd = np.bincount(of_case[odd if keep is None else odd & keep], minlength=size)
            self._deviating = 2 * of_odd >= self.cases
        self._paths, self._all = chosen.variants, max(int(self.cases.sum()), 1)

    def __len__(self) -> int:
        return len(self._order)

    @overload
    def __getitem__(self, place: int) -> Variant: ...
    @overload
    def __getitem__(self, place: slice) -> list[Variant]: ...
    def __getitem__(self, place: int | slice) -> Variant | list[Variant]:
        """The variant at a place, or those of a slice."""
        if isinstance(place, int):
            return self._written(self._order[[place]])[0]
        return self._written(self._order[place])

    def plain(self) -> list[tuple[tuple[str, ...], int, bool]]:
        """Path, cases and whether it is deviating, of all of them."""
        paths, order = self._paths, self._order
        columns = order.tolist(), self.cases[order].tolist(), self._deviating[order].tolist()
        return [(paths[v], cases, deviating) for v, cases, deviating in zip(*columns, strict=True)]

    def _written(self, numbers: Ints) -> list[Variant]:
        paths, whole = self._paths, self._all
        columns = numbers, self.cases[numbers], self._deviating[numbers], *self._spread[:, numbers]
        return [
            Variant(paths[v], cases, cases / whole, ShortSpread(p50, p90), deviating)
            for v, cases, deviating, p50, p90 in zip(*(column.tolist() for column in columns), strict=True)
        ]


def figures(
    chosen: Choosable,
    keep: Flags | None,
    config: ProcessConfig,
    by: By = "role",
    quality: Quality | None = None,
) -> Report:
    """The report of the cases that are kept (one flag a case; None: all), without variants and findings.

    Notes are in English. `quality` is what was wrong with the whole input, the arena's by default; overlaps are
    counted of the choice.
    """
    arena, part = chosen.arena, chosen.part if keep is None else chosen.part.take(keep)
    quality = quality or arena.quality
    if chosen.fits:
        summary, found = _counted(chosen, part, keep)
    else:
        summary = summarise(part, arena.names)
        found = replace(exact(summary, [(part, arena.names)], rule=chosen.rule), variants=np.zeros((2, 0)))
        summary.variants = Variants()
    made = tables(
        summary, found, arena.process, config, replace(quality, overlaps=int(summary.cases.sums["overlaps"])), by
    )
    cases = np.bincount(chosen.of_case if keep is None else chosen.of_case[keep], minlength=len(chosen.variants))
    still_open = 0
    if config.end_activities:
        still_open = int(cases[~chosen.reaching(config.end_activities)].sum())
    return replace(made, log=replace(made.log, variants=int(np.count_nonzero(cases)), open_cases=still_open))


def _counted(chosen: Choosable, part: Part, keep: Flags | None) -> tuple[Summary, Exact]:
    """Summary (without variants and histograms) and quantiles of the cases kept, which are `part`."""
    rowwise, enabled = chosen.rowwise, chosen.enabled
    if keep is None:
        counted = chosen.whole
    elif 2 * part.events <= chosen.part.events:
        counted = _counts(chosen, part)
    else:  # what is left out is less to count
        rest = _counts(chosen, chosen.part.take(~keep))
        counted = [all_of_it - some for all_of_it, some in zip(chosen.whole, rest, strict=True)]
    edges, activities, roles, total, counts, *pairs = counted
    look = _look(counts)

    def collect(piece: Part) -> tuple[npt.NDArray[np.int32], Ints]:
        room = int(look.sizes.sum())
        return choice_values(piece.first, piece.last, part.start, part.end, enabled, rowwise, look.mask, room)

    reals = quantiles(look, _in_threads(collect, part))
    offsets = rowwise.offsets.tolist()
    family = [Spreads(look.counts[low:high], total[low:high], reals[:, low:high]) for low, high in pairwise(offsets)]
    gap, transitions, waiting, service, of_roles = family
    spans = chosen.spans if keep is None else chosen.spans[:, keep]
    summary = Summary(chosen.arena.names)
    _fill(summary, chosen, edges, activities, roles, family)
    for (left, right, back), table in zip(chosen.crossed, pairs, strict=True):
        if back:
            table = table - np.diag(np.diag(table))
        lefts, rights = np.nonzero(table)
        target = summary.handovers[left] if back else summary.pairs[left, right]
        sizes = part.size[left], part.size[right]
        target.add(lefts.astype(np.int32), rights.astype(np.int32), *sizes, table[lefts, rights])
    caused = Spreads(np.zeros(len(roles), np.int64), roles[:, 4], np.full((len(SHARES), len(roles)), np.nan))
    sums = summary.cases.sums
    sums |= {"events": part.events, "cases": part.cases}
    sums |= dict(zip(("duration", "work", "waited"), spans[:3].sum(axis=1).tolist(), strict=True))
    sums |= {"overlaps": int(spans[4].sum()), "recorded": int(spans[5].sum())}
    sums |= dict(zip(("lasting", *summary.cases.SHARE), _shares(spans[3], spans[0]).tolist(), strict=True))
    size = part.cases
    places = [each if keep is None else each[keep[each]] for each in chosen.by_span]
    sorted_spans = np.concatenate([chosen.spans[n][each] for n, each in enumerate(places)])
    return summary, Exact(
        gap=gap,
        transitions=transitions if len(enabled) else gap,
        waits=plainly(summary),
        estimated=False,
        waiting=waiting,
        service=service,
        groups={"role": (of_roles, caused)},
        cases=Spreads(
            np.full(3, size),
            np.array([sums["duration"], sums["work"], sums["waited"]], object),
            plain_quantiles(size * np.arange(4), sorted_spans, SHARES),
        ),
        variants=np.zeros((2, 0)),
        begin=int(spans[6].min()) if size else None,
        end=int(spans[7].max()) if size else None,
    )


def _counts(chosen: Choosable, part: Part) -> Counts:
    """What adds up over cases, of a part of the arena."""

    def count(piece: Part) -> Counts:
        first, last = piece.first, piece.last
        columns = first, last, part.start, part.end, chosen.enabled
        found = choice_counts(*columns, part.error, chosen.rowwise, NO_TIME)
        times = choice_times(*columns, chosen.rowwise)
        pairs = []
        for left, right, back in chosen.crossed:
            lefts, rights = common(part.codes[left], part.codes[right])
            pairs.append(choice_pairs(first, last, lefts, rights, (part.size[left], part.size[right]), back))
        return [found.edges, found.activities, found.roles, times.total, times.counts, *pairs]

    return [sum(each[1:], each[0]) for each in zip(*_in_threads(count, part), strict=True)]


def _in_threads(work: Callable[[Part], T], part: Part) -> list[T]:
    """The work on pieces of the part, a thread each."""
    pieces = shares(part, workers(None, part))
    with ThreadPoolExecutor(len(pieces)) as pool:
        return list(pool.map(work, pieces))


def _look(counts: npt.NDArray[np.int32]) -> Wanted:
    groups, buckets = np.nonzero(counts)
    histogram = Histogram()
    histogram.reserve(len(counts))
    rows = Rows(groups.astype(np.int32), buckets.astype(np.int16), counts[groups, buckets].astype(np.int64))
    histogram.add_rows(rows, 1)
    return wanted(histogram, len(counts))


def _fill(
    summary: Summary, chosen: Choosable, edges: Ints, activities: Ints, roles: Ints, family: list[Spreads]
) -> None:
    """Put the counts where a summary has them."""
    gap, transitions, _, service, of_roles = family
    shift = transitions.total - gap.total if len(chosen.enabled) else np.zeros(len(edges), np.int64)
    size = chosen.rowwise.sizes[1]
    numbers = summary.edges.numbers(*chosen.edges, size)
    summary.edges.counts = np.zeros((len(edges), 4), np.int64)
    summary.edges.counts[numbers] = np.column_stack([edges, gap.total, shift])
    summary.activities.counts = np.column_stack([activities, service.total])
    group = summary.groups["role"]
    columns = {
        group.EVENTS: roles[:, 0],
        group.CASES: roles[:, 1],
        group.SERVICE: of_roles.total,
        group.WAITING: roles[:, 4],
        group.REWORK: roles[:, 2],
        group.ERRORS: roles[:, 3],
    }
    group.counts = np.column_stack([columns[place] for place in range(len(columns))])
