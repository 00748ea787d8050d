"""Compiles (or loads from numba's cache) every kernel before anybody waits for one."""

from zoneinfo import ZoneInfo

import pyarrow as pa

from collector.vocabulary.schema import EVENT_SCHEMA
from mining.build import build
from mining.config import ProcessConfig
from mining.filters import Filters, select
from mining.reporting import report


def warm_up() -> None:
    """Build, filter and report a log of two cases; seconds the first time on a machine, a tenth of one after that."""
    rows = [
        {
            "event_id": str(number),
            "process": "warm",
            "activity": activity,
            "start": number * 1_000_000,
            "end": number * 1_000_000 + 1,
            "actor_kind": "staff",
            "actor": activity,
            "role": activity,
            "outcome": "ok",
            "objects": [{"type": "case", "id": str(number // 2), "qualifier": None}],
            "fields": [("field", "value")],
        }
        for number, activity in enumerate("abac")
    ]
    arena = build([pa.RecordBatch.from_pylist(rows, schema=EVENT_SCHEMA)], "warm", "case")
    config = ProcessConfig("warm", "case", zone=ZoneInfo("UTC"))
    report(select(arena, Filters(activity="a", min_share=0.1)), config, now=int(arena.end.max()))
