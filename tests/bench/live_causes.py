"""How long until the causes of an event's waiting are shown while events come in.

`python -m tests.bench.live_causes [--events N] [--rate N] [--seconds N] [--log LOG]`

A store holds all but the last of a log's events; the real miner follows it, and the rest is committed once a second, as
the converter does. Prints how long after each commit a published state has its events, split by cause.
"""

import argparse
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from collector.store import Manifest, Store
from collector.store.manifest import Changes
from mining.config import ProcessConfig
from mining.kernels.warm import warm_up
from mining.live.knowledge import Knowledge
from mining.live.miner import Miner
from mining.live.register import Register
from mining.settings import MiningSettings
from tests.bench.support import log as logs
from tests.bench.support import segments

INTERVAL: Final = MiningSettings().interval_seconds


def rows(log: Path, count: int, first: int, size: int) -> Iterator[pa.RecordBatch]:
    """Events of the log from the `first` to the `count`-th, `size` at a time."""
    done = 0
    for batch in pq.ParquetFile(log).iter_batches(size):
        part = batch.slice(max(first - done, 0), max(count - max(done, first), 0))
        if len(part):
            yield segments.events(part, max(done, first))
        done += len(batch)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--rate", type=int, default=2_000)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--log", type=Path, help="a log of tests/bench/support/log.py, of that many events at least")
    given = parser.parse_args()
    warm_up()
    with tempfile.TemporaryDirectory() as folder:
        log = given.log or Path(folder) / "log.parquet"
        if given.log is None:
            logs.write_log(log, given.events)
        data = Path(folder) / "data"
        coming = given.rate * given.seconds
        before = (given.events - coming) // given.rate * given.rate
        manifest = Manifest(data)
        number = 0
        for batch in rows(log, before, 0, given.rate * 100):
            number += 1
            manifest.commit([("events", pa.Table.from_batches([batch]))], number, number, Changes())
        config = ProcessConfig(
            segments.PROCESS, segments.LEADING, ("Close order",), settings=MiningSettings(window_days=100_000)
        )
        knowledge = Knowledge()
        miner = Miner(Store(data), [config], knowledge, Register(f"sqlite:///{folder}/findings.sqlite"))
        stop = threading.Event()
        worker = threading.Thread(target=miner.run, args=(stop, INTERVAL))
        worker.start()
        shown = None
        while shown is None or shown.split is None:
            time.sleep(0.1)
            shown = knowledge.snapshot(segments.PROCESS)
        held = shown.arena.events
        print(f"{held:,} events are there; {given.rate:,} a second come for {given.seconds} s")
        waiting: list[tuple[int, float]] = []
        late: list[float] = []
        batches = rows(log, before + coming, before, given.rate)
        began = time.monotonic()
        for second in range(given.seconds + 30):
            while time.monotonic() < began + second:
                found = knowledge.snapshot(segments.PROCESS)
                while waiting and found is not None and found.split is not None and found.arena.events >= waiting[0][0]:
                    late.append(time.monotonic() - waiting.pop(0)[1])
                time.sleep(0.02)
            if second < given.seconds:
                batch = next(batches)
                number += 1
                manifest.commit([("events", pa.Table.from_batches([batch]))], number, number, Changes())
                held += len(batch)
                waiting.append((held, time.monotonic()))
            elif not waiting:
                break
        stop.set()
        worker.join()
        miner.close()
        manifest.close()
        p50, p95, most = np.quantile(late or [np.nan], [0.5, 0.95, 1])
        print(f"causes of new events are shown after {p50:.1f} s (median), {p95:.1f} s (p95), {most:.1f} s at most")
        if waiting:
            print(f"{len(waiting)} commits were never shown")


if __name__ == "__main__":
    main()
