"""How fast the API answers for filtered cases while events come in.

`python -m tests.bench.serving_speed [--events N] [--rate N] [--requests N]`

A live log takes in `--rate` events a second and is published as often as the miner would; beside it the real
application on granian, in the same process, is asked by one client for maps, variants, statistics, case lists, with
filters each that nobody has asked for before. Prints p50, p95 and the longest of each, and how late the taking-in was.
"""

import argparse
import itertools
import tempfile
import threading
import time
import urllib.parse
import urllib.request
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa

from collector.vocabulary.languages import LANGUAGES
from mining.builder import DETAILS
from mining.config import ProcessConfig
from mining.details import TableDetails
from mining.kernels.warm import warm_up
from mining.live.knowledge import Knowledge, Snapshot
from mining.live.log import LiveLog
from mining.live.miner import stand_back
from mining.live.register import Register
from mining.reporting import Counted, reports
from tests.bench.support import log as logs
from tests.bench.support import segments
from tests.integration.api import serving

CONFIG: Final = ProcessConfig(segments.PROCESS, segments.LEADING, end_activities=("Close order",))
EVERY: Final = 0.1
"""Seconds between batches."""
ASKED: Final = {
    "map": "map?",
    "map as svg": "map?format=svg&",
    "variants": "variants?limit=100&",
    "roles": "roles?",
    "handovers": "handovers?by=role&",
    "cases": "cases?limit=100&",
    "spectrum": "performance-spectrum?bucket=day&source=Pick goods&target=Pack goods&",
}


class Taking(threading.Thread):
    """Takes in batches at their time, and publishes now and then, as the miner does."""

    def __init__(
        self, followed: LiveLog[TableDetails], knowledge: Knowledge, batches: Iterator[pa.RecordBatch], pause: float
    ) -> None:
        super().__init__()
        self._followed, self._knowledge, self._batches = followed, knowledge, batches
        self._pause = pause
        self.stop = threading.Event()
        self.late: list[float] = []
        self.published: list[float] = []
        self.taken = 0

    def publish(self) -> None:
        began = time.monotonic()
        arena = self._followed.arena()
        counted = Counted.of(arena, self._followed.summary)
        documents = reports(arena, CONFIG, int(arena.end.max()), LANGUAGES, facts=(), counted=counted)
        now = time.time_ns() // 1000
        self._knowledge.publish({segments.PROCESS: Snapshot(CONFIG, arena, (), now, documents)}, now, 0.0)
        self.published.append(time.monotonic() - began)

    def run(self) -> None:
        stand_back()
        due = publish = time.monotonic()
        for batch in self._batches:
            if self.stop.wait(max(0.0, due - time.monotonic())):
                return
            self._followed.add(batch)
            self.taken += len(batch)
            self.late.append(time.monotonic() - due)
            due += EVERY
            if time.monotonic() >= publish:
                self.publish()
                publish = time.monotonic() + max(2.0, self._pause * self.published[-1])


def queries(seed: int = 3) -> Iterator[str]:
    """Filters, each different from all before; some keep few cases, some nearly all."""
    generator = np.random.default_rng(seed)
    for number in itertools.count():
        day = 5 + int(generator.integers(20))
        hour = f"{int(generator.integers(24)):02}:{int(generator.integers(60)):02}:{int(generator.integers(60)):02}Z"
        since = f"from=2026-01-{day:02}T{hour}"
        activity = logs.ACTIVITIES[int(generator.integers(len(logs.ACTIVITIES)))]
        yield (
            f"{since}&activity={activity}",
            f"{since}&role={logs.ROLES[int(generator.integers(len(logs.ROLES)))]}",
            f"min_hours={number / 7:.3f}",
            f"{since}&path_from=Pick goods&path_to=Pack goods&path=eventual",
            f"{since}&without={activity}",
        )[number % 5]


def ask(address: str) -> float:
    began = time.monotonic()
    with urllib.request.urlopen(urllib.parse.quote(address, safe=":/?&="), timeout=60) as answer:
        answer.read()
    return time.monotonic() - began


def measure(events: int, rate: int, requests: int, pause: float) -> None:
    warm_up()
    size = max(1, round(rate * EVERY))
    first = 0
    batches: list[pa.RecordBatch] = []
    for table in logs.tables(events + max(rate * 240, 1)):
        for batch in table.combine_chunks().to_batches():
            batches.append(segments.events(batch, first))
            first += len(batch)
    known = TableDetails(pa.Table.from_batches(batches).select(list(DETAILS)))
    followed = LiveLog(segments.PROCESS, segments.LEADING, known)
    began, left = time.monotonic(), events
    rest: list[pa.RecordBatch] = []
    for batch in batches:
        if left:
            followed.add(batch.slice(0, left))
        rest += [batch.slice(at, size) for at in range(min(left, len(batch)), len(batch), size)]
        left -= min(left, len(batch))
    print(f"{events:,} events taken in within {time.monotonic() - began:.1f} s", flush=True)
    knowledge = Knowledge()
    taking = Taking(followed, knowledge, iter(rest), pause)
    taking.publish()
    with tempfile.TemporaryDirectory() as folder, serving.served(application(Path(folder), knowledge)) as address:
        taking.start()
        took: dict[str, list[float]] = defaultdict(list)
        asked = queries()
        ask(f"{address}/api/v1/processes/{segments.PROCESS}/map")
        for number in range(requests):
            name = list(ASKED)[number % len(ASKED)]
            took[name].append(ask(f"{address}/api/v1/processes/{segments.PROCESS}/{ASKED[name]}{next(asked)}"))
            took["healthz"].append(ask(f"{address}/healthz"))
        taking.stop.set()
        taking.join()
    everything = [second for name, each in took.items() if name != "healthz" for second in each]
    for name, seconds in {**took, "all but healthz": everything}.items():
        print(f"{name:16} {told(seconds)}")
    print(f"batch done after its time: {told(taking.late)}; {taking.taken:,} events")
    print(f"published {len(taking.published)} times, {told(taking.published)}")


def application(folder: Path, knowledge: Knowledge) -> Any:
    return serving.application(folder, lambda register: _remember(register, knowledge))


def _remember(_: Register, knowledge: Knowledge) -> Knowledge:
    return knowledge


def told(seconds: list[float]) -> str:
    p50, p95, most = (1000 * np.quantile(seconds, share) for share in (0.5, 0.95, 1))
    return f"p50 {p50:7.0f} ms   p95 {p95:7.0f} ms   longest {most:7.0f} ms   of {len(seconds)}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--rate", type=int, default=5_000)
    parser.add_argument("--requests", type=int, default=210)
    parser.add_argument("--pause", type=float, default=2.0, help="after publishing, in times of how long it took")
    given = parser.parse_args()
    measure(given.events, given.rate, given.requests, given.pause)
