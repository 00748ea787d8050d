"""The archive of raw requests: `data/raw/raw-<first>-<last>.bin`, the newest one `raw-<first>-open.bin`.

Blocks are appended by the one converter before its commit and never change, but for an erasure, which writes a file
anew. Others read while it goes on.
"""

import contextlib
import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from collector.raw.block import BLOCK_BYTES, FORMAT, HEAD_BYTES, BadBlock, Block, Sealer, parse, unseal
from collector.raw.key import key_id, load_key
from collector.vocabulary.errors import PermanentError
from collector.wal.folder import sync_folder
from collector.wal.record import Record

FILE_BYTES: Final = 64 * 1024 * 1024
FILE_MS: Final = 3_600_000
"""A file is closed when it holds so many bytes, or so much time: what is forgotten is forgotten by the file."""
BLOCK_LIMIT: Final = 16 * 1024 * 1024
_NAME: Final = re.compile(r"raw-(\d+)-(\d+|open)\.bin")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class RawFile:
    """A file of the archive. `last` is None while it grows."""

    path: Path
    first: int
    last: int | None


def open_archive(data: Path, hours: float, key_file: Path | None = None) -> "RawArchive | None":
    """The archive of `data`; None where none is kept (then what there was goes, and is told).

    Raises PermanentError where it cannot be read with the key.
    """
    if hours > 0:
        return RawArchive(data, load_key(data, key_file))
    files = list((data / "raw").glob("raw-*.bin"))
    for path in files:
        path.unlink(missing_ok=True)
    if files:
        log.warning("raw.removed", files=len(files), why="retention.raw_hours is 0")
    return None


