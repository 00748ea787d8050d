"""Which small segments to put together, so that a day of live traffic is not a hundred thousand files."""

from collections.abc import Collection, Sequence
from typing import Final

from collector.store.segment import Segment

AT_LEAST: Final = 100
"""So many small segments in a row are merged."""
SMALL_ROWS: Final = 20_000
MAX_ROWS: Final = 200_000
SETTLED: Final = 600 * 1_000_000
"""Only segments committed that long ago (µs): every reader that follows has read them, and reads nothing twice."""


def to_merge(segments: Sequence[Segment], now: int, bad: Collection[str] = ()) -> list[Segment]:
    """The oldest run of neighbouring small segments of one kind that is worth merging; none is an empty list.

    No run reaches over a segment whose file (in `bad`) cannot be read.
    """
    run: list[Segment] = []
    rows = 0
    for segment in segments:
        if segment.committed > now - SETTLED:
            break
        if segment.path.name not in bad and segment.rows < SMALL_ROWS and rows + segment.rows <= MAX_ROWS:
            run.append(segment)
            rows += segment.rows
        elif len(run) >= AT_LEAST:
            break
        else:
            run, rows = [], 0
    return run if len(run) >= AT_LEAST else []
