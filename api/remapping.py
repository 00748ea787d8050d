"""Derives all events again beside the service, then asks its converter to let them count."""

import secrets
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

from api.settings import Settings
from collector.jobs import ask
from collector.jobs.remap import arguments
from collector.jobs.waiting import wait_for
from collector.raw import RawArchive, load_key
from collector.remapping.staging import open_staging
from collector.store import Store

_CLOSE: Final = 500
"""With so few records left the converter may do the rest between two rounds."""
_LAPS: Final = 20


def remap(settings: Settings, data: Path, since: int | None, shown: Callable[[str, int, int], None]) -> dict[str, Any]:
    """Gives how many events there were `before` and `after`; `since` in µs UTC. Raises HoutaiError where it fails."""
    archive = None
    if settings.retention.raw_hours > 0 and (data / "raw").exists():
        archive = RawArchive(data, load_key(data, settings.retention.raw_key_file))
    store = Store(data)
    generation, name = store.generation(), f"remap-{secrets.token_hex(6)}"
    staging = open_staging(data, name, settings.mapping, settings.processes, archive, since)
    try:
        for _ in range(_LAPS):
            end = max((each.last for each in store.segments("spans")), default=0)
            if staging.run(partial(_show, shown, end)) < _CLOSE:
                break
        chosen = staging.plan
    finally:
        staging.close()
    asked = arguments(data, name, settings.mapping, settings.processes, chosen, since, generation)
    number = ask(data, "remap", asked)
    return wait_for(data, number, settings.mapping, settings.processes, settings.retention, shown)


def _show(shown: Callable[[str, int, int], None], end: int, position: int) -> None:
    shown("derive", position, max(end, position))
