"""Who acted and under which circumstances: attributes of the steps, told by how their values spread over cases."""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from collector.converter.values import as_list
from collector.suggest.keys import is_technical
from collector.suggest.processes import Process
from collector.suggest.traffic import RawSpan, Traffic

_FEWEST_PEOPLE: Final = 3
_CASES_EACH: Final = 3
_MOST_CHOICES: Final = 30
_FREE: Final = 0.3
"""A value that is free to differ within a step has at least this share of its entropy left once the step is known."""
_HINTS: Final[dict[str, re.Pattern[str]]] = {
    "channel": re.compile(r"channel|source|utm|campaign|medium", re.IGNORECASE),
    "platform": re.compile(r"platform|client|os\b|app|user_agent", re.IGNORECASE),
    "shop": re.compile(r"shop|store|branch|site|tenant|location|clinic|ward", re.IGNORECASE),
}
_MONEY: Final = re.compile(r"amount|price|total|sum|value|money|cost|fee|revenue", re.IGNORECASE)
_MACHINE: Final = re.compile(r"device|terminal|modem|printer|scanner|machine|sensor|kiosk", re.IGNORECASE)
_PERSON: Final = re.compile(r"user|staff|employee|operator|agent|clerk|person|actor|customer|member|patient", re.I)
_ROLE: Final = re.compile(r"role|duty|position|job|title|department|dept|team|group", re.IGNORECASE)
_HUMAN: Final = 20_000_000
"""People take longer than this (µs) for most of what they do."""
_TECHNICAL: Final = re.compile(
    r"^(http|url|db|rpc|net|network|server|client|messaging|error|exception|otel|telemetry|thread|code|user_agent|"
    r"process|host|k8s|container|faas|peer|tls|log)\."
)
_FIELDS: Final = 10


@dataclass(eq=False)
class Trait:
    """An attribute on the spans of steps: its values by case and by step."""

    attribute: str
    spans: int = 0
    by_case: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set), repr=False)
    cases_of: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set), repr=False)
    by_group: dict[int, Counter[str]] = field(default_factory=lambda: defaultdict(Counter), repr=False)
    numeric: int = 0
    long: int = 0

    @property
    def values(self) -> int:
        """How many there are."""
        return len(self.cases_of)

    @property
    def constant(self) -> float:
        """The share of cases in which it has one value only."""
        return sum(len(each) == 1 for each in self.by_case.values()) / max(1, len(self.by_case))

    @property
    def cases_each(self) -> float:
        """Cases per value, in the mean."""
        return sum(map(len, self.cases_of.values())) / max(1, self.values)

    @property
    def free(self) -> float:
        """The share of its entropy that is left once the step is known: 0 where the step says it all."""
        whole: Counter[str] = Counter()
        inside = 0.0
        for counts in self.by_group.values():
            whole.update(counts)
            inside += counts.total() * _entropy(counts)
        total = _entropy(whole)
        return inside / whole.total() / total if total else 0.0


@dataclass
class People:
    """What was found, as lists of attributes."""

    actors: list[tuple[str, str]] = field(default_factory=list)
    """(kind, attribute)"""
    role: list[str] = field(default_factory=list)
    device: list[str] = field(default_factory=list)
    channel: list[str] = field(default_factory=list)
    platform: list[str] = field(default_factory=list)
    shop: list[str] = field(default_factory=list)
    amount: list[str] = field(default_factory=list)
    fields: list[str] = field(default_factory=list)
    figures: dict[str, Trait] = field(default_factory=dict, repr=False)
    fractions: list[str] = field(default_factory=list)
    """Amounts that look like major units."""


def find_people(processes: Iterable[Process], traffic: Traffic, keys: set[str]) -> People:
    """Actors, roles, circumstances, amounts; `keys` are attributes that hold objects already."""
    traits, first = _traits(processes, traffic)
    found = People(figures=traits)
    left = {name: each for name, each in traits.items() if name not in keys}
    _actors(found, left, first, traffic)
    _circumstances(found, left, traffic)
    return found


def _traits(processes: Iterable[Process], traffic: Traffic) -> tuple[dict[str, Trait], dict[str, set[str]]]:
    """Traits by attribute; and the attributes of each case's first step."""
    traits: dict[str, Trait] = {}
    begins: dict[str, tuple[int, RawSpan]] = {}
    for process in processes:
        for fit in (fit for step in process.steps for fit in step.fits):
            for span, tied in zip(fit.group.spans, fit.tied, strict=True):
                if tied is None:
                    continue
                case = f"{process.leading.name}:{tied}"
                if case not in begins or span.start < begins[case][0]:
                    begins[case] = (span.start, span)
                for name, text in span.attributes.items():
                    trait = traits.setdefault(name, Trait(name))
                    trait.spans += 1
                    trait.long += span.end - span.start > _HUMAN
                    for value in as_list(text) if name in traffic.lists else [text]:
                        trait.by_case[case].add(value)
                        trait.cases_of[value].add(case)
                        trait.by_group[fit.group.number][value] += 1
                        trait.numeric += name in traffic.numbers or _is_number(value)
    first: dict[str, set[str]] = defaultdict(set)
    for case, (_, span) in begins.items():
        for name in span.attributes:
            first[name].add(case)
    return traits, first


