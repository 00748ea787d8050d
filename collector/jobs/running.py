"""Doing what waits: for the store's one writer, between two rounds."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from collector.jobs.check_segment import CheckSegment
from collector.jobs.erase import Erase
from collector.jobs.job_kind import Done, JobKind, Workshop
from collector.jobs.queue import Job, finish, pending, say
from collector.jobs.remap import Remap
from collector.raw.archive import RawArchive
from collector.settings import MappingSettings, ProcessSettings
from collector.store.manifest import Manifest
from collector.vocabulary.errors import HoutaiError

KINDS: Final[tuple[JobKind, ...]] = (CheckSegment(), Erase(), Remap())
_TELL_SECONDS: Final = 0.2

log = structlog.get_logger()


@dataclass(frozen=True)
class Bench:
    """A Workshop of plain values."""

    data: Path
    manifest: Manifest
    archive: RawArchive | None
    mapping: MappingSettings
    processes: Mapping[str, ProcessSettings]


def run_jobs(shop: Workshop) -> Done | None:
    """Do all jobs that wait and are ready; None where there was none.

    Where what comes back says `reopen`, the writer must close and open itself again before its next round (with the
    mapping and the processes it finds there, if any): what it has in memory is not true any more.
    """
    kinds = {each.name: each for each in KINDS}
    reopen, mapping, processes, any_done = False, None, None, False
    for job in pending(shop.data):
        kind = kinds.get(job.kind)
        if kind is not None and not _ready(kind, job, shop):
            continue
        done = _run(kind, job, shop)
        any_done = True
        reopen |= done.reopen
        mapping, processes = done.mapping or mapping, done.processes or processes
        if reopen:
            # What follows must see what the new writer knows.
            break
    return Done(reopen=reopen, mapping=mapping, processes=processes) if any_done else None


def _ready(kind: JobKind, job: Job, shop: Workshop) -> bool:
    try:
        return kind.ready(job, shop)
    except (HoutaiError, OSError, ValueError, KeyError) as error:
        log.warning("job.not_ready", job=job.id, kind=job.kind, error=str(error))
        finish(shop.data, job, {"ok": False, "error": str(error)})
        return False


def _run(kind: JobKind | None, job: Job, shop: Workshop) -> Done:
    if kind is None:
        finish(shop.data, job, {"ok": False, "error": f"no such job: {job.kind}"})
        return Done()
    began = last = time.monotonic()

    def tell(stage: str, done: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last > _TELL_SECONDS:
            last = time.monotonic()
            say(shop.data, job.id, stage, done, total)

    try:
        done = kind.run(job, shop, tell)
    except HoutaiError as error:
        log.warning("job.failed", job=job.id, kind=job.kind, error=str(error))
        finish(shop.data, job, {"ok": False, "error": str(error)})
        return Done(reopen=True)
    except Exception as error:
        # It may have done a part; asked for again, it does the rest. The writer must go on in any case.
        log.exception("job.failed", job=job.id, kind=job.kind)
        finish(shop.data, job, {"ok": False, "error": f"{type(error).__name__}: {error}"})
        return Done(reopen=True)
    finish(shop.data, job, {"ok": True, "result": dict(done.result)})
    log.info("job.done", job=job.id, kind=job.kind, seconds=round(time.monotonic() - began, 2))
    return done
