"""A data folder inside the data folder, in which a second converter derives everything again."""

import contextlib
import os
import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final

from collector import skew
from collector.converter import Converter
from collector.converter.clocks import CORRECT
from collector.raw.archive import RawArchive
from collector.remapping.history import Plan, history, plan
from collector.settings import MappingSettings, ProcessSettings
from collector.store.manifest import Changes, Manifest, take_lock
from collector.store.store import Store
from collector.vocabulary.errors import PermanentError
from collector.wal import Encoding, Record, Signal
from collector.wal.folder import SYNCED, pack_synced, segment_path
from collector.wal.record import encode

CHUNK_BYTES: Final = 32 << 20
CHUNK_RECORDS: Final = 20_000
_FILLED: Final = 100_000
"""A gap of so many positions is filled with empty requests."""


class Staging:
    """One run over the history of `data` into `folder`. A run that was interrupted goes on where it was."""

    def __init__(
        self,
        data: Path,
        folder: Path,
        mapping: MappingSettings,
        processes: Mapping[str, ProcessSettings],
        chosen: Plan,
        archive: RawArchive | None,
    ) -> None:
        self.folder, self.plan = folder, chosen
        self._data, self._archive = data, archive
        (folder / "wal").mkdir(parents=True, exist_ok=True)
        # What is there from an interrupted run was not converted: it comes again.
        for path in (folder / "wal").glob("wal-*.log"):
            path.unlink()
        manifest = Manifest(folder)
        if manifest.position == 0 and chosen.start > 1:
            manifest.commit([], chosen.start, chosen.start - 1, Changes())
        # Clocks are set right as they are now.
        clocks = Store(data).state(skew.STATE) | Store(data).state(CORRECT)
        manifest.commit([], manifest.position + 1, manifest.position, Changes(state=clocks))
        self._now = 0
        _say_synced(folder / "wal", manifest.position)
        manifest.close()
        self._converter = Converter(mapping, processes, folder, clock=lambda: self._now)

    @property
    def position(self) -> int:
        """How far it is."""
        return self._converter.position

    def run(self, tell: Callable[[int], None] = lambda position: None) -> int:
        """Derive what there is above `position`; gives how many records that were. Tells the position."""
        chunk: list[Record] = []
        size = total = 0
        for record in self._whole(history(Store(self._data), self._archive, self.plan, self.position)):
            if chunk and record.sequence == self.plan.switch:
                total += self._convert(chunk)
                chunk, size = [], 0
            chunk.append(record)
            size += len(record.body) + 200
            if size >= CHUNK_BYTES or len(chunk) >= CHUNK_RECORDS:
                total += self._convert(chunk)
                tell(self.position)
                chunk, size = [], 0
        return total + self._convert(chunk)

    def skip_to(self, position: int) -> None:
        """Nothing more stands in the history up to `position` (records without a span, say)."""
        if self.position < position <= self.position + _FILLED:
            self._convert([_empty(number, self._now) for number in range(self.position + 1, position + 1)])

    def close(self) -> None:
        """Let go of the folder; it stays."""
        self._converter.close()

    def _whole(self, records: Iterable[Record]) -> Iterable[Record]:
        expected = self.position + 1
        for record in records:
            if record.sequence - expected <= _FILLED:
                for number in range(expected, record.sequence):
                    yield _empty(number, record.received)
            yield record
            expected = record.sequence + 1

    def _convert(self, records: list[Record]) -> int:
        if not records:
            return 0
        folder = self.folder / "wal"
        begin = 0
        while begin < len(records):
            end = begin + 1
            while end < len(records) and records[end].sequence == records[end - 1].sequence + 1:
                end += 1
            segment_path(folder, records[begin].sequence).write_bytes(b"".join(map(encode, records[begin:end])))
            begin = end
        _say_synced(folder, records[-1].sequence)
        # What comes from kept spans had its clocks set right when it came.
        self._converter.set_right(records[0].sequence >= self.plan.switch)
        # Time goes as it went: what waited then waits now.
        self._now = max(self._now, records[-1].received)
        while self._converter.reader.behind()[0]:
            self._converter.round()
        return len(records)


def open_staging(
    data: Path,
    name: str,
    mapping: MappingSettings,
    processes: Mapping[str, ProcessSettings],
    archive: RawArchive | None,
    since: int | None,
) -> Staging:
    """A new run; what others left behind is removed."""
    remove_left(data)
    return Staging(data, data / "staging" / name, mapping, processes, plan(Store(data), archive, since), archive)


def remove_left(data: Path, but: frozenset[str] = frozenset()) -> None:
    """Remove the folders of runs that nobody works on."""
    with contextlib.suppress(FileNotFoundError):
        for each in os.scandir(data / "staging"):
            if each.is_dir() and each.name not in but:
                try:
                    take_lock(Path(each.path)).close()
                except PermanentError:
                    continue
                shutil.rmtree(each.path, ignore_errors=True)


def _empty(number: int, received: int) -> Record:
    return Record(number, Signal.TRACES, Encoding.IDENTITY, received, b"")


def _say_synced(folder: Path, position: int) -> None:
    (folder / SYNCED).write_bytes(pack_synced(position))
