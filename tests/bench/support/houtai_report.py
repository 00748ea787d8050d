"""A full report of a log by Houtai, in the form that pandas_report.py gives it in as well."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from collector.files import ReadOptions, read
from mining.arena import Arena
from mining.build import build
from mining.config import ProcessConfig
from mining.kernels.handovers import Handovers, handovers
from mining.kernels.spreads import Spreads as GroupSpreads
from mining.kernels.spreads import spreads
from mining.kernels.waits import waits
from mining.report import Report, Spread
from mining.reporting import report
from tests.bench.support.figures import Figures, Spreads

CONFIG = ProcessConfig("log", "case")


@dataclass(frozen=True)
class Work:
    """What is worked out: the report, and by role and actor what it does not have."""

    arena: Arena
    report: Report
    service: dict[str, GroupSpreads]
    waiting: dict[str, GroupSpreads]
    handovers: Handovers
    """Between actors."""


def arena_of(path: Path) -> Arena:
    """The log in `path` as an arena."""
    return build(read(path, ReadOptions("log")), "log", "case")


def work(path: Path) -> Work:
    """Everything that `told` needs: what is measured. Findings, which pandas has not, are left out."""
    arena = arena_of(path)
    waiting = waits(arena).waiting
    service = arena.end - arena.start
    by_service, by_waiting = (
        {name: spreads(values, arena.codes[name], len(arena.names[name])) for name in ("role", "actor")}
        for values in (service, waiting)
    )
    found = report(arena, CONFIG, int(arena.end.max()), facts=())
    between = handovers(arena.offsets, arena.codes["actor"], len(arena.names["actor"]))
    return Work(arena, found, by_service, by_waiting, between)


def told(done: Work) -> Figures:
    """The figures in the common form."""
    arena, found, between = done.arena, done.report, done.handovers
    actors = arena.names["actor"]
    rows = zip(between.source.tolist(), between.target.tolist(), between.count.tolist(), strict=True)
    return Figures(
        graph={(edge.source, edge.target): edge.count for edge in found.edges},
        starts={node.activity: node.starts for node in found.nodes if node.starts},
        ends={node.activity: node.ends for node in found.nodes if node.ends},
        gaps={
            (edge.source, edge.target): tuple(map(_known, (edge.gap_s.mean, edge.gap_s.p50, edge.gap_s.p95)))
            for edge in found.edges
        },
        variants={variant.path: variant.cases for variant in found.variants},
        service={"activity": {node.activity: _four(node.service_s) for node in found.nodes}}
        | {name: _by_word(arena, name, spread) for name, spread in done.service.items()},
        waiting={"activity": {node.activity: _four(node.waiting_s) for node in found.nodes}}
        | {name: _by_word(arena, name, spread) for name, spread in done.waiting.items()},
        handovers={
            "role": {(one.source, one.target): one.count for one in found.handovers},
            "actor": {(actors[source], actors[target]): count for source, target, count in rows},
        },
        rework={node.activity: node.rework_cases for node in found.nodes if node.rework_cases},
        duration=_four(found.cases.duration_s),
    )


def _four(spread: Spread) -> tuple[float, ...]:
    return tuple(map(_known, (spread.mean, spread.p50, spread.p90, spread.p95)))


def _known(value: float | None) -> float:
    return float("nan") if value is None else value


def _by_word(arena: Arena, name: str, found: GroupSpreads) -> Spreads:
    with np.errstate(invalid="ignore"):
        mean = found.total / found.count
    rows = np.column_stack([mean, found.p50, found.p90, found.p95]) / 1e6
    return {word: tuple(row) for word, row in zip(arena.names[name], rows.tolist(), strict=True)}
