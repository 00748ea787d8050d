"""How a mapping fits the traffic: what each rule matches, why a rule never does, what stays without a case."""

import difflib
import math
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from collector.converter.rules import glob
from collector.settings import ActivityRule, MappingSettings, Match, ProcessSettings
from collector.suggest.keys import ids_of
from collector.suggest.rehearsal import Event, Rehearsal
from collector.suggest.traffic import RawSpan, Traffic

_EXAMPLES: Final = 3
_COMPARED: Final = 200


@dataclass(frozen=True)
class Miss:
    """The span that comes nearest to a rule: the condition it fails, and what it has in its place."""

    condition: str
    wanted: str
    found: tuple[str, ...]


@dataclass(frozen=True)
class RuleUse:
    """A rule, how many spans it took, how many it would have taken had no earlier rule done so, the nearest miss."""

    rule: ActivityRule
    spans: int
    taken_before: int
    miss: Miss | None


@dataclass(frozen=True)
class Orphans:
    """Events of a process without a case, for one reason."""

    process: str
    reason: str
    events: int
    activities: tuple[str, ...]


@dataclass
class Check:
    """All of it. `keys` are object rules with (spans, ids); `idle` services with no event: (service, spans)."""

    rules: list[RuleUse] = field(default_factory=list)
    keys: list[tuple[str, str, int, int]] = field(default_factory=list)
    orphans: list[Orphans] = field(default_factory=list)
    lost_keys: list[tuple[str, int, int]] = field(default_factory=list)
    """(type, ids named by spans, those of them in no event)"""
    idle: list[tuple[str, int]] = field(default_factory=list)


def check(
    traffic: Traffic, mapping: MappingSettings, processes: Mapping[str, ProcessSettings], tried: Rehearsal
) -> Check:
    """Apply the rules to the spans; `tried` is what the converter made of the same."""
    found = Check(rules=_rules(traffic, mapping))
    named = _named(traffic, mapping, found)
    in_events: dict[str, set[str]] = defaultdict(set)
    for event in tried.events:
        for kind, object_id in event.objects:
            in_events[kind].add(object_id)
    found.lost_keys = [(kind, len(ids), len(ids - in_events[kind])) for kind, ids in sorted(named.items())]
    found.orphans = _orphans(traffic, mapping, processes, tried)
    services = Counter(span.resource.service for span in traffic.spans)
    busy = {traffic.spans[row].resource.service for row in _matched(traffic, mapping)}
    found.idle = [(service, spans) for service, spans in services.most_common() if service not in busy]
    return found


def conditions(when: Match) -> list[tuple[str, str]]:
    """(condition, glob) of a rule; attributes under their own names."""
    pairs = [(name, getattr(when, name)) for name in ("service", "scope", "kind", "name", "body")]
    return [(name, value) for name, value in pairs if value is not None] + list(when.attributes.items())


def value_of(span: RawSpan, condition: str, when: Match) -> str | None:
    """What a span has where a condition looks; None where it has nothing."""
    if condition in when.attributes:
        return span.attributes.get(condition, span.resource.attributes.get(condition))
    match condition:
        case "service":
            return span.resource.service
        case "scope":
            return span.scope
        case "kind":
            return span.kind
        case "name":
            return span.name
        case _:
            return span.attributes.get("log.body")


def _first_rules(traffic: Traffic, mapping: MappingSettings) -> list[list[int]]:
    """For every span the rules that match, in their order."""
    cache: dict[tuple[str, str, str, str], list[int]] = {}
    compiled = [[(name, glob(pattern)) for name, pattern in conditions(rule.when)] for rule in mapping.activities]
    found = []
    for span in traffic.spans:
        head = span.resource.service, span.scope, span.name, span.kind
        near = cache.get(head)
        if near is None:
            near = cache[head] = [
                number
                for number, rule in enumerate(mapping.activities)
                if all(
                    pattern.fullmatch(value_of(span, name, rule.when) or "") is not None
                    for name, pattern in compiled[number]
                    if name not in rule.when.attributes and name != "body"
                )
            ]
        found.append(
            [
                number
                for number in near
                if all(
                    (value := value_of(span, name, mapping.activities[number].when)) is not None
                    and pattern.fullmatch(value) is not None
                    for name, pattern in compiled[number]
                )
            ]
        )
    return found


