"""The whole document equals the slow, obvious one on real logs, in our order and with their own times."""

from pathlib import Path

import pytest

from collector.files import ReadOptions, read
from mining.build import build
from mining.config import ProcessConfig
from mining.reporting import document, report
from tests.property.mining import oracle
from tests.property.mining.oracle import Happening

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"
LOGS: dict[str, list[tuple[str, str]]] = {
    "pm4py/interval_event_log.csv.gz": [],
    "real_start_end/AcademicCredentials.csv.gz": [],
    "simulation/LoanApp_simplified_test.csv.gz": [],
    "waiting_causes/manual/handoff-test.csv": [],
    "waiting_extraneous/Insurance_Claims_3_timers.csv.gz": [("Advise Claimant on Reimbursement", "Initiate Payment")],
}
"""And the activities that run in parallel by its model, although a timer keeps them apart."""
SECOND = 1_000_000


@pytest.mark.skipif(not DATA.is_dir(), reason="no shared logs beside the checkout")
@pytest.mark.parametrize(("name", "timed"), LOGS.items())
def test_the_document_of_a_real_log(name: str, timed: list[tuple[str, str]]) -> None:
    log = read(DATA / name, ReadOptions("log", leading="case"))
    events = []
    for batch in log.batches:
        start, end, enabled = (batch.column(n).cast("int64").to_pylist() for n in ("start", "end", "enabled"))
        rows = batch.select(["event_id", "objects", "activity", "role", "actor", "system", "outcome"]).to_pylist()
        for row, begun, ended, since in zip(rows, start, end, enabled, strict=True):
            case = row["objects"][0]["id"] if row["objects"] else None
            words = {key: row[key] for key in ("activity", "role", "actor", "system")}
            failed = row["outcome"] == "error"
            events.append(
                Happening(row["event_id"], case, start=begun, end=ended, enabled=since, error=failed, **words)
            )
    found = document(
        report(build(log.columns.to_batches(), "log", "case", details=log), ProcessConfig("log", "case"), 0, facts=())
    )
    theirs = oracle.document(events, timed=timed)
    for part in ("log", "edges", "transitions", "variants", "roles", "handovers"):
        assert found[part] == theirs[part], part
    nodes, cases = found["nodes"], found["cases"]
    assert isinstance(nodes, list)
    assert isinstance(theirs["nodes"], list)
    assert [{**node, "modules": {}} for node in nodes] == theirs["nodes"]
    assert isinstance(cases, dict)
    assert isinstance(theirs["cases"], dict)
    efficiency = theirs["cases"].pop("efficiency")
    assert cases.pop("efficiency") == pytest.approx(efficiency, rel=1e-9)  # the order of the sum is open
    assert cases == theirs["cases"]
