"""Reads Parquet: columns of any flat type, times as they are stored."""

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from collector.files.columns import USUAL
from collector.files.log import Progress, RawLog, ReadOptions
from collector.vocabulary.errors import PermanentError
from collector.vocabulary.languages import text


class ParquetReader:
    """`.parquet`. Columns of lists or structures are left out with a note."""

    endings: tuple[str, ...] = (".parquet",)

    def read(self, path: Path, options: ReadOptions, progress: Progress) -> RawLog:
        """The raw log; PermanentError names a file that cannot be read."""
        try:
            table = pq.read_table(path, partitioning=None)
        except (pa.ArrowException, OSError, UnicodeError) as error:
            reason = (getattr(error, "strerror", None) or str(error) or type(error).__name__).splitlines()[0][:200]
            message = text(options.language, "{file}: is no Parquet file ({reason})", file=path, reason=reason)
            raise PermanentError(message) from error
        names, columns, left = [], [], []
        for name, column in zip(table.column_names, table.columns, strict=True):
            if name.startswith("__index_level_"):
                continue
            if pa.types.is_nested(column.type):
                left.append(name)
                continue
            whole = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
            try:
                columns.append(_flat(whole))
                names.append(name.strip())
            except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
                left.append(name)
        notes = []
        if left:
            notes.append(text(options.language, "Columns left out: {columns}.", columns=", ".join(left)))
        return RawLog(
            path,
            tuple(names),
            tuple(columns),
            USUAL,
            lambda i: text(options.language, "row {row}", row=i + 1),
            tuple(notes),
        )


def _flat(column: pa.Array) -> pa.Array:
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
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
