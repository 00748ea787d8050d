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


SIDES: Final[dict[str, Callable[[Path, Path | None], Result]]] = {
    side.__name__: side for side in (houtai_report, pandas_report, houtai_warm, pandas_warm)
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
