"""Reads CSV: comma, semicolon, tab or bar; UTF-8 or GB18030; every cell as text."""

import csv
import io
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.csv

from collector.files.columns import USUAL
from collector.files.log import Progress, RawLog, ReadOptions
from collector.files.source import opened
from collector.vocabulary.errors import PermanentError
from collector.vocabulary.languages import text

_DELIMITERS: Final = ",;\t|"
_BLOCK: Final = 1 << 24
_LOOKED_AT: Final = 1 << 24
_MAX_CELL: Final = 1 << 24


class CsvReader:
    """`.csv`, `.csv.gz`. Cells in quotes may hold line ends; a line of another width than the first is an error."""

    endings: tuple[str, ...] = (".csv", ".csv.gz")

    def read(self, path: Path, options: ReadOptions, progress: Progress) -> RawLog:
        """The raw log; PermanentError names the file and the line as an editor counts them."""
        with opened(path, options, progress) as file:
            data = _utf8(file.read(), path, options)
        delimiter = _delimiter(data)
        header = _header(data, delimiter, path, options)
        width = len(header)
        uneven: list[tuple[int | None, int]] = []

        def refuse(row: pyarrow.csv.InvalidRow) -> str:
            uneven.append((row.number, row.actual_columns))
            return "error"

        try:
            table = pyarrow.csv.read_csv(
                pa.BufferReader(data),
                read_options=pyarrow.csv.ReadOptions(
                    use_threads=False, block_size=_BLOCK, column_names=[str(i) for i in range(width)]
                ),
                parse_options=pyarrow.csv.ParseOptions(
                    delimiter=delimiter, newlines_in_values=True, invalid_row_handler=refuse
                ),
                convert_options=pyarrow.csv.ConvertOptions(
                    column_types={str(i): pa.string() for i in range(width)},
                    null_values=[""],
                    strings_can_be_null=True,
                    quoted_strings_can_be_null=True,
                ),
            )
        except pa.ArrowInvalid as error:
            raise _broken(data, delimiter, width, path, options, str(error)) from error
        place: Callable[[int], str] = lambda i: text(  # noqa: E731
            options.language, "row {row}", row=_line(data, delimiter, i + 1)
        )
        table = table.slice(1)
        columns = tuple(
            column.combine_chunks() if column.num_chunks else pa.nulls(0, pa.string()) for column in table.columns
        )
        return RawLog(path, header, columns, USUAL, place)


def _utf8(data: bytes, path: Path, options: ReadOptions) -> bytes:
    """The same text in UTF-8 without a mark at its beginning."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return data.decode("utf-16").encode()
        except UnicodeError:
            raise _no_text(path, options) from None
    if data.startswith(b"\xef\xbb\xbf"):
        data = data[3:]
    try:
        data.decode()
    except UnicodeDecodeError:
        try:
            data = b"\0" if _is_western(data) else data.decode("gb18030").encode()
        except UnicodeError:
            raise _no_text(path, options) from None
    if b"\0" in data:
        raise _no_text(path, options)
    return data


def _is_western(data: bytes) -> bool:
    """Whether it is Windows-1252 or the like, of which nearly every text can be read as GB18030, too, as nonsense.

    Its accented letters mostly stand before an ASCII letter, which no second byte of a common Chinese character is.
    """
    characters: list[bytes] = re.findall(rb"(?:[\x81-\xfe][0-9]){2}|[\x81-\xfe][\x40-\xfe]", data[:_LOOKED_AT])
    accented = sum(len(each) == 2 and each[1] < 0x80 for each in characters)
    return 2 * accented > len(characters)


def _no_text(path: Path, options: ReadOptions) -> PermanentError:
    return PermanentError(text(options.language, "{file}: is not text in UTF-8 or GB18030", file=path))


def _delimiter(data: bytes) -> str:
    first = next((line for line in io.BytesIO(data) if line.strip()), b"").decode(errors="replace")
    bare = re.sub(r'"[^"]*"?', "", first)
    return max(_DELIMITERS, key=lambda sign: (bare.count(sign), -_DELIMITERS.index(sign)))


def _records(data: bytes, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Records that are not empty, with the line on which each begins."""
    csv.field_size_limit(_MAX_CELL)
    reader = csv.reader(io.TextIOWrapper(io.BytesIO(data), encoding="utf-8", newline=""), delimiter=delimiter)
    line = 1
    for record in reader:
        if record:
            yield line, record
        line = reader.line_num + 1


def _header(data: bytes, delimiter: str, path: Path, options: ReadOptions) -> tuple[str, ...]:
    try:
        _, names = next(_records(data, delimiter), (1, []))
    except csv.Error:
        names = []
    if not any(name.strip() for name in names):
        raise PermanentError(text(options.language, "{file}: has no line of column names", file=path))
    return tuple(name.strip() for name in names)


def _line(data: bytes, delimiter: str, index: int) -> int:
    """The line on which record `index` (0 is the header) begins; only looked for when there is an error to tell."""
    reached = 0
    with suppress(csv.Error):
        for number, (line, _) in enumerate(_records(data, delimiter)):
            reached = line
            if number == index:
                break
    return reached


def _broken(data: bytes, delimiter: str, width: int, path: Path, options: ReadOptions, reason: str) -> PermanentError:
    try:
        for line, record in _records(data, delimiter):
            if len(record) != width:
                return PermanentError(
                    text(
                        options.language,
                        "{file}, row {row}: has {found} columns, the first line has {width}",
                        file=path,
                        row=line,
                        found=len(record),
                        width=width,
                    )
                )
    except csv.Error as error:
        reason = str(error)
    first = (reason.splitlines() or [""])[0][:200]
    return PermanentError(text(options.language, "{file}: is no CSV ({reason})", file=path, reason=first))
