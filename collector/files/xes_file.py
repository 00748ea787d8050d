"""Reads XES (IEEE 1849): plain files at the speed of their bytes, all others with a full XML parser."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from collector.files.columns import XES
from collector.files.log import Progress, RawLog, ReadOptions
from collector.files.source import opened
from collector.files.xes_columns import Found
from collector.files.xes_tree import read_tree
from collector.vocabulary.languages import text

_WORTH_SCANNING: Final = 1 << 20
"""Bytes (a tenth of them where packed) from which on it pays to load the scanner."""


class XesReader:
    """`.xes`, `.xes.gz`. Attributes of a trace become columns that begin with `case:`; nested ones are left out."""

    endings: tuple[str, ...] = (".xes", ".xes.gz")

    def read(self, path: Path, options: ReadOptions, progress: Progress) -> RawLog:
        """The raw log; PermanentError names file and line where it breaks off, and a file with a DOCTYPE."""
        found = _scanned(path, options, progress)
        if found is None:
            with opened(path, options, progress) as file:
                found = read_tree(file, path, options)
        notes = []
        if found.unnamed:
            notes.append(
                text(
                    options.language, "{count} traces have no name: their position stands for it.", count=found.unnamed
                )
            )
        place: Callable[[int], str] = lambda i: text(options.language, "event {number}", number=i + 1)  # noqa: E731
        names, columns = found.ordered()
        return RawLog(path, names, columns, XES, place, tuple(notes))


def _scanned(path: Path, options: ReadOptions, progress: Progress) -> Found | None:
    """What the scanner reads; None where that does not pay, or the file is not plain."""
    with opened(path, options, progress) as file:
        size = path.stat().st_size * (10 if path.suffix.lower() == ".gz" else 1)
        if size < _WORTH_SCANNING:
            return None
        from collector.files.xes_plain import read_plain

        return read_plain(file)
