"""Reads JSON lines: one object a line, its members are the columns."""

from pathlib import Path

import msgspec
import pyarrow as pa

from collector.files.columns import USUAL
from collector.files.log import Progress, RawLog, ReadOptions
from collector.files.ocel import told
from collector.files.source import opened
from collector.vocabulary.errors import PermanentError
from collector.vocabulary.languages import text


class JsonLinesReader:
    """`.jsonl`, `.jsonl.gz`. Lists and objects inside become JSON texts."""

    endings: tuple[str, ...] = (".jsonl", ".jsonl.gz")

    def read(self, path: Path, options: ReadOptions, progress: Progress) -> RawLog:
        """The raw log; PermanentError names file and line of what is no JSON object."""
        decoder = msgspec.json.Decoder(dict[str, msgspec.Raw])
        columns: dict[str, list[str | None]] = {}
        numbers: list[int] = []
        with opened(path, options, progress) as file:
            for number, line in enumerate(file, start=1):
                if not line.strip():
                    continue
                try:
                    row = {key: _cell(bytes(value)) for key, value in decoder.decode(line).items()}
                except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
                    reason = (str(error) or type(error).__name__).splitlines()[0][:200]
                    message = "{file}, row {row}: is no JSON object ({reason})"
                    raise PermanentError(
                        text(options.language, message, file=path, row=number, reason=reason)
                    ) from error
                for key, value in row.items():
                    column = columns.setdefault(key.strip(), [])
                    if len(column) <= len(numbers):
                        column.extend([None] * (len(numbers) - len(column)))
                        column.append(value)
                numbers.append(number)
        if not columns:
            raise PermanentError(text(options.language, "{file}: has no line of column names", file=path))
        for column in columns.values():
            column.extend([None] * (len(numbers) - len(column)))
        return RawLog(
            path,
            tuple(columns),
            tuple(pa.array(column, pa.string()) for column in columns.values()),
            USUAL,
            lambda i: text(options.language, "row {row}", row=numbers[i]),
        )


def _cell(raw: bytes) -> str | None:
    if raw[:1] in (b"{", b"["):
        return raw.decode()
    if raw[:1] == b'"':
        return msgspec.json.decode(raw, type=str)
    # Digits stay as they are written: a long order number is no float.
    return told(None) if raw == b"null" else raw.decode()
