"""A proposed mapping: processes, objects, steps, people; with the figures that speak for it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from collector.settings import ActivityRule, ActorRule, MappingSettings, Match, ObjectRule, ProcessSettings
from collector.suggest.groups import Group, groups
from collector.suggest.keys import Key, ObjectType, find_keys, object_types
from collector.suggest.people import People, find_people
from collector.suggest.processes import Fit, Process, Step, find_processes
from collector.suggest.resolving import Resolver
from collector.suggest.traffic import MAX_SPANS, gather
from collector.vocabulary.errors import PermanentError

_TIED: Final = 0.95
_EVERYWHERE: Final = 0.3


@dataclass(frozen=True)
class Tie:
    """An object type that belongs to a leading one: `joined` of its `objects` were seen with exactly one of them."""

    kind: ObjectType
    to: ObjectType
    objects: int
    joined: int
    one_to_one: bool


@dataclass(frozen=True)
class RuleOf:
    """A rule with the group of spans it stands for."""

    rule: ActivityRule
    step: Step
    fit: Fit


@dataclass
class Proposal:
    """What is proposed. `keys` are all id-like attributes, used or not."""

    spans: int
    traces: int
    requests: int
    whole: bool
    """Whether all of the input was looked at."""
    groups: list[Group]
    keys: list[Key]
    found: list[Process]
    ties: list[Tie]
    people: People
    rules: list[RuleOf] = field(default_factory=list)
    end_activities: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def processes(self) -> dict[str, ProcessSettings]:
        """The section `processes`."""
        return {
            each.leading.name: ProcessSettings(
                leading=each.leading.name, end_activities=self.end_activities.get(each.leading.name, ())
            )
            for each in self.found
        }

    @property
    def objects(self) -> list[ObjectType]:
        """Types that are mapped: those that lead, then those that belong to them."""
        return [*(each.leading for each in self.found), *(tie.kind for tie in self.ties)]

    @property
    def mapping(self) -> MappingSettings:
        """The section `mapping`."""
        return MappingSettings(
            objects=tuple(
                ObjectRule(attribute=name, type=each.name) for each in self.objects for name in each.attributes
            ),
            activities=tuple(each.rule for each in self.rules),
            actors=tuple(
                ActorRule.model_validate({"kind": kind, "attribute": name}) for kind, name in self.people.actors
            ),
            **{
                name: tuple(names)
                for name in ("role", "device", "channel", "platform", "shop", "amount", "fields")
                if (names := getattr(self.people, name))
            },
        )


def propose(requests: Iterable[bytes], max_spans: int = MAX_SPANS) -> Proposal:
    """A mapping for the traffic of ExportTraceServiceRequests.

    Raises PermanentError where there are no spans, or nothing in them that recurs as an id of a business object would.
    """
    traffic = gather(requests, max_spans)
    if not traffic.spans:
        raise PermanentError("there are no spans to read a mapping from")
    grouped = groups(traffic)
    keys = find_keys(traffic, grouped)
    types = object_types(keys)
    resolver = Resolver(traffic, types)
    found = find_processes(grouped, types, resolver)
    ties = _ties(types, found, resolver, grouped)
    used = {name for kind in (*(p.leading for p in found), *(t.kind for t in ties)) for name in kind.attributes}
    used |= {group.route[0] for group in grouped if group.route}
    proposal = Proposal(
        len(traffic.spans),
        len(traffic.traces),
        traffic.requests,
        not traffic.full,
        grouped,
        keys,
        found,
        ties,
        find_people(found, traffic, used),
    )
    proposal.rules = _rules(found, grouped)
    return proposal


def _ties(types: list[ObjectType], found: list[Process], resolver: Resolver, grouped: list[Group]) -> list[Tie]:
    """Objects that belong to exactly one of a leading type, and so lead to it from where only they are named."""
    leading = [process.leading for process in found]
    ties: list[Tie] = []
    for kind in types:
        if kind in leading or all(key.hinted_technical for key in kind.keys):
            continue
        carriers = {number for key in kind.keys for number in key.groups}
        if not kind.crosses and len(carriers) > max(4, _EVERYWHERE * len(grouped)):
            # On every request and never again: an id of the request, whatever it is called.
            continue
        best: Tie | None = None
        for to in leading:
            met, single = resolver.ties(kind, to)
            if met < 0.5 * len(kind.values) or single < _TIED * met or _is_customer(kind, to, found, resolver):
                continue
            back, alone = resolver.ties(to, kind)
            tie = Tie(kind, to, met, single, alone >= _TIED * back)
            if best is None or tie.joined > best.joined:
                best = tie
        if best is not None:
            ties.append(best)
    return ties


def _is_customer(kind: ObjectType, to: ObjectType, found: list[Process], resolver: Resolver) -> bool:
    """Whether it is there when a case begins and only ever beside its key: somebody it is for, not a part of it."""
    process = next(each for each in found if each.leading is to)
    begins = process.steps[: max(1, len(process.steps) // 4)]
    beside = alone = first = 0
    for step in process.steps:
        for fit in step.fits:
            for span in fit.group.spans:
                if resolver.own(span, kind) is not None:
                    beside += resolver.own(span, to) is not None
                    alone += resolver.own(span, to) is None
                    first += step in begins
    # A shipment comes into being on the way; a customer was there before.
    return alone <= 0.02 * beside and first > 0.25 * beside > 0


def _rules(found: list[Process], grouped: list[Group]) -> list[RuleOf]:
    rules = [
        RuleOf(
            ActivityRule(activity=step.activity, process=process.leading.name, when=_when(fit.group, grouped)),
            step,
            fit,
        )
        for process in found
        for step in process.steps
        for fit in step.fits
    ]
    # The first rule that matches counts: what is said with fewer `*` goes first; otherwise as the process goes.
    return sorted(rules, key=lambda each: _vagueness(each.rule.when))


def _when(group: Group, grouped: list[Group]) -> Match:
    alike = [g for g in grouped if g.service == group.service and g.name == group.name and g is not group]
    kind = group.kind if any(each.kind != group.kind for each in alike) else None
    attributes = {group.route[0]: group.route[1]} if group.route else {}
    name = group.name if not _empty(group.name) else None
    return Match.model_validate(
        {"service": group.service or None, "name": name, "kind": kind, "attributes": attributes}
    )


def _vagueness(when: Match) -> tuple[int, int]:
    texts = [when.name or "*", *when.attributes.values()]
    stars = sum(text.count("*") for text in texts)
    return stars, -sum(map(len, texts)) if stars else 0


def _empty(name: str) -> bool:
    return not name.strip("* /")
