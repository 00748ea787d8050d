"""A reader could not read a segment: look at it whole, and note it where that is so."""

import pyarrow.parquet as pq

from collector.jobs.job_kind import Done, Tell, Workshop
from collector.jobs.queue import Job
from collector.store.manifest import UNREADABLE


class CheckSegment:
    """Argument `name`: of the segment's file."""

    name = "check_segment"

    def ready(self, job: Job, shop: Workshop) -> bool:
        """At any time."""
        return True

    def run(self, job: Job, shop: Workshop, tell: Tell) -> Done:
        """Read the file; state `bad_segment:<name>` where it cannot be read."""
        wanted = str(job.arguments["name"])
        store = shop.manifest.store
        for kind in ("events", "links", "spans", "logs"):
            for segment in store.segments(kind):
                if segment.path.name != wanted:
                    continue
                try:
                    with pq.ParquetFile(segment.path) as file:
                        for _ in file.iter_batches():
                            pass
                except UNREADABLE as error:
                    shop.manifest.note_bad(wanted, str(error))
                    return Done({"bad": True})
        return Done({"bad": False})
