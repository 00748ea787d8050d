"""One side of a row of engine_speed.py, in a process of its own: what it costs goes to standard output as JSON.

`python -m tests.bench.support.engine_sides SIDE LOG [FIGURES]`. Importing, and loading what numba has compiled, come
before the work: what they cost is told apart.
"""

import contextlib
import importlib
import io
import json
import pickle
import resource
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

Result = dict[str, float]


def cpu() -> float:
    """Seconds of all threads of this process and of its children that ended, user and system."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def peak_megabytes() -> float:
    """Most resident memory so far: of this program (what forked it is not counted), or its largest child if larger."""
    status = Path("/proc/self/status").read_text()
    mine = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
    return max(mine, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) / 1024


def measured(what: Callable[[], Any]) -> tuple[Result, Any]:
    """CPU and wall seconds of `what`, the peak after it, and what it gave."""
    used, began = cpu(), time.perf_counter()
    found = what()
    return {
        "cpu": cpu() - used,
        "wall": time.perf_counter() - began,
        "peak": peak_megabytes(),
        "start_up": used,
    }, found


def median_of(times: int, what: Callable[[], object]) -> Result:
    """Median CPU and wall seconds of several calls after an unmeasured one."""
    what()
    found = [measured(what)[0] for _ in range(times)]
    return {name: statistics.median(one[name] for one in found) for name in ("cpu", "wall")}


def houtai_report(log: Path, figures: Path | None) -> Result:
    """Parquet to the full report."""
    from mining.kernels.warm import warm_up
    from tests.bench.support import houtai_report as ours

    warm_up()
    result, done = measured(lambda: ours.work(log))
    if figures is not None:
        figures.write_bytes(pickle.dumps(ours.told(done)))
    return result


def pandas_report(log: Path, figures: Path | None) -> Result:
    """Parquet to the same figures with pm4py and pandas."""
    pm4py = _pm4py()
    from tests.bench.support import pandas_report as theirs

    result, found = measured(lambda: theirs.figures(log, pm4py))
    if figures is not None:
        figures.write_bytes(pickle.dumps(found))
    return result


def houtai_warm(log: Path, figures: Path | None) -> Result:
    """The report again, and the directly-follows kernel, on an arena in memory."""
    from mining.kernels.directly_follows import directly_follows
    from mining.part import part_of
    from tests.bench.support import houtai_report as ours

    arena = ours.arena_of(log)
    again = median_of(3, lambda: ours.of_arena(arena))
    part = part_of(arena)
    activity, size = part.codes["activity"], part.size["activity"]
    graph = median_of(9, lambda: directly_follows(part.first, part.last, activity, size))
    return {"report": again["wall"], "report_cpu": again["cpu"], "graph": graph["cpu"]}


def pandas_warm(log: Path, figures: Path | None) -> Result:
    """pm4py's directly-follows graph on its prepared frame."""
    pm4py = _pm4py()
    from tests.bench.support import pandas_report as theirs

    frame = theirs.prepare(log, pm4py)
    return {"graph": median_of(2, lambda: pm4py.discover_dfg(frame))["cpu"]}


def live(log: Path, figures: Path | None) -> Result:
    """Taking in all events live, then ten thousand more, out of order, beside making it all again."""
    import tempfile

    from mining.build import build
    from mining.kernels.warm import warm_up
    from mining.part import part_of
    from mining.summary.tallying import summarise
    from tests.bench.support import segments

    warm_up()
    with tempfile.TemporaryDirectory() as name:
        data = Path(name)
        segments.fill(log, data)
        held_back, rest = late(segments.batches(data, 1 << 17))
        followed, ids = live_log([*rest, held_back])
        taking, _ = measured(lambda: [followed.add(batch) for batch in rest])
        followed.arena()
        followed.add(held_back.slice(0, 1_000))  # once unmeasured
        more, _ = measured(lambda: followed.add(held_back.slice(1_000)))
        again, arena = measured(lambda: build([*rest, held_back], segments.PROCESS, segments.LEADING, details=ids))
        anew, _ = measured(lambda: summarise(part_of(arena), arena.names))
    return {
        "rate": arena.events / taking["cpu"],
        "late": more["cpu"],
        "rebuild": again["cpu"] + anew["cpu"],
        "bytes": float(followed.bytes),
        "peak": peak_megabytes(),
    }


def ready(log: Path, figures: Path | None) -> Result:
    """A miner ready after a start: from its segments, and from what the one before kept."""
    import tempfile

    from collector.files.memory import spare_memory
    from collector.store import Store
    from mining.config import ProcessConfig
    from mining.kernels.warm import warm_up
    from mining.live.knowledge import Knowledge
    from mining.live.miner import Miner
    from mining.live.register import Register
    from mining.settings import MiningSettings
    from tests.bench.support import segments

    warm_up()
    spare_memory()  # as the service does
    with tempfile.TemporaryDirectory() as name:
        data = Path(name)
        segments.fill(log, data)
        settings = MiningSettings(window_days=100 * 366)
        config = ProcessConfig(segments.PROCESS, segments.LEADING, settings=settings)
        register = Register(f"sqlite:///{data / 'state.sqlite'}")

        def start() -> Any:
            miner = Miner(Store(data), [config], Knowledge(), register)
            miner.take_in()
            return miner, miner.arenas()

        first, (miner, before) = measured(start)
        keeping, _ = measured(miner.close)
        del miner
        mapped, (_, after) = measured(start)
        if [each.events for each in before] != [each.events for each in after]:
            raise RuntimeError("what was kept is not what there was")
        register.close()
    return {"cold": first["wall"], "mapped": mapped["wall"], "keeping": keeping["wall"]}


def late(batches: Any) -> tuple[Any, list[Any]]:
    """Ten thousand events taken out of all batches at random, and the batches without them."""
    import numpy as np
    import pyarrow as pa

    every = list(batches)
    generator = np.random.default_rng(7)
    share = 10_000 / sum(len(batch) for batch in every)
    chosen = [generator.random(len(batch)) < share for batch in every]
    away = pa.Table.from_batches([b.filter(pa.array(c)) for b, c in zip(every, chosen, strict=True)])
    away = away.unify_dictionaries().combine_chunks().take(pa.array(generator.permutation(len(away))))
    rest = [b.filter(pa.array(~c)) for b, c in zip(every, chosen, strict=True)]
    return away.combine_chunks().to_batches()[0], rest


def live_log(batches: list[Any]) -> tuple[Any, Any]:
    """A live log, and the ids of its events by the number of their arrival."""
    import pyarrow as pa

    from mining.builder import DETAILS
    from mining.details import TableDetails
    from mining.live.log import LiveLog
    from tests.bench.support import segments

    ids = TableDetails(pa.Table.from_batches(batches).select(list(DETAILS)))
    return LiveLog(segments.PROCESS, segments.LEADING, ids), ids


SIDES: Final[dict[str, Callable[[Path, Path | None], Result]]] = {
    side.__name__: side for side in (houtai_report, pandas_report, houtai_warm, pandas_warm, live, ready)
}


def _pm4py() -> Any:
    warnings.simplefilter("ignore")
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):  # its banner
        return importlib.import_module("pm4py")


if __name__ == "__main__":
    _, side, log, *rest = sys.argv
    with contextlib.redirect_stdout(sys.stderr):
        told = SIDES[side](Path(log), Path(rest[0]) if rest else None)
    print(json.dumps(told))
