"""The report of every shared log equals pm4py's figures on the same intervals in our order, and a plain oracle's.

pm4py's own order differs (graphs by start, variants by end), and it does not set negative gaps to 0. So for its graphs
each case is laid out anew, event after event, with the lengths and gaps of the intervals; a microsecond is added to
each gap so that no order is left open, and taken off again. What does not depend on the order gets the times as they
are. What pm4py lacks, and all it has again, comes from `oracle.py`.
"""

import contextlib
import copy
import csv
import importlib
import io
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from collector.files import READERS, ReadOptions, read
from mining.build import build
from mining.config import ProcessConfig
from mining.reporting import document, report
from tests.integration.mine import oracle

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"
LEADING = "case"
OLD = "ocel/ocpa_order_process.jsonocel"
"""OCEL 1.0, which is refused (tests/unit/files/test_ocel.py)."""
TIMED = {
    "waiting_extraneous/Insurance_Claims_3_timers.csv.gz": [("Advise Claimant on Reimbursement", "Initiate Payment")],
}
"""Activities that run in parallel by the model of a log, although a timer keeps them apart."""
BY_COMMAND = (
    ("pm4py/running-example.csv.gz", "role"),
    ("real_start_end/AcademicCredentials.csv.gz", "actor"),
    ("pm4py/roadtraffic100traces.xes", "role"),
    ("pm4py/ocel/ocel20_example.jsonocel", "role"),
    ("pm4py/ocel/ocel20_example.sqlite", "role"),
)
"""Log, and between whom handovers are counted."""

pytestmark = [
    pytest.mark.skipif(not (DATA / "index.tsv").exists(), reason="no shared logs beside the checkout"),
    pytest.mark.filterwarnings("ignore"),  # pm4py's own
]


def logs() -> list[str]:
    if not (DATA / "index.tsv").exists():
        return []
    endings = tuple(ending for reader in READERS for ending in reader.endings)
    with (DATA / "index.tsv").open(encoding="utf-8") as file:
        names = [row["file"] for row in csv.DictReader(file, delimiter="\t")]
    # Beside logs there are their answers and models.
    other = ("_expected.csv", ".json", OLD)
    return [name for name in names if name.endswith(endings) and not name.endswith(other)]


@pytest.fixture(scope="module")
def pm4py() -> Iterator[ModuleType]:
    with contextlib.redirect_stdout(io.StringIO()):  # it prints a banner
        yield importlib.import_module("pm4py")


def told(name: str) -> tuple[dict[str, Any], oracle.Cases]:
    """The report document of a log as `houtai mine` makes it, and its events as plain objects."""
    log = read(DATA / name, ReadOptions("log", leading=LEADING))
    arena = build(log.columns.to_batches(), "log", log.leading, details=log)
    found = document(report(arena, ProcessConfig("log", log.leading), int(arena.end.max()), facts=()))
    return sections(found), oracle.cases_of(log.batches, log.leading)


def sections(found: dict[str, Any]) -> dict[str, Any]:
    """What of a report document the oracle has as well."""
    for variant in found["variants"]:
        del variant["deviating"]  # a matter of findings
    names = ("log", "nodes", "edges", "transitions", "variants", "cases", "roles", "handovers")
    return {name: found[name] for name in names} | {"overlaps": found["quality"]["overlaps"]}


@pytest.mark.parametrize("name", logs())
def test_every_log(name: str, pm4py: ModuleType) -> None:
    found, cases = told(name)
    wanted = oracle.document(cases, timed=TIMED.get(name, ()))
    assert oracle.differences(found, {section: wanted[section] for section in found}) == []
    assert oracle.differences(in_common(found), of_pm4py(cases, pm4py)) == []


def in_common(found: dict[str, Any]) -> dict[str, Any]:
    """What pm4py has of a report document, keyed by names."""
    gaps = {(edge["source"], edge["target"]): edge["gap_s"] for edge in found["edges"]}
    duration = found["cases"]["duration_s"]
    return {
        "graph": {(edge["source"], edge["target"]): edge["count"] for edge in found["edges"]},
        "starts": {node["activity"]: node["starts"] for node in found["nodes"] if node["starts"]},
        "ends": {node["activity"]: node["ends"] for node in found["nodes"] if node["ends"]},
        "variants": {tuple(variant["path"]): variant["cases"] for variant in found["variants"]},
        "total": {pair: gap["total"] for pair, gap in gaps.items()},
        "mean": {pair: gap["mean"] for pair, gap in gaps.items()},
        "median": {pair: gap["p50"] for pair, gap in gaps.items()},
        "rework": {node["activity"]: node["rework_cases"] for node in found["nodes"] if node["rework_cases"]},
        "service": {node["activity"]: node["service_s"]["mean"] for node in found["nodes"]},
        "service median": {node["activity"]: node["service_s"]["p50"] for node in found["nodes"]},
        "durations": {name: duration[name] for name in ("total", "p50", "p90", "p95")},
    }


