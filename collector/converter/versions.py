"""Changes seen by themselves: when a service begins to run in another version."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

STATE: Final = "version:"
"""Begins the names in the manifest's state; behind it stands the service."""
SETTLED: Final = 600 * 1_000_000
"""µs without the newest version, and with an earlier one all the while, after which that one is back."""
MAX_SERVICES: Final = 10_000
KEPT: Final = 100
"""Changes of a service that are remembered, the newest."""


@dataclass(slots=True)
class _Service:
    history: list[tuple[str, int]]
    """Version and the time (µs UTC) from which on it ran; a version that came back stands there again."""
    version: str
    last: int
    """When the newest version was last seen."""
    back: dict[str, int] = field(default_factory=dict)
    """Earlier versions seen after that, and since when."""


class Versions:
    """The versions of all services. `known` is what `Store.state("version:")` gives.

    A version never seen before is a change from its first span on. While a release rolls out, spans of the old and
    the new version come mixed: the old one counts as back only when it was seen for ten minutes without the new one.
    What is older than what the newest version began with is late, and changes nothing.
    """

    def __init__(self, known: Mapping[str, str]) -> None:
        self.changed: dict[str, str] = {}
        """State to commit, by its whole name; whoever commits clears it."""
        self._services: dict[str, _Service] = {}
        for name, value in known.items():
            history = [(str(version), int(time)) for version, time in json.loads(value)]
            if history:
                self._services[name.removeprefix(STATE)] = _Service(history, *history[-1])

    def seen(self, service: str, version: str, time: int) -> None:
        """A span of `service` in `version` that began at `time` (µs UTC). Empty names say nothing."""
        known = self._services.get(service)
        if known is not None and known.version == version:
            if time > known.last:
                known.last = time
                if known.back:
                    known.back = {name: since for name, since in known.back.items() if since > time}
            return
        if not service or not version:
            return
        if known is None:
            if len(self._services) < MAX_SERVICES:
                self._services[service] = known = _Service([], version, time)
                self._begin(service, known, version, time)
        elif all(name != version for name, _ in known.history):
            if time > known.history[-1][1]:
                self._begin(service, known, version, time)
        elif time > known.last:
            since = known.back[version] = min(time, known.back.get(version, time))
            if time - since >= SETTLED:
                self._begin(service, known, version, since)
                known.last = time

    def _begin(self, service: str, known: _Service, version: str, time: int) -> None:
        known.history = [*known.history[1 - KEPT :], (version, time)]
        known.version, known.last = version, time
        known.back.clear()
        self.changed[STATE + service] = json.dumps(known.history, ensure_ascii=False)
