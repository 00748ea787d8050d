"""Counts, variants and median gaps equal pm4py's on well-known logs, where these lie beside the checkout.

pm4py gets the same intervals in our order: its own order differs (graphs by start, variants by end), and it does not
set negative gaps to 0. So each case is laid out anew, event after event, with our lengths and gaps, computed here in
plain numpy; a microsecond is added to each gap so that no order is left open.
"""

import contextlib
import importlib
import io
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from collector.files import ReadOptions, read
from mining.arena import Arena
from mining.build import build
from mining.config import ProcessConfig
from mining.report import Report
from mining.reporting import report

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"
LOGS = (
    "pm4py/running-example.csv.gz",
    "pm4py/receipt.csv.gz",
    "pm4py/interval_event_log.csv.gz",
    "real_start_end/AcademicCredentials.csv.gz",
    "simulation/LoanApp_simplified_train.csv.gz",
    "waiting_extraneous/Insurance_Claims.csv.gz",
    "waiting_causes/manual/handoff-test.csv",
    "real/Helpdesk.xes.gz",
    "real/SEPSIS.xes.gz",
)

pytestmark = [
    pytest.mark.skipif(not DATA.is_dir(), reason="no shared logs beside the checkout"),
    pytest.mark.filterwarnings("ignore"),  # pm4py's own
]


@pytest.fixture(scope="module")
def pm4py() -> ModuleType:
    with contextlib.redirect_stdout(io.StringIO()):  # it prints a banner
        return importlib.import_module("pm4py")


def logged(name: str) -> Arena:
    log = read(DATA / name, ReadOptions("log", leading="case"))
    return build(log.columns.to_batches(), "log", "case", details=log)


def laid_out(arena: Arena) -> "object":
    """The arena as a pandas log whose order is ours and whose gaps are not negative."""
    import pandas as pd

    starts, ends, cases = [], [], []
    for case in range(arena.cases):
        at = int(arena.start[arena.offsets[case]])
        for row in range(arena.offsets[case], arena.offsets[case + 1]):
            if row > arena.offsets[case]:
                at += max(0, int(arena.start[row] - arena.end[row - 1])) + 1
            starts.append(at)
            at += int(arena.end[row] - arena.start[row])
            ends.append(at)
            cases.append(arena.case_ids[case].as_py())
    return pd.DataFrame(
        {
            "case:concept:name": cases,
            "concept:name": [arena.activities[code] for code in arena.activity],
            "start_timestamp": pd.to_datetime(np.array(starts), unit="us", utc=True),
            "time:timestamp": pd.to_datetime(np.array(ends), unit="us", utc=True),
        }
    )


@pytest.mark.parametrize("name", LOGS)
def test_figures_equal_pm4pys(name: str, pm4py: ModuleType) -> None:
    arena = logged(name)
    found: Report = report(arena, ProcessConfig("log", "case"), int(arena.end.max()), facts=())
    theirs = laid_out(arena)
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        graph, starts, ends = pm4py.discover_dfg(theirs)
        gaps, _, _ = pm4py.discover_performance_dfg(theirs)
        variants = pm4py.get_variants(theirs)
    assert {(e.source, e.target): e.count for e in found.edges} == graph
    assert {n.activity: n.starts for n in found.nodes if n.starts} == starts
    assert {n.activity: n.ends for n in found.nodes if n.ends} == ends
    assert {v.path: v.cases for v in found.variants} == variants
    medians = {(e.source, e.target): e.gap_s.p50 for e in found.edges}
    assert medians == pytest.approx({edge: gap["median"] - 1e-6 for edge, gap in gaps.items()}, abs=1e-6)


def test_one_well_known_log_by_hand() -> None:
    found = report(logged("pm4py/running-example.csv.gz"), ProcessConfig("log", "case"), 0, facts=())
    assert (found.log.events, found.log.cases, found.log.activities, found.log.variants) == (42, 6, 8, 6)
    assert [n.activity for n in found.nodes if n.starts] == ["register request"]
