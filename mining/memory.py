"""How much memory there is."""

import os
from pathlib import Path
from typing import Final

_LIMITS: Final = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def usable_memory() -> int:
    """Bytes of memory of the machine, or of its container where that has less."""
    found = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for name in _LIMITS:
        try:
            found = min(found, int(Path(name).read_text()))
        except (OSError, ValueError):  # another system, or no limit ("max")
            continue
    return found
