"""A full report of a log by pm4py and pandas: what somebody writes who wants these figures and knows both well.

pm4py for what it has (`format_dataframe`, `discover_dfg`, `get_variants`), pandas for what it lacks. Words become
categories once, so that every `groupby` works on small integers; times become int64 µs once. With plain strings, and
with timestamps, both time and memory are larger.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tests.bench.support.figures import NAMES, QUANTILES, Figures, Spreads

CASE, ACTIVITY = "case:concept:name", "concept:name"
START, END = "start_timestamp", "time:timestamp"


def prepare(path: Path, pm4py: Any) -> pd.DataFrame:
    """The log as pm4py wants it, sorted by case and time."""
    return pm4py.format_dataframe(
        pd.read_parquet(path),
        case_id="case_id",
        activity_key="activity",
        timestamp_key="end_time",
        start_timestamp_key="start_time",
    )


def figures(path: Path, pm4py: Any) -> Figures:
    """All figures of the log in `path`."""
    log = prepare(path, pm4py)
    graph, starts, ends = pm4py.discover_dfg(log)
    variants = pm4py.get_variants(log)

    case = pd.factorize(log[CASE])[0]
    log = log[[ACTIVITY, "resource", "role", START, END]].rename(columns={ACTIVITY: "activity", "resource": "actor"})
    log = log.astype(dict.fromkeys(NAMES, "category"))
    for name in (START, END):
        log[name] = log[name].astype("datetime64[us, UTC]").astype("int64")
    follows = np.concatenate([[False], case[1:] == case[:-1]])
    log["service"] = log[END] - log[START]
    gap = (log[START] - log[END].shift()).clip(lower=0)
    log["waiting"] = gap.where(follows)
    log["case"] = case

    pairs = pd.DataFrame(
        {"source": log["activity"].shift(), "target": log["activity"], "gap": log["waiting"], "case": log["case"]}
    )[follows]
    by_edge = pairs.groupby(["source", "target"], observed=True)["gap"]
    spread = pd.concat(
        [by_edge.mean().rename("mean"), by_edge.quantile([0.5, 0.95]).unstack()],
        axis=1,
    )
    gaps = {edge: tuple(row / 1e6) for edge, row in zip(spread.index, spread.to_numpy(), strict=True)}

    handovers = {}
    for name in ("role", "actor"):
        words = log[name]
        before = words.shift().where(follows)
        differing = (words != before) & words.notna() & before.notna()
        counts = pd.Series(1, words.index)[differing].groupby([before[differing], words[differing]], observed=True)
        handovers[name] = {pair: int(count) for pair, count in counts.size().items()}

    times = log.groupby(["case", "activity"], observed=True).size()
    again = times[times > 1].groupby("activity", observed=True).size()
    by_case = log.groupby("case")
    duration = by_case[END].max() - by_case[START].min()
    return Figures(
        graph={edge: int(count) for edge, count in graph.items()},
        starts=dict(starts),
        ends=dict(ends),
        gaps=gaps,
        variants=dict(variants),
        service={name: _spreads(log, name, "service") for name in NAMES},
        waiting={name: _spreads(log, name, "waiting") for name in NAMES},
        handovers=handovers,
        rework={activity: int(count) for activity, count in again.items()},
        duration=tuple(float(q) / 1e6 for q in (duration.mean(), *duration.quantile(list(QUANTILES)))),
    )


def _spreads(log: pd.DataFrame, by: str, of: str) -> Spreads:
    """Mean, median, p90, p95 in seconds of a column of µs for each word of another."""
    groups = log.groupby(by, observed=True)[of]
    quantiles = groups.quantile(list(QUANTILES)).unstack()
    found = pd.concat([groups.mean(), quantiles], axis=1)
    return {word: tuple(row / 1e6) for word, row in zip(found.index, found.to_numpy(), strict=True)}
