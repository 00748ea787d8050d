"""The collector's speed table, which stands with its story in docs/benchmarks.md.

`python tests/bench/collector_speed.py [--rounds N] [--seconds N] [--folder DIR]`

In one run, in turns: the receiver alone, rotel (OTLP in, black hole out, nothing durable), the whole collector
(receiver and converter, into Parquet), the same with OTLP/JSON, and how long acknowledgements take at 50 000 spans/s.
All are real processes with the same bodies. Time is what the system counted for the servers' processes, user and
system; the sender is a process of its own, its cost is in no figure. Starting and compiling are out by a first,
unmeasured round.
"""

import argparse
import contextlib
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.bench import load
from tests.bench.support import servers, traffic
from tests.bench.support.disk import sync_seconds
from tests.bench.support.sender import Form, Sent, send
from tests.bench.support.servers import Server, houtai, peak_megabytes, rotel, wait_for

OFFERED: Final = 50_000
JSON_CHUNKS: Final = 2
"""Of a round."""


@dataclass(frozen=True)
class Row:
    """One line of the table; `least` and `aim` are bounds from below, or from above where `aim` is the smaller."""

    name: str
    unit: str
    least: float | None = None
    aim: float | None = None
    figures: list[float] = field(default_factory=list)

    def line(self) -> str:
        """In Markdown."""
        if not self.figures:
            return f"| {self.name} | not measured | | {_goal(self)} | |"
        middle, low, high = statistics.median(self.figures), min(self.figures), max(self.figures)
        spread = f"{_number(low)} - {_number(high)}"
        return f"| {self.name} | {_number(middle)} {self.unit} | {spread} | {_goal(self)} | {self.verdict(middle)} |"

    def verdict(self, middle: float) -> str:
        """Whether the median reaches what is wanted."""
        if self.least is None or self.aim is None:
            return ""
        sign = 1 if self.aim > self.least else -1
        if sign * middle >= sign * self.aim:
            return "aim reached"
        return "reached" if sign * middle >= sign * self.least else "**missed**"


class Table:
    """What is measured."""

    def __init__(self) -> None:
        a_second = "spans/CPU-s"
        self.receiver = Row("receiver: acknowledged and synced, gzip", a_second, 500_000, 900_000)
        self.memory = Row("receiver: most resident memory at full load", "MB", 300, 150)
        self.whole = Row("all the way into Parquet, all processes", a_second, 100_000, 400_000)
        self.whole_converter = Row("- the converter's part alone", a_second)
        self.rotel = Row(f"rotel {servers.ROTEL}: OTLP in, black hole out", a_second)
        self.ratio = Row("all the way / rotel", "x", 0.4, 1.5)
        self.receiver_ratio = Row("receiver / rotel", "x")
        self.json = Row("OTLP/JSON all the way, all processes", a_second, 40_000, 100_000)
        self.p99 = Row("acknowledgement at 50 000 spans/s offered, p99", "ms", 20, 10)
        self.p50 = Row("- p50", "ms")
        self.highest = Row("- the longest", "ms")
        self.late = Row("- of which the sender itself was late, p99", "ms")
        self.disk = Row("- a bare fdatasync of as many bytes just before, p99", "ms")

    def lines(self) -> Iterator[str]:
        """In Markdown."""
        yield "| | median | lowest - highest | at least / aim | |"
        yield "| --- | --- | --- | --- | --- |"
        for row in vars(self).values():
            yield row.line()


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=20.0, help="of offering 50 000 spans/s, each round")
    parser.add_argument("--folder", type=Path, help="where data folders are made; default: the system's for such")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        measure(Path(name), options.rounds, options.seconds)
    return 0


