"""The servers that are measured (Houtai's processes, rotel), and what the system says of their time and memory."""

import contextlib
import fcntl
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

import yaml

from collector.settings import MappingSettings, ProcessSettings
from collector.store import Store

ROTEL: Final = "0.0.1a15"
_TICK: Final = os.sysconf("SC_CLK_TCK")
T = TypeVar("T")


@dataclass(frozen=True)
class Server:
    """A server that takes OTLP/HTTP at `port`; `processes` by name."""

    port: int
    processes: dict[str, int]
    data: Path | None = None

    def cpu(self) -> float:
        """Seconds that its processes have had so far, in user and system mode."""
        return sum(map(cpu_seconds, self.processes.values()))

    def converted(self) -> int:
        """The last request that is in Parquet."""
        assert self.data is not None
        return Store(self.data).position()

    def spans(self) -> int:
        """Spans in Parquet."""
        assert self.data is not None
        return sum(each.rows for each in Store(self.data).segments("spans"))

    def events(self) -> int:
        """Events in Parquet."""
        assert self.data is not None
        return sum(each.rows for each in Store(self.data).segments("events"))

    def bytes_kept(self) -> int:
        """Bytes of the Parquet files of spans."""
        assert self.data is not None
        return sum(each.path.stat().st_size for each in Store(self.data).segments("spans"))


def cpu_seconds(pid: int) -> float:
    """User and system time of a process with all its threads, and of its children that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / _TICK


def peak_megabytes(pid: int) -> float:
    """The most that a process has had resident, in MB of 10^6 bytes."""
    line = next(each for each in Path(f"/proc/{pid}/status").read_text().splitlines() if each.startswith("VmHWM"))
    return int(line.split()[1]) * 1024 / 1e6


def wait_for(what: Callable[[], T | None], seconds: float = 120) -> T:
    """What `what` gives once that is something; TimeoutError after `seconds`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(OSError, ValueError, KeyError):
            if found := what():
                return found
        time.sleep(0.05)
    raise TimeoutError(f"waited {seconds} s in vain")


@contextlib.contextmanager
def houtai(
    command: str, data: Path, mapping: MappingSettings, processes: dict[str, ProcessSettings]
) -> Iterator[Server]:
    """`houtai receiver` or `houtai collector` (a receiver, a converter, who watches them) over the folder `data`.

    Everything is as it is by default but the ports and `mapping`: raw requests are kept encrypted, gRPC is open.
    """
    config = data.with_suffix(".yaml")
    written = {
        "processes": {name: each.model_dump(mode="json", exclude_defaults=True) for name, each in processes.items()},
        "mapping": mapping.model_dump(mode="json", exclude_defaults=True),
        "collector": {"port": 0, "grpc_port": 0, "metrics_port": 0},
    }
    config.write_text(yaml.safe_dump(written))
    names = ("receiver", "converter") if command == "collector" else ("receiver",)
    arguments = [sys.executable, "-m", "api.cli", command, "--config", str(config), "--data", str(data)]
    with _running(arguments, data.with_suffix(".log")) as pid:
        said = {name: wait_for(lambda name=name: json.loads((data / f"run/{name}.json").read_text())) for name in names}  # type: ignore[misc]
        pids = {name: int(each["pid"]) for name, each in said.items()}
        if pid not in pids.values():
            pids["supervisor"] = pid
        yield Server(_open_port(int(said["receiver"]["port"])), pids, data)


@contextlib.contextmanager
def rotel(folder: Path) -> Iterator[Server]:
    """rotel with its OTLP receiver and its black hole. Raises RuntimeError where it cannot be had."""
    program = _rotel_program()
    port, grpc = _free_port(), _free_port()
    arguments = [str(program), "start", "--exporter", "blackhole", "--otlp-http-endpoint", f"127.0.0.1:{port}"]
    arguments += ["--otlp-grpc-endpoint", f"127.0.0.1:{grpc}", "--pid-file", str(folder / "rotel.pid")]
    with _running(arguments, folder / "rotel.log") as pid:
        yield Server(_open_port(port), {"rotel": pid})


def _rotel_program() -> Path:
    """Its program, from the wheel; installed once a machine, beside everything else."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "houtai-bench" / f"rotel-{ROTEL}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        folder = Path(tempfile.mkdtemp(prefix="houtai-bench-"))
    program = folder / "rotel" / "rotel-agent"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not program.exists():
            pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
            done = subprocess.run(
                [*pip, "--only-binary", ":all:", "--target", str(folder), f"rotel=={ROTEL}"],
                capture_output=True,
                text=True,
            )
            if done.returncode:
                raise RuntimeError(f"rotel {ROTEL} cannot be installed: {done.stderr.strip().splitlines()[-1]}")
    try:
        subprocess.run([program, "version"], check=True, capture_output=True, timeout=30)
    except (OSError, subprocess.SubprocessError) as error:
        raise RuntimeError(f"rotel {ROTEL} does not run here: {error}") from error
    return program


@contextlib.contextmanager
def _running(arguments: list[str], said: Path) -> Iterator[int]:
    with said.open("wb") as output:
        process = subprocess.Popen(arguments, stdout=output, stderr=subprocess.STDOUT)
    try:
        yield process.pid
    except TimeoutError as error:
        error.add_note(said.read_text()[-2000:])
        raise
    finally:
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _open_port(port: int) -> int:
    """`port`, once somebody listens there."""

    def open_now() -> int:
        with socket.create_connection(("127.0.0.1", port), 1):
            return port

    return wait_for(open_now)
