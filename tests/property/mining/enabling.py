"""Slow and obvious: what runs in parallel, and which event enabled each."""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from itertools import combinations, pairwise, permutations
from typing import Protocol


class Event(Protocol):
    """What is asked of an event; times in µs."""

    @property
    def activity(self) -> str: ...
    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...
    @property
    def enabled(self) -> int | None: ...
    @property
    def actor(self) -> str | None: ...


Case = Sequence[Event]
Pairs = set[frozenset[str]]


def parallel(cases: Sequence[Case]) -> Pairs:
    """Pairs of activities that run in parallel; cases are in order."""
    steps = Counter((a.activity, b.activity) for case in cases for a, b in pairwise(case))
    together: Counter[tuple[str, str]] = Counter()
    overlaps: Counter[tuple[str, str]] = Counter()
    first: Counter[tuple[str, str]] = Counter()
    loops: Counter[tuple[str, str]] = Counter()
    for case in cases:
        path = [e.activity for e in case]
        words = dict.fromkeys(path)
        together.update(permutations(words, 2))
        once = [word for word in words if path.count(word) == 1]
        first.update(combinations(once, 2))
        crossing = {frozenset((e.activity, f.activity)) for e, f in combinations(case, 2) if f.start < e.end}
        overlaps.update(pair for both in crossing for pair in permutations(both, 2))
        loops.update((a, b) for a, b, c in zip(path, path[1:], path[2:], strict=False) if a == c != b)
    looked_at = {word for pair in overlaps for word in pair}
    looked_at |= {word for a, b in steps if a != b and (b, a) in steps for word in (a, b)}
    pairs = [(a, b) for a, b in together if {a, b} <= looked_at]
    found: Pairs = set()
    for a, b in pairs:
        ab, ba, repeated = steps[a, b], steps[b, a], steps[a, a] + steps[b, b] + loops[a, b] + loops[b, a]
        often = overlaps[a, b] > 0 and overlaps[a, b] >= 0.5 * together[a, b]
        undecided = ab > 0 and ba > 0 and abs(ab - ba) < 0.9 * (ab + ba + 1)
        both_ways = min(first[a, b], first[b, a]) > 0.05 * (first[a, b] + first[b, a])
        if often or (undecided and both_ways and repeated <= 0.05 * (ab + ba)):
            found.add(frozenset((a, b)))
    against = {(a, b): min(overlaps[a, b] + first[b, a], together[a, b]) for a, b in pairs}
    while True:
        more: Pairs = set()
        for x, y in pairs:
            n = together[x, y]
            if frozenset((x, y)) in found or not 0.02 < against[x, y] / n < 0.5:
                continue
            for z in looked_at - {x, y}:
                m = together[z, y]
                if frozenset((z, x)) in found and frozenset((z, y)) not in found and 2 * m >= n:
                    pooled = (against[x, y] + against[z, y]) / (n + m)
                    spread = (pooled * (1 - pooled) * (1 / n + 1 / m)) ** 0.5
                    if against[x, y] / n - against[z, y] / m > 3 * spread:
                        more.add(frozenset((x, y)))
        if not more:
            return found
        found |= more


def before(case: Case, found: Pairs) -> list[int | None]:
    """Per event the place of the one that enabled it."""

    def beside(i: int, j: int) -> bool:
        return frozenset((case[i].activity, case[j].activity)) in found

    enablers: list[int | None] = []
    for i, event in enumerate(case):
        earlier = [j for j in range(i) if not beside(i, j)]
        if not earlier:
            enablers.append(None)
            continue
        nearest = earlier[-1]
        branches = {case[j].activity: j for j in earlier if beside(nearest, j)}
        ended = [j for j in [nearest, *branches.values()] if case[j].end <= event.start]
        enablers.append(max(ended, key=lambda j: (case[j].end, j), default=nearest))
    return enablers


def since(case: Case, enablers: Sequence[int | None], i: int) -> int | None:
    """When the work of an event could have started."""
    recorded, place = case[i].enabled, enablers[i]
    return recorded if recorded is not None else None if place is None else case[place].end


def begun(cases: Mapping[str, Case], enablers: Mapping[str, Sequence[int | None]]) -> dict[str, list[int]]:
    """When the work of each event began, by case: as recorded, or estimated where only ends are."""
    found = {name: [e.start for e in case] for name, case in cases.items()}
    events = [e for case in cases.values() for e in case]
    if any(e.end > e.start for e in events):
        return found
    took, ended = defaultdict(list), defaultdict(list)
    for event in sorted(events, key=lambda e: e.end):
        ended[event.actor].append(event.end)
    for name, case in cases.items():
        for i, event in enumerate(case):
            enabled = since(case, enablers[name], i)
            if enabled is not None and event.actor is not None:
                ends = ended[event.actor][: bisect_left(ended[event.actor], event.end)]
                found[name][i] = min(max([enabled, *ends[-1:]]), event.end)
                took[event.activity].append(event.end - found[name][i])
    longest = {a: 5 * bucket(sorted(values)[(len(values) + 1) // 2 - 1]) for a, values in took.items()}
    for name, case in cases.items():
        for i, event in enumerate(case):
            found[name][i] = max(found[name][i], event.end - longest.get(event.activity, 0))
    return found


def bucket(value: int) -> int:
    """The least value that is counted with this one: 32 steps an octave."""
    if value == 0:
        return 0
    octave = value.bit_length() - 1
    return ((value << 5 >> octave) << octave) >> 5
