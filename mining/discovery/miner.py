"""The inductive miner in a time box: the best model that was finished, and which share of the cases it stands for."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from collector.vocabulary.errors import PermanentError, RetryableError
from mining.discovery.process import Child
from mining.discovery.tree import Tree, read_tree

SHARES: Final = (0.2, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98, 1.0)
"""Which shares of the cases are tried, most frequent variants first, until the time is over."""
BOX: Final = 2.5
"""Seconds from asking to answering, the child being ready."""
GRACE: Final = 0.3
"""Seconds a child may take past its box before it is killed; by then it should have broken off by itself."""
START: Final = 30.0
"""Seconds that a child may take to be ready; it imports pm4py, some 2 s on a quiet core."""
Path = tuple[str, ...]


@dataclass(frozen=True)
class Discovered:
    """A process tree, and what it was made of."""

    tree: Tree
    noise: float
    """Threshold of the infrequent inductive miner (IMf); 0: the plain one (IM)."""
    cases: int
    """Cases whose variant was used, of `all_cases`."""
    variants: int
    """Variants used, of `all_variants`."""
    fitting: int | None
    """Cases that the model allows exactly; None where there was no time to look."""
    all_cases: int
    all_variants: int
    in_time: bool
    """Whether every variant was used before the time was over."""

    @property
    def coverage(self) -> float:
        """Share of cases whose variant was used, 0..1."""
        return self.cases / self.all_cases if self.all_cases else 1.0


class Discoverer:
    """Keeps one child with pm4py loaded. Any thread may ask; one question is worked on at a time.

    A child breaks off by itself when the time is over; one that does not is killed, and the next one starts at once;
    so does one in the place of a child that somebody else has ended.
    """

    def __init__(self, box: float = BOX) -> None:
        self.box = box
        self._asking = threading.Lock()
        self._child: _Starting | None = None

    def start(self) -> None:
        """Let a child load pm4py, so that the first question need not wait for it. Returns at once."""
        if self._child is None:
            self._child = _Starting()

    def close(self) -> None:
        """End the child."""
        with self._asking:
            if self._child is not None:
                self._child.kill()
                self._child = None

    def discover(self, variants: Mapping[Path, int], noise: float = 0.2) -> Discovered:
        """The model of the variants (path to cases); `noise` 0..1 (Leemans, Fahland, van der Aalst 2014, IMf).

        PermanentError for a threshold out of range. RetryableError where others keep the child busy, or where not
        even the model of the most frequent variants was finished in time.
        """
        if not 0 <= noise <= 1:
            raise PermanentError(f"noise: {noise} is not between 0 and 1")
        ranked = sorted(variants.items(), key=lambda v: (-v[1], v[0]))
        if not ranked:
            return Discovered(Tree(), noise, 0, 0, 0, 0, 0, True)
        if not self._asking.acquire(timeout=2 * self.box):
            raise RetryableError("a model is being discovered for somebody else: ask again in a few seconds")
        try:
            return self._discover(ranked, noise)
        finally:
            self._asking.release()

    def _discover(self, ranked: Sequence[tuple[Path, int]], noise: float) -> Discovered:
        if self._child is not None and self._child.gone:
            self._child = None
        self.start()
        assert self._child is not None
        child = self._child.ready()
        until = time.monotonic() + self.box + GRACE
        child.ask({"variants": ranked, "noise": noise, "shares": SHARES, "seconds": self.box})
        best: dict[str, Any] | None = None
        fits: int | None = None
        while (answer := child.answer(until)) is not None and "done" not in answer:
            if "tree" in answer:
                best = answer
            else:
                fits = answer["fits"]
        if answer is None:
            self._child.kill()
            self._child = None
            self.start()
        if best is None:
            raise RetryableError(
                f"discovering a model: not finished in {self.box:g} s; filter, so that fewer cases remain"
            )
        total = sum(cases for _, cases in ranked)
        complete = best["variants"] == len(ranked)
        found = read_tree(best["tree"])
        return Discovered(found, noise, best["cases"], best["variants"], fits, total, len(ranked), complete)


class _Starting:
    """A child that is told ready by its first answer."""

    def __init__(self, make: Callable[[], Child] = lambda: Child("mining.discovery.child")) -> None:
        self._child = make()
        self._is_ready = False

    def ready(self) -> Child:
        """The child once it can be asked; RetryableError where it cannot."""
        if not self._is_ready:
            if self._child.answer(time.monotonic() + START) is None:
                self.kill()
                raise RetryableError("pm4py could not be loaded: see `houtai doctor`")
            self._is_ready = True
        return self._child

    @property
    def gone(self) -> bool:
        return self._child.gone

    def kill(self) -> None:
        self._child.kill()
