"""Which objects lead a process, and which groups of spans are its steps."""

import itertools
import statistics
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Final

from collector.suggest.groups import Group
from collector.suggest.keys import ObjectType
from collector.suggest.names import readable
from collector.suggest.resolving import Resolver

OWN_STEPS: Final = 3
"""So many steps of its own make an object lead a process; with fewer, they are steps of the one it is tied to."""
_TIED: Final = 0.5
_MOST_PER_CASE: Final = 4.0
_MOST_INSIDE: Final = 1.5
_ALTERNATIVE: Final = 0.2
_REGULAR: Final = 0.25
_BARE: Final = ("POST", "PUT", "PATCH", "DELETE", "HTTP", "REQUEST", "PROCESS")


@dataclass(eq=False)
class Fit:
    """How a group of spans is tied to the objects of a type: case -> start times of its spans."""

    group: Group
    cases: dict[str, list[int]] = field(repr=False)
    tied: list[str | None] = field(repr=False)
    """The case of each span of the group."""
    own: float
    """The share of spans that name the object themselves."""

    @property
    def share(self) -> float:
        """The share of spans that are tied to some object."""
        return sum(map(len, self.cases.values())) / len(self.group.spans)

    @property
    def mean(self) -> float:
        """Spans per case that has any."""
        return sum(map(len, self.cases.values())) / max(1, len(self.cases))


@dataclass(eq=False)
class Step:
    """A business step: what it is called, and the groups of spans that are it."""

    activity: str
    fits: list[Fit]

    @property
    def spans(self) -> int:
        """How many spans it matches."""
        return sum(len(each.group.spans) for each in self.fits)

    @property
    def cases(self) -> int:
        """In how many cases it is."""
        return len({case for each in self.fits for case in each.cases})


@dataclass(eq=False)
class Process:
    """An object type that leads, and the steps of its cases in their usual order."""

    leading: ObjectType
    steps: list[Step]
    cases: int


def find_processes(groups: list[Group], types: list[ObjectType], resolver: Resolver) -> list[Process]:
    """The processes, the one with the most steps first."""
    leaders = [each for each in types if each.crosses]
    deep = not leaders
    candidates = [group for group in groups if _may_be_step(group, resolver, deep)]
    if deep:
        # Everything about an object happens in one trace: then the keys that spread over its services lead.
        leaders = [each for each in types if sum(key.services for key in each.keys) > 1] or types
    near = {each.name: _fits(candidates, each, resolver, joined=False) for each in leaders}
    leading = _leading(near, leaders, resolver)
    if not leading:
        return []
    chosen = _assign(candidates, leading, near, resolver)
    chosen = [(kind, _without_echoes(fits)) for kind, fits in chosen]
    return [
        Process(kind, _steps(fits), len({case for each in fits for case in each.cases}))
        for kind, fits in chosen
        if fits
    ]


def _may_be_step(group: Group, resolver: Resolver, deep: bool) -> bool:
    """Whether it comes into its service from outside, and does more than to read.

    Where cases live over several traces, a call inside of one that names no object is a part of the step around it;
    where all of a case is one trace (`deep`), such calls are the steps.
    """
    if group.safe:
        return False
    names = any(resolver.own(span, kind) is not None for kind in resolver.types for span in group.spans[:200])
    detached = group.detached
    if group.kind in ("client", "producer"):
        return names and detached > 0.8 and not _answered(group)
    return group.entering > 0.8 and (deep or detached > 0.5 or names)


def _answered(group: Group) -> bool:
    """Whether most of its spans only hand on: the one who takes it up carries the key as well as they do."""
    return group.kind == "producer" and group.share(span for span in group.spans if span.children) > 0.5


def _fits(groups: list[Group], kind: ObjectType, resolver: Resolver, *, joined: bool) -> dict[int, Fit]:
    """The groups that are steps in the life of objects of the type, by number."""
    found: dict[int, Fit] = {}
    resolve = resolver.joined if joined else resolver.near
    for group in groups:
        cases: dict[str, list[int]] = defaultdict(list)
        tied: list[str | None] = []
        own = 0
        for span in group.spans:
            case = resolve(span, kind)
            tied.append(case)
            if case is not None:
                cases[case].append(span.start)
                own += resolver.own(span, kind) is not None
        fit = Fit(group, dict(cases), tied, own / len(group.spans))
        inside = own == 0 and group.detached < 0.5
        most = _MOST_INSIDE if inside else _MOST_PER_CASE
        if fit.share >= _TIED and len(fit.cases) >= 2 and fit.mean <= most and not _is_polling(fit):
            found[group.number] = fit
    return found


def _is_polling(fit: Fit) -> bool:
    """Whether cases have it again and again at regular times."""
    regular = several = 0
    for times in fit.cases.values():
        if len(times) >= 4:
            several += 1
            ordered = sorted(times)
            gaps = [after - before for before, after in itertools.pairwise(ordered)]
            mean = statistics.fmean(gaps)
            regular += mean > 0 and statistics.pstdev(gaps) < _REGULAR * mean
    return several > 0.2 * len(fit.cases) and regular > 0.5 * several


