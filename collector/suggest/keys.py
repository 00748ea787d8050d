"""Which attributes hold ids of business objects, told by how their values recur and not by what they are called.

An id has many values, each seen a few times, in several traces that no link ties together, or in several services.
What never recurs is an id of a request; what recurs everywhere is an enumeration, a host or a person; numbers count as
ids only where they grow with time or are long.
"""

import ipaddress
import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from collector.converter.values import as_list, as_time
from collector.suggest.groups import Group
from collector.suggest.names import type_name
from collector.suggest.traffic import RawSpan, Traffic

FEWEST_VALUES: Final = 10
RECURRING: Final = 0.2
"""Share of values that must be seen in two traces or more that nothing else ties together."""
_LONGEST: Final = 128
_SAMPLE: Final = 400
_LONG_NUMBER: Final = 9
_DAY: Final = 86_400_000_000
_TECHNICAL: Final = re.compile(
    r"(session|request|correlation|trace|span|message|thread|process|connection|container|instance)[._-]?(id|key|no)?$"
    r"|(^|[._])(host|ip|port|address|url|uri|user_agent|version|statement|query)",
    re.IGNORECASE,
)
"""What names give away. A hint that lowers a key's rank; it is never the only evidence."""


@dataclass(eq=False)
class Key:
    """An attribute whose values look like ids. `traces` are the traces of each value, `groups` who carries it."""

    attribute: str
    traces: dict[str, set[int]] = field(repr=False)
    groups: dict[int, int]
    spans: int
    services: int
    clusters_per_value: float
    """How many traces a value joins, in the mean (traces tied by links count as one)."""
    recurring: float
    """Share of values in several of them."""
    across: float
    """Share of values on two spans or more."""

    @property
    def crosses(self) -> bool:
        """Whether it ties traces together that nothing else does."""
        return self.recurring >= RECURRING

    @property
    def hinted_technical(self) -> bool:
        """Whether its name says that it is no business key."""
        return is_technical(self.attribute)


@dataclass(eq=False)
class ObjectType:
    """Attributes that hold ids of the same kind of object."""

    name: str
    keys: list[Key]

    @property
    def attributes(self) -> list[str]:
        """Their names, the most frequent first."""
        return [each.attribute for each in self.keys]

    @property
    def values(self) -> set[str]:
        """All ids."""
        return {value for key in self.keys for value in key.traces}

    @property
    def crosses(self) -> bool:
        """Whether it ties traces together."""
        return any(each.crosses for each in self.keys)


def is_technical(attribute: str) -> bool:
    """Whether a name says that its values are ids or places of the machinery."""
    return _TECHNICAL.search(attribute) is not None


def find_keys(traffic: Traffic, groups: list[Group]) -> list[Key]:
    """All attributes that look like ids of objects, those that join most first."""
    counts: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for span in traffic.spans:
        for name, value in span.attributes.items():
            counts[name][value] += 1
    wanted = {name for name, values in counts.items() if _id_like(name, values, traffic)}
    traces: dict[str, dict[str, set[int]]] = {name: defaultdict(set) for name in wanted}
    often: dict[str, dict[str, int]] = {name: defaultdict(int) for name in wanted}
    carriers: dict[str, dict[int, int]] = {name: defaultdict(int) for name in wanted}
    services: dict[str, set[str]] = {name: set() for name in wanted}
    times: dict[str, dict[str, int]] = {name: {} for name in wanted}
    for group in groups:
        for span in group.spans:
            for name in wanted & span.attributes.keys():
                for value in ids_of(span, name, traffic):
                    traces[name][value].add(span.trace)
                    often[name][value] += 1
                    times[name].setdefault(value, span.start)
                carriers[name][group.number] += 1
                services[name].add(group.service)
    found = []
    for name in wanted:
        if len(traces[name]) < FEWEST_VALUES or not _numbers_ok(traces[name], times[name], name, traffic):
            continue
        clusters = [len({traffic.cluster[trace] for trace in each}) for each in traces[name].values()]
        several = sum(each > 1 for each in often[name].values()) / len(clusters)
        found.append(
            Key(
                name,
                dict(traces[name]),
                dict(carriers[name]),
                sum(carriers[name].values()),
                len(services[name]),
                sum(clusters) / len(clusters),
                sum(each > 1 for each in clusters) / len(clusters),
                several,
            )
        )
    recurring = [key for key in found if key.across >= RECURRING]
    # What is seen once here is a key all the same where it is seen again under another name.
    recurring += [
        key
        for key in found
        if key.across < RECURRING and any(_same(key, each, shared=0.5 * len(key.traces)) for each in recurring)
    ]
    return sorted(recurring, key=lambda key: (-key.clusters_per_value * key.recurring, key.attribute))


