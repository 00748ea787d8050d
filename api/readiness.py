"""Which snapshot is shown: the newest, or of a large log the newest whose groundwork is done."""

import os
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from mining.choosing import Choosable
from mining.live.knowledge import Snapshot

SMALL: Final = 300_000
"""Events of a log whose groundwork takes no time worth speaking of: it is done by the first who asks."""
STALE: Final = 60.0
"""Seconds after which nobody is shown an older snapshot; they wait for the newer one's groundwork."""
REST: Final = 4.0
"""Pause after the groundwork, in times of how long it took: so it takes a fifth of a processor at most."""


def _behind() -> None:
    """Let this thread, and those it starts, run behind those that somebody waits for (Linux: a thread has its own)."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 5)


@dataclass(frozen=True)
class Ready:
    """A snapshot that can be asked for any choice of its cases."""

    snapshot: Snapshot
    choosable: Choosable
    at: float
    took: float


class Readiness:
    """Does the groundwork of large logs beside the requests, one log at a time, and only where somebody asks."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._ready: dict[str, Ready] = {}
        self._before: dict[str, Ready] = {}
        self._coming: dict[str, Future[Ready]] = {}
        self._pool = ThreadPoolExecutor(1, "groundwork", _behind)

    def of(self, newest: Snapshot) -> Ready:
        """The newest snapshot of the process that is ready, `newest` if need be."""
        process = newest.config.process
        small = newest.arena.events <= SMALL
        with self._lock:
            known, coming = self._ready.get(process), self._coming.get(process)
            if known is not None and known.snapshot is newest:
                return known
            age = 0.0 if known is None else self._clock() - known.at
            if coming is None and not small and (known is None or age >= min(REST * known.took, STALE)):
                coming = self._coming[process] = self._pool.submit(self._work, newest)
        if small:
            return self._work(newest)
        if known is not None and age < STALE:
            return known
        assert coming is not None
        return coming.result()

    def choosable(self, snapshot: Snapshot) -> Choosable:
        """The groundwork of this very snapshot, which a request may still hold when a newer one is ready."""
        process = snapshot.config.process
        with self._lock:
            for known in (self._ready.get(process), self._before.get(process)):
                if known is not None and known.snapshot is snapshot:
                    return known.choosable
        return Choosable(snapshot.arena)

    def _work(self, snapshot: Snapshot) -> Ready:
        process, began = snapshot.config.process, self._clock()
        try:
            choosable = Choosable(snapshot.arena)
            done = Ready(snapshot, choosable, self._clock(), self._clock() - began)
            with self._lock:
                if process in self._ready:
                    self._before[process] = self._ready[process]
                self._ready[process] = done
            return done
        finally:
            with self._lock:
                self._coming.pop(process, None)
