"""Events of a stream brought together by case, beyond memory through temporary files."""

import tempfile
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.ipc

from collector.files.rest import Row

HELD: Final = 200_000
"""Rows up to which nothing is written to temporary files."""
_PARTS: Final = 64
_ROWS: Final = 1 << 12


class ByCase:
    """Takes in batches with `case_id`; gives the events of each case in order of start, end, id."""

    def __init__(self, held: int = HELD) -> None:
        self._most = held
        self._held: list[pa.RecordBatch] = []
        self._rows = 0
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._parts: dict[int, Any] = {}
        self.without = 0
        """Events without a case, which were left out."""

    def add(self, batch: pa.RecordBatch) -> None:
        """Take in a batch."""
        self.without += batch.column("case_id").null_count
        plain = plain_columns(batch.filter(pc.is_valid(batch.column("case_id"))))
        if self._folder is None:
            self._held.append(plain)
            self._rows += plain.num_rows
            if self._rows > self._most:
                self._folder = tempfile.TemporaryDirectory(prefix="houtai-export-")
                for each in self._held:
                    self._spill(each)
                self._held = []
        else:
            self._spill(plain)

    def cases(self) -> Iterator[list[Row]]:
        """Events case by case; times as microseconds."""
        try:
            if self._folder is None:
                yield from _cases(self._held)
                return
            for part in self._parts.values():
                part.close()
            for path in sorted(Path(self._folder.name).iterdir()):
                with pa.OSFile(str(path)) as file, pa.ipc.open_stream(file) as batches:
                    yield from _cases(list(batches))
        finally:
            self.discard()

    def discard(self) -> None:
        """Let go of the temporary files."""
        for part in self._parts.values():
            part.close()
        if self._folder is not None:
            self._folder.cleanup()

    def _spill(self, batch: pa.RecordBatch) -> None:
        assert self._folder is not None
        encoded = pc.dictionary_encode(batch.column("case_id"))
        names = encoded.dictionary.to_pylist()
        part_of = np.array([sum(name.encode()) % _PARTS if name else 0 for name in names], dtype=np.int64)
        parts = part_of[np.asarray(encoded.indices.to_numpy(zero_copy_only=False))]
        for part in np.unique(parts).tolist():
            if part not in self._parts:
                path = Path(self._folder.name) / f"{part:03d}.arrows"
                self._parts[part] = pa.ipc.new_stream(str(path), batch.schema)
            self._parts[part].write_batch(batch.take(pa.array(np.flatnonzero(parts == part))))


def plain_columns(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The same without dictionaries, times as microseconds."""
    columns = []
    for column in batch.columns:
        if pa.types.is_dictionary(column.type):
            columns.append(column.cast(column.type.value_type))
        elif pa.types.is_timestamp(column.type):
            columns.append(column.cast(pa.int64()))
        else:
            columns.append(column)
    return pa.RecordBatch.from_arrays(columns, names=batch.schema.names)


def _cases(batches: list[pa.RecordBatch]) -> Iterator[list[Row]]:
    if not batches:
        return
    table = pa.Table.from_batches(batches)
    order = pc.sort_indices(
        table.select(["case_id", "start", "end", "event_id"]),
        sort_keys=[(name, "ascending") for name in ("case_id", "start", "end", "event_id")],
    )

    def rows() -> Iterator[Row]:
        for at in range(0, len(order), _ROWS):
            yield from table.take(order.slice(at, _ROWS)).to_pylist()

    for _, found in groupby(rows(), lambda row: row["case_id"]):
        yield list(found)