def of_pm4py(cases: oracle.Cases, pm4py: ModuleType) -> dict[str, Any]:
    """The same by pm4py."""
    from pm4py.statistics.service_time.pandas import get as service_time

    line = laid_out(cases)
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        graph, starts, ends = pm4py.discover_dfg(line)
        gaps, _, _ = pm4py.discover_performance_dfg(line)
        variants = pm4py.get_variants(line)
        rework = pm4py.get_rework_cases_per_activity(line)
        durations = sorted(round(seconds * oracle.SECOND) for seconds in pm4py.get_all_case_durations(moments(cases)))
    keys = service_time.Parameters
    times = {
        measure: service_time.apply(
            line.copy(), {keys.START_TIMESTAMP_KEY: "start_timestamp", keys.AGGREGATION_MEASURE: measure}
        )
        for measure in ("mean", "median")
    }
    return {
        "graph": plain(graph),
        "starts": plain(starts),
        "ends": plain(ends),
        "variants": plain(variants),
        "total": {pair: gap["sum"] - graph[pair] * 1e-6 for pair, gap in gaps.items()},
        "mean": {pair: gap["mean"] - 1e-6 for pair, gap in gaps.items()},
        "median": {pair: gap["median"] - 1e-6 for pair, gap in gaps.items()},
        "rework": plain(rework),
        "service": times["mean"],
        "service median": times["median"],
        "durations": {"total": sum(durations) / oracle.SECOND}
        | {f"p{share}": oracle.quantile(durations, share) / oracle.SECOND for share in (50, 90, 95)},
    }


def plain(counts: dict[Any, Any]) -> dict[Any, int]:
    """numpy's integers as Python's."""
    return {key: int(count) for key, count in counts.items()}


def laid_out(cases: oracle.Cases) -> Any:
    """The cases as a pandas log whose order is ours and whose gaps are not negative, but a microsecond longer."""
    rows = []
    for case, events in cases.items():
        at = events[0].start
        for i, event in enumerate(events):
            at += oracle.gap(events[i - 1], event) + 1 if i else 0
            rows.append((case, event.activity, at, at + event.end - event.start))
            at = rows[-1][3]
    return frame(rows)


def moments(cases: oracle.Cases) -> Any:
    """Starts and ends as events of their own, in order: pm4py's durations are from a case's first line to its last."""
    rows = [
        (case, e.activity, time, time) for case, events in cases.items() for e in events for time in (e.start, e.end)
    ]
    return frame(sorted(rows, key=lambda row: row[2]))


def frame(rows: list[tuple[str, str, int, int]]) -> Any:
    import pandas as pd

    case, activity, start, end = zip(*rows, strict=True)
    return pd.DataFrame(
        {
            "case:concept:name": case,
            "concept:name": activity,
            "start_timestamp": pd.to_datetime(start, unit="us", utc=True),
            "time:timestamp": pd.to_datetime(end, unit="us", utc=True),
        }
    )


@pytest.mark.integration
@pytest.mark.parametrize(("name", "by"), BY_COMMAND)
def test_by_the_command_line(name: str, by: str, tmp_path: Path) -> None:
    out = tmp_path / "report.json"
    call = [sys.executable, "-m", "api.cli", "mine", str(DATA / name), "--json", str(out), "--by", by]
    subprocess.run(call, check=True, capture_output=True, cwd=Path(__file__).parents[3])
    log = read(DATA / name, ReadOptions("log", leading=LEADING))
    wanted = oracle.document(oracle.cases_of(log.batches, log.leading), by)
    found = sections(without_causes(json.loads(out.read_text())))
    assert oracle.differences(found, {name: wanted[name] for name in found}) == []


def without_causes(document: dict[str, Any]) -> dict[str, Any]:
    """The report without what pm4py knows nothing of: the split of its waiting, after a look at its sums."""
    for each in document["transitions"]:
        assert sum(each["causes_s"].values()) == pytest.approx(each["waiting_s"]["total"])
        each["causes_s"] = None
    for node in document["nodes"]:
        node["working_s"] = None
    return document


def test_no_altered_figure_goes_unseen() -> None:
    """Of a small log every single number and word of the document matters."""
    found, cases = told("waiting_causes/manual/manual_log_1.csv")
    wanted = oracle.document(cases)
    wanted = {name: wanted[name] for name in found}
    places = list(leaves(found))
    assert len(places) > 200
    for place in places:
        altered = copy.deepcopy(found)
        at: Any = altered
        for step in place[:-1]:
            at = at[step]
        value = at[place[-1]]
        at[place[-1]] = value + 1 if isinstance(value, int | float) else f"{value}!"
        assert oracle.differences(altered, wanted), place


def leaves(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where in a document there is a number, a text or null."""
    if isinstance(value, dict | list):
        inner = value.items() if isinstance(value, dict) else enumerate(value)
        for key, each in inner:
            yield from leaves(each, (*place, key))
    else:
        yield place
