"""The one writer of a write-ahead log: many requests share one write and one fdatasync."""

import asyncio
import contextlib
import errno
import fcntl
import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from collector.vocabulary.errors import PermanentError, RetryableError
from collector.wal.folder import (
    SYNCED,
    pack_synced,
    read_record,
    read_synced,
    segment_files,
    segment_path,
    sync_folder,
)
from collector.wal.record import HEADER_BYTES, Encoding, Record, Signal, encode_header

MAX_PENDING_BYTES: Final = 128 * 1024 * 1024
"""More than this not yet synced, and senders are asked to come back later."""
_MAX_PIECES: Final = 1024
"""Buffers to one pwritev (the system's limit): a header and a body each."""
_HEAL_SECONDS: Final = 1.0

log = structlog.get_logger()


@dataclass(slots=True)
class _Waiting:
    signal: Signal
    encoding: Encoding
    body: bytes
    done: "asyncio.Future[int]"


class WalWriter:
    """Appends records; opening it recovers what an earlier writer left.

    Recovery reads the newest segment, stops at the first bad record, sets aside what stands after it (it was never
    acknowledged, or the disk has lost it) and goes on behind the last good one. Raises PermanentError where another
    writer has the folder, OSError where the disk cannot be read.

    `failed` is set while a write or sync has gone wrong and the log could not yet go on. What was written then was not
    acknowledged and may or may not be on disk: it is cut off, and the next record begins a new segment.
    """

    def __init__(self, folder: Path, segment_bytes: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        sync_folder(folder.parent)
        self._folder, self._segment_bytes = folder, segment_bytes
        self._lock = (folder / "lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._lock.close()
            raise PermanentError(f"{folder}: another receiver is writing here") from error
        self._synced = os.open(folder / SYNCED, os.O_WRONLY | os.O_CREAT, 0o644)
        self._descriptor, self._offset, self._size, self._next = -1, 0, 0, 1
        self._recover()
        self._waiting: list[_Waiting] = []
        self._pending_bytes = 0
        self._wake = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="wal")
        self._task: asyncio.Task[None] | None = None
        self._closing = self._broken = False
        self._well = True
        self.failed = asyncio.Event()

    @property
    def last(self) -> int:
        """The last sequence number on disk; 0 before the first."""
        return self._next - 1

    async def append(self, signal: Signal, encoding: Encoding, body: bytes) -> int:
        """Gives the record's sequence number once it is safe on disk.

        Raises RetryableError where too much is waiting, the disk is full, or the log has failed.
        """
        if self._closing:
            raise RetryableError("the write-ahead log is closed")
        if self._pending_bytes + len(body) > MAX_PENDING_BYTES and self._pending_bytes:
            raise RetryableError("too many requests are waiting for the disk")
        waiting = _Waiting(signal, encoding, body, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        self._pending_bytes += len(body)
        if self._task is None:
            self._task = asyncio.create_task(self._commit())
        self._wake.set()
        # Shielded: a sender that goes away must not take its neighbours' write along.
        return await asyncio.shield(waiting.done)

    async def rotate(self) -> None:
        """Begin a new segment, unless the newest is empty. Raises OSError where the disk has no room for one."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self.rotate_now)

    def rotate_now(self) -> None:
        """The same, for a writer on which nothing else goes on."""
        if self._broken:
            self._heal()
        if self._descriptor >= 0 and self._offset > 0:
            self._rotate(HEADER_BYTES)

    async def close(self) -> None:
        """Write what is waiting, then close. Idempotent."""
        self._closing = True
        self._wake.set()
        if self._task is not None:
            await self._task
            self._task = None
        self._thread.shutdown()
        for name in ("_descriptor", "_synced"):
            if getattr(self, name) >= 0:
                os.close(getattr(self, name))
                setattr(self, name, -1)
        self._lock.close()

    async def _commit(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            if not self._waiting:
                if self._closing:
                    return
                self._wake.clear()
                await self._wait_for_work(loop)
                continue
            batch, self._waiting = self._waiting, []
            now = time.time_ns() // 1_000_000
            first = self._next
            records = [
                Record(first + number, each.signal, each.encoding, now, each.body) for number, each in enumerate(batch)
            ]
            error: OSError | None = None
            try:
                await loop.run_in_executor(self._thread, self._write, records)
            except OSError as failure:
                error = failure
            except Exception as failure:
                # Whatever it is: nobody may wait for ever, and what stands in the file is in doubt.
                log.exception("wal.write_failed")
                error, self._broken = OSError(errno.EIO, repr(failure)), True
            self._tell(error)
            self._pending_bytes -= sum(len(each.body) for each in batch)
            written = self._next - first
            for number, each in enumerate(batch):
                if each.done.done():
                    continue
                if number < written:
                    each.done.set_result(first + number)
                else:
                    each.done.set_exception(RetryableError(f"the disk does not take it: {error and error.strerror}"))
                    each.done.exception()  # its sender may be gone; then nobody else would look

    async def _wait_for_work(self, loop: asyncio.AbstractEventLoop) -> None:
        """Until there is something to write; a broken log looks in between whether the disk is well again."""
        if not self._broken:
            await self._wake.wait()
            return
        try:
            await asyncio.wait_for(self._wake.wait(), _HEAL_SECONDS)
        except TimeoutError:
            with contextlib.suppress(OSError):
                await loop.run_in_executor(self._thread, self._heal)
                self._tell(None)

    def _tell(self, error: OSError | None) -> None:
        """Say what has become of the disk, once for each turn."""
        if error is not None and (self._well or (self._broken and not self.failed.is_set())):
            log.error("wal.write_failed", error=str(error), failed=self._broken)
        elif error is None and not self._well:
            log.info("wal.well_again", position=self.last)
        self._well = error is None
        if self._broken:
            self.failed.set()
        else:
            self.failed.clear()

    def _heal(self) -> None:
        """Cut off what a failed write may have left behind the last safe record. OSError where the disk is not well."""
        if self._descriptor >= 0:
            # Never looked at: after a failed sync, the system may show as written what the disk does not have.
            os.ftruncate(self._descriptor, self._offset)
            os.fsync(self._descriptor)
            self._size = self._offset
        self._publish(self._next - 1)
        self._broken = False

    def _write(self, records: Sequence[Record]) -> None:
        """Runs in the log's thread. On return, `_next` counts what is safe; on OSError, too."""
        if self._broken:
            self._heal()
        place = 0
        while place < len(records):
            if self._descriptor < 0 or self._offset + HEADER_BYTES + len(records[place].body) > self._size:
                self._rotate(HEADER_BYTES + len(records[place].body))
            pieces: list[bytes] = []
            end = self._offset
            while place < len(records) and len(pieces) < _MAX_PIECES:
                record = records[place]
                if end + HEADER_BYTES + len(record.body) > self._size:
                    break
                # Not put together: a body is not copied.
                pieces += (encode_header(record), record.body)
                end += HEADER_BYTES + len(record.body)
                place += 1
            following = self._next + len(pieces) // 2
            try:
                _write_all(self._descriptor, pieces, self._offset, end - self._offset)
                os.fdatasync(self._descriptor)
                self._publish(following - 1)
            except OSError:
                self._broken = True
                raise
            self._offset, self._next = end, following

    def _rotate(self, needed: int) -> None:
        """Start a new segment, preallocated, so that a sync has no file size to write and the disk cannot fill up."""
        path = segment_path(self._folder, self._next)
        size = max(self._segment_bytes, needed)
        if self._descriptor >= 0 and self._offset == 0:
            # The newest segment is empty, but too small for this record.
            os.posix_fallocate(self._descriptor, 0, size)
            os.fsync(self._descriptor)
            self._size = size
            return
        # One of this name is what an attempt on a full disk has left: nothing of it is synced.
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o644)
        try:
            os.posix_fallocate(descriptor, 0, size)
            os.fsync(descriptor)
            sync_folder(self._folder)
        except OSError:
            os.close(descriptor)
            with contextlib.suppress(OSError):
                path.unlink()
            raise
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor, self._offset, self._size = descriptor, 0, size

    def _recover(self) -> None:
        files = segment_files(self._folder)
        if not files:
            # A log that was emptied by hand must not give sequence numbers out twice.
            self._next = read_synced(self._folder) + 1
            return
        newest = files[-1]
        self._descriptor = os.open(newest.path, os.O_RDWR)
        sequence, offset = newest.first, 0
        while (record := read_record(self._descriptor, offset, sequence)) is not None:
            offset += HEADER_BYTES + len(record.body)
            sequence += 1
        size = os.fstat(self._descriptor).st_size
        self._set_aside(newest.path, offset, size, sequence)
        # Cut and preallocate again: nothing old may stand behind the next record and look like one.
        os.ftruncate(self._descriptor, offset)
        size = max(self._segment_bytes, offset)
        try:
            os.posix_fallocate(self._descriptor, 0, size)
        except OSError as error:
            # Full: the next record finds out whether there is room for a new segment.
            log.error("wal.no_room", error=str(error))
            size = offset
        os.fsync(self._descriptor)
        self._offset, self._size, self._next = offset, size, sequence
        if sequence <= read_synced(self._folder):
            log.error("wal.lost_synced_records", first=sequence, last=read_synced(self._folder))
            # Their numbers may be in the manifest: go on behind them, in a segment of that name.
            self._next = read_synced(self._folder) + 1
            os.close(self._descriptor)
            self._descriptor = -1
            return
        self._publish(sequence - 1)

    def _set_aside(self, path: Path, offset: int, size: int, sequence: int) -> None:
        """Keep what stands behind the last good record, if it is more than empty space."""
        tail = os.pread(self._descriptor, size - offset, offset).rstrip(b"\0")
        if tail:
            kept = path.with_name(f"torn-{sequence:020}.bin")
            kept.write_bytes(tail)
            log.warning("wal.torn_tail", segment=path.name, offset=offset, bytes=len(tail), kept=kept.name)

    def _publish(self, sequence: int) -> None:
        packed = pack_synced(sequence)
        if os.pwrite(self._synced, packed, 0) != len(packed):
            raise OSError(errno.EIO, "the log's `synced` file was written in part")


def _write_all(descriptor: int, pieces: Sequence[bytes], offset: int, total: int) -> None:
    written = os.pwritev(descriptor, pieces, offset)
    if written < total:
        rest = memoryview(b"".join(pieces))
        while written < total:
            written += os.pwrite(descriptor, rest[written:], offset + written)
