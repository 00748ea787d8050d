"""Readers of log files: one file each, all giving event batches.

`read` takes the reader whose ending fits; add a reader by writing its file and putting it into READERS.
"""

from pathlib import Path
from typing import Final

from collector.files.csv_file import CsvReader
from collector.files.events import assemble
from collector.files.jsonl_file import JsonLinesReader
from collector.files.log import FileQuality, LogFile, Progress, RawLog, Reader, ReadOptions, no_progress
from collector.files.ocel_json import OcelJsonReader
from collector.files.ocel_sqlite import OcelSqliteReader
from collector.files.ocel_xml import OcelXmlReader
from collector.files.own import events, from_texts, is_own, own_parquet
from collector.files.parquet_file import ParquetReader
from collector.files.rest import REST, unpack
from collector.files.xes_file import XesReader
from collector.files.xlsx_file import XlsxReader
from collector.vocabulary.errors import PermanentError
from collector.vocabulary.languages import text

__all__ = ["READERS", "FileQuality", "LogFile", "Progress", "ReadOptions", "Reader", "pieces", "read"]

READERS: Final[tuple[Reader, ...]] = (
    CsvReader(),
    XlsxReader(),
    ParquetReader(),
    JsonLinesReader(),
    XesReader(),
    OcelJsonReader(),
    OcelXmlReader(),
    OcelSqliteReader(),
)
"""In the order in which they are asked."""


def read(path: Path, options: ReadOptions, progress: Progress = no_progress) -> LogFile:
    """The log in `path` as event batches; PermanentError, one line, where the file cannot be read."""
    reader = _reader(path, options)
    name = path.name.lower()
    if name.endswith(".parquet") and (table := own_parquet(path)) is not None:
        return events(table, path, options)
    raw = reader.read(path, options, progress)
    if options.case_type is not None and raw.leading is None:
        raise PermanentError(
            text(options.language, "{file}: has no object types; --leading is for OCEL, --case here", file=path)
        )
    if is_own(raw.names):
        return from_texts(raw, options, escaped=name.endswith((".csv", ".csv.gz")))
    log = assemble(raw, options)
    return unpack(log) if REST in raw.names else log


def pieces(path: Path, options: ReadOptions, progress: Progress = no_progress) -> RawLog | None:
    """The log in `path` as lines that are read piece by piece later; None where this file can only be read whole.

    PermanentError as `read`.
    """
    reader = _reader(path, options)
    if not isinstance(reader, ParquetReader) or options.case_type is not None:
        return None
    raw = reader.read(path, options, progress)
    return None if is_own(raw.names) or REST in raw.names else raw


def _reader(path: Path, options: ReadOptions) -> Reader:
    if not path.exists():
        raise PermanentError(text(options.language, "{file}: there is no such file", file=path))
    if path.is_dir():
        raise PermanentError(text(options.language, "{file}: is a folder, not a file", file=path))
    for reader in READERS:
        if path.name.lower().endswith(reader.endings):
            return reader
    endings = ", ".join(ending for reader in READERS for ending in reader.endings)
    raise PermanentError(
        text(options.language, "{file}: this kind of file is not read; {endings} are", file=path, endings=endings)
    )
