"""Work that requests ask for: each thing once, few at a time, and nobody waits for ever."""

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TooLate
from typing import Any, Final, TypeVar

from starlette.exceptions import HTTPException

T = TypeVar("T")
AT_ONCE: Final = 2
WAITING: Final = 24
"""Requests that may wait for their turn; the server has threads for some more, which answer what needs no work."""
PATIENCE: Final = 10.0
"""Seconds a request waits for its turn, or for what another one works on."""
RETRY_AFTER: Final = "5"


class Sharing:
    """Runs work in the threads that ask for it, `at_once` pieces at a time; work may ask for other work on its way."""

    def __init__(self, at_once: int = AT_ONCE, waiting: int = WAITING, patience: float = PATIENCE) -> None:
        self._turns = threading.BoundedSemaphore(at_once)
        self._seats = threading.BoundedSemaphore(at_once + waiting)
        self._patience = patience
        self._lock = threading.Lock()
        self._running: dict[Hashable, Future[Any]] = {}
        self._mine = threading.local()

    def run(self, key: Hashable, make: Callable[[], T]) -> T:
        """What `make` gives, or what it gives to somebody who asked with the same key a moment ago.

        503 with Retry-After where too many wait already, or the turn does not come in time.
        """
        if getattr(self._mine, "turn", False):
            return self._run(key, make)
        with self._lock:
            others: Future[T] | None = self._running.get(key)
        if not self._seats.acquire(blocking=False):
            raise busy()
        try:
            if others is not None:
                return self._result(others)
            if not self._turns.acquire(timeout=self._patience):
                raise busy()
            self._mine.turn = True
            try:
                return self._run(key, make)
            finally:
                self._mine.turn = False
                self._turns.release()
        finally:
            self._seats.release()

    def _run(self, key: Hashable, make: Callable[[], T]) -> T:
        """Whoever works has a turn, and waits only for others that have one: so the waiting ends."""
        with self._lock:
            others: Future[T] | None = self._running.get(key)
            if others is None:
                mine: Future[T] = Future()
                self._running[key] = mine
        if others is not None:
            return self._result(others)
        try:
            made = make()
        except BaseException as error:
            mine.set_exception(error)
            raise
        else:
            mine.set_result(made)
            return made
        finally:
            with self._lock:
                del self._running[key]

    def _result(self, others: Future[T]) -> T:
        try:
            return others.result(self._patience)
        except TooLate:
            if others.done():
                raise
            raise busy() from None


def busy() -> HTTPException:
    """What somebody gets who would wait too long."""
    return HTTPException(503, "too much is asked at once: try again in some seconds", {"Retry-After": RETRY_AFTER})
