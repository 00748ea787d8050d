"""Event batches become an arena."""

from collections.abc import Iterable
from typing import Final

import pyarrow as pa

from mining.arena import Arena, Quality
from mining.builder import Builder
from mining.details import Details

REFUSED_NOTE: Final = (
    "{count} events do not fit into memory and are not looked at: shorten mining.window_days or raise mining.memory_mb"
)
BAD_SEGMENTS_NOTE: Final = "{count} stored files could not be read; what stood in them is missing (`houtai doctor`)"


def build(
    batches: Iterable[pa.RecordBatch],
    process: str,
    leading: str,
    links: Iterable[pa.RecordBatch] = (),
    quality: Quality = Quality(),  # noqa: B008
    details: Details | None = None,
) -> Arena:
    """The arena of `process` from batches in any order; events of other processes are skipped.

    Batches are of EVENT_SCHEMA, or of files: with a column `case_id`, any of the other columns of EVENT_SCHEMA, and
    `details` that hold the rest (`collector.files.LogFile`). The case of an event is its `case_id`, else the id of its
    first object of type `leading`, else the last row of `links` (LINK_SCHEMA) that names it; without any it is left
    out and counted in `quality.without_case`. Of several events with one id the last to arrive counts, it corrects the
    others; these are counted. An event that ends before it starts is taken as one without length, and a note says how
    many there were. What the reader counted before comes in as `quality`; counts are added.
    """
    builder = Builder(process, leading, details)
    for batch in batches:
        builder.add(batch)
    return builder.finish(links, quality)
