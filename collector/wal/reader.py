"""Follows a write-ahead log from a position, as another process writes it."""

import os
import time
from pathlib import Path
from typing import Final

import structlog

from collector.wal.folder import read_record, read_synced, segment_files
from collector.wal.record import HEADER_BYTES, Record, decode_header

log = structlog.get_logger()
_AHEAD: Final = 50_000
"""So many headers ahead of the reader are looked at to tell how much is waiting."""


class WalReader:
    """Gives the records after `position`, in order, up to what is synced; `position` moves with them.

    A bad record in the middle is told and counted in `lost`, and reading goes on with the next segment.
    """

    def __init__(self, folder: Path, position: int = 0) -> None:
        self._folder = folder
        self.position = position
        self.lost = 0
        self._descriptor, self._offset, self._first = -1, 0, 0

    def read(self, limit_bytes: int, limit_records: int = 1 << 30) -> list[Record]:
        """Records of at most `limit_bytes` in sum (at least one, where there is one)."""
        records: list[Record] = []
        total = 0
        synced = read_synced(self._folder)
        while self.position < synced and len(records) < limit_records:
            if self._descriptor < 0 and not self._open():
                break
            if self.position >= synced:
                break
            record = read_record(self._descriptor, self._offset, self.position + 1)
            if record is None:
                if not self._next_segment(synced):
                    break
                continue
            if records and total + len(record.body) > limit_bytes:
                break
            records.append(record)
            total += len(record.body)
            self._offset += HEADER_BYTES + len(record.body)
            self.position += 1
        return records

    def behind(self) -> tuple[int, float]:
        """(records, age in seconds of the oldest) that are synced but not yet read."""
        count = max(0, read_synced(self._folder) - self.position)
        if count == 0 or (self._descriptor < 0 and not self._open()):
            return 0, 0.0
        header = decode_header(os.pread(self._descriptor, HEADER_BYTES, self._offset))
        return count, max(0.0, time.time() - header.received / 1000) if header else 0.0

    def bytes_behind(self) -> int:
        """Bytes of records (with headers) synced but not yet read; at most as many records as are looked ahead."""
        synced = read_synced(self._folder)
        if self.position >= synced or (self._descriptor < 0 and not self._open()):
            return 0
        total, sequence, offset = 0, self.position, self._offset
        descriptor, opened = self._descriptor, -1
        try:
            while sequence < min(synced, self.position + _AHEAD):
                header = decode_header(os.pread(descriptor, HEADER_BYTES, offset))
                if header is None or header.sequence != sequence + 1:
                    following = [f for f in segment_files(self._folder) if f.first == sequence + 1]
                    if not following:
                        break
                    if opened >= 0:
                        os.close(opened)
                    descriptor = opened = os.open(following[0].path, os.O_RDONLY)
                    offset = 0
                    continue
                total += HEADER_BYTES + header.length
                offset += HEADER_BYTES + header.length
                sequence += 1
        finally:
            if opened >= 0:
                os.close(opened)
        return total

    def close(self) -> None:
        """Close the segment file. Idempotent."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _open(self) -> bool:
        """Open the segment that holds the next record and go to it."""
        files = segment_files(self._folder)
        if not files:
            return False
        if self.position + 1 < files[0].first:
            self._skip_to(files[0].first)
        file = [each for each in files if each.first <= self.position + 1][-1]
        self._descriptor, self._offset, self._first = os.open(file.path, os.O_RDONLY), 0, file.first
        sequence = file.first
        while sequence <= self.position:
            header = decode_header(os.pread(self._descriptor, HEADER_BYTES, self._offset))
            if header is None or header.sequence != sequence:
                break
            self._offset += HEADER_BYTES + header.length
            sequence += 1
        return True

    def _next_segment(self, synced: int) -> bool:
        """Go on in the segment behind this one; False where there is none yet."""
        later = [each for each in segment_files(self._folder) if each.first > max(self.position, self._first)]
        if not later:
            return False
        self.close()
        if later[0].first > self.position + 1:
            self._skip_to(min(later[0].first, synced + 1))
        return True

    def _skip_to(self, first: int) -> None:
        missing = first - 1 - self.position
        self.lost += missing
        log.error("wal.records_missing", first=self.position + 1, last=first - 1)
        self.position = first - 1
