"""Databases of ERP, CRM and finance as a way in: rows that appear, change and vanish become CloudEvents."""

import asyncio
import contextlib
import threading
from collections.abc import Coroutine, Sequence
from typing import Any, Final

from collector.settings import CollectorSettings, DatabaseSettings
from collector.sources.source import Intake, Source
from collector.wal import Encoding, Signal

_LAST_PAGE_SECONDS: Final = 10.0
"""So long the end of the receiver waits for a page under way; what it would have brought is pulled again."""


def databases(settings: CollectorSettings) -> Sequence[Source]:
    """The databases that the settings name."""
    return [Databases(settings.databases)] if settings.databases else []


class Databases:
    """All databases that are pulled, each by a thread of its own."""

    def __init__(self, settings: Sequence[DatabaseSettings]) -> None:
        self._settings = settings

    def open(self, intake: Intake) -> Coroutine[Any, Any, None]:
        """Begin to pull. Raises PermanentError where a URL cannot work (a variable or driver is missing)."""
        from collector.sources.database.puller import Puller
        from collector.sources.database.telemetry import PullMetrics

        loop = asyncio.get_running_loop()

        async def appended(body: bytes) -> int:
            return await intake.append(Signal.EVENTS, Encoding.GZIP, body)

        def append(body: bytes) -> None:
            asyncio.run_coroutine_threadsafe(appended(body), loop).result()

        told = PullMetrics(intake.told.registry)
        limit = intake.settings.max_body_bytes
        pullers = [Puller(each, intake.data, append, intake.letters, told, limit) for each in self._settings]
        return _run(pullers)


async def _run(pullers: Sequence[Any]) -> None:
    loop = asyncio.get_running_loop()
    ended = [asyncio.Event() for _ in pullers]

    def pull(number: int) -> None:
        try:
            pullers[number].run()
        finally:
            # The loop may be gone when a page took longer than anybody waited for.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(ended[number].set)

    for number, puller in enumerate(pullers):
        # Daemons: a database that does not answer must not keep the process alive.
        threading.Thread(target=pull, args=(number,), name=puller.name, daemon=True).start()
    try:
        await asyncio.Event().wait()
    finally:
        for puller in pullers:
            puller.stop()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LAST_PAGE_SECONDS):
                for each in ended:
                    await each.wait()
