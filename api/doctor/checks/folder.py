"""The data folder takes what comes."""

import os
import shutil
from collections.abc import Iterator
from typing import Final

from api.doctor.situation import Situation
from api.doctor.trouble import Trouble

DAYS: Final = 3.0
"""Room for fewer days of what comes in is worth a warning."""
_LEAST: Final = 1 << 30
_DAY: Final = 86_400_000_000
_MIB: Final = 1 << 20


def folder(seen: Situation) -> Iterator[Trouble]:
    """Missing, not writable, on a read-only or full disk, or full within days at the rate of the last day."""
    if seen.data.exists() and not seen.data.is_dir():
        yield _not_writable(seen, "it is a file")
        return
    there = next(each for each in (seen.data.absolute(), *seen.data.absolute().parents) if each.exists())
    if os.statvfs(there).f_flag & os.ST_RDONLY:
        yield Trouble(
            "folder",
            "critical",
            "The data folder {data} is on a disk that is mounted read-only: nothing more is taken in.",
            "mount it writable (`dmesg` says whether the disk is failing); the service goes on by itself.",
            {"data": seen.data},
        )
        return
    if not os.access(there, os.W_OK | os.X_OK):
        yield _not_writable(seen, "permission denied")
        return
    free = shutil.disk_usage(there).free
    reserve = 2 * seen.settings.collector.wal_segment_bytes
    a_day = _growth(seen)
    figures = {"free": f"{free / _MIB:,.0f} MiB", "day": f"{a_day / _MIB:,.0f} MiB", "data": seen.data}
    remedy = "make room, or keep less: retention.max_bytes, retention.raw_hours, retention.spans_days."
    if free < reserve:
        yield Trouble("folder", "critical", "The disk of {data} is full: {free} are free.", remedy, figures)
    elif free < _LEAST or (a_day and free < DAYS * a_day):
        what = "The disk of {data} is nearly full: {free} are free, and a day takes {day}."
        yield Trouble("folder", "warning", what, remedy, figures)


def _not_writable(seen: Situation, reason: str) -> Trouble:
    return Trouble(
        "folder",
        "critical",
        "The data folder {data} cannot be written to: {reason}.",
        "give the service's user the right to write there, or name another folder by --data.",
        {"data": seen.data, "reason": reason},
    )


def _growth(seen: Situation) -> int:
    """Bytes of a day: of the files of the last 24 hours in log, archive and segments."""
    total = 0
    for name in ("wal", "raw", "segments"):
        for path in (seen.data / name).glob("*"):
            try:
                status = path.stat()
            except OSError:
                continue
            if status.st_mtime_ns // 1000 > seen.now - _DAY:
                total += min(status.st_size, status.st_blocks * 512)
    return total
