"""Tables as CSV, Parquet and JSON lines."""

import io
import json
from dataclasses import replace
from typing import IO, Any, Final, cast

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from collector.files.writing import About, writer

_FORMULA: Final = r"^([=+\-@\t\r'＝＋－＠])"


class CsvWriter:
    """Times as ISO 8601 in UTC; lists, structures and maps as JSON; `'` before what a spreadsheet takes for a formula.

    A null character, which our reader takes for a sign that a file is no text, becomes U+FFFD.
    """

    def __init__(self, file: IO[bytes], schema: pa.Schema) -> None:
        self._file = file
        self._schema = pa.schema([pa.field(each.name, _flat_type(each.type)) for each in schema])
        # Given the file itself, the writer would close it.
        self._buffer = pa.BufferOutputStream()
        self._writer = pyarrow.csv.CSVWriter(self._buffer, self._schema)

    def write(self, batch: pa.RecordBatch) -> None:
        """Take in a batch."""
        columns = [_safe(flat(column)) for column in batch.columns]
        self._writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=self._schema))
        self._flush()
        self._writer = pyarrow.csv.CSVWriter(
            self._buffer, self._schema, write_options=pyarrow.csv.WriteOptions(include_header=False)
        )

    def close(self) -> None:
        """Write what is left."""
        self._flush()

    def discard(self) -> None:
        """There are no temporary files."""

    def _flush(self) -> None:
        self._writer.close()
        self._file.write(self._buffer.getvalue())
        self._buffer = pa.BufferOutputStream()


class JsonLinesWriter:
    """One JSON object a line, nested values as they are."""

    def __init__(self, file: IO[bytes], schema: pa.Schema) -> None:
        self._file, self._schema = file, schema

    def write(self, batch: pa.RecordBatch) -> None:
        """Take in a batch."""
        columns = [_plain(column).to_pylist(maps_as_pydicts="lossy") for column in batch.columns]
        out = io.StringIO()
        for row in zip(*columns, strict=True):
            out.write(json.dumps(dict(zip(self._schema.names, row, strict=True)), ensure_ascii=False))
            out.write("\n")
        self._file.write(out.getvalue().encode("utf-8", "replace"))

    def close(self) -> None:
        """Nothing is left."""

    def discard(self) -> None:
        """There are no temporary files."""


class ParquetWriter:
    """The columns as they are kept."""

    def __init__(self, file: IO[bytes], schema: pa.Schema) -> None:
        self._writer = pq.ParquetWriter(file, schema, compression="zstd")

    def write(self, batch: pa.RecordBatch) -> None:
        """Take in a batch."""
        self._writer.write_batch(batch)

    def close(self) -> None:
        """Write the footer."""
        self._writer.close()

    def discard(self) -> None:
        """There are no temporary files."""


class PackedWriter:
    """Another format, as gzip."""

    def __init__(self, file: IO[bytes], schema: pa.Schema, about: About) -> None:
        from isal import igzip

        self._packed = cast(Any, igzip).IGzipFile(fileobj=file, mode="wb", mtime=0)
        self._inner = writer(self._packed, schema, replace(about, path=about.path.with_suffix("")))

    def write(self, batch: pa.RecordBatch) -> None:
        """Take in a batch."""
        self._inner.write(batch)

    def close(self) -> None:
        """Write what is left, and gzip's end."""
        self._inner.close()
        self._packed.close()

    def discard(self) -> None:
        """Let go of the other's temporary files."""
        self._inner.discard()


def flat(column: pa.Array) -> pa.Array:
    """A column as whole numbers or texts."""
    plain = _plain(column)
    if not pa.types.is_nested(plain.type):
        return plain if pa.types.is_integer(plain.type) else plain.cast(pa.string())
    values = plain.to_pylist(maps_as_pydicts="lossy")
    return pa.array([None if value is None else _json(value) for value in values], pa.string())


def _json(value: object) -> str:
    """As JSON in which every character is one that XML 1.0 has."""
    return json.dumps(value, ensure_ascii=False).replace("\ufffe", "\\ufffe").replace("\uffff", "\\uffff")


def _safe(column: pa.Array) -> pa.Array:
    if not pa.types.is_string(column.type):
        return column
    texts = pc.replace_substring_regex(column, _FORMULA, r"'\1")
    return pc.replace_substring(texts, "\0", "\ufffd")


def _plain(column: pa.Array) -> pa.Array:
    if pa.types.is_dictionary(column.type):
        return column.cast(column.type.value_type)
    if pa.types.is_timestamp(column.type):
        # %S of a column in microseconds has them.
        return pc.strftime(column, "%Y-%m-%dT%H:%M:%SZ")
    return column


def _flat_type(kind: pa.DataType) -> pa.DataType:
    return kind if pa.types.is_integer(kind) else pa.string()
