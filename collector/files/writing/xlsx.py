"""Tables as XLSX, row by row."""

import re
from typing import IO, Any, Final

import pyarrow as pa

from collector.files.rest import shown
from collector.files.writing import About
from collector.files.writing.flat import flat
from collector.vocabulary.errors import PermanentError
from collector.vocabulary.languages import text

MOST_ROWS: Final = 1_048_576
"""Of a sheet, with the headings."""
_LONGEST: Final = 32_767
"""Characters of a cell, counted in UTF-16."""
_DIGITS: Final = 15
"""Of a whole number that a spreadsheet keeps."""
_LOOKS_ESCAPED: Final = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")


class XlsxWriter:
    """One sheet. Texts are texts, never formulas, and so are numbers that would be rounded; times ISO 8601 in UTC.

    Characters that XML 1.0 has not become U+FFFD. What a sheet cannot hold is refused.
    """

    def __init__(self, file: IO[bytes], schema: pa.Schema, about: About) -> None:
        from openpyxl import Workbook
        from openpyxl.utils import get_column_letter

        self._file, self._about, self._names = file, about, schema.names
        self._book = Workbook(write_only=True)
        self._sheet: Any = self._book.create_sheet("events")
        self._sheet.freeze_panes = "A2"
        for place, name in enumerate(schema.names, start=1):
            self._sheet.column_dimensions[get_column_letter(place)].width = max(12, len(name) + 2)
        self._sheet.append(list(schema.names))
        self._rows = 1

    def write(self, batch: pa.RecordBatch) -> None:
        """Take in a batch; PermanentError where the rows or a text do not fit a sheet."""
        for row in zip(*(flat(column).to_pylist() for column in batch.columns), strict=True):
            self._rows += 1
            if self._rows > MOST_ROWS:
                message = "{file}: an XLSX sheet holds {count} rows at most: write .csv or .parquet, or one --process"
                raise PermanentError(
                    text(self._about.language, message, file=self._about.path, count=f"{MOST_ROWS - 1:,}")
                )
            self._sheet.append([self._cell(place, value) for place, value in enumerate(row)])

    def close(self) -> None:
        """Write the workbook."""
        self._book.save(self._file)

    def discard(self) -> None:
        """Let go of the temporary file."""
        self._sheet.close()
        self._sheet._writer.cleanup()

    def _cell(self, place: int, value: object) -> object:
        if isinstance(value, int) and abs(value) < 10**_DIGITS:
            return value
        if value is None or value == "":
            return None
        told = _LOOKS_ESCAPED.sub("_x005F_", shown(str(value))).replace("\r", "_x000D_")
        if len(told) > _LONGEST // 2 and len(told.encode("utf-16-le")) // 2 > _LONGEST:
            message = (
                "{file}, row {row}, column {column}: {count} characters do not fit an XLSX cell: write .csv or .parquet"
            )
            raise PermanentError(
                text(
                    self._about.language,
                    message,
                    file=self._about.path,
                    row=self._rows,
                    column=self._names[place],
                    count=len(told),
                )
            )
        if not told.startswith("="):
            return told
        from openpyxl.cell import WriteOnlyCell

        cell = WriteOnlyCell(self._sheet, told)
        cell.data_type = "s"
        return cell
