"""Reads XLSX as ERPs export it: titles above the headings, totals below, numbers that are names."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Final

import pyarrow as pa
from python_calamine import CalamineSheet, CalamineWorkbook, SheetVisibleEnum

from collector.files.columns import USUAL, usable
from collector.files.log import Progress, RawLog, ReadOptions
from collector.files.xlsx_package import Part, look_into
from collector.vocabulary.errors import PermanentError
from collector.vocabulary.languages import text

HEADING_ROWS: Final = 30
"""So far down the headings are looked for."""
_TOTAL: Final = re.compile(
    r"^(本页|全部)?(合|总|小|共)\s*计([\s:：(（].*)?$|^(grand |sub)?totals?([\s:].*)?$|^sum$", re.I
)
_FIGURE: Final = re.compile(r"[\s\d.,+\-¥￥%元笔单条个]*")

Rows = list[list[str | None]]


@dataclass(frozen=True)
class _Table:
    """The log in a sheet."""

    sheet: str
    names: tuple[str, ...]
    rows: Rows
    numbers: list[int]
    """Of each row, as Excel counts."""
    notes: tuple[str, ...]


class XlsxReader:
    """`.xlsx`, `.xlsm`. The first sheet that has headings one can use is read; cells become texts as they are meant."""

    endings: tuple[str, ...] = (".xlsx", ".xlsm")

    def read(self, path: Path, options: ReadOptions, progress: Progress) -> RawLog:
        """The raw log; PermanentError names the file and what is wrong with it."""
        parts = look_into(path, options, progress)
        tables: list[_Table] = []
        first: tuple[str, ...] = ()
        for name, part in _reading(path, options, parts):
            rows = _texts(path, options, name, part)
            found = _table(name, rows, options)
            if found is not None:
                tables.append(found)
                break
            if not first:
                first = next((tuple(cell or "" for cell in row) for row in rows if any(row)), ())
        if not tables:
            if not any(first):
                raise PermanentError(text(options.language, "{file}: has no line of column names", file=path))
            # Which of the meanings is missing is told as for every file.
            return RawLog(path, first, tuple(pa.nulls(0, pa.string()) for _ in first), USUAL, str)
        table = tables[0]
        columns = tuple(pa.array([row[i] for row in table.rows], pa.string()) for i in range(len(table.names)))
        several = len(parts) > 1
        notes = table.notes
        if several:
            notes = (text(options.language, "The sheet {sheet} was read.", sheet=table.sheet), *notes)

        def place(i: int) -> str:
            row = table.numbers[i]
            if several:
                return text(options.language, "sheet {sheet}, row {row}", sheet=table.sheet, row=row)
            return text(options.language, "row {row}", row=row)

        return RawLog(path, table.names, columns, USUAL, place, notes)


def _reading(path: Path, options: ReadOptions, parts: dict[str, Part]) -> list[tuple[str, Part]]:
    """The sheets in the workbook's order, hidden ones last."""
    with _Book(path, options) as book:
        hidden = {each.name for each in book.sheets_metadata if each.visible != SheetVisibleEnum.Visible}
        names = [name for name in book.sheet_names if name in parts]
    return [(name, parts[name]) for name in sorted(names, key=lambda name: name in hidden)]


def _texts(path: Path, options: ReadOptions, name: str, part: Part) -> Rows:
    """All rows of a sheet from its first one, cells as texts, merged cells filled downwards."""

    def rows(sheet: CalamineSheet) -> Rows:
        found = [
            [_text(value, part.long_numbers.get((at, place))) for place, value in enumerate(row)]
            for at, row in enumerate(sheet.to_python(skip_empty_area=False))
        ]
        for (top, left), (bottom, _) in sheet.merged_cell_ranges or ():
            if bottom > top < len(found) and left < len(found[top]) and (value := found[top][left]) is not None:
                for row in found[top + 1 : bottom + 1]:
                    row[left] = value
        return found

    with _Book(path, options) as book:
        return rows(book.get_sheet_by_name(name))


class _Book:
    """An open workbook; whatever the library says or does about a damaged one becomes one line."""

    def __init__(self, path: Path, options: ReadOptions) -> None:
        self._path, self._options = path, options

    def __enter__(self) -> CalamineWorkbook:
        try:
            self._book = CalamineWorkbook.from_path(str(self._path))
        except BaseException as error:
            raise self._refusal(error) from error
        return self._book

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        self._book.close()
        if error is not None and not isinstance(error, PermanentError):
            raise self._refusal(error) from error

    def _refusal(self, error: BaseException) -> BaseException:
        # A panic of the library in Rust is no Exception.
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            return error
        reason = (str(error) or type(error).__name__).splitlines()[0][:200]
        return PermanentError(
            text(self._options.language, "{file}: is no XLSX ({reason})", file=self._path, reason=reason)
        )


def _text(value: object, exact: str | None) -> str | None:
    """A cell as it is meant: whole numbers without a point or an exponent, dates without a time of 0:00:00."""
    match value:
        case str():
            return value.strip() or None
        case bool():
            return "TRUE" if value else "FALSE"
        case float():
            if exact is not None:
                return exact
            return str(int(value)) if value.is_integer() else repr(value)
        case datetime():
            return _rounded(value).isoformat(" ")
        case date() | time():
            return value.isoformat()
        case timedelta():
            return str(value)
        case None:
            return None
        case _:
            return str(value)


def _rounded(value: datetime) -> datetime:
    """Without what is left of a day as a fraction: 8:00:00 comes as 7:59:59.999."""
    rest = value.microsecond % 1_000_000
    if rest >= 999_000 and value < datetime.max - timedelta(seconds=1):  # noqa: DTZ901
        return value + timedelta(microseconds=1_000_000 - rest)
    return value.replace(microsecond=0) if rest < 1_000 else value


def _table(sheet: str, rows: Rows, options: ReadOptions) -> _Table | None:
    """The log in a sheet whose first rows hold headings one can use; None where they hold none."""
    top = next((at for at, row in enumerate(rows[:HEADING_ROWS]) if usable(_names(row), USUAL, options)), None)
    if top is None:
        return None
    named = [(place, name) for place, name in enumerate(_names(rows[top])) if name]
    body = [(at, row) for at, row in enumerate(rows[top + 1 :], start=top + 2) if any(row)]
    kept = [(at, row) for at, row in body if not _is_total(row)]
    say = text
    notes = []
    above = [at + 1 for at, row in enumerate(rows[:top]) if any(row)]
    if above:
        notes.append(say(options.language, "{count} rows above the headings were left out.", count=len(above)))
    if len(kept) < len(body):
        notes.append(say(options.language, "{count} rows of totals were left out.", count=len(body) - len(kept)))
    return _Table(
        sheet,
        tuple(name for _, name in named),
        [[row[place] if place < len(row) else None for place, _ in named] for _, row in kept],
        [at for at, _ in kept],
        tuple(notes),
    )


def _names(row: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(" ".join((cell or "").split()) for cell in row)


def _is_total(row: Iterable[str | None]) -> bool:
    """A row that begins by calling itself a total, with nothing but numbers after."""
    cells = [cell for cell in row if cell is not None]
    return _TOTAL.match(cells[0]) is not None and all(_FIGURE.fullmatch(cell) for cell in cells[1:])
