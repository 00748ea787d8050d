"""A child process that answers JSON lines and can be given up at any moment."""

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
import time
import weakref
from pathlib import Path
from typing import Any, Final

from collector.vocabulary.errors import RetryableError

ROOT: Final = Path(__file__).resolve().parents[2]


class Child:
    """One process running `module`. Its answers are read by a thread, so that waiting for them can end in time.

    Python's own modules are found as they are here; hashes are fixed so that the same question has the same answer.
    """

    def __init__(self, module: str, memory_bytes: int | None = None) -> None:
        environment = {**os.environ, "PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        found = [str(ROOT), *filter(None, [environment.get("PYTHONPATH")])]
        environment["PYTHONPATH"] = os.pathsep.join(found)
        arguments = [sys.executable, "-m", module, *([str(memory_bytes)] if memory_bytes is not None else [])]
        self._process = subprocess.Popen(
            arguments,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
            env=environment,
            # A Ctrl-C meant for the parent must not end it in the middle of a line.
            start_new_session=True,
        )
        weakref.finalize(self, _end, self._process)
        self._ended = False
        self._answers: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        threading.Thread(target=self._read, name=f"{module} answers", daemon=True).start()

    def ask(self, question: object) -> None:
        """Send a question. RetryableError where the process is gone."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(question) + "\n")
            self._process.stdin.flush()
        except (BrokenPipeError, OSError, ValueError) as error:
            raise RetryableError("the process that was asked has ended: ask again") from error

    def answer(self, until: float) -> dict[str, Any] | None:
        """The next answer; None where there is none by `until` (monotonic seconds) or the process has ended."""
        try:
            line = self._answers.get(timeout=max(0.0, until - time.monotonic()))
        except queue.Empty:
            return None
        self._ended = line is None
        found: dict[str, Any] | None = json.loads(line) if line else None
        return found

    @property
    def ended(self) -> bool:
        """Whether it ended by itself; to be asked where an answer stayed away."""
        return self._ended

    @property
    def gone(self) -> bool:
        """Whether there is no such process any more."""
        return self._process.poll() is not None

    def kill(self) -> None:
        """End it whatever it is doing."""
        _end(self._process)

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as answers:
            for line in answers:
                self._answers.put(line)
        self._answers.put(None)


def _end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()
    # What was still to be sent goes to nobody.
    with contextlib.suppress(OSError):
        if process.stdin is not None:
            process.stdin.close()
