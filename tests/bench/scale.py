"""How time and memory of `houtai mine` grow with the log: the table of docs/scale.md.

`python tests/bench/scale.py [--events N ..] [--memory MB]`

The command as a user types it, in a process of its own: from starting Python to the report on disk, findings and all.
Time is CPU of all threads and children, memory the most that was resident. With `--memory` the process gets no more
address space for data than that: it must do with it or say what to do, and not be killed.
"""

import argparse
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Cost:
    """Of one run: seconds, and megabytes."""

    cpu: float
    wall: float
    peak: float


def mine(log: Path, out: Path, megabytes: int | None = None) -> Cost:
    """`houtai mine log --json out`; SystemExit with what it said where it fails."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "api.cli", "mine", str(log), "--json", str(out)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        preexec_fn=None if megabytes is None else _limited(megabytes),
    )
    assert process.stderr is not None
    said = process.stderr.read().decode(errors="replace").strip()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"houtai mine ended with {process.returncode}: {said.splitlines()[-1] if said else ''}")
    return Cost(used.ru_utime + used.ru_stime, time.perf_counter() - began, used.ru_maxrss / 1024)


def _limited(megabytes: int) -> Callable[[], None]:
    size = megabytes << 20
    return lambda: resource.setrlimit(resource.RLIMIT_DATA, (size, size))


def main() -> None:
    """Make each log, mine it, print a line of the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, nargs="+", default=[250_000, 1_000_000], help="sizes of the logs")
    parser.add_argument("--memory", type=int, metavar="MB", help="limit of the process's data")
    given = parser.parse_args()
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f}\n")
    print("| events | Parquet | CPU | wall | CPU a million events | peak memory | bytes an event |")
    print("| --- | --- | --- | --- | --- | --- | --- |", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        log, out = Path(folder) / "log.parquet", Path(folder) / "report.json"
        for events in given.events:
            call = [sys.executable, "-m", "tests.bench.support.log", str(log), "--events", str(events)]
            subprocess.run(call, check=True, stdout=subprocess.DEVNULL)
            cost = mine(log, out, given.memory)
            print(
                f"| {events / 1e6:g} M | {log.stat().st_size / 1e6:.0f} MB | {cost.cpu:.1f} s | {cost.wall:.1f} s "
                f"| {cost.cpu / events * 1e6:.1f} s | {cost.peak:,.0f} MB | {cost.peak * 1024 * 1024 / events:.0f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
