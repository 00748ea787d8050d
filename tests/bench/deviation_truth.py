"""Deviations, errors and stalls of the demo against its truth: recall with right subject and `since`, and precision.

Healthy runs count every finding at warning or above as false.
`python -m tests.bench.deviation_truth [--orders N] [--days N] [--healthy] SEED ..` plays each seed through a real
receiver and converter; `--kept FOLDER ..` judges folders that hold `data`, `now` (µs UTC) and `truth.json` instead.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from mining.report import Finding
from tests.bench.demo_truth import findings_in, same, told

KINDS = ("deviation", "error", "stall")
"""Of the truths asked for: the others are waiting and people, which demo_truth judges."""
NEAR = timedelta(days=1)


@dataclass(frozen=True)
class Judged:
    """One run."""

    name: str
    found: int
    """Truths that a finding at warning or above tells, with the right `since`."""
    truths: int
    missed: tuple[str, ...]
    """Names of the others, and what is wrong with them."""
    right: int
    """Findings at warning or above that tell a truth of any kind."""
    loud: int
    false: tuple[str, ...]


def judge(name: str, truths: Sequence[dict[str, object]], findings: Sequence[Finding]) -> Judged:
    """Sets what is told at warning or above against the truths."""
    loud = [f for f in findings if f.severity in ("warning", "critical")]
    asked, found, missed = 0, 0, []
    for truth in truths:
        if _kind(truth) not in KINDS:
            continue
        asked += 1
        hits = [f for f in loud if same(truth, f)]
        if any(_near(truth, f) for f in hits):
            found += 1
        else:
            missed.append(f"{truth['name']}" + (f" (since {hits[0].since}, not {truth['since']})" if hits else ""))
    false = [f for f in loud if not any(same(truth, f) for truth in truths)]
    titles = tuple(f"{f.process}: {f.title}" for f in false)
    return Judged(name, found, asked, tuple(missed), len(loud) - len(false), len(loud), titles)


def _kind(truth: dict[str, object]) -> str:
    expected = truth["finding"]
    assert isinstance(expected, dict)
    return str(expected["kind"])


def _near(truth: dict[str, object], finding: Finding) -> bool:
    """Whether the finding began with the truth. What was there from the beginning has none, or the first case's."""
    began = truth["since"]
    if began is None:
        return finding.since is None or finding.name == "stuck_case"
    if finding.since is None:
        return False
    return abs(datetime.fromisoformat(finding.since) - datetime.fromisoformat(str(began))) <= NEAR


def table(runs: Sequence[Judged]) -> Iterator[str]:
    """Lines of Markdown: a run each, then all together."""
    yield "| run | deviations found | at warning or above, true | missed | false |"
    yield "| --- | --- | --- | --- | --- |"
    for run in runs:
        missed, false = "; ".join(run.missed), "; ".join(run.false)
        yield f"| {run.name} | {run.found} of {run.truths} | {run.right} of {run.loud} | {missed} | {false} |"
    found, truths = sum(r.found for r in runs), sum(r.truths for r in runs)
    right, loud = sum(r.right for r in runs), sum(r.loud for r in runs)
    recall = f"{found / truths:.2f}" if truths else "–"
    precision = f"{right / loud:.2f}" if loud else "–"
    yield f"| all | {found} of {truths}: {recall} | {right} of {loud}: {precision} | | |"


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seeds", nargs="*", type=int)
    parser.add_argument("--orders", type=int, default=20_000)
    parser.add_argument("--days", type=int, default=14)
    parser.add_argument("--healthy", action="store_true")
    parser.add_argument("--kept", nargs="*", type=Path, default=[])
    options = parser.parse_args(arguments)
    runs = []
    for seed in options.seeds or ([] if options.kept else [1, 2, 3]):
        truths, findings, _ = told(seed, options.orders, options.days, options.healthy)
        runs.append(judge(f"seed {seed}{' (healthy)' if options.healthy else ''}", truths, findings))
    for folder in options.kept:
        truths = json.loads((folder / "truth.json").read_text())
        found = findings_in(folder / "data", int((folder / "now").read_text()))
        runs.append(judge(folder.name, truths, found))
    print("\n".join(table(runs)))


if __name__ == "__main__":
    main()
