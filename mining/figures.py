"""The figures of the report document, everything but the findings."""

from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from mining.arena import NO_TIME, Arena, Codes, Times
from mining.kernels.activities import Activities, activities
from mining.kernels.case_times import CaseTimes, case_times
from mining.kernels.directly_follows import DirectlyFollows, directly_follows
from mining.kernels.distinct_cases import distinct_cases
from mining.kernels.handovers import handovers
from mining.kernels.pairs import pairs
from mining.kernels.spreads import Spreads, spreads
from mining.kernels.variants import variants
from mining.kernels.waits import Waits, waits
from mining.report import CaseFigures, Edge, Handover, Node, RoleFigures, ShortSpread, Spread, Transition, Variant

SECOND: Final = 1_000_000
By = Literal["role", "actor"]


class Figures:
    """Every table of the document from one arena; what several tables need is computed once.

    A gap is from the end of an event to the start of the next of its case, never negative. Waiting is the gap unless
    the moment of enabling was recorded. Quantiles are exact.
    """

    def __init__(self, arena: Arena) -> None:
        self._arena = arena
        self._activities: Activities = activities(arena)
        self._waits: Waits = waits(arena)
        self._follows: DirectlyFollows = directly_follows(arena)
        self._gaps: Spreads = spreads(self._waits.gap, self._follows.edge, len(self._follows.count))
        self._times: CaseTimes = case_times(arena, self._waits.waiting)
        self._service: Times = arena.end - arena.start

    def nodes(self) -> tuple[Node, ...]:
        """Activities, most events first, then by name."""
        arena, found = self._arena, self._activities
        size = len(arena.activities)
        service, waiting = (spreads(values, arena.activity, size) for values in (self._service, self._waits.waiting))
        by_role, by_system, by_module = (self._counts(name) for name in ("role", "system", "module"))
        order = sorted(np.flatnonzero(found.events).tolist(), key=lambda a: (-found.events[a], a))
        return tuple(
            Node(
                activity=arena.activities[a],
                events=int(found.events[a]),
                cases=int(found.cases[a]),
                starts=int(found.starts[a]),
                ends=int(found.ends[a]),
                rework_cases=int(found.rework_cases[a]),
                errors=int(found.errors[a]),
                service_s=_spread(service, a),
                working_s=None,
                waiting_s=_spread(waiting, a),
                roles=by_role[a],
                systems=by_system[a],
                modules=by_module[a],
            )
            for a in order
        )

    def edges(self) -> tuple[Edge, ...]:
        """Direct successions, most frequent first, then by names."""
        found, gaps = self._follows, self._gaps
        return tuple(
            Edge(*self._ends(e), int(found.count[e]), int(found.cases[e]), _spread(gaps, e)) for e in self._by_count()
        )

    def transitions(self) -> tuple[Transition, ...]:
        """Where waiting happens, in the order of the edges; without concurrency a transition is an edge."""
        arena, found = self._arena, self._follows
        recorded = bool((arena.enabled != NO_TIME).any())
        waiting = spreads(self._waits.waiting, found.edge, len(found.count)) if recorded else self._gaps
        return tuple(
            Transition(*self._ends(e), int(found.count[e]), int(found.cases[e]), _spread(waiting, e), None)
            for e in self._by_count()
        )

    def variants(self, odd: npt.NDArray[np.bool_]) -> tuple[Variant, ...]:
        """All variants, most cases first, then by path. Deviating are those of whose cases at least half are `odd`."""
        arena, found = self._arena, variants(self._arena)
        durations = spreads(self._times.duration, found.of_case, len(found.cases))
        p50, p90 = (durations.p50 / SECOND).tolist(), (durations.p90 / SECOND).tolist()
        deviating = (2 * np.bincount(found.of_case[odd], minlength=len(found.cases)) >= found.cases).tolist()
        shares = (found.cases / max(arena.cases, 1)).tolist()
        low, high = arena.offsets[found.example].tolist(), arena.offsets[found.example + 1].tolist()
        codes, words = arena.activity, arena.activities
        return tuple(
            Variant(
                tuple([words[code] for code in codes[low[v] : high[v]].tolist()]),
                cases,
                shares[v],
                ShortSpread(p50[v], p90[v]),
                deviating[v],
            )
            for v, cases in enumerate(found.cases.tolist())
        )

    def cases(self) -> CaseFigures:
        """Durations over all cases. Efficiency is null where no event has a length or no case a duration."""
        times = self._times
        lasting = times.duration > 0
        known = bool(lasting.any()) and bool(self._service.any())
        return CaseFigures(
            duration_s=_spread(_overall(times.duration), 0),
            service_s=_spread(_overall(times.service), 0),
            waiting_s=_spread(_overall(times.waiting), 0),
            efficiency=float((times.busy[lasting] / times.duration[lasting]).mean()) if known else None,
        )

    def roles(self) -> tuple[RoleFigures, ...]:
        """What each role did, most events first, then by name; events without a role are in none."""
        arena = self._arena
        role, names = arena.codes["role"], arena.names["role"]
        size = len(names)
        with_actor = pairs(role, arena.codes["actor"], size, len(arena.names["actor"]))
        actors = np.bincount(with_actor.left, minlength=size)
        cases = distinct_cases(arena.offsets, role, size)
        service = spreads(self._service, role, size)
        caused = spreads(self._waits.waiting, role, size)
        rework = np.bincount(role[(role >= 0) & self._activities.repeats], minlength=size)
        errors = np.bincount(role[(role >= 0) & arena.error], minlength=size)
        order = sorted(np.flatnonzero(service.count).tolist(), key=lambda r: (-service.count[r], r))
        return tuple(
            RoleFigures(
                role=names[r],
                actors=int(actors[r]),
                events=int(service.count[r]),
                cases=int(cases[r]),
                service_s=_spread(service, r),
                waiting_caused_s=int(caused.total[r]) / SECOND,
                rework=int(rework[r]),
                errors=int(errors[r]),
            )
            for r in order
        )

    def handovers(self, by: By) -> tuple[Handover, ...]:
        """Direct successions with differing, known roles (or actors), most frequent first, then by names."""
        names = self._arena.names[by]
        found = handovers(self._arena.offsets, self._arena.codes[by], len(names))
        return tuple(
            Handover(names[found.source[i]], names[found.target[i]], int(found.count[i]))
            for i in np.argsort(-found.count, kind="stable").tolist()
        )

    def _by_count(self) -> list[int]:
        return list(np.argsort(-self._follows.count, kind="stable").tolist())

    def _ends(self, edge: int) -> tuple[str, str]:
        names = self._arena.activities
        return names[self._follows.source[edge]], names[self._follows.target[edge]]

    def _counts(self, name: str) -> list[dict[str, int]]:
        """Per activity code how many of its events have which word, most first, then by word."""
        arena = self._arena
        found = pairs(arena.activity, arena.codes[name], len(arena.activities), len(arena.names[name]))
        counts: list[dict[str, int]] = [{} for _ in arena.activities]
        for i in np.argsort(-found.count, kind="stable").tolist():
            counts[found.left[i]][arena.names[name][found.right[i]]] = int(found.count[i])
        return counts


def _overall(values: Times) -> Spreads:
    keys: Codes = np.zeros(len(values), np.int32)
    return spreads(values, keys, 1)


def _spread(found: Spreads, place: int) -> Spread:
    """One group's spread in seconds."""
    count, total = int(found.count[place]), int(found.total[place])
    if count == 0:
        return Spread(0.0, None, None, None, None)
    p50, p90, p95 = (float(q[place]) / SECOND for q in (found.p50, found.p90, found.p95))
    return Spread(total / SECOND, total / count / SECOND, p50, p90, p95)


def known(codes: npt.NDArray[np.int32]) -> bool:
    """Whether any event has a word in this column."""
    return bool((codes >= 0).any())
