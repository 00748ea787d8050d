"""What several pages show: the sentence on top, the filters that are set, and those to choose from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from collector.vocabulary.languages import Language, text, word
from mining.arena import WORDS
from mining.filters import variant_id
from mining.live.knowledge import Snapshot
from mining.report import Report

Tone = Literal["good", "notice", "bad"]
DONE: Final = ("resolved", "muted")
PATH: Final = ("path_from", "path_to", "path", "path_hours")
"""Together one filter."""
PLAIN: Final = ("from", "to", "activity", "role", "system", "channel", "platform")
FURTHER: Final = ("without", "min_hours", "max_hours", "state", "window", *PATH)


@dataclass(frozen=True)
class Headline:
    """The answer in one sentence."""

    tone: Tone
    sentence: str
    finding: str | None
    """Id of the finding it speaks of."""


@dataclass(frozen=True)
class Chip:
    """A filter that is set; `without` is the address without it."""

    label: str
    value: str
    without: str


def headline(report: Report, title: str, language: Language) -> Headline:
    """What matters most: a critical finding, else the largest warning, else that nothing is wrong."""
    left = [finding for finding in report.findings if finding.status not in DONE]
    urgent = [finding for finding in left if finding.severity == "critical"]
    serious = [finding for finding in left if finding.severity == "warning"]
    if not report.log.cases:
        return Headline("notice", text(language, "No case to look at."), None)
    if urgent:
        sentence = text(language, "Act now: {title}", title=urgent[0].title)
        return Headline("bad", sentence, urgent[0].id)
    if len(serious) == 1:
        return Headline("notice", text(language, "To look into: {title}", title=serious[0].title), serious[0].id)
    if serious:
        sentence = text(language, "{n} to look into. The largest: {title}", n=len(serious), title=serious[0].title)
        return Headline("notice", sentence, serious[0].id)
    return Headline("good", text(language, "{process}: nothing that needs attention.", process=title), None)


def chips(
    query: Mapping[str, str | list[str]], snapshot: Snapshot, link: Callable[..., str], language: Language
) -> list[Chip]:
    """The filters in the address, each with the address that does without it."""
    found = []
    for name, value in query.items():
        if name in PATH[1:]:  # told with the first of them
            continue
        if isinstance(value, list):
            for one in value:
                others = [other for other in value if other != one]
                found.append(Chip(*_told(name, one, query, snapshot, language), link(**{name: others or None})))
        else:
            gone = dict.fromkeys(PATH if name == PATH[0] else (name,))
            found.append(Chip(*_told(name, value, query, snapshot, language), link(**gone)))
    return found


def _told(
    name: str, value: str, query: Mapping[str, str | list[str]], snapshot: Snapshot, language: Language
) -> tuple[str, str]:
    """What people call the filter, and its value."""
    match name:
        case "variant":
            for path in (v.path for v in snapshot.reports[language].variants):
                if variant_id(path) == value:
                    value = f"{path[0]} … {path[-1]} ({text(language, '{n} steps', n=len(path))})"
                    break
        case "min_share":
            value = f"≥ {float(value) * 100:g} %"
        case "path_from":
            how = orders(language)[str(query.get("path", "direct"))]
            value = f"{value} → {query.get('path_to', '')} ({how}{_within(query, language)})"
        case "window":
            value = windows(language)[value]
        case "state":
            value = states(language)[value]
        case "where" | "where_not":
            field, _, wanted = value.partition("=")
            told = word(language, "term", field) if field in WORDS else field
            return told, f"≠ {wanted}" if name == "where_not" else wanted
        case "min_hours" | "max_hours":
            value = text(language, "{n} h", n=value)
        case _:
            pass
    return label(name, language), value


def _within(query: Mapping[str, str | list[str]], language: Language) -> str:
    return f", ≤ {text(language, '{n} h', n=query['path_hours'])}" if "path_hours" in query else ""


def orders(language: Language) -> dict[str, str]:
    """How an activity comes after another, by the value in the address."""
    return {
        "direct": text(language, "directly"),
        "eventual": text(language, "some time later"),
        "not_direct": text(language, "not directly"),
        "never": text(language, "never later"),
    }


def windows(language: Language) -> dict[str, str]:
    """What of a case lies between two dates, by the value in the address."""
    return {
        "touches": text(language, "running at any time"),
        "within": text(language, "started and ended"),
        "starts": text(language, "started"),
        "ends": text(language, "ended"),
    }


def states(language: Language) -> dict[str, str]:
    """Whether a case has ended, by the value in the address."""
    return {"open": text(language, "open"), "closed": text(language, "closed")}


def label(name: str, language: Language) -> str:
    """What people call a filter."""
    match name:
        case "from":
            return text(language, "From")
        case "to":
            return text(language, "To")
        case "window":
            return text(language, "In this time")
        case "min_share":
            return text(language, "Paths with at least")
        case "without":
            return text(language, "Without")
        case "starts_with":
            return text(language, "Starts with")
        case "ends_with":
            return text(language, "Ends with")
        case "path_from":
            return text(language, "Order")
        case "min_hours":
            return text(language, "Takes at least")
        case "max_hours":
            return text(language, "Takes at most")
        case "min_events":
            return text(language, "Events at least")
        case "max_events":
            return text(language, "Events at most")
        case "min_amount":
            return text(language, "Amount at least")
        case "max_amount":
            return text(language, "Amount at most")
        case "state":
            return text(language, "Case is")
        case _:
            return word(language, "term", name)


@dataclass(frozen=True)
class Form:
    """What the form of filters shows beside its choices."""

    orders: dict[str, str]
    windows: dict[str, str]
    states: dict[str, str]
    kept: dict[str, str | list[str]]
    """Filters that are set and have no field in the form; they stay."""
    further: bool
    """Whether one is set that stands in the part that is folded away."""


def form(query: Mapping[str, str | list[str]], language: Language) -> Form:
    """The form of filters over the filters that are set."""
    kept = {name: value for name, value in query.items() if name not in (*PLAIN, *FURTHER)}
    without = query.get("without", [])
    if len(without) > 1:
        kept["without"] = list(without[1:])
    further = any(name in query for name in FURTHER)
    return Form(orders(language), windows(language), states(language), kept, further)


def choices(snapshot: Snapshot) -> dict[str, tuple[str, ...]]:
    """What can be filtered for, by the name in the address."""
    names = ("activity", "role", "system", "channel", "platform")
    return {name: snapshot.arena.names[name] for name in names if snapshot.arena.names[name]}
