"""The folder of a write-ahead log: its segment files, and how far it is synced.

A segment is named by the sequence number of its first record. `synced` holds the last sequence number that is safe on
disk: a reader goes no further, so nothing is converted that a power cut could take back.
"""

import contextlib
import itertools
import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from collector.wal.record import HEADER_BYTES, Record, decode, decode_header

SYNCED: Final = "synced"
_SYNCED: Final = struct.Struct("<Q")


@dataclass(frozen=True, slots=True)
class SegmentFile:
    """A segment file and the sequence number of its first record."""

    path: Path
    first: int


def segment_path(folder: Path, first: int) -> Path:
    """Where the segment that starts with `first` stands."""
    return folder / f"wal-{first:020}.log"


def segment_files(folder: Path) -> list[SegmentFile]:
    """All segments, oldest first."""
    found = []
    for path in folder.glob("wal-*.log"):
        digits = path.stem.removeprefix("wal-")
        if digits.isascii() and digits.isdecimal():
            found.append(SegmentFile(path, int(digits)))
    return sorted(found, key=lambda each: each.first)


def read_record(descriptor: int, offset: int, sequence: int) -> Record | None:
    """The record at `offset` if it is whole and carries `sequence`, else None."""
    header = decode_header(os.pread(descriptor, HEADER_BYTES, offset))
    if header is None or header.sequence != sequence:
        return None
    end = offset + HEADER_BYTES + header.length
    # A broken length must not make us read the world.
    if end > os.fstat(descriptor).st_size:
        return None
    return decode(header, os.pread(descriptor, header.length, offset + HEADER_BYTES))


def read_synced(folder: Path) -> int:
    """The last sequence number that is safe on disk; 0 before the first."""
    try:
        raw = (folder / SYNCED).read_bytes()
    except FileNotFoundError:
        return 0
    return int(_SYNCED.unpack(raw)[0]) if len(raw) == _SYNCED.size else 0


def pack_synced(sequence: int) -> bytes:
    """What the `synced` file holds."""
    return _SYNCED.pack(sequence)


def sync_folder(folder: Path) -> None:
    """Make created, renamed and deleted names of `folder` safe on disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def delete_covered(folder: Path, covered: int) -> int:
    """Delete segments all of whose records are at most `covered`, but never the newest; gives how many."""
    files = segment_files(folder)
    deleted = 0
    for file, following in itertools.pairwise(files):
        if following.first > covered + 1:
            break
        with contextlib.suppress(FileNotFoundError):
            file.path.unlink()
            deleted += 1
    return deleted
