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
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.bench.support.figures import differences

Cost = dict[str, float]
Part = Callable[[Path, int], "list[Row]"]


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


def alive(log: Path, rounds: int) -> list[Row]:
    """Events that come while all the others are there."""
    late = Row("10 k shuffled events into all, CPU: rebuilding / taking them in", "x", 80, 400)
    cost = [Row("- taking them in", "CPU-ms"), Row("- rebuilding arena and summary", "CPU-s")]
    rate = Row("sustained taking-in with live summaries", "k events/CPU-s", 300, 2000)
    for _ in range(rounds):
        found = run("live", log)
        late.figures.append(found["rebuild"] / found["late"])
        cost[0].figures.append(1000 * found["late"])
        cost[1].figures.append(found["rebuild"])
        rate.figures.append(found["rate"] / 1000)
    return [late, *cost, rate]


def start(log: Path, rounds: int) -> list[Row]:
    """Until all events are there after a start."""
    cold = Row("arena ready from segments, with its summary", "s", 5, 3)
    mapped = Row("arena mapped from what was kept", "s", 0.5, 0.1)
    keeping = Row("- keeping it at the stop", "s")
    for _ in range(rounds):
        found = run("ready", log)
        cold.figures.append(found["cold"])
        mapped.figures.append(found["mapped"])
        keeping.figures.append(found["keeping"])
    return [cold, mapped, keeping]


PARTS: Final[tuple[Part, ...]] = (full_report, warm, alive, start)
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


def lines(log: Path, rounds: int, parts: Sequence[Part]) -> Iterator[str]:
    """The table in Markdown, a line as soon as it is known."""
    load = ", ".join(f"{figure:.1f}" for figure in os.getloadavg())
    yield f"Python {platform.python_version()}, {os.cpu_count()} cores, load average {load}, {rounds} rounds"
    yield "\n| | median | lowest - highest | at least / aim | |\n| --- | --- | --- | --- | --- |"
    for part in parts:
        for row in part(log, rounds):
            yield row.line()


def main() -> None:
    """Make the log, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=1_000_000, help="of the generated log; the table has 10000000")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--log", type=Path, help="a Parquet log with the columns of tests/bench/support/log.py")
    parser.add_argument("--only", choices=[part.__name__ for part in PARTS], help="one part of the table")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        log = given.log
        if log is None:
            log = Path(folder) / "log.parquet"
            call = [sys.executable, "-m", "tests.bench.support.log", str(log), "--events", str(given.events)]
            subprocess.run(call, check=True)
        wanted = [part for part in PARTS if given.only in (None, part.__name__)]
        for line in lines(log, given.rounds, wanted):
            print(line, flush=True)


if __name__ == "__main__":
    main()