def _leading(near: dict[str, dict[int, Fit]], types: list[ObjectType], resolver: Resolver) -> list[ObjectType]:
    """Greedily: the type that explains most steps best, then the next of what is left.

    A step counts less where a case has it often: a customer has many orders, and each step once for every order.
    """
    left = {number for fits in near.values() for number in fits}
    leading: list[ObjectType] = []
    while True:
        best, best_score = None, 0.0
        for kind in types:
            if kind in leading:
                continue
            fits = [near[kind.name][number] for number in left & near[kind.name].keys()]
            strong = [fit for fit in fits if fit.mean <= _MOST_PER_CASE / 2]
            if leading and len(strong) < OWN_STEPS:
                continue
            # What a case is seen by itself weighs more than what it inherits.
            score = sum((0.5 + 0.5 * fit.own) / max(1.0, fit.mean) ** 2 for fit in fits)
            score *= 0.5 if all(key.hinted_technical for key in kind.keys) else 1.0
            score *= 0.5 + 0.5 * _life(kind)
            if score > best_score:
                best, best_score = kind, score
        if best is None or (not leading and best_score <= 0):
            return leading
        leading.append(best)
        left -= near[best.name].keys()


def _life(kind: ObjectType) -> float:
    return max(key.recurring for key in kind.keys)


def _assign(
    groups: list[Group], leading: list[ObjectType], near: dict[str, dict[int, Fit]], resolver: Resolver
) -> list[tuple[ObjectType, list[Fit]]]:
    """Each group to the process in whose cases it is most usual; what names the object goes before what inherits it."""
    wide = {kind.name: _fits(groups, kind, resolver, joined=True) for kind in leading}
    totals = {kind.name: len({case for fit in near[kind.name].values() for case in fit.cases}) or 1 for kind in leading}
    chosen: dict[str, list[Fit]] = {kind.name: [] for kind in leading}
    for group in groups:
        fits = [(kind, fit) for kind in leading if (fit := near[kind.name].get(group.number))]
        direct = [(kind, fit) for kind, fit in fits if fit.own > 0.5]
        fits = direct or fits or [(kind, fit) for kind in leading if (fit := wide[kind.name].get(group.number))]
        if fits:
            kind, fit = max(fits, key=lambda each: len(each[1].cases) / totals[each[0].name])
            chosen[kind.name].append(fit)
    return [(kind, chosen[kind.name]) for kind in leading]


def _without_echoes(fits: list[Fit]) -> list[Fit]:
    """Without the other side of a call that is a step already."""
    calls = {id(span) for fit in fits if fit.group.kind == "client" for span in fit.group.spans}
    return [
        fit
        for fit in fits
        if fit.group.kind != "server"
        or fit.group.share(s for s in fit.group.spans if s.parent is not None and id(s.parent) in calls) < 0.8
    ]


def _steps(fits: list[Fit]) -> list[Step]:
    """Groups as steps: of the same name and hardly ever in the same case, they are two ways into one step."""
    steps: list[Step] = []
    for fit in sorted(fits, key=lambda each: -len(each.cases)):
        for step in steps:
            if step.fits[0].group.title == fit.group.title and step.fits[0].group.service != fit.group.service:
                have = {case for each in step.fits for case in each.cases}
                if len(have & fit.cases.keys()) <= _ALTERNATIVE * min(len(have), len(fit.cases)):
                    step.fits.append(fit)
                    break
        else:
            steps.append(Step(_activity(fit.group), [fit]))
    _name_apart(steps)
    return _usual_order(steps)


def _activity(group: Group) -> str:
    found = readable(group.title)
    # A bare method says nothing: then at least whose it is.
    return f"{group.service} {found}" if found.upper() in _BARE else found


def _name_apart(steps: list[Step]) -> None:
    """Different steps have different names."""
    for part in ("service", "kind"):
        counts = Counter(step.activity for step in steps)
        for step in steps:
            if counts[step.activity] > 1:
                step.activity = f"{step.activity} ({getattr(step.fits[0].group, part)})"
    seen: Counter[str] = Counter()
    for step in steps:
        seen[step.activity] += 1
        if seen[step.activity] > 1:
            step.activity = f"{step.activity} {seen[step.activity]}"


def _usual_order(steps: list[Step]) -> list[Step]:
    """By the median time since the case began."""
    first = _first_times(steps)
    after = {
        id(step): statistics.median(min(times) - first[case] for fit in step.fits for case, times in fit.cases.items())
        for step in steps
    }
    return sorted(steps, key=lambda step: (after[id(step)], step.activity))


def _first_times(steps: list[Step]) -> dict[str, int]:
    """When each case began, µs UTC."""
    first: dict[str, int] = {}
    for step in steps:
        for fit in step.fits:
            for case, times in fit.cases.items():
                first[case] = min(first.get(case, times[0]), *times)
    return first
