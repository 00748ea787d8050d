"""An arena in a file, so that a restart maps it instead of making it again.

The file is MAGIC, then sections one after the other, each at a multiple of ALIGNMENT: two Arrow IPC streams of one
record batch (columns of rows; columns of cases) and whatever the caller keeps along; then a table of contents (JSON:
what stands where, its CRC32, the words, constant columns, quality), its length and CRC32, and MAGIC again. Everything
is checked before anything is believed.
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
from mining.arena import WORDS, Arena, Quality
from mining.details import Details
from mining.dictionary import nothing

MAGIC: Final = b"HoutaiArena/1\n\0\0"
"""The number is the format's: a file of another one is made anew."""
ALIGNMENT: Final = 64
_TAIL: Final = struct.Struct(f"<QI{len(MAGIC)}s")
_TIMES: Final = ("start", "end", "enabled", "amount", "rows")
_ROWS, _CASES = "rows", "cases"


class Unusable(PermanentError):
    """There is no file, or one that is damaged, cut off, of another format or not ours: make the arena again."""


def save(arena: Arena, path: Path, more: Mapping[str, bytes] | None = None) -> None:
    """Write the arena, but for its details, and `more` by name; who reads `path` meanwhile sees the old or the new.

    A process killed on the way leaves the old file as it was. One writer a path. RetryableError where it can't be
    written.
    """
    fresh = path.with_name(path.name + ".new")
    try:
        with fresh.open("w+b") as file:
            _write(file, arena, more or {})
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


def load(path: Path, details: Details) -> tuple[Arena, dict[str, bytes]]:
    """The arena whose columns are views of the file, and what was kept along; `details` are what its `rows` mean.

    The file may be replaced by `save` while the arena is in use; it must not be written to. Raises Unusable.
    """
    try:
        with path.open("rb") as file:
            # Written to by nobody; but to numba's kernels an array that can't be written to is another type.
            whole = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
    except (OSError, ValueError) as error:  # mmap's own for an empty file
        raise Unusable(f"{path}: {getattr(error, 'strerror', None) or error}") from error
    try:
        return _read(whole, details)
    except (Unusable, ValueError, KeyError, TypeError, IndexError, struct.error, pa.ArrowException) as error:
        raise Unusable(f"{path}: {error}") from error


@dataclass(frozen=True)
class _Section:
    name: str
    begin: int
    length: int
    crc: int


def _write(file: BinaryIO, arena: Arena, more: Mapping[str, bytes]) -> None:
    columns: dict[str, npt.NDArray[Any]] = {name: getattr(arena, name) for name in _TIMES}
    columns |= {f"codes.{name}": arena.codes[name] for name in WORDS}
    columns["error"] = arena.error.view(np.uint8)
    # What `dictionary.nothing` made has no memory, and must have none when it comes back.
    constant = {n: c for n, c in columns.items() if c.strides == (0,) and len(c)}
    written = {name: pa.array(values) for name, values in columns.items() if name not in constant}
    file.write(MAGIC)
    places: list[tuple[str, int, int]] = []
    for name, table in (
        (_ROWS, written),
        (_CASES, {"last": pa.array(arena.offsets[1:]), "id": arena.case_ids}),
    ):
        begin = _aligned(file)
        batch = pa.record_batch(table)
        with pa.ipc.new_stream(file, batch.schema) as writer:
            writer.write_batch(batch)
        places.append((name, begin, file.tell() - begin))
    for name, raw in more.items():
        places.append((f"more.{name}", _aligned(file), len(raw)))
        file.write(raw)
    file.flush()
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as whole, memoryview(whole) as seen:
        sections = [_Section(name, begin, size, _crc(seen, begin, size)) for name, begin, size in places]
    contents = json.dumps(
        {
            "process": arena.process,
            "events": arena.events,
            "cases": arena.cases,
            "names": {name: arena.names[name] for name in WORDS},
            "constant": {name: [str(values.dtype), int(values[0])] for name, values in constant.items()},
            "quality": asdict(arena.quality),
            "sections": [asdict(section) for section in sections],
        }
    ).encode()
    file.write(contents)
    file.write(_TAIL.pack(len(contents), isal_zlib.crc32(contents), MAGIC))


def _read(whole: mmap.mmap, details: Details) -> tuple[Arena, dict[str, bytes]]:
    size = len(whole)
    if size < len(MAGIC) + _TAIL.size or whole[: len(MAGIC)] != MAGIC:
        raise Unusable("not a kept arena, or one of another format")
    length, crc, magic = _TAIL.unpack(whole[size - _TAIL.size :])
    begin = size - _TAIL.size - length
    if magic != MAGIC or begin < len(MAGIC):
        raise Unusable("a kept arena that breaks off")
    contents = whole[begin : begin + length]
    if isal_zlib.crc32(contents) != crc:
        raise Unusable("a kept arena whose table of contents is damaged")
    known = json.loads(contents)
    sections = [_Section(**each) for each in known["sections"]]
    with memoryview(whole) as seen:
        for each in sections:
            if each.begin + each.length > begin or _crc(seen, each.begin, each.length) != each.crc:
                raise Unusable(f"a kept arena whose section {each.name} is damaged")
    found = {each.name: each for each in sections}
    rows, cases = (_Columns(whole, found[name]) for name in (_ROWS, _CASES))
    events = int(known["events"])
    constant = {name: nothing(np.dtype(kind).type(value), events) for name, (kind, value) in known["constant"].items()}

    def column(name: str) -> npt.NDArray[Any]:
        return constant[name] if name in constant else rows.array(name)

    arena = Arena(
        process=known["process"],
        offsets=np.concatenate([np.zeros(1, np.int64), cases.array("last")]),
        case_ids=cases.batch.column("id"),
        codes={name: column(f"codes.{name}") for name in WORDS},
        names={name: tuple(known["names"][name]) for name in WORDS},
        error=column("error").view(np.bool_),
        details=details,
        quality=Quality(**{**known["quality"], "notes": tuple(known["quality"]["notes"])}),
        **{name: column(name) for name in _TIMES},
    )
    lengths = {len(values) for values in (*arena.codes.values(), arena.error, *(getattr(arena, n) for n in _TIMES))}
    counts = len(arena.case_ids), arena.cases
    if lengths != {events} or int(arena.offsets[-1]) != events or counts != (known["cases"], known["cases"]):
        raise Unusable("a kept arena whose columns do not fit together")
    kept = {name[5:]: bytes(whole[s.begin : s.begin + s.length]) for name, s in found.items() if name[:5] == "more."}
    return arena, kept


class _Columns:
    """The one record batch of a section."""

    def __init__(self, whole: mmap.mmap, section: _Section) -> None:
        self._whole, buffer = whole, pa.py_buffer(whole)
        self._base = buffer.address
        self.batch = pa.ipc.open_stream(buffer.slice(section.begin, section.length)).read_next_batch()

    def array(self, name: str) -> npt.NDArray[Any]:
        """A column of numbers as a view of the file."""
        column = self.batch.column(name)
        kind = column.type.to_pandas_dtype()
        values = column.buffers()[1]
        if not len(column):
            return np.empty(0, kind)
        return np.frombuffer(self._whole, kind, len(column), values.address - self._base)


def _aligned(file: BinaryIO) -> int:
    file.write(b"\0" * (-file.tell() % ALIGNMENT))
    return file.tell()


def _crc(seen: memoryview, begin: int, length: int) -> int:
    with seen[begin : begin + length] as part:
        return int(isal_zlib.crc32(part))
