"""Which rows of growing exports are in the store, so that none is taken in twice.

Each import leaves the identities of its new rows in `data/sources/rows/`. They count while its events do: once its file
is in the inbox or its key is in the manifest. What a killed import left behind counts for nothing and is removed.
"""

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa
import pyarrow.compute as pc

from collector.store.inbox import STATE, Inbox
from collector.store.store import Store
from collector.vocabulary.ids import stable_id
from collector.wal.folder import sync_folder


class KnownRows:
    """The rows known of one process. While it is open no other import of that process can look or add."""

    def __init__(self, data: Path, process: str, width: int) -> None:
        self._data, self._type = data, pa.binary(width)
        self._folder = data / "sources" / "rows" / stable_id(process)
        self._width = width

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._lock = (self._folder / "lock").open("w")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.close()

    def among(self, rows: pa.FixedSizeBinaryArray) -> pa.BooleanArray:
        """Which of `rows` are known."""
        known = pa.chunked_array([self._read(path) for path in self._counting()], self._type)
        return pc.is_in(rows, value_set=known.combine_chunks())

    def add(self, key: str, rows: pa.FixedSizeBinaryArray) -> None:
        """Remember the new rows of an import, before its file is put into the inbox under `key`."""
        partial = self._folder / f"{key}.partial"
        with partial.open("wb") as file:
            for row in rows.to_pylist():
                file.write(row)
            file.flush()
            os.fsync(file.fileno())
        partial.rename(self._folder / f"{key}.rows")
        sync_folder(self._folder)

    def _counting(self) -> list[Path]:
        found = sorted(self._folder.glob("*.rows"))
        # First the inbox, then the manifest: a file leaves the one only after it is in the other.
        inbox = Inbox(self._data)
        waits = {path for path in found if inbox.path(path.stem).exists()}
        taken = Store(self._data).state(STATE)
        counting = [path for path in found if path in waits or STATE + path.stem in taken]
        for path in set(found) - set(counting):
            path.unlink(missing_ok=True)
        return counting

    def _read(self, path: Path) -> pa.FixedSizeBinaryArray:
        raw = path.read_bytes()
        return pa.FixedSizeBinaryArray.from_buffers(self._type, len(raw) // self._width, [None, pa.py_buffer(raw)])
