"""What the converter does for the store when there is nothing else to do."""

from typing import Final

import structlog

from collector.raw.archive import RawArchive
from collector.store.manifest import Manifest
from collector.store.retention import Retention
from collector.store.segment import Kind

KINDS: Final[tuple[Kind, ...]] = ("events", "links", "spans", "logs")

log = structlog.get_logger()


def tidy(manifest: Manifest, archive: RawArchive | None, retention: Retention) -> None:
    """Forget what is kept no longer, put small segments together, delete files that nobody reads any more."""
    retention.round(manifest, archive)
    for kind in KINDS:
        while merged := manifest.merge(kind):
            log.info("store.merged", kind=kind, segments=merged)
    manifest.remove_left()
