"""The report as a workbook: one sheet a table, words in the language asked for."""

import io
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

from api.html_report.humanise import moment
from collector.files.rest import shown
from collector.vocabulary.languages import Language, text, word
from mining.report import Report, Spread

Kind = Literal["text", "long", "count", "duration", "share", "number"]
Say = Callable[..., str]

MOST_ROWS: Final = 1_048_575
_LONGEST: Final = 32_767
_WIDEST: Final = 60
_LOOKED_AT: Final = 1_000
_DAY: Final = 86_400
_FORMATS: Final[dict[Kind, str]] = {"count": "#,##0", "duration": "[h]:mm:ss", "share": "0.0%", "number": "0.00"}
_HEAD: Final = Font(bold=True, color="FFFFFFFF")
_FILL: Final = PatternFill("solid", fgColor="FF1F4E5F")
_TOP: Final = Alignment(vertical="top")
_WRAPPED: Final = Alignment(vertical="top", wrap_text=True)


@dataclass(frozen=True)
class _Sheet:
    """One table. Durations are in seconds, shares 0..1."""

    title: str
    columns: Sequence[tuple[str, Kind]]
    rows: Sequence[Sequence[object]]


def workbook(report: Report, language: Language, zone: ZoneInfo) -> bytes:
    """The report as XLSX. Durations are numbers shown as hours:minutes:seconds, times are in `zone`."""
    say: Say = partial(text, language)
    book = Workbook(write_only=True)
    sheets = (
        _overview(report, say, zone),
        _activities(report, say),
        _edges(report, say),
        _transitions(report, say),
        _variants(report, say),
        _roles(report, say),
        _handovers(report, say),
        _findings(report, say, language),
    )
    for sheet in sheets:
        _write(book, sheet)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _overview(report: Report, say: Say, zone: ZoneInfo) -> _Sheet:
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
            for (part, _), value in zip(_spread_columns(say), _spread(spread), strict=True)
        ),
        (say("Efficiency"), (cases.efficiency, "share")),
        (say("Lines left out"), quality.dropped),
        (say("Duplicates"), quality.duplicates),
        (say("Without a case"), quality.without_case),
        (say("Without an end"), quality.without_end),
        (say("Overlaps"), quality.overlaps),
        *((say("Note"), note) for note in quality.notes),
    ]
    return _Sheet(say("Overview"), ((say("Figure"), "text"), (say("Value"), "long")), rows)


def _activities(report: Report, say: Say) -> _Sheet:
    service, waiting = say("Service time"), say("Waiting")
    columns: list[tuple[str, Kind]] = [
        (say("Activity"), "text"),
        (say("Events"), "count"),
        (say("Cases"), "count"),
        (say("Starts of cases"), "count"),
        (say("Ends of cases"), "count"),
        (say("Cases with rework"), "count"),
        (say("Errors"), "count"),
        *((f"{service}: {part}", kind) for part, kind in _spread_columns(say)),
        *((f"{waiting}: {part}", kind) for part, kind in _spread_columns(say)),
        (say("Roles"), "long"),
        (say("Systems"), "long"),
    ]
    rows = [
        (
            *(node.activity, node.events, node.cases, node.starts, node.ends, node.rework_cases, node.errors),
            *_spread(node.service_s),
            *_spread(node.waiting_s),
            _counts(node.roles),
            _counts(node.systems),
        )
        for node in report.nodes
    ]
    return _Sheet(say("Activities"), columns, rows)


def _edges(report: Report, say: Say) -> _Sheet:
    rows = [(each.source, each.target, each.count, each.cases, *_spread(each.gap_s)) for each in report.edges]
    return _Sheet(say("Direct successions"), _between(say, say("Gap")), rows)


def _transitions(report: Report, say: Say) -> _Sheet:
    rows = [(each.source, each.target, each.count, each.cases, *_spread(each.waiting_s)) for each in report.transitions]
    return _Sheet(say("Transitions"), _between(say, say("Waiting")), rows)


def _between(say: Say, what: str) -> list[tuple[str, Kind]]:
    return [
        (say("From activity"), "text"),
        (say("To activity"), "text"),
        (say("Count"), "count"),
        (say("Cases"), "count"),
        *((f"{what}: {part}", kind) for part, kind in _spread_columns(say)),
    ]


