"""Which findings touch which case."""

from api.case_findings import case_findings
from mining.findings.facts import Fact
from mining.findings.positions import Positions
from tests.helpers import log


def fact(kind: str, name: str, confidence: float, rows: tuple[int, ...] = (), examples: tuple[str, ...] = ()) -> Fact:
    return Fact(
        kind=kind,
        name=name,
        subject={},
        confidence=confidence,
        cases=1,
        share=0.1,
        hours_per_week=0.0,
        example_cases=examples,
        case_rows=Positions(rows),
    )


def test_scores_and_names() -> None:
    arena = log("ab", "ab", "ab", "ab")
    ids = arena.case_ids.to_pylist()
    facts = [
        fact("deviation", "rare_path", 0.9, rows=(0, 2)),
        fact("deviation", "rework_loop", 0.6, rows=(2,)),
        fact("bottleneck", "waiting", 0.95, rows=(1, 2)),
        fact("deviation", "rework_loop", 0.25, examples=(ids[3], "gone")),
    ]
    assert case_findings(arena, facts).splitlines() == [
        "case_id,deviation_score,deviating,findings",
        f"{ids[0]},0.9,1,rare_path",
        f"{ids[1]},0,0,waiting",
        f"{ids[2]},0.9,1,rare_path;rework_loop;waiting",
        f"{ids[3]},0.25,1,rework_loop",
    ]
