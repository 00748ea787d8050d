"""Beginning a new segment before the old one is full, so that what is converted can be deleted.

Asked for by a file beside the segments: only the log's own writer may begin one.
"""

import asyncio
import contextlib
from pathlib import Path
from typing import Final

import structlog

from collector.vocabulary.errors import PermanentError
from collector.wal.folder import segment_files
from collector.wal.writer import WalWriter

_ASKED: Final = "rotate"
_LOOK_SECONDS: Final = 0.2

log = structlog.get_logger()


def ask_rotation(folder: Path) -> None:
    """Have the log's writer begin a new segment; where there is no writer, do it here."""
    files = segment_files(folder)
    if not files:
        return
    try:
        writer = WalWriter(folder, files[-1].path.stat().st_size)
    except PermanentError:
        (folder / _ASKED).touch()
        return
    try:
        writer.rotate_now()
    finally:
        asyncio.run(writer.close())


async def rotate_when_asked(wal: WalWriter, folder: Path) -> None:
    """Beside the server, until it is cancelled."""
    while True:
        await asyncio.sleep(_LOOK_SECONDS)
        if (folder / _ASKED).exists():
            try:
                await wal.rotate()
            except OSError as error:
                log.error("wal.rotation_failed", error=str(error))
                continue
            with contextlib.suppress(FileNotFoundError):
                (folder / _ASKED).unlink()
