"""One table as a sheet of a workbook."""

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

from collector.files.rest import shown
from mining.report import Spread

Kind = Literal["text", "long", "count", "duration", "share", "number"]

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
class Sheet:
    """One table. Durations are in seconds, shares 0..1."""

    title: str
    columns: Sequence[tuple[str, Kind]]
    rows: Sequence[Sequence[object]]


def spread_columns(say: Callable[..., str]) -> list[tuple[str, Kind]]:
    """The columns of a spread of durations."""
    return [(part, "duration") for part in (say("total"), say("mean"), say("median"), "p90", "p95")]


def spread_values(spread: Spread) -> tuple[float | None, ...]:
    """Its values in the order of `spread_columns`, in seconds."""
    return spread.total, spread.mean, spread.p50, spread.p90, spread.p95


def write(book: Any, sheet: Sheet) -> None:
    """Put a sheet at the end of a write-only workbook of openpyxl."""
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
