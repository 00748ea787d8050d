"""Arena and report beside pm4py on the same log, in one run; prints seconds and ratios.

`python tests/bench/mining_speed.py [EVENTS]`. Ours: event batches to arena, then every figure of the report document.
pm4py's: the log as a data frame sorted, then directly-follows graph with gaps, start and end activities, variants:
less than the report holds. Both start from columns in memory; both are warm.
"""

import contextlib
import importlib
import io
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from collector.files import ReadOptions, read
from collector.vocabulary.schema import EVENT_SCHEMA
from mining.arena import Arena
from mining.build import build
from mining.config import ProcessConfig
from mining.kernels.warm import warm_up
from mining.reporting import report

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "real" / "bpi_challenge_2013_incidents.xes.gz"
STEPS = ("receive", "check", "ask back", "approve", "pack", "ship", "pay", "close")
LIKELY = (0.0, 1.0, 0.15, 0.5, 0.95, 0.98, 0.97, 1.0)
"""How often a case takes a step, in their order; `check` may be done again."""
CONFIG = ProcessConfig("order", "case")


def synthetic(events: int, seed: int = 1) -> list[pa.RecordBatch]:
    """About `events` events of a process with rework, people and hours, shuffled over cases as they would arrive."""
    generator = np.random.default_rng(seed)
    cases = events // 6
    taken = generator.random((cases, len(STEPS))) < np.array(LIKELY)
    taken[:, 0] = True
    times = np.where(taken, 1, 0)
    times[:, 1] += generator.geometric(0.8, cases) - 1
    case, step = (np.repeat(axis.ravel(), times.ravel()) for axis in np.indices(taken.shape))
    count = len(case)
    begun = np.repeat(generator.integers(0, 90 * 86_400, cases), np.bincount(case, minlength=cases))
    waited = (generator.lognormal(7.5, 1.5, count) * 1e6).astype(np.int64)
    firsts = np.flatnonzero(np.diff(case, prepend=-1))
    run = np.cumsum(waited)
    since = run - np.repeat(run[firsts], np.diff(np.append(firsts, count)))
    start = begun * 1_000_000 + since + 1_767_571_200_000_000
    end = start + np.minimum((generator.lognormal(4.5, 1.0, count) * 1e6).astype(np.int64), waited)
    arrival = np.argsort(end, kind="stable")
    staff = generator.integers(0, 120, count)
    ids = pa.array([f"{number:012}" for number in range(count)])
    kind = EVENT_SCHEMA.field("objects").type
    objects = pa.ListArray.from_arrays(
        pa.array(np.arange(count + 1, dtype=np.int32)),
        pa.StructArray.from_arrays(
            [
                pa.array(["case"]).take(pa.array(np.zeros(count, np.int64))),
                pa.array([f"order-{number:08}" for number in range(cases)]).take(pa.array(case[arrival])),
                pa.nulls(count, pa.string()),
            ],
            fields=list(kind.value_type),
        ),
        type=kind,
    )

    def words(codes: np.ndarray[tuple[int, ...], np.dtype[np.int64]], names: tuple[str, ...]) -> pa.Array:
        return pa.DictionaryArray.from_arrays(pa.array(codes[arrival].astype(np.int32)), pa.array(names))

    known = {
        "event_id": ids,
        "process": words(np.zeros(count, np.int64), ("order",)),
        "activity": words(step, STEPS),
        "start": pa.array(start[arrival]).cast(EVENT_SCHEMA.field("start").type),
        "end": pa.array(end[arrival]).cast(EVENT_SCHEMA.field("end").type),
        "actor_kind": words(np.zeros(count, np.int64), ("staff",)),
        "actor": words(staff, tuple(f"person-{number:03}" for number in range(120))),
        "role": words(staff % 7, tuple(f"role {number}" for number in range(7))),
        "system": words(step % 3, ("crm", "erp", "shop")),
        "outcome": words((staff == 7).astype(np.int64), ("ok", "error")),
        "objects": objects,
        "fields": pa.MapArray.from_arrays(
            pa.array(np.zeros(count + 1, np.int32)), pa.array([], "str"), pa.array([], "str")
        ),
    }
    columns: list[pa.Array] = [known.get(field.name, pa.nulls(count, field.type)) for field in EVENT_SCHEMA]
    batches: list[pa.RecordBatch] = pa.Table.from_arrays(columns, schema=EVENT_SCHEMA).to_batches(1 << 16)
    return batches


def frame(arena: Arena, batches: list[pa.RecordBatch]) -> pd.DataFrame:
    """The same events in order of arrival, as pm4py wants them."""
    cases = np.repeat(np.arange(arena.cases), np.diff(arena.offsets))
    arrival = np.argsort(np.array(arena.event_ids.to_pylist()), kind="stable")
    table = pa.Table.from_batches(batches)
    assert arena.events == len(table)
    return pd.DataFrame(
        {
            "case:concept:name": np.array(arena.case_ids.to_pylist(), object)[cases[arrival]],
            "concept:name": np.array(arena.activities, object)[arena.activity[arrival]],
            "start_timestamp": pd.to_datetime(arena.start[arrival], unit="us", utc=True),
            "time:timestamp": pd.to_datetime(arena.end[arrival], unit="us", utc=True),
        }
    )


def seconds(what: Callable[[], object]) -> float:
    """The faster of two runs; the first also brings caches and kernels in."""
    found = []
    for _ in range(2):
        began = time.perf_counter()
        what()
        found.append(time.perf_counter() - began)
    return min(found)


def compare(title: str, batches: list[pa.RecordBatch], process: str, leading: str) -> None:
    arena = build(batches, process, leading)
    data = frame(arena, batches)
    pm4py = importlib.import_module("pm4py")
    now = int(arena.end.max())

    def theirs() -> None:
        log = pm4py.format_dataframe(
            data, "case:concept:name", "concept:name", "time:timestamp", start_timestamp_key="start_timestamp"
        )
        pm4py.discover_dfg(log)
        pm4py.discover_performance_dfg(log)
        pm4py.get_variants(log)

    with contextlib.redirect_stdout(io.StringIO()):
        slow = seconds(theirs)
    building = seconds(lambda: build(batches, process, leading))
    reporting = seconds(lambda: report(arena, CONFIG, now, facts=()))
    print(f"{title}: {arena.events:,} events, {arena.cases:,} cases")
    print(f"  arena {building:.2f} s, report {reporting:.2f} s; pm4py {slow:.2f} s")
    print(f"  ratio pm4py / (arena + report): {slow / (building + reporting):.1f}")


def main(events: int) -> None:
    warnings.simplefilter("ignore")  # pm4py's
    with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):  # its banner
        importlib.import_module("pm4py")
    warm_up()
    compare("synthetic", synthetic(events), "order", "case")
    if SHARED.exists():
        compare(SHARED.name, list(read(SHARED, ReadOptions("log"))), "log", "case")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
