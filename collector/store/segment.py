"""A segment: an immutable Parquet file, written whole or not at all."""

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from collector.wal.folder import sync_folder

Kind = Literal["events", "links", "spans", "logs"]
PARTIAL: Final = ".partial"


@dataclass(frozen=True, slots=True)
class Segment:
    """A committed segment. `first` and `last` are the positions in the write-ahead log it was made from."""

    id: int
    kind: Kind
    path: Path
    first: int
    last: int
    rows: int
    committed: int
    """When it was committed, µs UTC."""


@dataclass(frozen=True, slots=True)
class Fresh:
    """A segment that is written, but does not count yet."""

    kind: Kind
    path: Path
    first: int
    last: int
    rows: int


def write_segment(folder: Path, kind: Kind, table: pa.Table, first: int, last: int) -> Fresh:
    """Write `table` under a temporary name, sync it, give it its name. The caller syncs the folder once for all."""
    if not folder.exists():
        folder.mkdir(parents=True)
        sync_folder(folder.parent)
    path = folder / f"{kind}-{first}-{last}.parquet"
    number = 1
    while path.exists():
        # A round without new records (an event whose wait for its parents is over) repeats its range.
        number += 1
        path = folder / f"{kind}-{first}-{last}-{number}.parquet"
    partial = path.with_suffix(PARTIAL)
    with partial.open("wb") as file:
        pq.write_table(
            table, file, compression="zstd", use_dictionary=_words(table.schema), write_statistics=["start", "end"]
        )
        file.flush()
        os.fsync(file.fileno())
    partial.rename(path)
    return Fresh(kind, path, first, last, table.num_rows)


def _words(schema: pa.Schema) -> list[str]:
    """Columns that repeat their values: a dictionary of ids would only cost time."""
    found = [each.name for each in schema if pa.types.is_dictionary(each.type)]
    return found + [f"{each.name}.key_value.key" for each in schema if pa.types.is_map(each.type)]


def remove_orphans(folder: Path, committed: set[str]) -> int:
    """Delete segment files that no commit made count; gives how many. Only for the one writer of the folder."""
    removed = 0
    if not folder.exists():
        return 0
    for path in [*folder.glob("*.parquet"), *folder.glob(f"*{PARTIAL}")]:
        if path.name not in committed:
            with contextlib.suppress(FileNotFoundError):
                path.unlink()
                removed += 1
    if removed:
        sync_folder(folder)
    return removed