def object_types(keys: list[Key]) -> list[ObjectType]:
    """Keys whose values are largely the same are one type: `order.id` here is `orderNo` there."""
    types: list[ObjectType] = []
    for key in sorted(keys, key=lambda each: -len(each.traces)):
        for each in types:
            if any(_same(key, other) for other in each.keys):
                each.keys.append(key)
                break
        else:
            types.append(ObjectType("", [key]))
    names: set[str] = set()
    for each in types:
        each.keys.sort(key=lambda key: (-key.spans, key.attribute))
        name = type_name(each.attributes[0])
        name = name if name not in ("id", "object", "value") else "object"
        if name in names:
            name = re.sub(r"[^\w]+", "_", each.attributes[0]).lower()
        number = 2
        while name in names:
            name, number = f"{name.rstrip('0123456789')}{number}", number + 1
        names.add(name)
        each.name = name
    return types


def ids_of(span: RawSpan, attribute: str, traffic: Traffic) -> list[str]:
    """The ids a span names in an attribute."""
    value = span.attributes[attribute]
    return as_list(value) if attribute in traffic.lists else [value] if value else []


def _id_like(name: str, values: dict[str, int], traffic: Traffic) -> bool:
    """Whether shape and number of values may be those of ids."""
    if name in traffic.fractions:
        return False
    if name not in traffic.lists and len(values) < FEWEST_VALUES:
        return False
    sample = list(values)[:: max(1, len(values) // _SAMPLE)]
    if name in traffic.lists:
        sample = [each for value in sample for each in as_list(value)]
        if len(sample) < FEWEST_VALUES:
            return False
    good = sum(1 for each in sample if _one(each))
    return good >= 0.9 * len(sample)


def _one(value: str) -> bool:
    if not 0 < len(value) <= _LONGEST or any(character.isspace() or character in "/?=@" for character in value):
        return False
    if not any(character.isdigit() for character in value) or re.fullmatch(r"-?\d*\.\d+", value):
        return False
    if re.fullmatch(r"\d{4}-\d\d-\d\d.*|\d\d:\d\d.*", value):
        return False
    try:
        ipaddress.ip_address(value.rsplit(":", 1)[0] if value.count(":") == 1 else value)
    except ValueError:
        return True
    return value.isdecimal()


def _numbers_ok(traces: dict[str, set[int]], times: dict[str, int], name: str, traffic: Traffic) -> bool:
    """Numbers are ids only where they are long, or grow as time goes by; and times are none."""
    sample = list(traces)
    numeric = [each for each in sample if each.lstrip("-").isdecimal()]
    if len(numeric) < 0.9 * len(sample):
        return True
    moments = [as_time(each) for each in numeric]
    near = sum(m is not None and abs(m - times[each]) < 400 * _DAY for m, each in zip(moments, numeric, strict=True))
    if near > 0.5 * len(numeric):
        return False
    if any(each.startswith("-") for each in numeric):
        return False
    if name not in traffic.numbers and min(map(len, numeric)) >= _LONG_NUMBER:
        return True
    if float(np.median([len(each) for each in numeric])) >= _LONG_NUMBER:
        return True
    values = np.array([float(each) for each in numeric])
    seen = np.array([times[each] for each in numeric])
    ranks = np.argsort(np.argsort(values)), np.argsort(np.argsort(seen))
    return bool(np.corrcoef(ranks[0], ranks[1])[0, 1] > 0.6)


def _same(key: Key, other: Key, shared: float = 0.0) -> bool:
    """Whether two attributes hold ids of the same things; at least `shared` values must be the same."""
    both = key.traces.keys() & other.traces.keys()
    smaller = min(len(key.traces), len(other.traces))
    if len(both) < max(FEWEST_VALUES // 2, 0.5 * smaller, shared):
        return False
    sample = list(both)[:: max(1, len(both) // _SAMPLE)]
    if all(each.isdecimal() and len(each) < _LONG_NUMBER for each in sample):
        # Two counters run through the same numbers: only the same name makes them the same thing.
        return type_name(key.attribute) == type_name(other.attribute)
    return True
