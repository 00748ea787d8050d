"""MQTT as a way in: POS terminals, code senders, scanners publish to a broker, and we are subscribed there."""

import asyncio
import contextlib
import threading
from collections.abc import Coroutine, Sequence
from typing import Any, Final

from prometheus_client import Gauge

from collector.settings import CollectorSettings, MqttSettings
from collector.sources.source import Intake, Source
from collector.wal import Encoding, Signal

CONNECTED: Final = "houtai_collector_mqtt_connected"
"""Gauge {source}: 1 while the broker is connected."""
_LAST_BATCH_SECONDS: Final = 10.0


def mqtt(settings: CollectorSettings) -> Sequence[Source]:
    """The brokers that the settings name."""
    return [Mqtt(settings.mqtt)] if settings.mqtt else []


class Mqtt:
    """All brokers, each with a thread of its own."""

    def __init__(self, settings: Sequence[MqttSettings]) -> None:
        self._settings = settings

    def open(self, intake: Intake) -> Coroutine[Any, Any, None]:
        """Begin to listen. Raises PermanentError where a topic or a TLS file cannot work."""
        from collector.sources.broker.subscriber import Subscriber

        loop = asyncio.get_running_loop()

        async def appended(encoding: Encoding, body: bytes) -> int:
            return await intake.append(Signal.EVENTS, encoding, body)

        def append(encoding: Encoding, body: bytes) -> None:
            asyncio.run_coroutine_threadsafe(appended(encoding, body), loop).result()

        gauge = Gauge(CONNECTED, "1 while the broker is connected.", ["source"], registry=intake.told.registry)
        subscribers = [
            Subscriber(
                each,
                intake.data,
                append,
                intake.letters,
                intake.told,
                gauge.labels(f"mqtt:{each.name}").set,
                intake.settings.max_body_bytes,
            )
            for each in self._settings
        ]
        return _run(subscribers)


async def _run(subscribers: Sequence[Any]) -> None:
    loop = asyncio.get_running_loop()
    ended = [asyncio.Event() for _ in subscribers]

    def listen(number: int) -> None:
        try:
            subscribers[number].run()
        finally:
            # The loop may be gone when the last batch took longer than anybody waited for.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(ended[number].set)

    for number, each in enumerate(subscribers):
        # Daemons: a broker that does not answer must not keep the process alive.
        threading.Thread(target=listen, args=(number,), name=each.name, daemon=True).start()
    try:
        await asyncio.Event().wait()
    finally:
        for each in subscribers:
            each.stop()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LAST_BATCH_SECONDS):
                for event in ended:
                    await event.wait()
