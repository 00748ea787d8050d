"""The report on one page of a terminal, at most 100 columns wide; plain text in a pipe."""

import io
from typing import Final
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from api.html_report.answer import figures, sentence, size
from api.html_report.humanise import duration, moment, percent, whole
from collector.vocabulary.languages import Language, text, word
from mining.report import Report

WIDTH: Final = 100
LARGEST: Final = 5
_STEPS: Final = 15
_COLOURS: Final = {"critical": "bold red", "warning": "yellow", "info": "cyan"}


def summarise(console: Console, report: Report, language: Language, zone: ZoneInfo) -> None:
    """Print the sentence, the figures, the largest findings, and the main path with medians."""
    console.print(Text(sentence(report, language), style="bold"))
    console.print()
    console.print(_figures(report, language, zone))
    console.print()
    if report.findings:
        console.print(Text(text(language, "Largest findings"), style="bold"))
        console.print(_findings(report, language))
        more = len(report.findings) - LARGEST
        if more > 0:
            console.print(Padding(Text(text(language, "… and {more} more in the report", more=more)), (0, 0, 0, 2)))
        console.print()
    if report.variants:
        _main_path(console, report, language)
    for note in report.quality.notes:
        console.print(Text("· " + text(language, note), style="dim"))


def printed(report: Report, language: Language, zone: ZoneInfo, *, terminal: bool, columns: int) -> str:
    """The summary as text: with colours for a terminal of `columns`, plain and WIDTH wide for a pipe."""
    out = io.StringIO()
    console = Console(
        file=out,
        width=min(columns, WIDTH) if terminal else WIDTH,
        force_terminal=terminal,
        color_system="auto" if terminal else None,
        highlight=False,
        markup=False,
        emoji=False,
    )
    summarise(console, report, language, zone)
    return "".join(line.rstrip() + "\n" for line in out.getvalue().splitlines())


def _figures(report: Report, language: Language, zone: ZoneInfo) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim")
    table.add_column()
    log = report.log
    table.add_row(
        text(language, "Log"),
        text(
            language,
            "{events} events, {cases} cases, {activities} activities, {variants} variants",
            events=whole(log.events),
            cases=whole(log.cases),
            activities=whole(log.activities),
            variants=whole(log.variants),
        ),
    )
    if log.from_ is not None:
        table.add_row(
            text(language, "Period"),
            text(
                language,
                "{begin} to {end} ({zone})",
                begin=moment(log.from_, zone),
                end=moment(log.to, zone),
                zone=zone.key,
            ),
        )
    for figure in figures(report, language)[1:]:
        table.add_row(figure.label, figure.value)
    return table


def _findings(report: Report, language: Language) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(justify="right")
    table.add_column(no_wrap=True)
    table.add_column(ratio=1, overflow="fold")
    for rank, finding in enumerate(report.findings[:LARGEST], start=1):
        body = Text(finding.title)
        body.append("\n" + size(finding, report, language), style="dim")
        severity = Text(word(language, "severity", finding.severity), style=_COLOURS.get(finding.severity, ""))
        table.add_row(f"{rank}.", severity, body)
    return table


def _main_path(console: Console, report: Report, language: Language) -> None:
    main = max(report.variants, key=lambda variant: variant.cases)
    gaps = {(edge.source, edge.target): edge.gap_s for edge in report.edges}
    service = {node.activity: node.service_s for node in report.nodes}
    heading = text(language, "Main path ({share} of the cases)", share=percent(language, main.share))
    console.print(Text(heading, style="bold"))
    path = main.path
    for place, activity in enumerate(path[:_STEPS]):
        if place:
            gap = gaps.get((path[place - 1], activity))
            waited = text(language, "at once")
            if gap is not None and gap.p50:
                waited = text(language, "then {gap}", gap=duration(language, gap.p50))
            console.print(Padding(Text(f"↓ {waited}", style="dim"), (0, 0, 0, 4)))
        line = Text(activity)
        took = service[activity].p50 if activity in service else None
        if took:
            line.append("  " + text(language, "takes {time}", time=duration(language, took)), style="dim")
        console.print(Padding(line, (0, 0, 0, 2)))
    if len(path) > _STEPS:
        console.print(Padding(Text(text(language, "… {more} more steps", more=len(path) - _STEPS)), (0, 0, 0, 2)))
    console.print()
