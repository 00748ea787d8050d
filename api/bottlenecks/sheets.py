"""The bottleneck report's sheets of the workbook: ranking, causes, suggestions, contrasts, what changed."""

from collections.abc import Callable
from dataclasses import asdict

from api.bottlenecks.context import CAUSES
from api.bottlenecks.model import BottleneckReport
from api.sheet import Kind, Sheet, spread_columns, spread_values
from collector.vocabulary.languages import Language, word
from mining.report import Report

Say = Callable[..., str]


def sheets(told: BottleneckReport, report: Report, say: Say, language: Language) -> tuple[Sheet, ...]:
    """In the order in which they are read. Case and trace ids are text."""
    return (
        _ranking(told, say, language),
        _causes(report, say, language),
        _advice(told, say),
        _contrasts(told, say),
        _examples(told, say),
        _movers(told, say),
    )


def _ranking(told: BottleneckReport, say: Say, language: Language) -> Sheet:
    columns: list[tuple[str, Kind]] = [
        ("#", "count"),
        (say("From activity"), "text"),
        (say("To activity"), "text"),
        (say("Finding"), "long"),
        (say("Hours a week"), "number"),
        (say("Money a week"), "text"),
        (say("Cases"), "text"),
        (say("Median"), "text"),
        ("p90", "text"),
        *((word(language, "cause", name), "share") for name in CAUSES),
        (say("Since"), "text"),
    ]
    rows = []
    for row in told.rows:
        shares = {part.name: part.share for part in row.causes}
        rows.append(
            (
                *(row.number, row.source, row.target, row.finding, row.hours_per_week, row.money, row.cases),
                *(row.p50.text, row.p90.text),
                *((shares.get(name, 0.0) if shares else None) for name in CAUSES),
                row.since,
            )
        )
    return Sheet(say("Bottlenecks"), columns, rows)


def _causes(report: Report, say: Say, language: Language) -> Sheet:
    columns: list[tuple[str, Kind]] = [
        (say("From activity"), "text"),
        (say("To activity"), "text"),
        (say("Cases"), "count"),
        *((f"{say('Waiting')}: {part}", kind) for part, kind in spread_columns(say)),
        *((word(language, "cause", name), "duration") for name in CAUSES),
    ]
    rows = [
        (
            *(each.source, each.target, each.cases, *spread_values(each.waiting_s)),
            *(asdict(each.causes_s)[name] if each.causes_s is not None else None for name in CAUSES),
        )
        for each in report.transitions
    ]
    return Sheet(say("Causes of waiting"), columns, rows)


def _advice(told: BottleneckReport, say: Say) -> Sheet:
    columns: list[tuple[str, Kind]] = [
        ("#", "count"),
        (say("Finding"), "long"),
        (say("What to try"), "long"),
        (say("Whose turn"), "text"),
        (say("Expected gain"), "long"),
    ]
    rows = [(s.number, s.title, a.detail, a.owner, a.gain) for s in told.sections for a in s.advice]
    return Sheet(say("What to try"), columns, rows)


def _contrasts(told: BottleneckReport, say: Say) -> Sheet:
    columns: list[tuple[str, Kind]] = [
        ("#", "count"),
        (say("Finding"), "long"),
        (say("Field"), "text"),
        (say("Value"), "text"),
        (say("Times as often"), "text"),
        (say("Cases"), "text"),
        ("p", "text"),
    ]
    rows = [
        (s.number, s.title, c.field, c.value, c.lift, c.cases, c.p_value) for s in told.sections for c in s.contrasts
    ]
    return Sheet(say("For whom"), columns, rows)


def _examples(told: BottleneckReport, say: Say) -> Sheet:
    columns: list[tuple[str, Kind]] = [
        ("#", "count"),
        (say("Finding"), "long"),
        (say("Kind"), "text"),
        (say("Id"), "text"),
    ]
    rows = [
        (s.number, s.title, kind, each.name)
        for s in told.sections
        for kind, examples in ((say("Case"), s.cases), (say("Trace"), s.traces))
        for each in examples
    ]
    return Sheet(say("Cases to look at"), columns, rows)


def _movers(told: BottleneckReport, say: Say) -> Sheet:
    columns: list[tuple[str, Kind]] = [
        (say("From activity"), "text"),
        (say("To activity"), "text"),
        (say("Before"), "text"),
        (say("Now"), "text"),
        (say("Difference"), "text"),
        (say("Wait"), "long"),
    ]
    rows = [(m.source, m.target, m.before.text, m.now.text, m.more, m.medians) for m in told.movers]
    return Sheet(say("Better or worse"), columns, rows)
