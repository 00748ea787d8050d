"""What a data folder holds, written to a file: the work of `houtai export`."""

import contextlib
import io
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any, Final, Literal, Protocol, cast

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from api.reading import Rows, events, spans
from api.settings import load
from collector.store import SPAN_SCHEMA, Store
from collector.vocabulary.errors import PermanentError, RetryableError
from collector.vocabulary.languages import Language, text

What = Literal["events", "spans", "report"]
ENDINGS: Final = (".csv", ".csv.gz", ".parquet", ".jsonl", ".jsonl.gz")
_STDOUT: Final = Path("-")


class _Writer(Protocol):
    def write(self, batch: pa.RecordBatch) -> None: ...

    def close(self) -> None: ...


def export(
    what: What,
    out: Path,
    *,
    data: Path,
    config: Path | None,
    process: str | None,
    columns: Sequence[str] | None,
    language: Language,
) -> int | None:
    """Write `what` to `out` (`-`: standard output); gives how many rows, None for a report.

    Rows are read and written batch by batch. PermanentError for a folder, process, column or file that will not do;
    RetryableError where what was read has been changed meanwhile, or a part of it cannot be read.
    """
    if not data.is_dir():
        raise PermanentError(text(language, "{folder}: there is no such data folder", folder=data))
    if out != _STDOUT:
        from api.outputs import check_writable

        check_writable(out, language)
    if what == "report":
        if columns is not None:
            raise PermanentError(text(language, "--columns: a report has none"))
        _report(out, data, config, process, language)
        return None
    make = _format(out, language)
    store = Store(data)
    if what == "spans":
        if process is not None:
            raise PermanentError(text(language, "--process: spans belong to no process; events and report do"))
        rows = spans(store, _chosen(columns, SPAN_SCHEMA.names, language))
    else:
        settings = load(config)
        leading = {name: each.leading for name, each in settings.processes.items()}
        wanted = _chosen(columns, events(store, leading).schema.names, language)
        rows = events(store, leading, process, wanted)
    with _opened(out, language) as file:
        writer = make(file, rows.schema)
        count = 0
        for batch in rows:
            writer.write(batch)
            count += batch.num_rows
        writer.close()
    if rows.unreadable:
        message = "{count} segments cannot be read and were left out, {name} first"
        raise RetryableError(text(language, message, count=len(rows.unreadable), name=rows.unreadable[0]))
    return count


def _chosen(columns: Sequence[str] | None, there: Sequence[str], language: Language) -> list[str]:
    for name in columns or ():
        if name not in there:
            message = "--columns: there is no column {name!r}. There are: {columns}."
            raise PermanentError(text(language, message, name=name, columns=", ".join(there)))
    return list(columns) if columns is not None else list(there)


def _format(out: Path, language: Language) -> Callable[[IO[bytes], pa.Schema], _Writer]:
    name = out.name.lower()
    if out == _STDOUT or name.endswith(".csv"):
        return _Csv
    if name.endswith(".csv.gz"):
        return lambda file, schema: _Packed(file, schema, _Csv)
    if name.endswith(".parquet"):
        return _Parquet
    if name.endswith(".jsonl"):
        return _Lines
    if name.endswith(".jsonl.gz"):
        return lambda file, schema: _Packed(file, schema, _Lines)
    raise PermanentError(
        text(language, "{file}: this kind of file is not written; {endings} are", file=out, endings=", ".join(ENDINGS))
    )


def _report(out: Path, data: Path, config: Path | None, process: str | None, language: Language) -> None:
    import time

    import msgspec

    from api.outputs import write_text
    from mining.build import build
    from mining.filters import Filters, select
    from mining.findings import detect
    from mining.reporting import document, report, view

    settings = load(config)
    if process is None:
        if len(settings.processes) != 1:
            there = ", ".join(sorted(settings.processes)) or "-"
            raise PermanentError(text(language, "--process: say which one ({known})", known=there))
        process = next(iter(settings.processes))
    if out != _STDOUT and not out.name.lower().endswith(".json"):
        raise PermanentError(text(language, "{file}: a report is written as .json", file=out))
    store = Store(data)
    leading = {name: each.leading for name, each in settings.processes.items()}
    rows = events(store, leading, process)
    known = settings.process_config(process, rows.leading.get(process, "case"))
    arena = build(list(rows.plain()), process, known.leading, rows.links())
    now = time.time_ns() // 1000
    begin = now - int(known.settings.window_days * 86_400 * 1_000_000)
    if arena.events and int(arena.end.min()) < begin:
        arena = select(arena, Filters(from_=begin))
    told = report(arena, known, now, language, "role", detect(view(arena, known, now)))
    raw = msgspec.json.format(msgspec.json.encode(document(told)), indent=2)
    write_text(out, raw.decode() + "\n", language)


