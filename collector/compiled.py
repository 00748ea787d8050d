"""numba's cache, kept true."""

import contextlib
from pathlib import Path


def drop_stale(package: Path) -> None:
    """Delete the compiled code of a package's kernels where a source file of it is newer. Before they are imported.

    numba looks at the file of a kernel alone: after an update, one that calls into another file would go on with what
    stood there before.
    """
    sources = [path.stat().st_mtime for path in package.glob("*.py")]
    for index in package.glob("__pycache__/*.nbi"):
        with contextlib.suppress(OSError):
            if index.stat().st_mtime < max(sources):
                index.unlink()