def _variants(report: Report, say: Say) -> _Sheet:
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
    return _Sheet(say("Variants"), columns, rows)


def _roles(report: Report, say: Say) -> _Sheet:
    service = say("Service time")
    columns: list[tuple[str, Kind]] = [
        (say("Role"), "text"),
        (say("Actors"), "count"),
        (say("Events"), "count"),
        (say("Cases"), "count"),
        *((f"{service}: {part}", kind) for part, kind in _spread_columns(say)),
        (say("Waiting before it"), "duration"),
        (say("Rework"), "count"),
        (say("Errors"), "count"),
    ]
    rows = [
        (
            *(each.role, each.actors, each.events, each.cases, *_spread(each.service_s)),
            *(each.waiting_caused_s, each.rework, each.errors),
        )
        for each in report.roles
    ]
    return _Sheet(say("Roles"), columns, rows)


def _handovers(report: Report, say: Say) -> _Sheet:
    columns: list[tuple[str, Kind]] = [(say("From"), "text"), (say("To"), "text"), (say("Count"), "count")]
    return _Sheet(say("Handovers"), columns, [(each.source, each.target, each.count) for each in report.handovers])


def _findings(report: Report, say: Say, language: Language) -> _Sheet:
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
    return _Sheet(say("Findings"), columns, rows)


def _spread_columns(say: Say) -> list[tuple[str, Kind]]:
    return [(part, "duration") for part in (say("total"), say("mean"), say("median"), "p90", "p95")]


def _spread(spread: Spread) -> tuple[float | None, ...]:
    return spread.total, spread.mean, spread.p50, spread.p90, spread.p95


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(
        f"{name} ({count})" for name, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    )


def _write(book: Any, sheet: _Sheet) -> None:
    made: Any = book.create_sheet(sheet.title)
    made.freeze_panes = "A2"
    rows = sheet.rows[:MOST_ROWS]
    letters = [get_column_letter(place + 1) for place in range(len(sheet.columns))]
    for place, letter in enumerate(letters):
        seen = [sheet.columns[place][0], *(row[place] for row in rows[:_LOOKED_AT])]
        made.column_dimensions[letter].width = _width(seen, sheet.columns[place][1])
    made.auto_filter.ref = f"A1:{letters[-1]}{len(rows) + 1}"
    made.append([_styled(made, name) for name, _ in sheet.columns])
    for row in rows:
        made.append([_cell(made, value, kind) for value, (_, kind) in zip(row, sheet.columns, strict=True)])


def _styled(sheet: Any, name: str) -> Any:
    cell = _text(sheet, name)
    cell.font, cell.fill, cell.alignment = _HEAD, _FILL, _WRAPPED
    return cell


def _cell(sheet: Any, value: object, kind: Kind) -> Any:
    if isinstance(value, tuple):
        value, kind = value
    if value is None or value == "":
        return None
    if isinstance(value, str):
        cell = _text(sheet, value)
        cell.alignment = _WRAPPED if kind == "long" else _TOP
        return cell
    assert isinstance(value, int | float)
    cell = WriteOnlyCell(sheet, value / _DAY if kind == "duration" else value)
    cell.number_format = _FORMATS.get(kind, _FORMATS["count"])
    cell.alignment = _TOP
    return cell


def _text(sheet: Any, value: str) -> Any:
    told = shown(value)
    cell = WriteOnlyCell(sheet, told if len(told) <= _LONGEST // 2 else told[: _LONGEST // 2 - 1] + "…")
    # An activity may be called =1+1; it is no formula.
    cell.data_type = "s"
    return cell


def _width(values: Iterable[object], kind: Kind) -> float:
    if kind in _FORMATS:
        # Room for 99999:59:59; headings may wrap.
        headings = [value for value in values if isinstance(value, str)]
        return float(max(14, *(_columns(part) + 2 for heading in headings for part in heading.split(": "))))
    widest = max((_columns(str(v[0] if isinstance(v, tuple) else v or "")) for v in values), default=0)
    return float(min(_WIDEST, max(10, widest + 2)))


def _columns(value: str) -> int:
    """How wide a text is; Chinese characters take two columns."""
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in value[: 4 * _WIDEST])