@contextlib.contextmanager
def _opened(out: Path, language: Language) -> Iterator[IO[bytes]]:
    """The file to write to; it takes its name once it is whole."""
    if out == _STDOUT:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    try:
        target = out.resolve()
        if out.exists() and not out.is_file():
            with out.open("wb") as file:
                yield file
            return
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        partial = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                yield file
            mask = os.umask(0)
            os.umask(mask)
            partial.chmod(target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~mask)
            partial.replace(target)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
    except BrokenPipeError:
        raise
    except OSError as error:
        reason = error.strerror or str(error)
        message = text(language, "{file}: cannot be written ({reason})", file=out, reason=reason)
        raise PermanentError(message) from error


class _Csv:
    """Times as ISO 8601 in UTC; lists, structures and maps as JSON."""

    def __init__(self, file: IO[bytes], schema: pa.Schema) -> None:
        self._file = file
        self._schema = pa.schema([pa.field(each.name, _flat_type(each.type)) for each in schema])
        # Given the file itself, the writer would close it.
        self._buffer = pa.BufferOutputStream()
        self._writer = pyarrow.csv.CSVWriter(self._buffer, self._schema)

    def write(self, batch: pa.RecordBatch) -> None:
        columns = [_flat(column) for column in batch.columns]
        self._writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=self._schema))
        self._flush()
        self._writer = pyarrow.csv.CSVWriter(
            self._buffer, self._schema, write_options=pyarrow.csv.WriteOptions(include_header=False)
        )

    def close(self) -> None:
        self._flush()

    def _flush(self) -> None:
        self._writer.close()
        self._file.write(self._buffer.getvalue())
        self._buffer = pa.BufferOutputStream()


class _Lines:
    """One JSON object a line, nested values as they are."""

    def __init__(self, file: IO[bytes], schema: pa.Schema) -> None:
        self._file, self._schema = file, schema

    def write(self, batch: pa.RecordBatch) -> None:
        columns = [_plain(column).to_pylist(maps_as_pydicts="lossy") for column in batch.columns]
        out = io.StringIO()
        for row in zip(*columns, strict=True):
            out.write(json.dumps(dict(zip(self._schema.names, row, strict=True)), ensure_ascii=False))
            out.write("\n")
        self._file.write(out.getvalue().encode("utf-8", "replace"))

    def close(self) -> None:
        pass


class _Parquet:
    """The columns as they are kept."""

    def __init__(self, file: IO[bytes], schema: pa.Schema) -> None:
        self._writer = pq.ParquetWriter(file, schema, compression="zstd")

    def write(self, batch: pa.RecordBatch) -> None:
        self._writer.write_batch(batch)

    def close(self) -> None:
        self._writer.close()


class _Packed:
    """Another format, as gzip."""

    def __init__(self, file: IO[bytes], schema: pa.Schema, make: Callable[[IO[bytes], pa.Schema], _Writer]) -> None:
        from isal import igzip

        self._packed = cast(Any, igzip).IGzipFile(fileobj=file, mode="wb", mtime=0)
        self._inner = make(self._packed, schema)

    def write(self, batch: pa.RecordBatch) -> None:
        self._inner.write(batch)

    def close(self) -> None:
        self._inner.close()
        self._packed.close()


def _plain(column: pa.Array) -> pa.Array:
    if pa.types.is_dictionary(column.type):
        return column.cast(column.type.value_type)
    if pa.types.is_timestamp(column.type):
        # %S of a column in microseconds has them.
        return pc.strftime(column, "%Y-%m-%dT%H:%M:%SZ")
    return column


def _flat_type(kind: pa.DataType) -> pa.DataType:
    return kind if pa.types.is_integer(kind) else pa.string()


def _flat(column: pa.Array) -> pa.Array:
    plain = _plain(column)
    if not pa.types.is_nested(plain.type):
        return plain if pa.types.is_integer(plain.type) else plain.cast(pa.string())
    values = plain.to_pylist(maps_as_pydicts="lossy")
    return pa.array([None if value is None else json.dumps(value, ensure_ascii=False) for value in values], pa.string())


__all__ = ["ENDINGS", "Rows", "What", "export"]
