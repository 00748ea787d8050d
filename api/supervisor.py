"""Starts the processes of a service, starts again what dies, and stops them in the order of the data."""

import ctypes
import fcntl
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import IO, Final

import structlog

from collector.running import open_folder
from collector.vocabulary.errors import PermanentError
from collector.vocabulary.languages import Language, text

WRONG_INPUT: Final = 2
"""Exit code of a process that must not be started again: its user has to change something."""
LONGEST_PAUSE: Final = 30.0
STOP_SECONDS: Final = 20.0
_PR_SET_PDEATHSIG: Final = 1

log = structlog.get_logger()


@dataclass(frozen=True)
class Child:
    """One process: its name and its command line."""

    name: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    """Beside what we have ourselves: secrets, which have no place on a command line."""


def child(
    name: str, config: Path | None, data: Path, extra: Sequence[str] = (), environment: Mapping[str, str] | None = None
) -> Child:
    """The process of the command `name`."""
    arguments = [sys.executable, "-m", "api.cli", name]
    if name == "demo":
        arguments += ["--state", str(data / "demo.json")]
    else:
        arguments += ["--data", str(data), *(["--config", str(config)] if config else [])]
    return Child(name, (*arguments, *extra), environment or {})


class _Running:
    """A child with its process, its failures and when it may be started again."""

    def __init__(self, spec: Child) -> None:
        self.spec = spec
        self.process: subprocess.Popen[bytes] | None = None
        self.failures = 0
        self.began = 0.0
        self.next_start = 0.0

    def start(self, extra: Sequence[str] = ()) -> None:
        self.began = time.monotonic()
        self.process = subprocess.Popen(
            [*self.spec.arguments, *extra],
            env={**os.environ, **self.spec.environment},
            preexec_fn=_die_with_parent,
        )

    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def stop(self) -> None:
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            log.warning("supervisor.killed", process=self.spec.name)
            self.process.kill()
            self.process.wait()


def supervise(children: Sequence[Child], data: Path, language: Language) -> int:
    """Run `children` until SIGTERM or SIGINT; gives the exit code.

    The demo starts when the receiver is ready. Raises PermanentError where the data folder can't be
    used or another service holds it.
    """
    open_folder(data)
    lock = _lock(data)
    _wait_for_orphans(data)
    stopped = False

    def stop(_signal: int, _frame: FrameType | None) -> None:
        nonlocal stopped
        stopped = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    running = [_Running(spec) for spec in children]
    announced = False
    code = 0
    try:
        while not stopped:
            code = _tend(running, data)
            if code:
                break
            if not announced and _all_ready(running, data):
                announced = True
                print(_where(running, data, language), flush=True)
            time.sleep(0.1)
    finally:
        for each in reversed([r for r in running if r.spec.name == "demo"]):
            each.stop()
        for each in [r for r in running if r.spec.name != "demo"]:
            each.stop()
        lock.close()
    return code


def _tend(running: Sequence[_Running], data: Path) -> int:
    for each in running:
        if each.alive() or time.monotonic() < each.next_start:
            continue
        if each.process is not None:
            status = each.process.returncode
            each.process = None
            if status == WRONG_INPUT:
                return WRONG_INPUT
            if each.spec.name == "demo" and status == 0:
                each.next_start = float("inf")
                continue
            each.failures = 0 if time.monotonic() - each.began > 60 else each.failures + 1
            pause = min(LONGEST_PAUSE, 0.2 * 2**each.failures)
            log.warning("supervisor.restart", process=each.spec.name, status=status, pause_seconds=pause)
            each.next_start = time.monotonic() + pause
            continue
        if each.spec.name == "demo":
            receiver = next(r for r in running if r.spec.name == "receiver")
            address = _address(receiver, data)
            if address is not None and _answers(address + "/healthz"):
                each.start(("--endpoint", address))
        else:
            each.start()
    return 0


def _all_ready(running: Sequence[_Running], data: Path) -> bool:
    probes = {"receiver": "/healthz", "miner": "/readyz"}
    for each in running:
        if each.spec.name not in probes:
            # A demo that has played to its end is not started again; it must not keep the rest from being announced.
            if not each.alive() and each.next_start != float("inf"):
                return False
            continue
        address = _address(each, data)
        if address is None or not _answers(address + probes[each.spec.name]):
            return False
    return True


def _address(each: _Running, data: Path, suffix: str = "") -> str | None:
    """Where the process listens, as it wrote itself; None until it has."""
    if each.process is None:
        return None
    try:
        written = json.loads((data / "run" / f"{each.spec.name}{suffix}.json").read_text())
    except (OSError, ValueError):
        return None
    if written.get("pid") != each.process.pid:
        return None
    host = str(written.get("host", "127.0.0.1"))
    host = "127.0.0.1" if host in ("0.0.0.0", "::") else host
    return f"http://{f'[{host}]' if ':' in host else host}:{written['port']}"


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return int(answer.status) == 200
    except urllib.error.HTTPError as error:
        # Where tokens are set we have none to show: that it asks for one must do.
        return error.code == 401
    except (urllib.error.URLError, OSError):
        return False


def _where(running: Sequence[_Running], data: Path, language: Language) -> str:
    addresses = {each.spec.name: _address(each, data) for each in running}
    lines = [text(language, "Houtai is ready.")]
    rows: list[tuple[str, str]] = []
    if pages := addresses.get("miner"):
        rows += [
            (text(language, "Pages"), f"{pages}/"),
            ("API", f"{pages}/api/v1/processes"),
            (text(language, "Metrics"), f"{pages}/metrics"),
        ]
    rows.append(("OTLP/HTTP", f"{addresses['receiver']}/v1/traces"))
    receiver = next(each for each in running if each.spec.name == "receiver")
    if grpc := _address(receiver, data, "-grpc"):
        rows.append(("OTLP/gRPC", grpc))
    rows.append((text(language, "Data folder"), str(data)))
    lines += [f"  {name:<12}{value}" for name, value in rows]
    if "demo" in addresses:
        lines.append(text(language, "The demo is sending its history; the pages fill within two minutes."))
    return "\n".join(lines)


def _lock(data: Path) -> IO[str]:
    file = (data / "lock").open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise PermanentError(f"{data}: another Houtai service is using this data folder") from error
    return file


def _wait_for_orphans(data: Path) -> None:
    """Processes of a supervisor that was killed finish what they have; until then ports and files are theirs."""
    end = time.monotonic() + STOP_SECONDS
    while time.monotonic() < end and any(_runs(path) for path in (data / "run").glob("*.json")):
        time.sleep(0.1)


def _runs(run_file: Path) -> bool:
    try:
        pid = int(json.loads(run_file.read_text())["pid"])
        return b"api.cli" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, ValueError, KeyError):
        return False


def _die_with_parent() -> None:
    """A supervisor that is killed takes its children along, so that the next one finds ports and files free."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    os.setpgid(0, 0)
