"""What a cluster engine runs per partition, and how it adds up: plain functions over Arrow (docs/scale.md)."""

from collections.abc import Iterable, Sequence

import pyarrow as pa

from mining.build import build
from mining.part import part_of
from mining.summary.arrow import from_arrow, to_arrow
from mining.summary.summary import Summary
from mining.summary.tallying import summarise


def partition_summary(
    batches: Iterable[pa.RecordBatch], process: str, leading: str, groups: Sequence[str] = ("role",)
) -> pa.Table:
    """The summary of some cases as a table (`mining.summary.arrow.SCHEMA`); one thread.

    `batches` are of EVENT_SCHEMA, or have a column `case_id` beside `activity`, `start`, `end` and what else there is
    of it (`mining.build.build`). All events of a case must be in one partition, with all versions of each.
    """
    arena = build(batches, process, leading)
    return to_arrow(summarise(part_of(arena), arena.names, threads=1, groups=groups))


def merge(tables: Iterable[pa.Table], groups: Sequence[str] = ("role",)) -> pa.Table:
    """The summary of all partitions together, the same whatever their number and order."""
    whole = Summary({}, groups)
    for table in tables:
        whole.add(from_arrow(table))
    return to_arrow(whole)
