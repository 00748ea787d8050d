"""The bottleneck report as one self-contained page: no script, nothing loaded from elsewhere, prints on A4."""

from functools import cache, partial
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from api.html_report import answer, humanise
from collector.vocabulary.languages import Language, text, word
from mining.map import svg
from mining.report import Finding, Report
from mining.story.durations import hours

FINDINGS = 12
"""That get a section of their own."""
ROWS = 12
"""Of a table."""


def render(report: Report, language: Language, zone: ZoneInfo) -> str:
    """The page of `report` in `language`, times in `zone`."""
    template = _environment().get_template("report.html.j2")
    worst = sorted(report.transitions, key=lambda t: (-t.waiting_s.total, t.source, t.target))
    return template.render(
        report=report,
        language=language,
        zone=zone,
        t=partial(text, language),
        word=partial(word, language),
        sentence=answer.sentence(report, language),
        figures=answer.figures(report, language),
        transitions=[t for t in worst if t.waiting_s.total > 0][:ROWS],
        waiting_total=sum(t.waiting_s.total for t in worst),
        variants=report.variants[:ROWS],
        roles=sorted(report.roles, key=lambda r: (-r.waiting_caused_s, r.role))[:ROWS],
        findings=report.findings[:FINDINGS],
        left_out=max(len(report.findings) - FINDINGS, 0),
        map=_map(report, language),
        style=Markup(_style()),
        duration=partial(humanise.duration, language),
        exact=partial(humanise.exact, language),
        hours=lambda number: hours(number, language) if number else "–",
        money=lambda minor: humanise.money(minor, report.currency, language),
        moment=lambda iso, day=False: humanise.moment(iso, zone, day=day),
        whole=humanise.whole,
        percent=partial(humanise.percent, language),
        short=humanise.short,
        seconds_of=_seconds_of,
        evidence_missing=_missing(report),
    )


def _seconds_of(finding: Finding, name: str) -> float | None:
    value = finding.evidence.figures.get(name)
    return float(value) if isinstance(value, int | float) else None


def _missing(report: Report) -> bool:
    quality = report.quality
    counts = (quality.dropped, quality.late, quality.duplicates, quality.without_case, quality.without_end)
    return any(counts) or bool(quality.overlaps) or quality.sampled or bool(quality.notes)


def _map(report: Report, language: Language) -> Markup | None:
    return Markup(svg(report, language)) if report.nodes else None


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("api.html_report", ""),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _style() -> str:
    source, _, _ = _environment().loader.get_source(_environment(), "style.css")  # type: ignore[union-attr]
    return source
