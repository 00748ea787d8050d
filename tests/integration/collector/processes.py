"""The collector's two processes as they are in life: their own interpreters, killed and started again."""

import contextlib
import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

ROOT = Path(__file__).resolve().parents[3]
RECEIVER = """
import json, sys
from pathlib import Path
from collector.receiver import run
from collector.settings import CollectorSettings
run(CollectorSettings(**json.loads(sys.argv[2])), Path(sys.argv[1]))
"""
CONVERTER = """
import json, sys
from pathlib import Path
from collector.converter import run
from collector.settings import CollectorSettings
from collector.store.settings import RetentionSettings
from tests.unit.collector.spans import MAPPING, PROCESSES
run(CollectorSettings(**json.loads(sys.argv[2])), MAPPING, PROCESSES, Path(sys.argv[1]), RetentionSettings())
"""
T = TypeVar("T")


def wait_for(what: Callable[[], T | None], seconds: float = 30) -> T:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(OSError, ValueError):
            found = what()
            if found:
                return found
        time.sleep(0.05)
    raise AssertionError(f"waited {seconds} s in vain")


def get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return str(answer.read().decode())


@dataclass
class Process:
    """One of the two, over a data folder."""

    name: str
    code: str
    data: Path
    settings: dict[str, object] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> "Process":
        arguments = [sys.executable, "-c", self.code, str(self.data), json.dumps(self.settings)]
        self.stderr.parent.mkdir(parents=True, exist_ok=True)
        with self.stderr.open("ab") as stderr:
            self.process = subprocess.Popen(arguments, cwd=ROOT, stderr=stderr)
        return self

    @property
    def stderr(self) -> Path:
        return self.data / f"{self.name}.stderr"

    @property
    def port(self) -> int:
        """Where it listens, once it does."""
        assert self.process is not None

        def written() -> int | None:
            assert self.process is not None
            assert self.process.poll() is None, self.error()
            said = json.loads((self.data / "run" / f"{self.name}.json").read_text())
            return int(said["port"]) if said["pid"] == self.process.pid else None

        port = wait_for(written)
        wait_for(lambda: get(f"http://127.0.0.1:{port}/healthz") == "ok\n")
        return port

    def metric(self, line: str) -> float:
        """The value of the metric that `line` begins (name and labels)."""
        for each in get(f"http://127.0.0.1:{self.port}/metrics").splitlines():
            if each.startswith(line + " "):
                return float(each.rsplit(" ", 1)[1])
        return 0.0

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """Ask it to stop; gives its exit code."""
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(30)

    def error(self) -> str:
        return self.stderr.read_text()


@contextlib.contextmanager
def running(name: str, code: str, data: Path, **settings: object) -> Iterator[Process]:
    """A process that is gone afterwards."""
    each = Process(
        name, code, data, {"port": 0, "grpc_port": 0, "metrics_port": 0, "batch_seconds": 0.1, **settings}
    ).start()
    try:
        yield each
    finally:
        if each.process is not None and each.process.poll() is None:
            each.stop()


def receiver(data: Path, **settings: object) -> contextlib.AbstractContextManager[Process]:
    return running("receiver", RECEIVER, data, **settings)


def converter(data: Path, **settings: object) -> contextlib.AbstractContextManager[Process]:
    return running("converter", CONVERTER, data, **settings)
