"""Progress on stderr: what is being done, how much is left, how fast; only on a terminal, only for long work."""

import sys
import time
from types import TracebackType
from typing import Final, Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

PATIENCE: Final = 1.0
"""Seconds before anything is shown."""


class Meter:
    """A progress bar for a command of several stages. Does nothing where stderr is no terminal."""

    def __init__(self, stages: int) -> None:
        self._console = Console(stderr=True)
        self._shown = sys.stderr.isatty()
        self._began = time.monotonic()
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
        """The next stage begins."""
        self._stage += 1
        self._name = name
        self._show(0, 0)

    def bytes(self, done: int, total: int) -> None:
        """How far the stage has come."""
        self._show(done, total)

    def _show(self, done: int, total: int) -> None:
        if not self._shown or time.monotonic() - self._began < PATIENCE:
            return
        if self._progress is None:
            self._progress = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                DownloadColumn(),
                TransferSpeedColumn(),
                TimeRemainingColumn(),
                console=self._console,
                transient=True,
            )
            self._progress.start()
            self._task = self._progress.add_task("")
        if self._task is not None:
            described = f"[{self._stage}/{self._stages}] {self._name}".replace("[", r"\[", 1)
            self._progress.update(self._task, description=described, completed=done, total=total or None)
