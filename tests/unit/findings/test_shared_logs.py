"""Logs with known answers: what is in them is found, what isn't isn't, and nobody drowns in warnings."""

import csv
from pathlib import Path

import pytest

from collector.files import ReadOptions, read
from mining.build import build
from mining.findings import detect
from mining.findings.facts import Fact, View
from mining.settings import MiningSettings
from mining.story.tell import severity

DATA = Path(__file__).resolve().parents[3] / ".." / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.exists(), reason="the shared logs are not here")
LOGS = (
    "pm4py/receipt.csv.gz",
    "real/Helpdesk.xes.gz",
    "real/SEPSIS.xes.gz",
    "real_start_end/AcademicCredentials.csv.gz",
    "decision_rules/xor_1.csv.gz",
    "waiting_extraneous/Insurance_Claims.csv.gz",
)


def view(name: str) -> View:
    found = build(read(DATA / name, ReadOptions(process="p")).batches, "p", "case")
    return View(found, int(found.end.max()), (), MiningSettings())


def warnings(seen: View) -> list[Fact]:
    return [fact for fact in detect(seen) if severity(fact, seen.settings) != "info"]


@pytest.mark.parametrize("name", LOGS)
def test_no_flood_of_warnings(name: str) -> None:
    assert len(warnings(view(name))) < 15


def test_contention_where_people_are_few_and_none_where_they_are_not() -> None:
    few = warnings(view("waiting_causes/icpm_input/LoanApp_fewRes_9-5_timers.csv.gz"))
    many = warnings(view("waiting_causes/icpm_input/LoanApp_infRes_9-5_noTimers.csv.gz"))
    assert any(fact.figures.get("pattern") == "contended" for fact in few)
    assert not any(fact.figures.get("pattern") == "contended" for fact in many)


@pytest.mark.parametrize("name", ["GAMA_small-0.10-1", "GAMA_p2p-0.10-1"])
def test_deviations_are_the_damaged_cases(name: str) -> None:
    seen = view(f"anomaly/{name}.csv.gz")
    with (DATA / "anomaly" / f"{name}.labels.csv").open() as file:
        damaged = {row["case_id"] for row in csv.DictReader(file) if row["label"] != "normal"}
    told = {seen.arena.case_ids[row].as_py() for f in detect(seen) if f.kind == "deviation" for row in f.case_rows}
    assert len(told & damaged) > 0.95 * len(told)
    assert len(told & damaged) > 0.4 * len(damaged)
