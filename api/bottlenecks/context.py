"""What the words of a report depend on: language, zone, prices, and where links lead."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from api.bottlenecks.model import NONE, CausePart, Shown
from api.html_report import humanise
from collector.vocabulary.languages import Language, text, word
from mining.bottlenecks.redesign import Verdict
from mining.names import CAUSE_COLOURS
from mining.settings import PriceSettings
from mining.story.durations import hours

CAUSES: Final = tuple(CAUSE_COLOURS)


@dataclass(frozen=True)
class Standing:
    """A finding in redesign: since when its baseline is frozen, when the change was done, and what became of it."""

    titles: Mapping[Language, str]
    """Of the finding, as it was."""
    frozen: datetime
    done: datetime | None
    verdict: Verdict | None
    """None while nothing is done."""


@dataclass(frozen=True)
class Links:
    """Where a page leads on to; a file leads nowhere."""

    case: Callable[[str], str]
    finding: Callable[[str], str]
    passing: Callable[[str, str], str]
    """Cases in which one activity comes some time after another."""
    only: Callable[[str, str], str]
    """This report of the cases with a value."""


@dataclass(frozen=True)
class Context:
    """Everything but the figures."""

    language: Language
    zone: ZoneInfo
    currency: str | None = None
    prices: PriceSettings = PriceSettings()
    title: str = ""
    """What people call the process; empty: its name."""
    links: Links | None = None
    """None in files."""
    standings: Mapping[str, Standing] = field(default_factory=dict)
    """By the id of a finding."""

    def case_url(self, case: str) -> str:
        """This and the next: empty in files."""
        return self.links.case(case) if self.links else ""

    def finding_url(self, finding: str) -> str:
        """The page of a finding."""
        return self.links.finding(finding) if self.links else ""

    def say(self, message: str, /, **values: object) -> str:
        """The message in the language."""
        return text(self.language, message, **values)

    def joined(self, *sentences: str) -> str:
        """One after the other: with a space in English, without in Chinese."""
        return ("" if self.language == "zh-CN" else " ").join(sentences)

    def word(self, context: str, name: str) -> str:
        """A word of the vocabulary."""
        return word(self.language, context, name)

    def duration(self, seconds: float | None) -> Shown:
        """As people say it."""
        if seconds is None:
            return NONE
        return Shown(humanise.duration(self.language, seconds), humanise.exact(self.language, seconds))

    def hours(self, number: float) -> Shown:
        """A sum of hours."""
        shown = hours(abs(number), self.language)
        return Shown(f"−{shown}" if number < 0 else shown, self.say("{n} h", n=f"{number:,.2f}"))

    def percent(self, share: float) -> str:
        """A share of 0..1."""
        return humanise.percent(self.language, share)

    def money(self, minor: int | None) -> str:
        """Minor units; empty where it is not known."""
        return "" if minor is None else humanise.money(minor, self.currency, self.language)

    def price(self, waited_hours: float) -> int | None:
        """What so many hours of waiting cost in minor units; None where no price is known."""
        price = self.prices.waiting_hour
        return None if price is None else round(waited_hours * price)

    def day(self, iso: str | None) -> str:
        """A day of the zone."""
        return humanise.moment(iso, self.zone, day=True)

    def when(self, iso: str | None) -> str:
        """To the minute."""
        return humanise.moment(iso, self.zone)

    def bar(self, shares: Mapping[str, float]) -> tuple[CausePart, ...]:
        """The parts of a cause bar in their fixed order; empty where nothing is known."""
        whole = sum(shares.get(name, 0.0) for name in CAUSES)
        if whole <= 0:
            return ()
        parts, begin = [], 0.0
        for name in CAUSES:
            share = shares.get(name, 0.0) / whole
            if share > 0:
                parts.append(CausePart(name, self.word("cause", name), begin, share, self.percent(share)))
            begin += share
        return tuple(parts)
