"""What the disk alone takes, so that a wait for it is not laid at the collector's door."""

import os
import time
from pathlib import Path


def sync_seconds(folder: Path, size: int, each_second: float, seconds: float) -> list[float]:
    """How long `size` bytes with a bare fdatasync take, sorted; into a preallocated file, `each_second` times."""
    path = folder / "probe"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    taken = []
    try:
        count = int(each_second * seconds)
        os.posix_fallocate(descriptor, 0, size * count)
        os.fsync(descriptor)
        body = os.urandom(size)
        began = time.perf_counter()
        for number in range(count):
            time.sleep(max(0.0, began + number / each_second - time.perf_counter()))
            at = time.perf_counter()
            os.pwrite(descriptor, body, number * size)
            os.fdatasync(descriptor)
            taken.append(time.perf_counter() - at)
    finally:
        os.close(descriptor)
        path.unlink()
    return sorted(taken)
