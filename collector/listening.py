"""Since when a collector on this machine has taken in all that was sent, by what its processes say of themselves."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

PROCESSES: Final = ("receiver", "converter")
GAP: Final = 90 * 1_000_000
"""µs between two looks in which a process may have been started again without anything being lost by it."""


class Listening:
    """Asked again and again by one thread; remembers when it last found a process away."""

    def __init__(self, data: Path, processes: Sequence[str] = PROCESSES) -> None:
        self._files = {name: data / "run" / f"{name}.json" for name in processes}
        self._known: dict[str, tuple[int, int, bool]] = {}
        """Per process: since when it listens, when it was last looked at, whether it ran then."""

    def __call__(self, now: int) -> int | None:
        """Since when all of them run (µs UTC), `now` where one does not; None where none has ever said so here.

        A process that was started again between two looks at most 90 s apart has lost nothing: senders try again.
        """
        for name, path in self._files.items():
            began = _began(path)
            since, looked, ran = self._known.get(name, (0, 0, False))
            if began is None:
                if looked:
                    self._known[name] = (now, now, False)
                continue
            if not (ran and now - looked <= GAP):
                since = max(since, began)
            self._known[name] = (since, now, True)
        return max((since for since, _, _ in self._known.values()), default=None)

    @property
    def away(self) -> tuple[str, ...]:
        """Those that did not run when it was last looked."""
        return tuple(name for name, (_, _, ran) in self._known.items() if not ran)


def _began(path: Path) -> int | None:
    """When the process of a run file began to serve (µs UTC); None where it does not run."""
    try:
        began = path.stat().st_mtime_ns // 1000
        os.kill(int(json.loads(path.read_text())["pid"]), 0)
    except PermissionError:
        return began
    except (OSError, ValueError, KeyError):
        return None
    return began
