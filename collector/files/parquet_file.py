"""Reads Parquet: columns of any flat type, times as they are stored; each column when it is asked for."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, overload

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from collector.files.columns import USUAL
from collector.files.log import Progress, RawLog, ReadOptions
from collector.vocabulary.errors import PermanentError
from collector.vocabulary.languages import text

_PIECE: Final = 1 << 17
"""Rows read at a time."""
_LOOKED_AT: Final = 1 << 16
_FEW: Final = 0.25
"""Share of different texts up to which a column is read as a dictionary; beyond, that would only cost time."""


class ParquetReader:
    """`.parquet`. Columns of lists or structures are left out with a note."""

    endings: tuple[str, ...] = (".parquet",)

    def read(self, path: Path, options: ReadOptions, progress: Progress) -> RawLog:
        """The raw log; PermanentError names a file that cannot be read, also when a column is asked for."""
        columns = _Columns(path, options, progress)
        return RawLog(
            path,
            tuple(name.strip() for name in columns.names),
            columns,
            USUAL,
            lambda i: text(options.language, "row {row}", row=i + 1),
            tuple(
                text(options.language, "Columns left out: {columns}.", columns=", ".join(columns.left))
                for _ in columns.left[:1]
            ),
            pieces=columns.pieces,
            lines=columns.rows,
            timed=frozenset(columns.timed),
        )


class _Columns(Sequence[pa.Array]):
    """The flat columns of a file; every one is read when it is asked for, each time."""

    def __init__(self, path: Path, options: ReadOptions, progress: Progress) -> None:
        self._path, self._options, self._progress = path, options, progress
        self.names: list[str] = []
        self.left: list[str] = []
        self.timed: list[int] = []
        """Columns of timestamps or dates."""
        try:
            with pq.ParquetFile(path) as file:
                self.rows: int = file.metadata.num_rows
                self._total = sum(_size(file, i) for i in range(file.metadata.num_row_groups))
                self._coded = [field.name for field in file.schema_arrow if _few(file, path, field.name)]
                for field in file.schema_arrow:
                    if not field.name.startswith("__index_level_"):
                        (self.names if _is_flat(file, field) else self.left).append(field.name)
                    if field.name in self.names[-1:] and _is_time(field.type):
                        self.timed.append(len(self.names) - 1)
        except (pa.ArrowException, OSError, UnicodeError) as error:
            raise self._unreadable(error) from error
        self._done = 0

    def __len__(self) -> int:
        return len(self.names)

    @overload
    def __getitem__(self, index: int) -> pa.Array: ...
    @overload
    def __getitem__(self, index: slice) -> list[pa.Array]: ...
    def __getitem__(self, index: int | slice) -> pa.Array | list[pa.Array]:
        """The column as one array."""
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        try:
            return _flat(self._read(self.names[index]))
        except (pa.ArrowException, OSError, UnicodeError) as error:
            raise self._unreadable(error) from error

    def pieces(self, indices: Sequence[int]) -> Iterator[list[pa.Array]]:
        """Chosen columns, some rows at a time; PermanentError where that fails on the way."""
        names = [self.names[index] for index in indices]
        try:
            with pq.ParquetFile(self._path, read_dictionary=self._coded) as file:
                if not file.metadata.num_rows:
                    yield [_flat(pa.array([], file.schema_arrow.field(name).type)) for name in names]
                for group in range(file.metadata.num_row_groups):
                    size = sum(_size(file, group, name) for name in names)
                    rows, seen = max(file.metadata.row_group(group).num_rows, 1), 0
                    for batch in file.iter_batches(_PIECE, row_groups=[group], columns=names, use_threads=False):
                        seen += len(batch)
                        self._progress(min(self._done + size * seen // rows, self._total), self._total)
                        yield [_flat(batch.column(name)) for name in names]
                    self._done += size
        except (pa.ArrowException, OSError, UnicodeError) as error:
            raise self._unreadable(error) from error

    def _read(self, name: str) -> pa.Array:
        with pq.ParquetFile(self._path, read_dictionary=[name] if name in self._coded else []) as file:
            kind = file.schema_arrow.field(name).type
            chunks = []
            for group in range(file.metadata.num_row_groups):
                part = file.read_row_group(group, [name]).column(0)
                chunks.extend(part.chunks)
                self._done += _size(file, group, name)
                self._progress(min(self._done, self._total), self._total)
        whole = pa.chunked_array(chunks, chunks[0].type if chunks else kind)
        if pa.types.is_string(whole.type) and whole.nbytes >= 1 << 31:
            whole = whole.cast(pa.large_string())
        return whole.unify_dictionaries().combine_chunks()

    def _unreadable(self, error: Exception) -> PermanentError:
        reason = (getattr(error, "strerror", None) or str(error) or type(error).__name__).splitlines()[0][:200]
        message = text(self._options.language, "{file}: is no Parquet file ({reason})", file=self._path, reason=reason)
        return PermanentError(message)


def _size(file: pq.ParquetFile, group: int, name: str | None = None) -> int:
    """Compressed bytes of a row group, or of one column of it."""
    found = file.metadata.row_group(group)
    columns = [found.column(i) for i in range(found.num_columns)]
    return sum(each.total_compressed_size for each in columns if name in (None, each.path_in_schema))


def _is_time(kind: pa.DataType) -> bool:
    return bool(pa.types.is_timestamp(kind) or pa.types.is_date(kind))


def _few(file: pq.ParquetFile, path: Path, name: str) -> bool:
    """Whether the texts of a column are worth being read as a dictionary, by the first row group."""
    found = [i for i, each in enumerate(file.schema.names) if each == name]
    if not found or not file.metadata.num_row_groups or file.schema.column(found[0]).physical_type != "BYTE_ARRAY":
        return False
    chunk = file.metadata.row_group(0).column(found[0])
    if not chunk.has_dictionary_page:
        return False
    with pq.ParquetFile(path, read_dictionary=[name]) as coded:
        batch = next(coded.iter_batches(_LOOKED_AT, row_groups=[0], columns=[name]), None)
    if batch is None or not pa.types.is_dictionary(batch.schema.field(0).type):
        return False
    return len(batch.column(0).dictionary) <= max(_FEW * len(batch), 64)


def _is_flat(file: pq.ParquetFile, field: pa.Field) -> bool:
    """Whether the column can be taken as texts or times."""
    if pa.types.is_nested(field.type):
        return False
    try:
        _flat(pa.array([], field.type))
        if pa.types.is_binary(field.type) or pa.types.is_large_binary(field.type):
            file.read(columns=[field.name]).column(0).cast(pa.string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return False
    return True


def _flat(column: pa.Array) -> pa.Array:
    if pa.types.is_dictionary(column.type):
        kind = column.type.value_type
        if pa.types.is_string(kind):
            return column
        if pa.types.is_large_string(kind):
            return column.cast(pa.dictionary(pa.int32(), pa.string()))
        column = column.cast(kind)
    if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
        return column
    if pa.types.is_floating(column.type):
        # Numbers with gaps come as floats from pandas: 17.0 is the order 17.
        whole = pc.fill_null(pc.equal(column, pc.floor(column)), False)
        whole = pc.and_(whole, pc.less(pc.abs(pc.fill_null(column, 0)), 2.0**53))
        numbers = pc.cast(pc.if_else(whole, column, 0.0), pa.int64())
        texts = pc.if_else(whole, pc.cast(numbers, pa.string()), pc.cast(column, pa.string()))
        return pc.if_else(pc.fill_null(pc.is_nan(column), True), pa.scalar(None, pa.string()), texts)
    return pc.cast(column, pa.string())
