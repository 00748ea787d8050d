"""Progress on stderr: what is being done, how much is left, how fast; only on a terminal, only for long work."""

import sys
import time
from types import TracebackType
from typing import Final, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from collector.vocabulary.languages import Language, text

PATIENCE: Final = 1.0
"""Seconds before anything is shown."""
_MB: Final = 1e6


class Meter:
    """A progress bar for a command of several stages. Does nothing where stderr is no terminal."""

    def __init__(self, stages: int, language: Language) -> None:
        self._language = language
        self._shown = sys.stderr.isatty()
        self._began = self._stage_began = time.monotonic()
        self._stages, self._stage, self._name = stages, 0, ""
        self._progress: Progress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._progress is not None:
            self._progress.stop()

    def stage(self, name: str) -> None:
        """The next stage begins; how long it takes is not known unless `bytes` tells."""
        self._stage += 1
        self._name = name
        self._stage_began = time.monotonic()
        self._show(0, 0)

    def bytes(self, done: int, total: int) -> None:
        """How far the stage has come."""
        self._show(done, total)

    def _show(self, done: int, total: int) -> None:
        if not self._shown or time.monotonic() - self._began < PATIENCE:
            return
        described = f"[{self._stage}/{self._stages}] {self._name}"
        if self._progress is None or self._task is None:
            self._progress = Progress(
                TextColumn("{task.description}", markup=False),
                BarColumn(bar_width=30),
                TextColumn("{task.fields[pace]}", markup=False),
                console=Console(stderr=True),
                transient=True,
            )
            self._task = self._progress.add_task(described, total=total or None, pace="")
            self._progress.start()
        pace = self._pace(done, total)
        self._progress.update(self._task, description=described, completed=done, total=total or None, pace=pace)

    def _pace(self, done: int, total: int) -> str:
        """What is done, how fast, and how much time is left."""
        if not total:
            return ""
        rate = done / max(time.monotonic() - self._stage_began, 1e-3)
        return text(
            self._language,
            "{done} of {total} MB, {rate} MB/s, {left} s left",
            done=f"{done / _MB:.1f}",
            total=f"{total / _MB:.1f}",
            rate=f"{rate / _MB:.1f}",
            left=round((total - done) / rate) if rate else "?",
        )
