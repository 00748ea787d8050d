"""What came, went and was going on from one bucket of time to the next, as the API gives it."""

from collections.abc import Sequence

import numpy as np

from api.buckets import Bucket, edges, span
from api.routes.documents import ActivityLoad, OverTimeRow
from collector.vocabulary.errors import PermanentError
from mining.config import ProcessConfig
from mining.filters import Filters
from mining.kernels.case_has import case_has
from mining.kernels.over_time import over_time as count
from mining.part import Part
from mining.reporting import iso

MOST_CELLS = 4_000_000
"""Activities times buckets that are counted at most: 64 MB."""


def over_time(
    part: Part, activities: Sequence[str], filters: Filters, bucket: Bucket, config: ProcessConfig
) -> list[OverTimeRow]:
    """One row a bucket from the first start to the last end of the cases, or what of that lies in the filters' window.

    PermanentError where there would be too many.
    """
    covered = span(part, filters)
    if covered is None:
        return []
    bounds = edges(*covered, bucket, config.zone)
    size = len(activities)
    if size * len(bounds) > MOST_CELLS:
        raise PermanentError(
            f"bucket: {len(bounds)} {bucket}s of {size} activities are too many: take longer ones, or a window"
        )
    ending = np.array([name in config.end_activities for name in activities], np.bool_)
    codes = part.codes["activity"]
    closed = case_has(part.first, part.last, codes, ending) if config.end_activities else None
    found = count(part.first, part.last, codes, part.start, part.end, size, bounds, part.enabled, closed)
    length = np.diff(bounds)
    busy, queued = found.busy / length, found.queued / length
    by_name = sorted(range(size), key=activities.__getitem__)
    return [
        OverTimeRow(
            begin=iso(int(bounds[k])),
            end=iso(int(bounds[k + 1])),
            started=int(found.started[k]),
            ended=int(found.ended[k]),
            open=int(found.open[k]),
            events=int(found.events[k]),
            in_progress=float(busy[:, k].sum()),
            queued=float(queued[:, k].sum()),
            activities=[
                ActivityLoad(activities[a], float(busy[a, k]), float(queued[a, k]))
                for a in by_name
                if found.busy[a, k] or found.queued[a, k]
            ],
        )
        for k in range(len(length))
    ]
