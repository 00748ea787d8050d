"""Columns in a file that a later process maps: what a restart need not make again.

The file is MAGIC, then tables one after the other, each an Arrow IPC stream of one record batch at a multiple of
ALIGNMENT; then a table of contents (JSON: where each table stands, its CRC32, notes), its length and CRC32, and MAGIC
again. Everything is checked before anything is believed.
"""

import json
import mmap
import os
import struct
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from isal import isal_zlib

from collector.vocabulary.errors import PermanentError, RetryableError

MAGIC: Final = b"HoutaiKept/2\n\0\0\0"
"""The number is the format's: a file of another one is made anew."""
ALIGNMENT: Final = 64
_TAIL: Final = struct.Struct(f"<QI{len(MAGIC)}s")

Columns = Mapping[str, npt.NDArray[Any] | pa.Array]
"""Columns of one length by name: numbers and flags as numpy arrays, anything else as Arrow arrays."""


@dataclass(frozen=True)
class Kept:
    """What is kept: `tables` of columns, and `notes` that JSON can say."""

    tables: Mapping[str, Columns]
    notes: Mapping[str, Any]

    def numbers(self, table: str, column: str) -> npt.NDArray[Any]:
        """A column of numbers or flags. Raises KeyError where it is not there, TypeError where it is of texts."""
        found = self.tables[table][column]
        if not isinstance(found, np.ndarray):
            raise TypeError(f"{table}.{column} holds no numbers")
        return found


class Unusable(PermanentError):
    """There is no file, or one that is damaged, cut off, of another format or not ours: make anew what was in it."""


def save(kept: Kept, path: Path) -> None:
    """Write the file; who reads `path` meanwhile sees the old or the new.

    A process killed on the way leaves the old file as it was. One writer a path. RetryableError where it can't be
    written.
    """
    fresh = path.with_name(path.name + ".new")
    try:
        with fresh.open("w+b") as file:
            _write(file, kept)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        with suppress(OSError):
            fresh.unlink()
        raise RetryableError(f"{path}: {error.strerror or error}") from error


def load(path: Path) -> Kept:
    """What was kept; the columns are views of the file, and may be written to without changing it.

    The file may be replaced by `save`, or removed, while they are in use; it must not be written to. Raises Unusable.
    """
    try:
        with path.open("rb") as file:
            whole = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
    except (OSError, ValueError) as error:  # mmap's own for an empty file
        raise Unusable(f"{path}: {getattr(error, 'strerror', None) or error}") from error
    try:
        return _read(whole)
    except (Unusable, ValueError, KeyError, TypeError, IndexError, struct.error, pa.ArrowException) as error:
        raise Unusable(f"{path}: {error}") from error


@dataclass(frozen=True)
class _Table:
    name: str
    begin: int
    length: int
    crc: int
    flags: list[str]
    """Columns of flags, which stand there as a byte each."""


def _write(file: BinaryIO, kept: Kept) -> None:
    file.write(MAGIC)
    places: list[tuple[str, int, int, list[str]]] = []
    for name, columns in kept.tables.items():
        arrays, flags = {}, []
        for each, column in columns.items():
            if isinstance(column, np.ndarray) and column.dtype == np.bool_:
                flags.append(each)
                column = column.view(np.uint8)
            arrays[each] = pa.array(column) if isinstance(column, np.ndarray) else column
        begin = _aligned(file)
        batch = pa.record_batch(arrays)
        with pa.ipc.new_stream(file, batch.schema) as writer:
            writer.write_batch(batch)
        places.append((name, begin, file.tell() - begin, flags))
    file.flush()
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as whole, memoryview(whole) as seen:
        tables = [_Table(name, begin, size, _crc(seen, begin, size), flags) for name, begin, size, flags in places]
    contents = json.dumps({"tables": [asdict(table) for table in tables], "notes": kept.notes}).encode()
    file.write(contents)
    file.write(_TAIL.pack(len(contents), isal_zlib.crc32(contents), MAGIC))


def _read(whole: mmap.mmap) -> Kept:
    size = len(whole)
    if size < len(MAGIC) + _TAIL.size or whole[: len(MAGIC)] != MAGIC:
        raise Unusable("nothing that was kept, or of another format")
    length, crc, magic = _TAIL.unpack(whole[size - _TAIL.size :])
    begin = size - _TAIL.size - length
    if magic != MAGIC or begin < len(MAGIC):
        raise Unusable("a kept file that breaks off")
    contents = whole[begin : begin + length]
    if isal_zlib.crc32(contents) != crc:
        raise Unusable("a kept file whose table of contents is damaged")
    known = json.loads(contents)
    tables = [_Table(**each) for each in known["tables"]]
    with memoryview(whole) as seen:
        for each in tables:
            if each.begin + each.length > begin or _crc(seen, each.begin, each.length) != each.crc:
                raise Unusable(f"a kept file whose table {each.name} is damaged")
    return Kept({each.name: _columns(whole, each) for each in tables}, known["notes"])


def _columns(whole: mmap.mmap, table: _Table) -> Columns:
    buffer = pa.py_buffer(whole)
    batch = pa.ipc.open_stream(buffer.slice(table.begin, table.length)).read_next_batch()
    found: dict[str, npt.NDArray[Any] | pa.Array] = {}
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)) or column.null_count:
            found[name] = column
            continue
        kind = column.type.to_pandas_dtype()
        # Not by `to_numpy`: to numba's kernels an array that can't be written to is another type.
        values = column.buffers()[1]
        numbers = (
            np.frombuffer(whole, kind, len(column), values.address - buffer.address)
            if len(column)
            else np.empty(0, kind)
        )
        found[name] = numbers.view(np.bool_) if name in table.flags else numbers
    return found


def _aligned(file: BinaryIO) -> int:
    file.write(b"\0" * (-file.tell() % ALIGNMENT))
    return file.tell()


def _crc(seen: memoryview, begin: int, length: int) -> int:
    with seen[begin : begin + length] as part:
        return int(isal_zlib.crc32(part))
