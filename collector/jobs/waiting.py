"""A command and its job: the converter that runs does it, or, where none runs, the command itself."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from collector.jobs.queue import pending, progress, result
from collector.raw.archive import RawArchive, open_archive
from collector.settings import MappingSettings, ProcessSettings
from collector.store.manifest import Busy, Manifest, take_lock
from collector.store.settings import RetentionSettings
from collector.vocabulary.errors import PermanentError, RetryableError

_LOOK_SECONDS: Final = 0.1
Shown = Callable[[str, int, int], None]


def converter_runs(data: Path) -> bool:
    """Whether somebody writes the store of `data` now."""
    try:
        take_lock(data).close()
    except Busy:
        return True
    return False


def wait_for(
    data: Path,
    job_id: str,
    mapping: MappingSettings,
    processes: Mapping[str, ProcessSettings],
    retention: RetentionSettings,
    shown: Shown = lambda stage, done, total: None,
    patience: float = 3600.0,
) -> dict[str, Any]:
    """What came of a job; it is done here where no converter runs.

    Raises PermanentError with the job's error, RetryableError where it is not done after `patience` seconds (it goes
    on waiting).
    """
    until = time.monotonic() + patience
    while (told := result(data, job_id)) is None:
        if not any(each.id == job_id for each in pending(data)):
            if (told := result(data, job_id)) is not None:
                break
            raise RetryableError(f"the job {job_id} was taken away")
        if not _done_here(data, mapping, processes, retention):
            if time.monotonic() > until:
                raise RetryableError(f"the converter has not done it yet; what comes of it: jobs/{job_id}.done.json")
            if said := progress(data, job_id):
                shown(*said)
            time.sleep(_LOOK_SECONDS)
    if not told["ok"]:
        error = str(told["error"])
        raise RetryableError(error) if "again" in error else PermanentError(error)
    return dict(told["result"])


def _done_here(
    data: Path, mapping: MappingSettings, processes: Mapping[str, ProcessSettings], retention: RetentionSettings
) -> bool:
    """Convert what the log holds, then do what waits; False where a converter runs."""
    from collector.converter import Converter
    from collector.jobs.running import Bench, run_jobs

    if converter_runs(data):
        return False
    try:
        archive: RawArchive | None = open_archive(data, retention.raw_hours, retention.raw_key_file)
        converter = Converter(mapping, processes, data, archive=archive)
        try:
            converter.take_files()
            while converter.reader.behind()[0] and converter.round():
                pass
        finally:
            converter.close()
        manifest = Manifest(data)
    except Busy:
        return False
    try:
        run_jobs(Bench(data, manifest, archive, mapping, processes))
    finally:
        manifest.close()
        if archive is not None:
            archive.close()
    return True
