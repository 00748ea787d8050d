"""The bench counts a finding as right only with the truth's step, cases and moment."""

from dataclasses import replace

import pytest

from mining.report import Evidence, Finding, Impact
from tests.bench.deviation_truth import judge, table

TRUTH: dict[str, object] = {
    "name": "broken",
    "process": "order",
    "finding": {"kind": "error", "name": "system_error", "subject": {"activity": "Pay"}},
    "since": "2026-11-18T06:00:00Z",
    "cases": ["1", "2"],
}
FINDING = Finding(
    id="f",
    process="order",
    kind="error",
    name="system_error",
    subject={"activity": "Pay"},
    severity="warning",
    urgency="ticket",
    confidence=0.9,
    title="Pay fails",
    story="Pay fails.",
    impact=Impact(2, 0.1, 1.0, None, None),
    cause=None,
    since="2026-11-18T20:00:00Z",
    change=None,
    segment=(),
    evidence=Evidence(("1", "2"), (), {}),
    suggestions=(),
    first_seen=None,
    last_seen=None,
)


def test_a_true_finding_is_found_and_right() -> None:
    run = judge("run", [TRUTH], [FINDING])
    assert (run.found, run.truths, run.right, run.loud) == (1, 1, 1, 1)
    assert list(table([run]))[-1] == "| all | 1 of 1: 1.00 | 1 of 1: 1.00 | | |"


@pytest.mark.parametrize(
    ("finding", "right"),
    [
        (replace(FINDING, since="2026-11-20T06:00:00Z"), 1),
        (replace(FINDING, since=None), 1),
        (replace(FINDING, subject={"activity": "Ship"}), 0),
        (replace(FINDING, evidence=Evidence(("8", "9"), (), {})), 0),
        (replace(FINDING, process="return"), 0),
    ],
)
def test_what_is_wrong_about_it_counts(finding: Finding, right: int) -> None:
    run = judge("run", [TRUTH], [finding])
    assert (run.found, run.right, run.loud) == (0, right, 1)


def test_a_quiet_finding_counts_for_nothing_and_a_healthy_run_has_only_false_ones() -> None:
    assert judge("run", [TRUTH], [replace(FINDING, severity="info")]).loud == 0
    healthy = judge("run", [], [FINDING])
    assert (healthy.truths, healthy.false) == (0, ("order: Pay fails",))
