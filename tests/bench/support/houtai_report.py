"""A full report of a log by Houtai, in the form that pandas_report.py gives it in as well."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from collector.files import ReadOptions, read
from collector.files.memory import spare_memory
from mining.arena import Arena
from mining.build import build
from mining.config import ProcessConfig
from mining.figures import Figures as Tables
from mining.part import part_of
from mining.report import Handover, Report, Spread
from mining.reporting import tables
from mining.summary.exact import Exact, exact
from mining.summary.exact import Spreads as GroupSpreads
from mining.summary.summary import Summary
from mining.summary.tallying import summarise
from tests.bench.support.figures import Figures, Spreads

CONFIG = ProcessConfig("log", "case")


@dataclass(frozen=True)
class Work:
    """What is worked out: the report, and what it does not show."""

    report: Report
    summary: Summary
    exact: Exact
    between_actors: tuple[Handover, ...]


def arena_of(path: Path) -> Arena:
    """The log in `path` as an arena."""
    spare_memory()  # as `houtai mine` does
    log = read(path, ReadOptions("log"))
    return build(log.stream(), "log", log.leading, details=log)


def work(path: Path) -> Work:
    """Everything that `told` needs: what is measured."""
    return of_arena(arena_of(path))


def of_arena(arena: Arena) -> Work:
    """The report without findings, which pandas has not, and statistics and handovers by role and by actor."""
    part = part_of(arena)
    summary = summarise(part, arena.names, groups=("role", "actor"))
    found = exact(summary, [(part, arena.names)])
    report = tables(summary, found, "log", CONFIG, arena.quality)
    return Work(report, summary, found, Tables(summary, found).handovers("actor"))


def told(done: Work) -> Figures:
    """The figures in the common form."""
    found, names = done.report, done.summary.names
    by_service, by_waiting = (
        {name: _by_word(names[name], done.exact.groups[name][kind]) for name in ("role", "actor")} for kind in (0, 1)
    )
    return Figures(
        graph={(edge.source, edge.target): edge.count for edge in found.edges},
        starts={node.activity: node.starts for node in found.nodes if node.starts},
        ends={node.activity: node.ends for node in found.nodes if node.ends},
        gaps={
            (edge.source, edge.target): tuple(map(_known, (edge.gap_s.mean, edge.gap_s.p50, edge.gap_s.p95)))
            for edge in found.edges
        },
        variants={variant.path: variant.cases for variant in found.variants},
        service={"activity": {node.activity: _four(node.service_s) for node in found.nodes}, **by_service},
        waiting={"activity": {node.activity: _four(node.waiting_s) for node in found.nodes}, **by_waiting},
        handovers={
            name: {(one.source, one.target): one.count for one in handovers}
            for name, handovers in (("role", found.handovers), ("actor", done.between_actors))
        },
        rework={node.activity: node.rework_cases for node in found.nodes if node.rework_cases},
        duration=_four(found.cases.duration_s),
    )


def _four(spread: Spread) -> tuple[float, ...]:
    return tuple(map(_known, (spread.mean, spread.p50, spread.p90, spread.p95)))


def _known(value: float | None) -> float:
    return float("nan") if value is None else value


def _by_word(words: Sequence[str], found: GroupSpreads) -> Spreads:
    with np.errstate(invalid="ignore"):
        rows = np.vstack([found.total / found.count, found.quantiles]).T / 1e6
    return {word: tuple(row) for word, row in zip(words, rows.tolist(), strict=False)}