def measure(folder: Path, rounds: int, seconds: float) -> None:
    """All rounds; prints each, and the table of all."""
    offered = int(seconds * OFFERED / traffic.BATCH)
    each = max(4, -(-offered // (len(load.STEPS) * 11 * rounds)))
    print(f"{_machine(folder)}", flush=True)
    protobuf = traffic.chunks("protobuf", 1 + each * rounds)
    json = traffic.chunks("json", 1 + JSON_CHUNKS * rounds)
    for form, (sample, *_) in (("protobuf", protobuf), ("json", json)):
        size, packed = traffic.plain_bytes(sample) / traffic.CHUNK, sum(map(len, sample)) / traffic.CHUNK
        print(f"{form}: {size:.0f} bytes a span, {packed:.0f} packed")
    print(f"requests of {traffic.BATCH} spans of 12 attributes; {rounds} rounds of {each * traffic.CHUNK} spans")
    table = Table()
    with contextlib.ExitStack() as stack:
        alone = stack.enter_context(houtai("receiver", folder / "alone", load.MAPPING, load.PROCESSES))
        whole = stack.enter_context(houtai("collector", folder / "whole", load.MAPPING, load.PROCESSES))
        by_json = stack.enter_context(houtai("collector", folder / "json", load.MAPPING, load.PROCESSES))
        hole: Server | None = None
        try:
            hole = stack.enter_context(rotel(folder))
        except (RuntimeError, TimeoutError) as error:
            print(f"rotel is left out: {error}")
        _acknowledged(alone, protobuf[0])
        _converted(whole, "protobuf", protobuf[0])
        _converted(by_json, "json", json[0])
        if hole:
            _acknowledged(hole, protobuf[0])
        for number in range(rounds):
            here = [body for chunk in protobuf[1 + number * each :][:each] for body in chunk]
            here_json = [body for chunk in json[1 + number * JSON_CHUNKS :][:JSON_CHUNKS] for body in chunk]
            print(f"round {number + 1}, load average {os.getloadavg()[0]:.1f}", flush=True)
            # In turns, so that what else the machine does meets all of them.
            table.receiver.figures.append(_acknowledged(alone, here * 2))
            if hole:
                table.rotel.figures.append(_acknowledged(hole, here * 2))
            both, converter = _converted(whole, "protobuf", here)
            table.whole.figures.append(both)
            table.whole_converter.figures.append(converter)
            table.json.figures.append(_converted(by_json, "json", here_json)[0])
            if hole:
                table.ratio.figures.append(both / table.rotel.figures[-1])
                table.receiver_ratio.figures.append(table.receiver.figures[-1] / table.rotel.figures[-1])
        table.memory.figures.append(peak_megabytes(alone.processes["receiver"]))
        table.memory.figures.append(peak_megabytes(whole.processes["receiver"]))
        _check(whole, (1 + rounds * each) * traffic.CHUNK)
        _check(by_json, (1 + rounds * JSON_CHUNKS) * traffic.CHUNK)
    everything = [body for chunk in protobuf[1:] for body in chunk][:offered]
    for number in range(rounds):
        with houtai("collector", folder / f"offered-{number}", load.MAPPING, load.PROCESSES) as server:
            _converted(server, "protobuf", protobuf[0])
            disk = sync_seconds(folder, len(everything[0]), OFFERED / traffic.BATCH, seconds / 4)
            print(f"offering, round {number + 1}, load average {os.getloadavg()[0]:.1f}", flush=True)
            sent = send(server.port, "protobuf", everything, connections=32, each_second=OFFERED / traffic.BATCH)
            _wait_until_converted(server, len(protobuf[0]) + len(everything))
            _check(server, traffic.CHUNK + len(everything) * traffic.BATCH)
        print(f"  {_waits(sent)}")
        table.p99.figures.append(_quantile(sent.acknowledged, 0.99) * 1e3)
        table.p50.figures.append(_quantile(sent.acknowledged, 0.5) * 1e3)
        table.highest.figures.append(sent.acknowledged[-1] * 1e3)
        table.late.figures.append(_quantile(sent.late, 0.99) * 1e3)
        table.disk.figures.append(_quantile(disk, 0.99) * 1e3)
    print(*table.lines(), sep="\n", flush=True)


def _acknowledged(server: Server, bodies: list[bytes]) -> float:
    """Spans a CPU-second up to the acknowledgement."""
    before = server.cpu()
    sent = send(server.port, "protobuf", bodies)
    figure = len(bodies) * traffic.BATCH / (server.cpu() - before)
    name = next(iter(server.processes))
    print(f"  {name}: {figure:,.0f} spans/CPU-s, {len(bodies) * traffic.BATCH / sent.seconds:,.0f} spans/s", flush=True)
    return figure


def _converted(server: Server, form: Form, bodies: list[bytes]) -> tuple[float, float]:
    """Spans a CPU-second until the log is empty, and the same of the converter alone."""
    already = server.converted()
    before, converter = server.cpu(), servers.cpu_seconds(server.processes["converter"])
    began = time.perf_counter()
    send(server.port, form, bodies)
    _wait_until_converted(server, already + len(bodies))
    seconds = time.perf_counter() - began
    spans = len(bodies) * traffic.BATCH
    figure = spans / (server.cpu() - before)
    converter = spans / (servers.cpu_seconds(server.processes["converter"]) - converter)
    print(f"  {form} all the way: {figure:,.0f} spans/CPU-s, {spans / seconds:,.0f} spans/s", flush=True)
    return figure, converter


def _wait_until_converted(server: Server, position: int) -> None:
    wait_for(lambda: server.converted() >= position, 300)
    # What the round does after its commit belongs to it.
    time.sleep(0.3)


def _check(server: Server, spans: int) -> None:
    """Whoever is fast must be right, too."""
    assert server.spans() == spans, f"{spans} spans were acknowledged, {server.spans()} are in Parquet"
    wanted = spans // load.TRACE_SPANS
    print(f"  {spans} spans and {server.events()} of {wanted} events in Parquet", flush=True)


def _quantile(values: list[float], share: float) -> float:
    return values[min(len(values) - 1, int(len(values) * share))]


def _waits(sent: Sent) -> str:
    figures = [_quantile(sent.acknowledged, share) * 1e3 for share in (0.5, 0.99)]
    return f"p50 {figures[0]:.1f} ms, p99 {figures[1]:.1f} ms, max {sent.acknowledged[-1] * 1e3:.1f} ms"


def _number(value: float) -> str:
    return f"{value / 1000:,.0f} k" if value >= 10_000 else f"{value:.3g}"


def _goal(row: Row) -> str:
    return "" if row.least is None or row.aim is None else f"{_number(row.least)} / {_number(row.aim)}"


def _machine(folder: Path) -> str:
    model = next(
        (line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")),
        platform.processor(),
    )
    mounts = [line.split()[1:3] for line in _lines("/proc/mounts")]
    kind = max((m for m in mounts if str(folder).startswith(m[0])), key=lambda m: len(m[0]), default=["", "?"])[1]
    return f"{os.cpu_count()} cores, {model}, Python {platform.python_version()}, {platform.system()}, data on {kind}"


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines()


if __name__ == "__main__":
    sys.exit(main())
