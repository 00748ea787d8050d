"""What several pages show: the sentence on top, the filters that are set, and those to choose from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from collector.vocabulary.languages import Language, text, word
from mining.filters import variant_id
from mining.live.knowledge import Snapshot
from mining.report import Report

Tone = Literal["good", "notice", "bad"]
DONE: Final = ("resolved", "muted")


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


def chips(query: Mapping[str, str], snapshot: Snapshot, link: Callable[..., str], language: Language) -> list[Chip]:
    """The filters in the address, each with the address that does without it."""
    found = []
    for name, value in query.items():
        shown = value
        if name == "variant":
            paths = {variant_id(v.path): v for v in snapshot.reports[language].variants}
            if value in paths:
                path = paths[value].path
                steps = text(language, "{n} steps", n=len(path))
                shown = f"{path[0]} … {path[-1]} ({steps})"
        elif name == "min_share":
            shown = f"≥ {float(value) * 100:g} %"
        found.append(Chip(label(name, language), shown, link(**{name: None})))
    return found


def label(name: str, language: Language) -> str:
    """What people call a filter."""
    match name:
        case "from":
            return text(language, "From")
        case "to":
            return text(language, "To")
        case "min_share":
            return text(language, "Paths with at least")
        case _:
            return word(language, "term", name)


def choices(snapshot: Snapshot) -> dict[str, tuple[str, ...]]:
    """What can be filtered for, by the name in the address."""
    names = ("activity", "role", "system", "channel", "platform")
    return {name: snapshot.arena.names[name] for name in names if snapshot.arena.names[name]}
