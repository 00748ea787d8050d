"""What the findings say of the demo's back office against what is built into it: recall and precision per seed.

The demo sends its real OTLP to a real receiver and converter; the report is made as the live miner makes it.
`python tests/bench/demo_truth.py [--orders N] [--days N] [--healthy] SEED ..`
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq

from api.settings import load
from collector.demo import play
from collector.store import Store
from mining.build import build
from mining.findings import detect
from mining.report import Finding
from mining.reporting import report, view

CAUSES = {"night_approval": "unavailability", "few_reviewers": "contention", "ledger_batch": "batching"}
"""Of the waiting problems."""
FIRST = 3
"""Among so many by hours a week must a waiting problem be."""
CONFIG = Path(__file__).resolve().parents[2] / "collector/demo/houtai.yaml"


def told(seed: int, orders: int, days: int, healthy: bool) -> tuple[list[dict[str, object]], list[Finding], float]:
    """The truths of a seed, all findings, and the seconds from the first span to the last event."""
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    with tempfile.TemporaryDirectory() as folder:
        data, truth = Path(folder) / "data", Path(folder) / "truth.json"
        ports = {f"HOUTAI_COLLECTOR__{name}": "0" for name in ("PORT", "GRPC_PORT", "METRICS_PORT")}
        environment = {**os.environ, **ports}
        began = time.monotonic()
        with (Path(folder) / "log").open("w") as log:
            processes = [
                subprocess.Popen(
                    [sys.executable, "-m", "api.cli", name, "--config", str(CONFIG), "--data", str(data)],
                    env=environment,
                    stderr=log,
                )
                for name in ("receiver", "converter")
            ]
            run = data / "run" / "receiver.json"
            while not run.exists():
                time.sleep(0.1)
            endpoint = f"http://127.0.0.1:{json.loads(run.read_text())['port']}"
            play(
                endpoint, seed=seed, days=days, orders=orders, healthy=healthy, truth=truth, now=now, history_only=True
            )
            for process in processes:
                # Each finishes what it has: the receiver its requests, the converter the whole log.
                process.send_signal(signal.SIGTERM)
                process.wait()
            took = time.monotonic() - began
        return json.loads(truth.read_text()), findings_in(data, int(now.timestamp()) * 1_000_000), took


def findings_in(data: Path, now: int) -> list[Finding]:
    """All findings of all processes in the demo's data folder, as the live miner makes them; `now` in µs UTC."""
    store = Store(data)
    settings = load(CONFIG)
    findings: list[Finding] = []
    events = [b for s in store.segments("events") for b in pq.read_table(s.path).to_batches()]
    links = [b for s in store.segments("links") for b in pq.read_table(s.path).to_batches()]
    for name in sorted(settings.processes):
        config = settings.process_config(name)
        arena = build(events, name, config.leading, links)
        facts = detect(view(arena, config, now))
        findings += report(arena, config, now, facts=facts).findings
    return findings


def same(truth: dict[str, object], finding: Finding) -> bool:
    """Whether the finding is the truth's: of its kind and name, at its step, its examples the truth's."""
    expected = truth["finding"]
    assert isinstance(expected, dict)
    subject = expected["subject"]
    if (truth["process"], expected["kind"], expected["name"]) != (finding.process, finding.kind, finding.name):
        return False
    steps = {v for k, v in subject.items() if k in ("activity", "source", "target")}
    seen = {str(v) for k, v in finding.subject.items() if k in ("activity", "source", "target")}
    if not steps & seen:
        return False
    cases = truth["cases"]
    assert isinstance(cases, list)
    if not cases:
        # A trait of people, not of cases.
        return bool(subject.get("role") == finding.subject.get("role"))
    right = len(set(finding.evidence.cases) & set(cases))
    return right >= 0.8 * len(finding.evidence.cases) > 0


def faults(truth: dict[str, object], finding: Finding, loud: Sequence[Finding]) -> list[str]:
    """What a finding of a waiting problem says wrongly: transition, cause, since when, or that it is no large one."""
    cause = CAUSES.get(str(truth["name"]))
    if cause is None:
        return []
    found = []
    expected = truth["finding"]
    assert isinstance(expected, dict)
    for end in ("source", "target"):
        if finding.subject.get(end) != expected["subject"].get(end):
            found.append(f"{end} {finding.subject.get(end)}")
    if finding.cause is None or finding.cause.name != cause:
        found.append(f"cause {finding.cause}")
    began = truth["since"]
    if (began is None) != (finding.since is None) or (
        began is not None
        and finding.since is not None
        and abs(datetime.fromisoformat(finding.since) - datetime.fromisoformat(str(began))) > timedelta(days=1)
    ):
        found.append(f"since {finding.since}, not {began}")
    waits = sorted((f for f in loud if f.kind == "bottleneck"), key=lambda f: -f.impact.hours_per_week)
    rank = [f.id for f in waits].index(finding.id) + 1
    if rank > FIRST:
        found.append(f"only number {rank} by hours")
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a table per seed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seeds", nargs="*", type=int, default=[1, 2, 3])
    parser.add_argument("--orders", type=int, default=20_000)
    parser.add_argument("--days", type=int, default=14)
    parser.add_argument("--healthy", action="store_true")
    options = parser.parse_args(arguments)
    for seed in options.seeds:
        truths, findings, took = told(seed, options.orders, options.days, options.healthy)
        loud = [f for f in findings if f.severity in ("warning", "critical")]
        print(f"seed {seed}{' (healthy)' if options.healthy else ''}: history in the store after {took:.0f} s")
        matched: set[str] = set()
        found = 0
        for truth in truths:
            hits = [f for f in loud if same(truth, f)]
            matched |= {f.id for f in hits}
            wrong = faults(truth, hits[0], loud) if hits else []
            found += bool(hits) and not wrong
            told_as = f"{hits[0].title}{''.join(f'; {each}' for each in wrong)}" if hits else ""
            print(f"  {'WRONG ' if wrong else 'found ' if hits else 'MISSED'} {truth['name']:<18} {told_as}")
        for finding in loud:
            if finding.id not in matched:
                print(f"  other  {finding.severity} {finding.process}: {finding.title}")
        print(f"  {found} of {len(truths)} problems found; {len(matched)} of {len(loud)} warnings are theirs\n")


if __name__ == "__main__":
    main()