def _matched(traffic: Traffic, mapping: MappingSettings) -> list[int]:
    return [row for row, rules in enumerate(_first_rules(traffic, mapping)) if rules]


def _rules(traffic: Traffic, mapping: MappingSettings) -> list[RuleUse]:
    taken: Counter[int] = Counter()
    shadowed: Counter[int] = Counter()
    for rules in _first_rules(traffic, mapping):
        if rules:
            taken[rules[0]] += 1
            shadowed.update(rules[1:])
    return [
        RuleUse(
            rule,
            taken[number],
            shadowed[number],
            None if taken[number] + shadowed[number] else _miss(traffic, rule.when),
        )
        for number, rule in enumerate(mapping.activities)
    ]


def _miss(traffic: Traffic, when: Match) -> Miss | None:
    """The condition that fails on the spans that come nearest, and what those have there.

    To meet a condition that few meet says more than to meet one that most do: the kind `server` is no near miss.
    """
    tests = [(name, pattern, glob(pattern)) for name, pattern in conditions(when)]
    seen = Counter(tuple(value_of(span, name, when) for name, _, _ in tests) for span in traffic.spans)
    rows = [
        (
            tuple(
                v is not None and test.fullmatch(v) is not None for v, (_, _, test) in zip(values, tests, strict=True)
            ),
            n,
        )
        for values, n in seen.items()
    ]
    total = seen.total()
    met = [sum(n for held, n in rows if held[at]) for at in range(len(tests))]
    weights = [1.0 + math.log(total / each) if each else 0.0 for each in met]
    nearness = [sum(weight for weight, holds in zip(weights, held, strict=True) if holds) for held, _ in rows]
    best = max(nearness)
    failing: Counter[int] = Counter()
    instead: dict[int, Counter[str]] = defaultdict(Counter)
    for values, (held, n), near in zip(seen, rows, nearness, strict=True):
        if near == best and not all(held):
            at = held.index(False)
            failing[at] += n
            if (value := values[at]) is not None:
                instead[at][value] += n
    if not failing:
        return None
    at = failing.most_common(1)[0][0]
    name, pattern, _ = tests[at]
    # Of what is there instead, what is written most alike is most likely meant.
    alike = [value for value, _ in instead[at].most_common(_COMPARED)]
    return Miss(name, pattern, tuple(difflib.get_close_matches(pattern, alike, _EXAMPLES, 0.0)))


def _named(traffic: Traffic, mapping: MappingSettings, found: Check) -> dict[str, set[str]]:
    named: dict[str, set[str]] = defaultdict(set)
    for rule in mapping.objects:
        ids: set[str] = set()
        spans = 0
        for span in traffic.spans:
            if rule.attribute in span.attributes:
                spans += 1
                ids.update(ids_of(span, rule.attribute, traffic))
        found.keys.append((rule.attribute, rule.type, spans, len(ids)))
        named[rule.type] |= ids
    return named


def _orphans(
    traffic: Traffic, mapping: MappingSettings, processes: Mapping[str, ProcessSettings], tried: Rehearsal
) -> list[Orphans]:
    """Events without a case by reason: what its trace names of the leading type, else what else it names."""
    attributes: dict[str, list[str]] = defaultdict(list)
    for rule in mapping.objects:
        attributes[rule.type].append(rule.attribute)
    in_trace: dict[tuple[str, str], set[str]] = defaultdict(set)
    for number, spans in enumerate(traffic.traces):
        for kind, names in attributes.items():
            for span in spans:
                for name in names:
                    if name in span.attributes:
                        in_trace[traffic.trace_ids[number], kind].update(ids_of(span, name, traffic))
    grouped: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for event in tried.events:
        if event.case is None:
            leading = processes[event.process].leading
            grouped[event.process, _reason(event, leading, in_trace)][event.activity] += 1
    return [
        Orphans(process, reason, counts.total(), tuple(name for name, _ in counts.most_common(_EXAMPLES)))
        for (process, reason), counts in sorted(grouped.items(), key=lambda each: -each[1].total())
    ]


def _reason(event: Event, leading: str, in_trace: Mapping[tuple[str, str], set[str]]) -> str:
    near = in_trace.get((event.trace, leading), set())
    if len(near) > 1:
        return "several"
    if near:
        return "unreached"
    return "untied" if event.objects else "nameless"
