"""Groups of like spans: the same service, name (ids left out), kind and, where the name says nothing, route."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from collector.suggest.names import split, template
from collector.suggest.traffic import RawSpan, Traffic

ROUTES: Final = (
    "http.route",
    "url.template",
    "rpc.method",
    "messaging.destination.name",
    "messaging.destination.template",
    "event.name",
)
"""Where semantic conventions put what a span is about; a hint, used only where it tells spans of one name apart."""
_MOST: Final = 200
_MANY_NAMES: Final = 30
_SAFE: Final = ("GET", "HEAD", "OPTIONS", "TRACE")


@dataclass(eq=False)
class Group:
    """Spans of one service, name and kind. `route` is the (attribute, value) that sets it apart, if any."""

    number: int
    service: str
    name: str
    kind: str
    route: tuple[str, str] | None
    spans: list[RawSpan] = field(default_factory=list, repr=False)

    @property
    def title(self) -> str:
        """What best tells people what it is."""
        return self.route[1] if self.route else self.name

    def share(self, of: Iterable[RawSpan]) -> float:
        """The share of spans that are in `of`."""
        return sum(1 for _ in of) / len(self.spans)

    @property
    def safe(self) -> bool:
        """Whether it only reads, as its HTTP method says in its name or in a value that all its spans have."""
        if self.name.split(" ", 1)[0].upper() in _SAFE:
            return True
        first = self.spans[0].attributes
        return any(
            value in _SAFE and all(span.attributes.get(name) == value for span in self.spans[:50])
            for name, value in first.items()
        )

    @property
    def detached(self) -> float:
        """The share of spans that are roots, or begin when their parent has ended: a step of its own, not a part."""
        return self.share(span for span in self.spans if is_detached(span))

    @property
    def entering(self) -> float:
        """The share of spans that come into their service from outside."""
        return self.share(
            span
            for span in self.spans
            if is_detached(span) or span.parent.resource.service != self.service  # type: ignore[union-attr]
        )


def is_detached(span: RawSpan) -> bool:
    """Whether nothing known encloses the span in time."""
    return span.parent is None or span.start >= span.parent.end > span.parent.start


def groups(traffic: Traffic) -> list[Group]:
    """All groups of the traffic, the first seen first."""
    by_place: dict[tuple[str, str], list[RawSpan]] = defaultdict(list)
    for span in traffic.spans:
        by_place[span.resource.service, span.kind].append(span)
    found: list[Group] = []
    for (service, kind), spans in by_place.items():
        by_name: dict[str, list[RawSpan]] = defaultdict(list)
        names = _templates([span.name for span in spans])
        for span in spans:
            by_name[names[span.name]].append(span)
        for name, alike in by_name.items():
            found += _by_route(Group(0, service, name, kind, None, alike))
    for number, group in enumerate(found):
        group.number = number
    return found


def _by_route(group: Group) -> list[Group]:
    route = _telling(group.spans, group.name)
    if route is None:
        return [group]
    values = [span.attributes.get(route, "") for span in group.spans]
    templates = _templates(values)
    by_value: dict[str, list[RawSpan]] = defaultdict(list)
    for span, value in zip(group.spans, values, strict=True):
        by_value[templates[value]].append(span)
    return [
        Group(0, group.service, group.name, group.kind, (route, value) if value else None, spans)
        for value, spans in by_value.items()
    ]


def _templates(names: list[str]) -> dict[str, str]:
    """Name -> template. Digits are ids only where they make many names of one; `v2.pay` and `op-1f9c` stay."""
    counts = Counter(names)
    alike: dict[str, list[str]] = defaultdict(list)
    for name in counts:
        alike[template(name)].append(name)
    found: dict[str, str] = {}
    for common, each in alike.items():
        if "*" not in common:
            found.update((name, name) for name in each)
            continue
        pieces = [split(name) for name in each]
        stars = split(common)
        spans = sum(counts[name] for name in each)
        ids = [star == "*" and _many({row[at] for row in pieces}, spans) for at, star in enumerate(stars)]
        for name, row in zip(each, pieces, strict=True):
            found[name] = "".join("*" if many else piece for many, piece in zip(ids, row, strict=True))
    return found


def _many(pieces: set[str], spans: int) -> bool:
    return len(pieces) >= _MANY_NAMES or (len(pieces) > 1 and 2 * len(pieces) >= spans)


def _telling(spans: list[RawSpan], name: str) -> str | None:
    """The attribute that tells spans of one name apart by what they are about; None where the name says it."""
    attributes = [each for each in ROUTES if sum(each in span.attributes for span in spans) > 0.9 * len(spans)]
    # Routes are told by their shape as well: paths under whatever name.
    first = spans[0].attributes
    attributes += [each for each, value in first.items() if value.startswith("/") and each not in attributes]
    for attribute in attributes:
        values = set(_templates([span.attributes.get(attribute, "") for span in spans]).values())
        if 2 <= len(values) <= _MOST and len(values) * 3 <= len(spans) and not any(v and v in name for v in values):
            return attribute
    return None
