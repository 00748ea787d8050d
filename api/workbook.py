"""The report as a workbook: one sheet a table, words in the language asked for."""

import io
from collections.abc import Callable
from functools import partial
from zoneinfo import ZoneInfo

from openpyxl import Workbook

from api.bottlenecks.model import BottleneckReport
from api.bottlenecks.sheets import sheets
from api.html_report.humanise import moment
from api.sheet import Kind, Sheet, spread_columns, spread_values, write
from collector.vocabulary.languages import Language, text, word
from mining.report import Report

Say = Callable[..., str]


def workbook(report: Report, language: Language, zone: ZoneInfo, told: BottleneckReport | None = None) -> bytes:
    """The report as XLSX. Durations are numbers shown as hours:minutes:seconds, times are in `zone`.

    With `told` the sheets of the bottleneck report come after the overview.
    """
    say: Say = partial(text, language)
    book = Workbook(write_only=True)
    tables = (
        _overview(report, say, zone),
        *(sheets(told, report, say, language) if told is not None else ()),
        _activities(report, say),
        _edges(report, say),
        _transitions(report, say),
        _variants(report, say),
        _roles(report, say),
        _handovers(report, say),
        _findings(report, say, language),
    )
    for sheet in tables:
        write(book, sheet)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _overview(report: Report, say: Say, zone: ZoneInfo) -> Sheet:
    log, cases, quality = report.log, report.cases, report.quality
    rows: list[tuple[object, ...]] = [
        (say("Process"), report.process),
        (say("Events"), log.events),
        (say("Cases"), log.cases),
        (say("Open cases"), log.open_cases),
        (say("Activities"), log.activities),
        (say("Variants"), log.variants),
        (say("From"), moment(log.from_, zone)),
        (say("To"), moment(log.to, zone)),
        *(
            (f"{name}: {part}", (value, "duration"))
            for name, spread in (
                (say("Duration of a case"), cases.duration_s),
                (say("Service time of a case"), cases.service_s),
                (say("Waiting of a case"), cases.waiting_s),
            )
            for (part, _), value in zip(spread_columns(say), spread_values(spread), strict=True)
        ),
        (say("Efficiency"), (cases.efficiency, "share")),
        (say("Lines left out"), quality.dropped),
        (say("Duplicates"), quality.duplicates),
        (say("Without a case"), quality.without_case),
        (say("Without an end"), quality.without_end),
        (say("Overlaps"), quality.overlaps),
        *((say("Note"), note) for note in quality.notes),
    ]
    return Sheet(say("Overview"), ((say("Figure"), "text"), (say("Value"), "long")), rows)


def _activities(report: Report, say: Say) -> Sheet:
    service, waiting = say("Service time"), say("Waiting")
    columns: list[tuple[str, Kind]] = [
        (say("Activity"), "text"),
        (say("Events"), "count"),
        (say("Cases"), "count"),
        (say("Starts of cases"), "count"),
        (say("Ends of cases"), "count"),
        (say("Cases with rework"), "count"),
        (say("Errors"), "count"),
        *((f"{service}: {part}", kind) for part, kind in spread_columns(say)),
        *((f"{waiting}: {part}", kind) for part, kind in spread_columns(say)),
        (say("Roles"), "long"),
        (say("Systems"), "long"),
    ]
    rows = [
        (
            *(node.activity, node.events, node.cases, node.starts, node.ends, node.rework_cases, node.errors),
            *spread_values(node.service_s),
            *spread_values(node.waiting_s),
            _counts(node.roles),
            _counts(node.systems),
        )
        for node in report.nodes
    ]
    return Sheet(say("Activities"), columns, rows)


def _edges(report: Report, say: Say) -> Sheet:
    rows = [(each.source, each.target, each.count, each.cases, *spread_values(each.gap_s)) for each in report.edges]
    return Sheet(say("Direct successions"), _between(say, say("Gap")), rows)


def _transitions(report: Report, say: Say) -> Sheet:
    rows = [
        (each.source, each.target, each.count, each.cases, *spread_values(each.waiting_s))
        for each in report.transitions
    ]
    return Sheet(say("Transitions"), _between(say, say("Waiting")), rows)


def _between(say: Say, what: str) -> list[tuple[str, Kind]]:
    return [
        (say("From activity"), "text"),
        (say("To activity"), "text"),
        (say("Count"), "count"),
        (say("Cases"), "count"),
        *((f"{what}: {part}", kind) for part, kind in spread_columns(say)),
    ]


def _variants(report: Report, say: Say) -> Sheet:
    duration, median = say("Duration"), say("median")
    columns: list[tuple[str, Kind]] = [
        (say("Path"), "long"),
        (say("Steps"), "count"),
        (say("Cases"), "count"),
        (say("Share"), "share"),
        (f"{duration}: {median}", "duration"),
        (f"{duration}: p90", "duration"),
        (say("Deviating"), "text"),
    ]
    rows = [
        (
            " → ".join(each.path),
            *(len(each.path), each.cases, each.share, each.duration_s.p50, each.duration_s.p90),
            say("yes") if each.deviating else say("no"),
        )
        for each in report.variants
    ]
    return Sheet(say("Variants"), columns, rows)


def _roles(report: Report, say: Say) -> Sheet:
    service = say("Service time")
    columns: list[tuple[str, Kind]] = [
        (say("Role"), "text"),
        (say("Actors"), "count"),
        (say("Events"), "count"),
        (say("Cases"), "count"),
        *((f"{service}: {part}", kind) for part, kind in spread_columns(say)),
        (say("Waiting before it"), "duration"),
        (say("Rework"), "count"),
        (say("Errors"), "count"),
    ]
    rows = [
        (
            *(each.role, each.actors, each.events, each.cases, *spread_values(each.service_s)),
            *(each.waiting_caused_s, each.rework, each.errors),
        )
        for each in report.roles
    ]
    return Sheet(say("Roles"), columns, rows)


def _handovers(report: Report, say: Say) -> Sheet:
    columns: list[tuple[str, Kind]] = [(say("From"), "text"), (say("To"), "text"), (say("Count"), "count")]
    return Sheet(say("Handovers"), columns, [(each.source, each.target, each.count) for each in report.handovers])


def _findings(report: Report, say: Say, language: Language) -> Sheet:
    columns: list[tuple[str, Kind]] = [
        (say("Severity"), "text"),
        (say("Kind"), "text"),
        (say("Finding"), "long"),
        (say("Story"), "long"),
        (say("Cases"), "count"),
        (say("Share"), "share"),
        (say("Hours a week"), "number"),
        (say("Confidence"), "share"),
        (say("What to try"), "long"),
        (say("Example cases"), "long"),
    ]
    rows = [
        (
            *(word(language, "severity", each.severity), word(language, "kind", each.kind), each.title, each.story),
            *(each.impact.cases, each.impact.share, each.impact.hours_per_week, each.confidence),
            "\n".join(suggestion.detail for suggestion in each.suggestions),
            ", ".join(each.evidence.cases),
        )
        for each in report.findings
    ]
    return Sheet(say("Findings"), columns, rows)


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(
        f"{name} ({count})" for name, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    )
