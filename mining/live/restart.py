"""What a miner keeps when it is stopped, so that the next one need not read all segments again."""

import shutil
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import structlog

from collector.store import Store
from collector.vocabulary.errors import RetryableError
from mining.config import ProcessConfig
from mining.keeping import Unusable, load, save
from mining.live.following import Following
from mining.live.metrics import version

FOLDER: Final = "kept"
"""In the data folder; an erasure takes all of it away (collector/jobs/erase.py)."""
WORTH: Final = 500_000
"""Events from which on keeping is worth it: fewer are read again in half a second."""

log = structlog.get_logger()


@dataclass(frozen=True)
class Place:
    """Up to where the store was read: its generation, and the last segments."""

    generation: int
    events: int
    links: int


def keep(store: Store, followed: Sequence[Following], place: Place) -> None:
    """Write a file a process, where there are many events. What can't be written is left out: it costs time only."""
    if sum(each.arrived for each in followed) < WORTH:
        return
    folder = store.data / FOLDER
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        for each in followed:
            kept = each.kept()
            save(
                replace(kept, notes={**kept.notes, "of": _of(each.config), "place": asdict(place)}),
                _path(store, each.process),
            )
    except (OSError, RetryableError) as error:
        log.warning("mining.not_kept", error=str(error))
        _clear(store)
        return
    if store.generation() != place.generation:
        _clear(store)  # erased or derived anew meanwhile


def restore(
    store: Store, configs: Sequence[ProcessConfig], background: Executor
) -> tuple[list[Following], Place] | None:
    """Those who go on where they ended, and up to where they had read; None where nothing of use was kept.

    The files are taken away: what makes a miner fail must not meet it again.
    """
    if not (store.data / FOLDER).is_dir():
        return None
    try:
        found, places = [], set()
        for config in configs:
            kept = load(_path(store, config.process))
            if kept.notes["of"] != _of(config):
                return None
            found.append(Following.restored(config, store, background, kept))
            places.add(Place(**kept.notes["place"]))
        if len(places) != 1:
            return None
        return found, places.pop()
    except (Unusable, KeyError, TypeError, ValueError, IndexError) as error:
        log.warning("mining.kept_is_unusable", error=str(error))
        return None
    finally:
        _clear(store)


def _of(config: ProcessConfig) -> dict[str, Any]:
    """What must be the same for what was kept to hold."""
    return {
        "version": version(),
        "process": config.process,
        "leading": config.leading,
        "window_days": config.settings.window_days,
    }


def _path(store: Store, process: str) -> Path:
    return store.data / FOLDER / quote(process, safe="")


def _clear(store: Store) -> None:
    shutil.rmtree(store.data / FOLDER, ignore_errors=True)
