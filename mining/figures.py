"""The figures of the report document, everything but the findings."""

from collections.abc import Iterator, Sequence
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from mining.part import Part
from mining.report import CaseFigures, Edge, Handover, Node, RoleFigures, ShortSpread, Spread, Transition, Variant
from mining.summary.blocks import blocks
from mining.summary.counters import Pairs
from mining.summary.exact import Exact, Spreads
from mining.summary.numbering import Numbering
from mining.summary.summary import Summary

SECOND: Final = 1_000_000
By = Literal["role", "actor"]
Ints = npt.NDArray[np.int64]


class Figures:
    """Every table of the document from a summary and its exact quantiles.

    A gap is from the end of an event to the start of the next of its case, never negative. Waiting is from the end of
    the event that enabled it, or its recorded enabling time, to the start. Tables are in order of figures, then names,
    whatever codes the words have.
    """

    def __init__(self, summary: Summary, exact: Exact) -> None:
        self._summary = summary
        self._exact = exact
        self._words: Sequence[str] = summary.names.get("activity", ())

    def nodes(self) -> tuple[Node, ...]:
        """Activities, most events first, then by name."""
        found, words = self._summary.activities, self._words
        by_role, by_system, by_module = (self._counts(name) for name in ("role", "system", "module"))
        there = np.flatnonzero(found.counts[:, found.EVENTS]).tolist()
        rows = {a: found.counts[a].tolist() for a in there}
        return tuple(
            Node(
                activity=words[a],
                events=rows[a][found.EVENTS],
                cases=rows[a][found.CASES],
                starts=rows[a][found.STARTS],
                ends=rows[a][found.ENDS],
                rework_cases=rows[a][found.REWORK],
                errors=rows[a][found.ERRORS],
                service_s=_spread(self._exact.service, a),
                working_s=None,
                waiting_s=_spread(self._exact.waiting, a),
                roles=by_role.get(a, {}),
                systems=by_system.get(a, {}),
                modules=by_module.get(a, {}),
            )
            for a in sorted(there, key=lambda a: (-rows[a][found.EVENTS], words[a]))
        )

    def edges(self) -> tuple[Edge, ...]:
        """Direct successions, most frequent first, then by names."""
        gaps = self._exact.gap
        found = self._summary.edges
        counts = found.counts[: found.numbering.size]
        rows = self._successions(found.numbering, counts[:, found.COUNT], counts[:, found.CASES])
        return tuple(Edge(*ends, count, cases, _spread(gaps, e)) for e, ends, count, cases in rows)

    def transitions(self) -> tuple[Transition, ...]:
        """Where waiting happens, most frequent first, then by names; without concurrency a transition is an edge."""
        waits, spreads = self._exact.waits, self._exact.transitions
        rows = self._successions(waits.numbering, waits.counts[:, 0], waits.counts[:, 1])
        return tuple(Transition(*ends, count, cases, _spread(spreads, t), None) for t, ends, count, cases in rows)

    def variants(self, odd: Ints | None = None) -> tuple[Variant, ...]:
        """All variants, most cases first, then by path.

        `odd` is how many cases of each number of `summary.variants` are odd (int64, see `odd_cases`); deviating are
        variants of whose cases at least half are.
        """
        found = self._summary.variants
        cases = found.cases
        deviating = np.zeros(len(cases), np.bool_) if odd is None else 2 * odd >= cases
        p50, p90 = (self._exact.variants / SECOND).tolist()
        shares = (cases / max(int(cases.sum()), 1)).tolist()
        paths = {v: self._path(v) for v in np.flatnonzero(cases).tolist()}
        counts = cases.tolist()
        return tuple(
            Variant(paths[v], counts[v], shares[v], ShortSpread(p50[v], p90[v]), bool(deviating[v]))
            for v in sorted(paths, key=lambda v: (-counts[v], paths[v]))
        )

    def cases(self) -> CaseFigures:
        """Durations over all cases. Efficiency is null where no event has a length or no case a duration."""
        found, spreads = self._summary.cases, self._exact.cases
        return CaseFigures(
            duration_s=_spread(spreads, found.DURATION),
            service_s=_spread(spreads, found.WORK),
            waiting_s=_spread(spreads, found.WAITED),
            efficiency=found.efficiency,
        )

    def roles(self) -> tuple[RoleFigures, ...]:
        """What each role did, most events first, then by name; events without a role are in none."""
        group, words = self._summary.groups["role"], self._summary.names.get("role", ())
        service, waiting = self._exact.groups["role"]
        with_actor = self._summary.pairs["role", "actor"]
        lefts = with_actor.numbering.lefts[with_actor.counts[: with_actor.numbering.size] != 0]
        actors = np.bincount(lefts, minlength=len(words)).tolist()
        there = np.flatnonzero(group.counts[:, group.EVENTS]).tolist()
        rows = {r: group.counts[r].tolist() for r in there}
        return tuple(
            RoleFigures(
                role=words[r],
                actors=actors[r],
                events=rows[r][group.EVENTS],
                cases=rows[r][group.CASES],
                service_s=_spread(service, r),
                waiting_caused_s=int(waiting.total[r]) / SECOND,
                rework=rows[r][group.REWORK],
                errors=rows[r][group.ERRORS],
            )
            for r in sorted(there, key=lambda r: (-rows[r][group.EVENTS], words[r]))
        )

    def handovers(self, by: By) -> tuple[Handover, ...]:
        """Direct successions with differing, known roles (or actors), most frequent first, then by names."""
        words = self._summary.names.get(by, ())
        found = [Handover(words[a], words[b], count) for a, b, count in _each(self._summary.handovers[by])]
        return tuple(sorted(found, key=lambda h: (-h.count, h.source, h.target)))

    def open_cases(self, end_activities: Sequence[str]) -> int:
        """Cases none of whose events is an end activity; 0 where none is configured."""
        if not end_activities:
            return 0
        ending = {code for code, word in enumerate(self._words) if word in set(end_activities)}
        found = self._summary.variants
        offsets, steps = found.offsets, found.steps[: found.offsets[found.size]]
        ends = np.concatenate([np.zeros(1, np.int64), np.cumsum(np.isin(steps, list(ending)))])
        reached = ends[offsets[1 : found.size + 1]] > ends[offsets[: found.size]]
        return int(found.cases[~reached].sum())

    def known(self, column: By) -> bool:
        """Whether any event has a role; of actors, whether work passes between any."""
        if column in self._summary.groups:
            group = self._summary.groups[column]
            return bool(group.counts[:, group.EVENTS].any())
        return bool(self._summary.handovers[column].counts.any())

    def _path(self, variant: int) -> tuple[str, ...]:
        found = self._summary.variants
        steps = found.steps[found.offsets[variant] : found.offsets[variant + 1]].tolist()
        return tuple([self._words[code] for code in steps if code >= 0])

    def _successions(
        self, numbering: Numbering, counts: Ints, cases: Ints
    ) -> list[tuple[int, tuple[str, str], int, int]]:
        """Number, ends, count and cases of each pair of known activities, in the order of the tables."""
        words = self._words
        there = np.flatnonzero((numbering.lefts >= 0) & (numbering.rights >= 0) & (counts != 0))
        columns = numbering.lefts[there], numbering.rights[there], counts[there], cases[there]
        rows = zip(there.tolist(), *(column.tolist() for column in columns), strict=True)
        found = [(e, (words[s], words[t]), count, of_cases) for e, s, t, count, of_cases in rows]
        return sorted(found, key=lambda row: (-row[2], row[1]))

    def _counts(self, name: str) -> dict[int, dict[str, int]]:
        """Per activity code how many of its events have which word, most first, then by word."""
        words = self._summary.names.get(name, ())
        found = [(-count, words[b], a) for a, b, count in _each(self._summary.pairs["activity", name])]
        counts: dict[int, dict[str, int]] = {}
        for minus, word, a in sorted(found):
            counts.setdefault(a, {})[word] = -minus
        return counts


def odd_cases(summary: Summary, part: Part) -> Ints:
    """How many cases of the part each variant of the summary has; the part has the summary's codes."""
    counts = np.zeros(summary.variants.size, np.int64)
    for block in blocks(part):
        numbers = summary.variants.numbers(block.offsets, block.codes("activity"), new=False)
        counts += np.bincount(numbers[numbers >= 0], minlength=len(counts))
    return counts


def _each(pairs: Pairs) -> Iterator[tuple[int, int, int]]:
    numbering = pairs.numbering
    there = np.flatnonzero(pairs.counts[: numbering.size])
    lefts, rights = numbering.lefts[there].tolist(), numbering.rights[there].tolist()
    return zip(lefts, rights, pairs.counts[there].tolist(), strict=True)


def _spread(found: Spreads, place: int) -> Spread:
    """One group's spread in seconds."""
    count, total = int(found.count[place]), int(found.total[place])
    if count == 0:
        return Spread(0.0, None, None, None, None)
    p50, p90, p95 = (float(q) / SECOND for q in found.quantiles[:, place])
    return Spread(total / SECOND, total / count / SECOND, p50, p90, p95)
