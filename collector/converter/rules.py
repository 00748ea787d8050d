"""Mapping rules, compiled once: which span is which activity, which attributes matter."""

import re
from collections.abc import Mapping
from typing import Final

from collector.converter.span import Named, Source, Span
from collector.converter.values import as_list
from collector.settings import ActivityRule, ActorRule, MappingSettings, Match

_CACHED: Final = 20_000
"""Span names may hold ids: so many (service, name, kind) are remembered."""
_PLACE: Final = re.compile(r"\{([^{}]+)\}")
ALWAYS: Final = ("error.type", "exception.type")


def glob(pattern: str) -> re.Pattern[str]:
    """A glob of `*` and `?` (nothing else is special) as a regular expression for `fullmatch`."""
    parts = (".*" if c == "*" else "." if c == "?" else re.escape(c) for c in re.sub(r"\*+", "*", pattern))
    return re.compile("".join(parts), re.DOTALL)


class Test:
    """A compiled Match."""

    __slots__ = ("_attributes", "_kind", "_name", "_service")

    def __init__(self, match: Match) -> None:
        self._service = glob(match.service) if match.service is not None else None
        self._name = glob(match.name) if match.name is not None else None
        self._kind = match.kind
        self._attributes = tuple((name, glob(pattern)) for name, pattern in match.attributes.items())

    def head(self, service: str, name: str, kind: str) -> bool:
        """Whether the parts that are no attributes hold."""
        return (
            (self._kind is None or self._kind == kind)
            and (self._service is None or self._service.fullmatch(service) is not None)
            and (self._name is None or self._name.fullmatch(name) is not None)
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
        return self.head(span.source.service, span.name, span.kind) and self.attributes(span.attributes, span.source)


class Rules:
    """All rules of a mapping. `wanted` are the attributes that any of them looks at."""

    def __init__(self, mapping: MappingSettings) -> None:
        self.mapping = mapping
        self.actors: tuple[tuple[ActorRule, Test], ...] = tuple((rule, Test(rule.when)) for rule in mapping.actors)
        self._activities = tuple((rule, Test(rule.when)) for rule in mapping.activities)
        self._objects: dict[str, list[tuple[str, str | None]]] = {}
        for each in mapping.objects:
            self._objects.setdefault(each.attribute, []).append((each.type, each.qualifier))
        self.wanted = frozenset(_wanted(mapping))
        self._candidates: dict[tuple[str, str, str], tuple[tuple[ActivityRule, Test], ...]] = {}

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

    def activity(
        self, service: str, name: str, kind: str, attributes: Mapping[str, str], source: Source
    ) -> ActivityRule | None:
        """The first rule that matches."""
        key = (service, name, kind)
        candidates = self._candidates.get(key)
        if candidates is None:
            if len(self._candidates) >= _CACHED:
                self._candidates.clear()
            candidates = tuple((rule, test) for rule, test in self._activities if test.head(service, name, kind))
            self._candidates[key] = candidates
        for rule, test in candidates:
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
    wanted |= {*mapping.shop, *mapping.amount, *mapping.enabled, *mapping.fields}
    wanted |= {each.attribute for each in mapping.objects}
    for rule in mapping.activities:
        wanted |= {*rule.when.attributes, *places(rule.activity)}
    for actor in mapping.actors:
        wanted |= {actor.attribute, *actor.when.attributes}
    return wanted
