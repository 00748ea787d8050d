"""Releases that nobody told us of: the converter saw a service's version move, the miner notes the change."""

import json

import structlog

from api.changes import Changes
from collector.store import Store

log = structlog.get_logger()
STATE = "version:"


class Releases:
    """Follows the versions that the converter leaves in the store."""

    def __init__(self, store: Store, changes: Changes) -> None:
        self._store, self._changes = store, changes
        self._done: dict[str, str] = {}

    def take(self) -> None:
        """Note what is new, each once however often it is asked.

        The first version of a service is no change. An error is logged; the next call tries again.
        """
        try:
            for name, value in self._store.state(STATE).items():
                if self._done.get(name) == value:
                    continue
                system = name.removeprefix(STATE)
                for version, time in json.loads(value)[1:]:
                    self._changes.see(int(time), system, str(version))
                self._done[name] = value
        except Exception:
            log.exception("releases.failed")