class RawArchive:
    """The archive of a data folder. Only the converter adds, deletes and rewrites; anybody with the key reads.

    Raises PermanentError where the files there are of another key.
    """

    def __init__(self, data: Path, key: bytes) -> None:
        self._folder = data / "raw"
        self._cipher, self._head = AESGCM(key), FORMAT + key_id(key)
        self._sealer = Sealer(self._cipher, self._head)
        self._descriptor, self._offset, self._first, self._last = -1, 0, 0, 0
        self._oldest = self._newest = 0
        self._ready = False
        self._times: dict[str, int] = {}
        for file in self.files():
            with contextlib.suppress(FileNotFoundError), file.path.open("rb") as opened:
                head = opened.read(HEAD_BYTES)
                # A file whose beginning a crash has torn holds nothing yet: it is begun anew.
                begun = file.last is not None or parse(opened.read(BLOCK_BYTES)) is not None
                if begun and len(head) == HEAD_BYTES and head.startswith(FORMAT) and head != self._head:
                    raise PermanentError(
                        f"{file.path}: was written with another key than that of retention.raw_key_file; "
                        f"put that key back, or delete {self._folder}"
                    )

    def files(self) -> list[RawFile]:
        """All files, oldest first."""
        found = []
        for path in self._folder.glob("raw-*.bin"):
            if named := _NAME.fullmatch(path.name):
                found.append(RawFile(path, int(named[1]), None if named[2] == "open" else int(named[2])))
        return sorted(found, key=lambda each: each.first)

    def bytes(self) -> int:
        """The size of all files."""
        total = 0
        for each in self.files():
            with contextlib.suppress(FileNotFoundError):
                total += each.path.stat().st_size
        return total

    @property
    def first(self) -> int | None:
        """The first position that is kept; None in an empty archive."""
        return min((each.first for each in self.files()), default=None)

    @property
    def last(self) -> int:
        """The last position that is kept; 0 in an empty archive. For the writer: opens the newest file."""
        self._recover()
        return self._last

    def add(self, records: Sequence[Record]) -> None:
        """Keep `records` (ascending positions) and sync them; positions that are there already are left out."""
        self._recover()
        records = [each for each in records if each.sequence > self._last]
        sure = self._first, self._offset
        try:
            self._write(records)
        except OSError:
            # What is not synced must not count as kept when it comes again.
            if self._descriptor >= 0:
                with contextlib.suppress(OSError):
                    os.ftruncate(self._descriptor, sure[1] if sure[0] == self._first else 0)
            self.close()
            raise

    def _write(self, records: Sequence[Record]) -> None:
        begin = 0
        while begin < len(records):
            end, size = begin + 1, len(records[begin].body)
            while end < len(records) and size + len(records[end].body) <= BLOCK_LIMIT:
                size += len(records[end].body)
                end += 1
            self._append(records[begin:end])
            begin = end
        if records:
            os.fdatasync(self._descriptor)

    def records(self, after: int = 0) -> Iterator[Record]:
        """Records of positions above `after`, in order, as far as they are whole; what is added meanwhile, too.

        Raises BadBlock (a ValueError) where a block was changed.
        """
        again = True
        while again:
            again = False
            for file in self.files():
                if file.last is not None and file.last <= after:
                    continue
                try:
                    for block, sealed in _blocks(file.path, after):
                        yield from (
                            each for each in unseal(self._cipher, self._head, block, sealed) if each.sequence > after
                        )
                        after, again = block.last, True
                except FileNotFoundError:
                    # It has got its final name, or is forgotten: what follows is to be read after it, not before.
                    again = True
                    break

    def delete_before(self, ms: int) -> int:
        """Delete files all of whose records came before `ms` (since 1970); gives how many bytes."""
        freed = 0
        self._recover()
        for file in self.files():
            if self._newest_of(file) >= ms:
                break
            freed += self._delete(file)
        return freed

    def delete_oldest(self) -> int:
        """Delete the oldest file; gives how many bytes that were (0: there is none)."""
        self._recover()
        files = self.files()
        return self._delete(files[0]) if files else 0

    def rewrite(self, change: Callable[[Record], Record | None]) -> int:
        """Write every file anew in which `change` changes a record (or drops it: None); gives how many records.

        A crash leaves each file as it was, or as it should be.
        """
        self._recover()
        self._close()
        changed = 0
        for file in self.files():
            changed += self._rewrite_file(file, change)
        self._ready = False
        return changed

    def close(self) -> None:
        """Close the newest file. Idempotent."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
        self._ready = False

    def _append(self, records: Sequence[Record]) -> None:
        full = self._offset >= FILE_BYTES or records[-1].received - self._oldest >= FILE_MS
        if self._descriptor >= 0 and self._offset > HEAD_BYTES and full:
            self._close()
        if self._descriptor < 0:
            self._start(records[0].sequence)
        first, last = records[0].sequence, records[-1].sequence
        sealed = self._sealer.seal(records, first, last)
        # On an error the offset stays: what stands behind it is overwritten, or cut off by the next opening.
        written = 0
        while written < len(sealed):
            written += os.pwrite(self._descriptor, sealed[written:], self._offset + written)
        received = [each.received for each in records]
        self._oldest = min([self._oldest, *received]) if self._offset > HEAD_BYTES else min(received)
        self._newest = max([self._newest, *received]) if self._offset > HEAD_BYTES else max(received)
        self._offset += len(sealed)
        self._last = last

    def _start(self, first: int) -> None:
        if not self._folder.exists():
            self._folder.mkdir(parents=True)
            sync_folder(self._folder.parent)
        path = self._folder / f"raw-{first:020}-open.bin"
        self._offset, self._first = HEAD_BYTES, first
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        os.pwrite(self._descriptor, self._head, 0)
        os.fsync(self._descriptor)
        sync_folder(self._folder)
        self._oldest = self._newest = 0

    def _close(self) -> None:
        """Give the newest file its final name."""
        if self._descriptor < 0:
            return
        os.fsync(self._descriptor)
        os.close(self._descriptor)
        self._descriptor = -1
        path = self._folder / f"raw-{self._first:020}-open.bin"
        if self._offset == HEAD_BYTES:
            path.unlink(missing_ok=True)
        else:
            path.rename(self._folder / f"raw-{self._first:020}-{self._last:020}.bin")
        sync_folder(self._folder)

    def _recover(self) -> None:
        """Go to the end of the newest file; cut off what a crash left unfinished there."""
        if self._ready:
            return
        self.close()
        for path in self._folder.glob("*.partial"):
            path.unlink(missing_ok=True)
        self._ready, self._last, self._offset = True, 0, 0
        files = self.files()
        if not files:
            return
        newest = files[-1]
        if newest.last is not None:
            self._last = newest.last
            return
        self._last = max((each.last for each in files[:-1] if each.last is not None), default=0)
        self._descriptor = os.open(newest.path, os.O_RDWR)
        self._first, self._offset = newest.first, HEAD_BYTES
        self._oldest = self._newest = 0
        for block, sealed in _blocks(newest.path):
            try:
                unseal(self._cipher, self._head, block, sealed)
            except BadBlock:
                break
            first = self._offset == HEAD_BYTES
            self._oldest = block.oldest if first else min(self._oldest, block.oldest)
            self._newest = max(self._newest, block.newest)
            self._offset += BLOCK_BYTES + block.length
            self._last = block.last
        size = os.fstat(self._descriptor).st_size
        if size > self._offset:
            log.warning("raw.torn_tail", file=newest.path.name, offset=self._offset, bytes=size - self._offset)
        if size != self._offset:
            os.ftruncate(self._descriptor, self._offset)
            os.pwrite(self._descriptor, self._head, 0)
            os.fsync(self._descriptor)

    def _newest_of(self, file: RawFile) -> int:
        if file.last is None:
            return self._newest
        known = self._times.get(file.path.name)
        if known is None:
            known = max((block.newest for block in _headers(file.path)), default=0)
            self._times[file.path.name] = known
        return known

    def _delete(self, file: RawFile) -> int:
        if file.last is None:
            # Nothing is added twice: the name of what goes on says how far we were.
            self._close()
            self._ready = True
            file = RawFile(self._folder / f"raw-{file.first:020}-{self._last:020}.bin", file.first, self._last)
        try:
            size = file.path.stat().st_size
            file.path.unlink()
        except FileNotFoundError:
            return 0
        sync_folder(self._folder)
        return size

    def _rewrite_file(self, file: RawFile, change: Callable[[Record], Record | None]) -> int:
        changed, pieces = 0, [self._head]
        for block, sealed in _blocks(file.path):
            kept: list[Record] = []
            touched = 0
            for record in unseal(self._cipher, self._head, block, sealed):
                after = change(record)
                touched += after is not record
                if after is not None:
                    kept.append(after)
            changed += touched
            if not touched:
                pieces += [block.packed(), sealed]
            elif kept:
                pieces.append(bytes(self._sealer.seal(kept, block.first, block.last)))
        if not changed:
            return 0
        partial = file.path.with_suffix(".partial")
        with partial.open("wb") as opened:
            opened.writelines(pieces)
            opened.flush()
            os.fsync(opened.fileno())
        partial.replace(file.path)
        sync_folder(self._folder)
        self._times.pop(file.path.name, None)
        return changed


def _headers(path: Path) -> Iterator[Block]:
    """The headers of a file's whole blocks."""
    with path.open("rb", buffering=0) as file:
        size, offset = os.fstat(file.fileno()).st_size, HEAD_BYTES
        while (block := parse(os.pread(file.fileno(), BLOCK_BYTES, offset))) is not None:
            offset += BLOCK_BYTES + block.length
            if offset > size:
                return
            yield block


def _blocks(path: Path, after: int = 0) -> Iterator[tuple[Block, bytes]]:
    """Header and encrypted bytes of a file's whole blocks that reach beyond position `after`."""
    with path.open("rb", buffering=0) as file:
        offset = HEAD_BYTES
        while (block := parse(os.pread(file.fileno(), BLOCK_BYTES, offset))) is not None:
            begin, offset = offset + BLOCK_BYTES, offset + BLOCK_BYTES + block.length
            if block.last > after:
                sealed = os.pread(file.fileno(), block.length, begin)
                if len(sealed) < block.length:
                    return
                yield block, sealed
