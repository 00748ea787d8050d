"""One broker: its messages are taken in batches, and acknowledged only when they are safe."""

import queue
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import structlog
from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage, MQTTv5, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from collector.dead_letters import DeadLetters
from collector.receiver.telemetry import ReceiverMetrics
from collector.settings import MqttSettings
from collector.sources.broker.journal import Journal
from collector.sources.broker.messages import Message, read
from collector.sources.events.reading import BadEvent, Event, body_of
from collector.vocabulary.errors import PermanentError, RetryableError
from collector.wal import Encoding, Signal

SESSION_SECONDS: Final = 7 * 86_400
"""So long a broker of MQTT 5 keeps messages for us while we are away."""
UNDER_WAY: Final = 200
"""So many messages a broker of MQTT 5 sends before the first is acknowledged; the journal remembers twice as many."""
BATCH_BYTES: Final = 4 * 1024 * 1024
_WAITING: Final = 1000
_LABEL: Final = Signal.EVENTS.label
log = structlog.get_logger()


class Subscriber:
    """Runs in a thread of its own, beside the one of paho. Raises PermanentError where its settings cannot work."""

    def __init__(
        self,
        settings: MqttSettings,
        data: Path,
        append: Callable[[Encoding, bytes], object],
        letters: DeadLetters,
        told: ReceiverMetrics,
        connected: Callable[[bool], object],
        limit: int,
    ) -> None:
        self.name = f"mqtt:{settings.name}"
        self._settings, self._append, self._letters, self._told = settings, append, letters, told
        self._connected, self._limit, self._zone = connected, limit, ZoneInfo(settings.timezone)
        self._journal = Journal(data / "mqtt" / f"{settings.name}.json")
        self._messages: queue.Queue[Message] = queue.Queue(_WAITING)
        self._stop = threading.Event()
        self._link = threading.Lock()
        self._connection = 0
        for topic in settings.topics:
            levels = topic.split("/")
            if not topic or any((c in each and each != c) for c in "+#" for each in levels) or "#" in levels[:-1]:
                raise PermanentError(f"{self.name}: {topic!r} is no topic filter")
        self._client = self._made()

    def run(self) -> None:
        """Take messages until `stop`."""
        self._client.loop_start()
        try:
            while not self._stop.is_set():
                try:
                    batch = self._batch()
                    if batch:
                        self._keep(batch)
                except Exception:
                    # Unacknowledged, they come again when the connection does.
                    log.exception("mqtt.failed", source=self.name)
                    self._stop.wait(5)
                    if not self._stop.is_set():
                        self._client.reconnect()
        finally:
            self._client.disconnect()
            self._client.loop_stop()
            self._connected(False)

    def stop(self) -> None:
        """Let `run` end; what is not acknowledged stays with the broker."""
        self._stop.set()

    def _made(self) -> Client:
        settings, five = self._settings, self._settings.protocol == "5"
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=settings.client_id or f"houtai-{settings.name}",
            clean_session=None if five else False,
            protocol=MQTTProtocolVersion(MQTTv5 if five else MQTTv311),
            manual_ack=True,
        )
        if settings.username is not None:
            client.username_pw_set(
                settings.username, settings.password.get_secret_value() if settings.password else None
            )
        if settings.tls is not None:
            files = (settings.tls.ca_file, settings.tls.certificate_file, settings.tls.key_file)
            ca, certificate, key = (None if each is None else str(each) for each in files)
            try:
                client.tls_set(ca, certificate, key)
            except (OSError, ValueError) as error:
                raise PermanentError(f"{self.name}: its TLS files cannot be used: {error}") from error
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        client.on_subscribe = self._on_subscribe
        client.reconnect_delay_set(1, 60)
        properties = None
        if five:
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            properties.SessionExpiryInterval = SESSION_SECONDS
            properties.ReceiveMaximum = UNDER_WAY
        more: dict[str, Any] = {"clean_start": False, "properties": properties} if five else {}
        client.connect_async(settings.host, settings.port, keepalive=30, **more)
        return client

    def _on_connect(
        self, client: Client, _data: object, flags: ConnectFlags, reason: ReasonCode, _properties: object
    ) -> None:
        if reason.is_failure:
            log.warning("mqtt.refused", source=self.name, reason=str(reason))
            return
        with self._link:
            self._connection += 1
        self._connected(True)
        log.info("mqtt.connected", source=self.name, session=flags.session_present)
        wanted = self._settings.topics
        subscribed = self._journal.topics if flags.session_present else ()
        if fresh := [topic for topic in wanted if topic not in subscribed]:
            client.subscribe([(topic, 1) for topic in fresh])
        if gone := [topic for topic in subscribed if topic not in wanted]:
            client.unsubscribe(gone)

    def _on_subscribe(
        self, _client: Client, _data: object, _number: int, reasons: Sequence[ReasonCode], _properties: object
    ) -> None:
        if refused := [str(each) for each in reasons if each.is_failure]:
            log.error("mqtt.subscription_refused", source=self.name, reasons=refused)
        else:
            # Written with the next message; until then subscribing again does no harm.
            self._journal.subscribed(self._settings.topics)

    def _on_disconnect(
        self, _client: Client, _data: object, _flags: DisconnectFlags, reason: ReasonCode, _properties: object
    ) -> None:
        with self._link:
            self._connection += 1
        self._connected(False)
        if not self._stop.is_set():
            log.warning("mqtt.disconnected", source=self.name, reason=str(reason))

    def _on_message(self, _client: Client, _data: object, raw: MQTTMessage) -> None:
        properties = getattr(raw, "properties", None)
        message = Message(
            raw.topic,
            bytes(raw.payload),
            raw.qos,
            raw.mid,
            raw.dup,
            raw.retain,
            self._connection,
            getattr(properties, "ContentType", None),
            dict(getattr(properties, "UserProperty", ())),
        )
        self._told.received.labels(_LABEL).inc()
        while not self._stop.is_set():
            try:
                # Blocks: the broker then waits, too.
                self._messages.put(message, timeout=0.5)
                return
            except queue.Full:
                continue

    def _batch(self) -> list[Message]:
        """What is waiting, at least one after a while; while it is written the next one gathers."""
        found: list[Message] = []
        size = 0
        try:
            found.append(self._messages.get(timeout=0.3))
            while len(found) < _WAITING and (size := size + len(found[-1].payload)) < BATCH_BYTES:
                found.append(self._messages.get_nowait())
        except queue.Empty:
            pass
        return found

    def _keep(self, batch: Sequence[Message]) -> None:
        arrived = datetime.now(UTC)
        events = [event for each in batch if (event := self._event(each, arrived)) is not None]
        self._journal.write()
        if events and not self._appended(*body_of(events)):
            return
        self._told.acknowledged.labels(_LABEL).inc(len(events))
        with self._link:
            # A number of an earlier connection may mean another message by now.
            for each in batch:
                if each.quality and each.connection == self._connection:
                    self._client.ack(each.number, each.quality)

    def _appended(self, encoding: Encoding, body: bytes) -> bool:
        """Whether it is safe; waits for a disk that does not take it. False where we end before."""
        waited = 0.0
        while not self._stop.is_set():
            try:
                self._append(encoding, body)
            except RetryableError as error:
                log.warning("mqtt.waiting_for_disk", source=self.name, error=str(error))
                waited = min(30.0, waited * 2 or 0.5)
                self._stop.wait(waited)
            else:
                return True
        return False

    def _event(self, message: Message, arrived: datetime) -> Event | None:
        """The event with its id; None, and a dead letter, where the message is none."""
        try:
            if len(message.payload) > self._limit:
                raise BadEvent(0, None, f"the message is longer than {self._limit} bytes")
            found = read(message, self._settings.name, self._settings.type, self._zone, arrived)
        except BadEvent as error:
            self._told.rejected.labels(_LABEL, "bad_message").inc()
            topic = message.topic[:500]
            self._letters.add("bad_message", str(error), message.payload, signal=_LABEL, source=self.name, topic=topic)
            return None
        if "id" in found.event:
            return found.event
        return found.event | {"id": message.digest if found.named else self._journal.id_of(message)}
