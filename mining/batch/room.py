"""Whether a log fits into memory, and into how many partitions it goes where it doesn't."""

import resource
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from collector.files.log import RawLog

MB: Final = 1 << 20
EVENT: Final = 400
"""Bytes an event takes in memory at the height of the work, findings looked for: measured, docs/scale.md."""
BASE: Final = 300 * MB
"""What libraries and compiled code take once they are loaded, and what reading takes at a time."""
PARTED: Final = 220
"""Bytes an event of a partition takes while it is summed."""
MOST_PARTITIONS: Final = 500
"""Files that are written at the same time."""
FACTORS: Final = {".parquet": 40, ".csv": 16, ".jsonl": 30, ".xes": 8, ".xlsx": 60, ".sqlite": 16}
"""Bytes in memory a byte of a file that is read whole becomes; measured."""
OTHER: Final = 16
PACKED: Final = 12
"""Bytes a byte of gzip becomes."""


@dataclass(frozen=True)
class Room:
    """Bytes a log needs and bytes there are."""

    needed: int
    free: int

    @property
    def enough(self) -> bool:
        """Whether the log fits."""
        return self.needed <= self.free


def room(path: Path, raw: RawLog | None, most: int | None = None) -> Room:
    """For the log in `path`, of which `raw` are the lines where it can be read in pieces.

    `most`: bytes the process may take together; None: what machine, container and limits leave.
    """
    left = free_memory() if most is None else min(free_memory(), max(most - _status("VmRSS"), 0))
    if raw is not None and raw.lines is not None:
        return Room(BASE + EVENT * raw.lines, left)
    endings = [each.lower() for each in path.suffixes]
    size = path.stat().st_size * (PACKED if endings[-1:] == [".gz"] else 1)
    kind = endings[-2] if endings[-1:] == [".gz"] and len(endings) > 1 else endings[-1] if endings else ""
    return Room(BASE + FACTORS.get(kind, OTHER) * size, left)


def partitions(lines: int, free: int) -> int:
    """How many partitions so that one of them takes a third of what is free."""
    each = max((free - BASE) // 3, 16 * MB)
    return min(max(-(-lines * PARTED // each), 2), MOST_PARTITIONS)


def free_memory() -> int:
    """Bytes this process can still take: of the machine, its container, its limits."""
    found = [_available()]
    for kind, used in ((resource.RLIMIT_AS, "VmSize"), (resource.RLIMIT_DATA, "VmData")):
        limit, _ = resource.getrlimit(kind)
        if limit != resource.RLIM_INFINITY:
            found.append(max(limit - _status(used), 0))
    return min(found + _of_groups())


def _of_groups() -> list[int]:
    """What the control groups of the process leave, from its own up to the outermost (cgroup v2, else v1)."""
    root = Path("/sys/fs/cgroup")
    try:
        own = [line.split(":", 2) for line in Path("/proc/self/cgroup").read_text().splitlines()]
    except OSError:
        return []
    found = []
    for number, controllers, place in own:
        if number != "0" and "memory" not in controllers.split(","):
            continue
        top, limit, usage = (
            (root, "memory.max", "memory.current")
            if number == "0"
            else (root / "memory", "memory.limit_in_bytes", "memory.usage_in_bytes")
        )
        folder = top / place.lstrip("/")
        for each in (folder, *folder.parents):
            if top in (each, *each.parents):
                most, used = _number(each / limit), _number(each / usage)
                if most is not None and used is not None:
                    found.append(max(most - used + _reclaimable(each), 0))
    return found


def _reclaimable(folder: Path) -> int:
    """File pages that count as used and are given back when somebody needs memory."""
    try:
        lines = (folder / "memory.stat").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("inactive_file "))


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text())
    except (OSError, ValueError):  # no such file, or no limit ("max")
        return None


def _available() -> int:
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        from mining.memory import usable_memory

        return usable_memory()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))


def _status(name: str) -> int:
    """A line of this process's status in bytes; 0 where the system doesn't say."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:")), 0)
