"""The answer in one sentence, and the figures beside it; the same for the terminal and the page."""

from dataclasses import dataclass

from api.html_report.humanise import duration, money, percent, whole
from collector.vocabulary.languages import Language, text
from mining.report import Finding, Report
from mining.story.durations import hours


@dataclass(frozen=True)
class Figure:
    """A number with its name."""

    label: str
    value: str
    seconds: float | None = None
    """The exact duration behind it, where it is one."""


def sentence(report: Report, language: Language) -> str:
    """What costs most and what to try."""
    if not report.log.events:
        return text(language, "There are no events in this log.")
    serious = [finding for finding in report.findings if finding.severity != "info"]
    if not serious:
        return text(
            language,
            "Nothing stands out: half of the {cases} cases are done within {median}.",
            cases=whole(report.log.cases),
            median=duration(language, report.cases.duration_s.p50),
        )
    first = serious[0]
    if not first.suggestions:
        return ended(first.title, language)
    return text(
        language,
        "{title} Try: {advice}",
        title=ended(first.title, language),
        advice=ended(first.suggestions[0].detail, language),
    )


def figures(report: Report, language: Language) -> tuple[Figure, ...]:
    """Three to five figures; one of them is money where it is known. The first is the number of cases."""
    took, waited = report.cases.duration_s, report.cases.waiting_s
    found = [
        Figure(text(language, "Cases"), whole(report.log.cases)),
        Figure(text(language, "Median case"), duration(language, took.p50), took.p50),
        Figure(text(language, "90 % are done within"), duration(language, took.p90), took.p90),
    ]
    # Where events have no length all of a case is waiting, and the figure would only say the first again.
    if report.cases.service_s.total:
        found.append(Figure(text(language, "Median waiting of a case"), duration(language, waited.p50), waited.p50))
    lost = [finding.impact.money_per_week for finding in report.findings if finding.impact.money_per_week]
    if lost:
        # Findings may overlap, so the largest is shown and not their sum.
        found.append(Figure(text(language, "Largest loss a week"), money(max(lost), report.currency, language)))
    elif report.cases.efficiency is not None:
        found.append(Figure(text(language, "Share of time worked on"), percent(language, report.cases.efficiency)))
    return tuple(found)


def size(finding: Finding, report: Report, language: Language) -> str:
    """How large a finding is, on one line."""
    parts = [
        text(
            language,
            "{cases} cases ({share})",
            cases=whole(finding.impact.cases),
            share=percent(language, finding.impact.share),
        )
    ]
    if finding.impact.hours_per_week:
        parts.append(text(language, "{hours} a week", hours=hours(finding.impact.hours_per_week, language)))
    if finding.impact.money_per_week:
        lost = money(finding.impact.money_per_week, report.currency, language)
        parts.append(text(language, "{money} a week", money=lost))
    return " · ".join(parts)


def ended(line: str, language: Language) -> str:
    """`line` with a full stop."""
    line = line.strip()
    if not line or line[-1] in ".!?。！？…":
        return line
    return line + ("。" if language == "zh-CN" else ".")