def _actors(found: People, left: dict[str, Trait], first: dict[str, set[str]], traffic: Traffic) -> None:
    """People and machines: several values, each in several cases, free to differ within a step."""
    customers: list[Trait] = []
    for trait in sorted(left.values(), key=lambda each: (-each.values, each.attribute)):
        name = trait.attribute
        if trait.numeric > 0.5 * trait.spans or name in traffic.lists or _no_actor(trait):
            continue
        many = trait.values > 0.2 * len(trait.by_case) and trait.values > _MOST_CHOICES
        if many and trait.constant > 0.9 and len(first[name]) > 0.5 * len(trait.by_case):
            customers.append(trait)
            continue
        if trait.values < _FEWEST_PEOPLE or trait.cases_each < _CASES_EACH or trait.free < _FREE:
            continue
        role = _role_of(trait, left)
        machine, person = bool(_MACHINE.search(name)), bool(_PERSON.search(name))
        if role is not None and not machine:
            found.actors.append(("staff", name))
            found.role.append(role)
            left.pop(role, None)
        elif trait.values <= 5 and not (machine or person):
            continue
        elif not machine and (person or trait.long > 0.5 * trait.spans):
            found.actors.append(("staff", name))
        else:
            found.actors.append(("device", name))
            found.device.append(name)
        left.pop(name, None)
    for trait in customers:
        left.pop(trait.attribute, None)
    customers.sort(key=lambda t: (_PERSON.search(t.attribute) is None, -len(t.by_case), t.values, t.attribute))
    found.actors += [("user", trait.attribute) for trait in customers[:1]]
    order = {"staff": 0, "device": 1, "user": 2}
    found.actors.sort(key=lambda each: order[each[0]])
    found.role = list(dict.fromkeys(found.role))


def _no_actor(trait: Trait) -> bool:
    """Whether it is technical by name, or paths or hosts by value."""
    if _TECHNICAL.match(trait.attribute) or is_technical(trait.attribute):
        return True
    return sum("/" in value for value in trait.cases_of) > 0.2 * trait.values


def _role_of(person: Trait, left: dict[str, Trait]) -> str | None:
    """The attribute that goes with a person, has fewer values, and depends on the step more than the person does."""
    best: tuple[float, str] | None = None
    for name, trait in left.items():
        if name == person.attribute or not 2 <= trait.values < person.values or _TECHNICAL.match(name):
            continue
        together = len(trait.by_case.keys() & person.by_case.keys()) / max(1, len(person.by_case))
        spans = min(trait.spans, person.spans) / max(trait.spans, person.spans)
        if together < 0.9 or spans < 0.8 or trait.numeric > 0.5 * trait.spans:
            continue
        follows = trait.free < 0.6 * person.free and trait.constant < 0.9
        rank = trait.free - (1.0 if _ROLE.search(name) else 0.0)
        if (follows or _ROLE.search(name)) and (best is None or rank < best[0]):
            best = rank, name
    return best[1] if best else None


def _circumstances(found: People, left: dict[str, Trait], traffic: Traffic) -> None:
    """What is the same for all of a case and differs between cases: choices, and one amount."""
    choices: list[Trait] = []
    amounts: list[Trait] = []
    for trait in left.values():
        if _TECHNICAL.match(trait.attribute) or trait.free < _FREE:
            continue
        if trait.numeric > 0.9 * trait.spans:
            if trait.values >= 10 and trait.constant > 0.9:
                amounts.append(trait)
        elif 2 <= trait.values <= _MOST_CHOICES:
            if trait.constant > 0.95:
                choices.append(trait)
            else:
                found.fields.append(trait.attribute)
    choices.sort(key=lambda each: (-len(each.by_case), each.attribute))
    for place in ("channel", "platform", "shop"):
        fitting = [each for each in choices if _HINTS[place].search(each.attribute.rsplit(".", 1)[-1])]
        if fitting:
            getattr(found, place).append(fitting[0].attribute)
            choices.remove(fitting[0])
    for place in ("channel", "platform", "shop"):
        # Without a telling name, the most widespread one: pasted, it can be sorted as people know it.
        if not getattr(found, place) and choices:
            getattr(found, place).append(choices.pop(0).attribute)
    found.fields += [each.attribute for each in choices]
    amounts.sort(key=lambda t: (_MONEY.search(t.attribute) is None, -len(t.by_group), -len(t.by_case), t.attribute))
    if amounts:
        found.amount.append(amounts[0].attribute)
        found.fractions = [amounts[0].attribute] if amounts[0].attribute in traffic.fractions else []
    found.fields = sorted(found.fields + [each.attribute for each in amounts[1:]])[:_FIELDS]


def _entropy(counts: Counter[str]) -> float:
    total = counts.total()
    return -sum(n / total * math.log2(n / total) for n in counts.values() if n)


def _is_number(value: str) -> bool:
    return re.fullmatch(r"-?\d+(\.\d+)?", value) is not None
