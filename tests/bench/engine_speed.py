"""The engine's speed table, which stands with its story in docs/benchmarks.md.

`python tests/bench/engine_speed.py [--events N] [--rounds N] [--log FILE]`

In one run, in turns, each side in a process of its own, on the same generated log: Houtai, and pm4py with pandas doing
the same. Time is CPU (user and system, all threads and children), memory the most that was resident. Importing and
loading compiled code is out of the first row and in the second. The run fails where the two sides' figures differ.
"""

import argparse
import json
import os
import pickle
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.bench.support.figures import differences

Cost = dict[str, float]


@dataclass
class Row:
    """One line of the table. `least` and `aim` are bounds from below, or from above where `aim` is the smaller."""

    name: str
    unit: str
    least: float | None = None
    aim: float | None = None
    figures: list[float] = field(default_factory=list)

    def line(self) -> str:
        """In Markdown."""
        middle = statistics.median(self.figures)
        spread = f"{min(self.figures):.3g} - {max(self.figures):.3g}"
        goal = "" if self.least is None else f"{self.least:g} / {self.aim:g}"
        return f"| {self.name} | {middle:.3g} {self.unit} | {spread} | {goal} | {self.verdict(middle)} |"

    def verdict(self, middle: float) -> str:
        """Whether the median reaches what is wanted."""
        if self.least is None or self.aim is None:
            return ""
        sign = 1 if self.aim > self.least else -1
        if sign * middle >= sign * self.aim:
            return "aim reached"
        return "reached" if sign * middle >= sign * self.least else "**missed**"


def full_report(log: Path, rounds: int) -> list[Row]:
    """Parquet to the full exact report; fails where the two sides' figures are not equal."""
    work = Row("Parquet to full report, CPU: pm4py + pandas / Houtai", "x", 20, 40)
    whole = Row("- with importing and loading compiled code on both sides", "x")
    memory = Row("- peak memory: pm4py + pandas / Houtai", "x", 2, 4)
    ours = [Row("- Houtai", "CPU-s"), Row("- Houtai, wall", "s"), Row("- Houtai, peak", "MB")]
    theirs = [Row("- pm4py + pandas", "CPU-s"), Row("- pm4py + pandas, peak", "MB")]
    with tempfile.TemporaryDirectory() as folder:
        for number in range(rounds):
            wanted = [Path(folder) / side if number == 0 else None for side in ("ours", "theirs")]
            mine, other = (
                run(side, log, place) for side, place in zip(("houtai_report", "pandas_report"), wanted, strict=True)
            )
            work.figures.append(other["cpu"] / mine["cpu"])
            whole.figures.append(other["whole"] / mine["whole"])
            memory.figures.append(other["peak"] / mine["peak"])
            for row, name in zip(ours, ("cpu", "wall", "peak"), strict=True):
                row.figures.append(mine[name])
            for row, name in zip(theirs, ("cpu", "peak"), strict=True):
                row.figures.append(other[name])
        found = differences(*(pickle.loads((Path(folder) / side).read_bytes()) for side in ("ours", "theirs")))
    if found:
        raise SystemExit(f"the two sides differ in {len(found)} figures: " + "; ".join(found[:5]))
    return [work, whole, memory, *ours, *theirs]


def warm(log: Path, rounds: int) -> list[Row]:
    """What is asked again and again of an arena in memory."""
    again = Row("warm report", "s", 1.5, 0.5)
    graph = Row("directly-follows, CPU: pm4py on its prepared frame / Houtai on the arena", "x", 500, 1000)
    kernel = Row("- Houtai", "CPU-ms")
    for _ in range(rounds):
        mine, other = run("houtai_warm", log), run("pandas_warm", log)
        again.figures.append(mine["report"])
        graph.figures.append(other["graph"] / mine["graph"])
        kernel.figures.append(1000 * mine["graph"])
    return [again, graph, kernel]


PARTS: Final[tuple[Callable[[Path, int], list[Row]], ...]] = (full_report, warm)
"""The table, part by part."""


def run(side: str, log: Path, figures: Path | None = None) -> Cost:
    """What one side cost by its own account, and as `whole` what the system counted for its process."""
    call = [sys.executable, "-m", "tests.bench.support.engine_sides", side, str(log)]
    process = subprocess.Popen([*call, *([str(figures)] if figures else [])], stdout=subprocess.PIPE)
    assert process.stdout is not None
    told: Cost = json.loads(process.stdout.read() or "null")
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{side} ended with {process.returncode}")
    # Handing the figures over is no part of the work.
    told["whole"] = told["start_up"] + told["cpu"] if "cpu" in told else usage.ru_utime + usage.ru_stime
    return told


def lines(log: Path, rounds: int) -> Iterator[str]:
    """The table in Markdown, a line as soon as it is known."""
    load = ", ".join(f"{figure:.1f}" for figure in os.getloadavg())
    yield f"Python {platform.python_version()}, {os.cpu_count()} cores, load average {load}, {rounds} rounds"
    yield "\n| | median | lowest - highest | at least / aim | |\n| --- | --- | --- | --- | --- |"
    for part in PARTS:
        for row in part(log, rounds):
            yield row.line()


def main() -> None:
    """Make the log, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=1_000_000, help="of the generated log; the table has 10000000")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--log", type=Path, help="a Parquet log with the columns of tests/bench/support/log.py")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        log = given.log
        if log is None:
            log = Path(folder) / "log.parquet"
            call = [sys.executable, "-m", "tests.bench.support.log", str(log), "--events", str(given.events)]
            subprocess.run(call, check=True)
        for line in lines(log, given.rounds):
            print(line, flush=True)


if __name__ == "__main__":
    main()
