"""Mapping rules, compiled once: which span is which activity, which attributes matter."""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from collector.converter import sampling
from collector.converter.span import BODY, HTTP_STATUS, Named, Source, Span
from collector.converter.values import as_list
from collector.settings import ActivityRule, ActorRule, MappingSettings, Match

_CACHED: Final = 20_000
"""Span names may hold ids: so many heads are remembered."""
_PLACE: Final = re.compile(r"\{([^{}]+)\}")
ALWAYS: Final = ("error.type", "exception.type", *sampling.ATTRIBUTES)


def glob(pattern: str) -> re.Pattern[str]:
    """A glob of `*` and `?` (nothing else is special) as a regular expression for `fullmatch`."""
    parts = (".*" if c == "*" else "." if c == "?" else re.escape(c) for c in re.sub(r"\*+", "*", pattern))
    return re.compile("".join(parts), re.DOTALL)


class Test:
    """A compiled Match."""

    __slots__ = ("_attributes", "_kind", "_name", "_scope", "_service")

    def __init__(self, match: Match) -> None:
        self._service = glob(match.service) if match.service is not None else None
        self._scope = glob(match.scope) if match.scope is not None else None
        self._name = glob(match.name) if match.name is not None else None
        self._kind = match.kind
        attributes = match.attributes if match.body is None else {BODY: match.body, **match.attributes}
        self._attributes = tuple((name, glob(pattern)) for name, pattern in attributes.items())

    def head(self, head: "Head") -> bool:
        """Whether the parts that are no attributes hold."""
        return (
            (self._kind is None or self._kind == head.kind)
            and (self._service is None or self._service.fullmatch(head.service) is not None)
            and (self._scope is None or self._scope.fullmatch(head.scope) is not None)
            and (self._name is None or self._name.fullmatch(head.name) is not None)
        )

    def attributes(self, attributes: Mapping[str, str], source: Source) -> bool:
        """Whether the attributes hold, on the span or else its resource."""
        for name, pattern in self._attributes:
            value = attributes.get(name)
            if value is None:
                value = source.attributes.get(name)
            if value is None or pattern.fullmatch(value) is None:
                return False
        return True

    def holds(self, span: Span) -> bool:
        """Whether every part holds for `span`."""
        head = Head(span.source.service, span.scope, span.name, span.kind)
        return self.head(head) and self.attributes(span.attributes, span.source)


class Head(NamedTuple):
    """What a rule looks at first: many spans share it."""

    service: str
    scope: str
    name: str
    kind: str


Candidates = tuple[tuple[ActivityRule, Test], ...]


class Rules:
    """All rules of a mapping. `wanted` are the attributes that any of them looks at."""

    def __init__(self, mapping: MappingSettings) -> None:
        self.mapping = mapping
        self.actors: tuple[tuple[ActorRule, Test], ...] = tuple((rule, Test(rule.when)) for rule in mapping.actors)
        self._activities = tuple((rule, Test(rule.when)) for rule in mapping.activities)
        self._objects: dict[str, list[tuple[str, str | None]]] = {}
        for each in mapping.objects:
            self._objects.setdefault(each.attribute, []).append((each.type, each.qualifier))
        wanted = _wanted(mapping)
        self.wanted = frozenset(wanted.union(HTTP_STATUS))
        self.only_failing = frozenset(HTTP_STATUS) - wanted
        """Of those wanted, HTTP statuses that matter from 500 on only."""
        self._candidates: dict[Head, Candidates] = {}

    def objects(self, attributes: Mapping[str, str]) -> tuple[Named, ...]:
        """The objects that a span with `attributes` names, in the order of the rules, each once."""
        found: dict[Named, None] = {}
        for attribute, named in self._objects.items():
            value = attributes.get(attribute)
            if value is not None:
                for object_id in as_list(value):
                    for object_type, qualifier in named:
                        found[Named(object_type, object_id, qualifier)] = None
        return tuple(found)

    def candidates(self, head: Head) -> Candidates:
        """The rules that may match a span with this head, in their order."""
        found = self._candidates.get(head)
        if found is None:
            if len(self._candidates) >= _CACHED:
                self._candidates.clear()
            found = tuple((rule, test) for rule, test in self._activities if test.head(head))
            self._candidates[head] = found
        return found

    def activity(self, head: Head, attributes: Mapping[str, str], source: Source) -> ActivityRule | None:
        """The first rule that matches."""
        for rule, test in self.candidates(head):
            if test.attributes(attributes, source):
                return rule
        return None


def places(activity: str) -> list[str]:
    """The attributes in the `{}` of an activity's name."""
    return _PLACE.findall(activity)


def fill(activity: str, values: Mapping[str, str]) -> str:
    """The activity's name with its `{}` filled."""
    return _PLACE.sub(lambda found: values[found.group(1)], activity)


def _wanted(mapping: MappingSettings) -> set[str]:
    wanted = {*ALWAYS, *mapping.role, *mapping.module, *mapping.device, *mapping.channel, *mapping.platform}
    wanted |= {*mapping.shop, *mapping.amount, *mapping.enabled, *mapping.fields, *mapping.system, *mapping.start}
    wanted |= {*mapping.end, *mapping.outcome, *mapping.error_type}
    wanted |= {each.attribute for each in mapping.objects}
    for rule in mapping.activities:
        wanted |= {*_looked_at(rule.when), *places(rule.activity)}
    for actor in mapping.actors:
        wanted |= {actor.attribute, *_looked_at(actor.when)}
    return wanted


def _looked_at(match: Match) -> set[str]:
    return {*match.attributes, *([BODY] if match.body is not None else [])}
