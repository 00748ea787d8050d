"""Writers of event tables: one file each; `writer` takes the one whose ending fits.

Every writer takes record batches of `EXPORTED` (the event schema with the case of each event) or, the flat ones, of any
schema, and writes to an open binary file; what it needs to sort or look up lies in temporary files, not in memory.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final, Protocol

import pyarrow as pa

from collector.vocabulary.errors import PermanentError
from collector.vocabulary.languages import Language, text

FLAT: Final = (".csv", ".csv.gz", ".parquet", ".jsonl", ".jsonl.gz", ".xlsx")
"""What any table can be written as."""
LOGS: Final = (".xes", ".xes.gz", ".jsonocel", ".jsonocel.gz", ".xmlocel", ".sqlite")
"""What only whole events can be written as."""
ENDINGS: Final = (*FLAT, *LOGS)


class Writer(Protocol):
    """Takes batches until it is closed."""

    def write(self, batch: pa.RecordBatch) -> None:
        """Take in a batch; PermanentError where the format cannot hold it."""
        ...

    def close(self) -> None:
        """Write what is left."""
        ...

    def discard(self) -> None:
        """Let go of temporary files instead of closing, where nothing will come of it."""
        ...


@dataclass(frozen=True)
class About:
    """What a writer may need to know."""

    path: Path
    """Where it goes, for errors."""
    language: Language = "en"
    leading: Mapping[str, str] = field(default_factory=dict)
    """Object type of the cases of each process; `case` where it is not here."""
    digits: int = 2
    """Decimal places of the currency."""
    tell: Callable[[str], None] = lambda _: None
    """What a person should know is said here."""


def writer(file: IO[bytes], schema: pa.Schema, about: About) -> Writer:
    """A writer by the ending of `about.path` (`-` is CSV); PermanentError for another ending."""
    name = about.path.name.lower()
    if name == "-" or name.endswith(".csv"):
        from collector.files.writing.flat import CsvWriter

        return CsvWriter(file, schema)
    if name.endswith(".gz"):
        from collector.files.writing.flat import PackedWriter

        return PackedWriter(file, schema, about)
    if name.endswith(".parquet"):
        from collector.files.writing.flat import ParquetWriter

        return ParquetWriter(file, schema)
    if name.endswith(".jsonl"):
        from collector.files.writing.flat import JsonLinesWriter

        return JsonLinesWriter(file, schema)
    if name.endswith(".xlsx"):
        from collector.files.writing.xlsx import XlsxWriter

        return XlsxWriter(file, schema, about)
    if name.endswith(".xes"):
        from collector.files.writing.xes import XesWriter

        return XesWriter(file, about)
    if name.endswith((".jsonocel", ".xmlocel", ".sqlite")):
        from collector.files.writing.ocel import OcelWriter

        return OcelWriter(file, about)
    raise unknown(about)


def unknown(about: About) -> PermanentError:
    """The refusal of an ending."""
    message = "{file}: this kind of file is not written; {endings} are"
    return PermanentError(text(about.language, message, file=about.path, endings=", ".join(ENDINGS)))
