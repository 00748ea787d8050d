"""Reads the demo's spans slowly and obviously: which are events by the mapping, and to which case each belongs."""

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import yaml
from opentelemetry.sdk.trace import ReadableSpan

import collector.demo
from collector.settings import ActivityRule, MappingSettings, ProcessSettings

CONFIG = Path(collector.demo.__file__).with_name("houtai.yaml")
KEYS = ("order.id", "return.id", "payment.id", "shipment.id")


@dataclass(frozen=True)
class Event:
    """One event; times in microseconds UTC."""

    activity: str
    start: int
    end: int
    error: str | None
    version: str
    attributes: dict[str, object]

    @property
    def actor(self) -> object:
        return self.attributes.get("user.id")

    @property
    def role(self) -> object:
        roles = self.attributes.get("user.roles")
        return roles[0] if isinstance(roles, tuple) else None


@dataclass(frozen=True)
class Reading:
    """Cases by process and id, events in order; and how many spans hang together with each order."""

    cases: dict[str, dict[str, list[Event]]]
    spans: dict[str, int]
    unjoined: int
    """Events without a case."""

    def path(self, process: str, case: str) -> list[str]:
        return [event.activity for event in self.cases[process][case]]


def mapping() -> tuple[MappingSettings, dict[str, ProcessSettings]]:
    """The demo's mapping and processes, as the settings read them."""
    read = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    processes = {name: ProcessSettings(**each) for name, each in read["processes"].items()}
    return MappingSettings(**read["mapping"]), processes


def read(spans: Iterable[ReadableSpan]) -> Reading:
    """All cases of `spans`."""
    rules, processes = mapping()
    kept = list(spans)
    roots: dict[object, object] = {}

    def find(node: object) -> object:
        while roots.setdefault(node, node) != node:
            roots[node] = roots[roots[node]]
            node = roots[node]
        return node

    for span in kept:
        trace = span.get_span_context().trace_id  # type: ignore[union-attr]
        for key in KEYS:
            if key in (span.attributes or {}):
                roots[find((key, span.attributes[key]))] = find(trace)  # type: ignore[index]
        for link in span.links:
            roots[find(link.context.trace_id)] = find(trace)
    names: dict[tuple[object, str], str] = {}
    for node in list(roots):
        if isinstance(node, tuple) and node[0] in ("order.id", "return.id"):
            assert (find(node), node[0]) not in names, "two objects of a type hang together"
            names[find(node), node[0]] = str(node[1])
    cases: dict[str, dict[str, list[Event]]] = {name: {} for name in processes}
    count: dict[str, int] = {}
    unjoined = 0
    for span in kept:
        root = find(span.get_span_context().trace_id)  # type: ignore[union-attr]
        order = names.get((root, "order.id"), "")
        count[order] = count.get(order, 0) + 1
        rule = next((rule for rule in rules.activities if _matches(rule, span)), None)
        if rule is None:
            continue
        case = names.get((root, f"{processes[rule.process].leading}.id"))
        if case is None:
            unjoined += 1
            continue
        assert span.start_time is not None
        assert span.end_time is not None
        attributes: dict[str, object] = dict(span.attributes or {})
        error = str(attributes["error.type"]) if not span.status.is_ok else None
        version = str(span.resource.attributes["service.version"])
        event = Event(rule.activity, span.start_time // 1000, span.end_time // 1000, error, version, attributes)
        cases[rule.process].setdefault(case, []).append(event)
    for process in cases.values():
        for events in process.values():
            events.sort(key=lambda event: (event.start, event.end))
    return Reading(cases, count, unjoined)


def _matches(rule: ActivityRule, span: ReadableSpan) -> bool:
    when = rule.when
    if when.service is not None and not fnmatchcase(str(span.resource.attributes["service.name"]), when.service):
        return False
    if when.name is not None and not fnmatchcase(span.name, when.name):
        return False
    if when.kind is not None and span.kind.name.lower() != when.kind:
        return False
    attributes = span.attributes or {}
    return all(
        name in attributes and fnmatchcase(str(attributes[name]), glob) for name, glob in when.attributes.items()
    )
