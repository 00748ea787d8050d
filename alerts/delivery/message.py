"""The text of a message, in the order in which a person needs it (docs/alerts.md)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import quote
from zoneinfo import ZoneInfo

from alerts.settings import AlertSettings
from collector.vocabulary.languages import Language, text, word
from mining import names
from mining.report import Finding
from mining.story.durations import humanise

IN_FULL: Final = 3
"""So many findings of a message are told in full; the rest by their titles."""
LISTED: Final = 20
_RUNBOOKS: Final = {"flow_stopped": "FlowStopped", "system_error": "ErrorBurst", "timeout": "ErrorBurst"}
_SIGNS: Final = {"CNY": "¥", "JPY": "¥", "USD": "$", "EUR": "€", "GBP": "£"}


@dataclass(frozen=True)
class Entry:
    """One finding in every language, and what a message must know of its process."""

    process: str
    texts: Mapping[Language, Finding]
    currency: str | None
    zone: ZoneInfo

    @property
    def finding(self) -> Finding:
        """The finding, where the language does not matter."""
        return next(iter(self.texts.values()))


@dataclass(frozen=True)
class Attachment:
    """A file that goes along."""

    name: str
    kind: str
    """Its media type."""
    content: bytes


@dataclass(frozen=True)
class Message:
    """What goes out; attachments only where the way takes some."""

    title: str
    body: str
    attachments: tuple[Attachment, ...] = ()


def alarm(entries: Sequence[Entry], settings: AlertSettings, now: int) -> Message:
    """A message about `entries`, at least one, all of one process and urgency; `now` in µs UTC."""
    blocks = []
    for language in settings.languages:
        parts = [_told(entry, settings, language, now) for entry in entries[:IN_FULL]]
        rest = entries[IN_FULL:]
        if rest:
            lines = [text(language, "And {n} more:", n=len(rest))]
            lines += [f"- {entry.texts[language].title}" for entry in rest[:LISTED]]
            lines.append(_page(settings, entries[0].process))
            parts.append("\n".join(lines))
        blocks.append("\n\n".join(parts))
    return Message(_subject(entries, settings), "\n\n".join(blocks))


def over(process: str, titles: Mapping[Language, str], lasted: float, settings: AlertSettings) -> Message:
    """The message that something is over; `lasted` in seconds."""
    first = settings.languages[0]
    lines = [
        text(
            language,
            "[RESOLVED] {process} · {title} · lasted {duration}",
            process=process,
            title=titles.get(language, next(iter(titles.values()))),
            duration=humanise(lasted, language),
        )
        for language in settings.languages
    ]
    subject = text(first, "[RESOLVED] {process} · {title}", process=process, title=titles.get(first, ""))
    return Message(subject, "\n".join([*lines, _page(settings, process)]))


def _subject(entries: Sequence[Entry], settings: AlertSettings) -> str:
    language, entry = settings.languages[0], entries[0]
    label = word(language, "urgency", entry.finding.urgency)
    subject = _tagged(language, label, entry.process, entry.texts[language].title)
    return subject + (text(language, " (+{n} more)", n=len(entries) - 1) if len(entries) > 1 else "")


def _tagged(language: Language, label: str, process: str, title: str) -> str:
    return text(language, "[{label}] {process} · {title}", label=label.upper(), process=process, title=title)


def _told(entry: Entry, settings: AlertSettings, language: Language, now: int) -> str:
    finding = entry.texts[language]
    lines = [_headline(entry, language, now), _first_step(finding, language), _why(finding, language)]
    lines += [_examples(finding, language), _links(entry, settings, language)]
    return "\n".join(line for line in lines if line)


def _headline(entry: Entry, language: Language, now: int) -> str:
    finding, impact = entry.texts[language], entry.finding.impact
    parts = [_tagged(language, word(language, "urgency", finding.urgency), entry.process, finding.title)]
    parts.append(text(language, "{n} cases", n=f"{impact.cases:,}"))
    if impact.deadlines_missed:
        parts.append(text(language, "{n} deadlines missed", n=f"{impact.deadlines_missed:,}"))
    if impact.money_per_week:
        parts.append(text(language, "about {money} a week", money=_money(impact.money_per_week, entry.currency)))
    if finding.since:
        since = datetime.fromisoformat(finding.since).astimezone(entry.zone)
        today = datetime.fromtimestamp(now / 1e6, entry.zone).date()
        moment = since.strftime("%H:%M" if since.date() == today else "%Y-%m-%d %H:%M")
        lasted = humanise(max(now / 1e6 - since.timestamp(), 0.0), language)
        parts.append(text(language, "since {moment} ({duration})", moment=moment, duration=lasted))
    return " · ".join(parts)


def _money(minor: int, currency: str | None) -> str:
    # Currencies without minor units (ISO 4217): what is given is the amount.
    amount = minor if currency in ("JPY", "KRW", "VND") else minor / 100
    return f"{_SIGNS[currency]}{amount:,.0f}" if currency in _SIGNS else f"{amount:,.0f} {currency or ''}".strip()


def _first_step(finding: Finding, language: Language) -> str:
    said = []
    # At night, that no change is known is worth a line; by day it is not.
    if finding.change or finding.urgency == "page":
        change = " ".join(finding.change.values()) if finding.change else text(language, "none known")
        said.append(text(language, "Last change: {change}.", change=change))
    if finding.suggestions:
        step = finding.suggestions[0].detail.rstrip(".。")
        said.append(text(language, "First thing to do: {step}.", step=step))
    return _joined(said, language)


def _why(finding: Finding, language: Language) -> str:
    if finding.cause is None:
        said = text(language, "Confidence {confidence}.", confidence=f"{finding.confidence:.2f}")
    else:
        cause, sure = word(language, "cause", finding.cause.name), f"{finding.confidence:.2f}"
        said = text(language, "Likely cause ({confidence}): {cause}.", confidence=sure, cause=cause)
    return _joined([finding.story, said], language)


def _joined(sentences: Sequence[str], language: Language) -> str:
    """One after the other: with a space in English, without in Chinese."""
    first, *rest = sentences or [""]
    for second in rest:
        first = text(language, "{first} {second}", first=first, second=second)
    return first


def _examples(finding: Finding, language: Language) -> str:
    if not finding.evidence.cases:
        return ""
    cases = word(language, "separator", ", ").join(finding.evidence.cases)
    return text(language, "Examples: {cases}.", cases=cases)


def _links(entry: Entry, settings: AlertSettings, language: Language) -> str:
    finding, base = entry.finding, settings.page_base_url.rstrip("/")
    affected = _page(settings, entry.process)
    if finding.name == "flow_stopped":
        affected = base + names.PAGE_STOPPAGE.format(id=quote(finding.id, safe=""))
    links = [(text(language, "Affected cases"), affected)]
    if settings.grafana_base_url:
        board = f"{settings.grafana_base_url.rstrip('/')}/d/{names.DASHBOARD_ON_CALL}"
        links.append((text(language, "Dashboard"), f"{board}?var-process={quote(entry.process, safe='')}"))
    links.append((text(language, "Finding"), base + names.PAGE_FINDING.format(id=quote(finding.id, safe=""))))
    runbook = "DeadlineMissed" if finding.impact.deadlines_missed else _RUNBOOKS.get(finding.name)
    if runbook:
        books = settings.runbook_base_url
        url = f"{books.rstrip('/')}/{runbook}" if books else base + names.RUNBOOK.format(name=runbook)
        links.append((text(language, "Runbook"), url))
    lines = [text(language, "{what}: {url}", what=what, url=url) for what, url in links]
    owner = finding.owner or settings.owner_of(entry.process)
    if owner:
        lines.append(text(language, "Owner: {owner}.", owner=owner))
    return "\n".join(lines)


def _page(settings: AlertSettings, process: str) -> str:
    path = names.PAGE_PROCESS.format(process=quote(process, safe=""))
    return settings.page_base_url.rstrip("/") + path
