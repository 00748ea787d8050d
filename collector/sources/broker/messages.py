"""What a message of a broker says, as a CloudEvent."""

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from collector.sources.events import reading

MAX_LEVELS: Final = 16
"""So many levels of a topic become attributes of their own."""
_OWN_ID: Final = ("id", "event_id", "message_id", "messageId", "uuid")
_TIME: Final = ("time", "ts", "timestamp")
_PLACE: Final = re.compile(r"\{([^{}]+)\}")
_CLOCK_SET: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""A device that says an earlier time has lost its clock: the arrival is nearer to the truth."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it came; `number` is the broker's packet id (0 at QoS 0), `connection` counts our connections."""

    topic: str
    payload: bytes
    quality: int
    number: int
    again: bool
    """Whether the broker says that it may have sent it before."""
    retained: bool
    connection: int
    content_type: str | None = None
    properties: Mapping[str, str] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """Stands for topic, properties and payload."""
        parts = (self.topic, repr(sorted(self.properties.items())))
        hashed = hashlib.sha256(b"".join(len(each.encode()).to_bytes(4, "little") + each.encode() for each in parts))
        hashed.update(self.payload)
        return hashed.hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Read:
    """An event whose id is missing where the message does not say which one it is."""

    event: reading.Event
    named: bool


def read(message: Message, name: str, kind: str, zone: ZoneInfo, arrived: datetime) -> Read:
    """The event of a message of the broker `name`; `kind` is the template of its type. Raises BadEvent.

    A CloudEvent (structured, or by MQTT 5's user properties) stays what it is; its data gets the topic, if it is an
    object. Of other messages an object is the data; other text is its `value`, other bytes its `value_base64`.
    """
    said = (message.content_type or "").lower()
    if message.properties.get("specversion"):
        (event,) = reading.binary(message.properties, message.content_type, message.payload, arrived)
        return Read(_with_topic(event, message.topic), named=True)
    found = _object(message.payload)
    if said.startswith(reading.STRUCTURED) or (found is not None and found.keys() >= _REQUIRED):
        (event,) = reading.structured(message.payload, arrived)
        return Read(_with_topic(event, message.topic), named=True)
    data = _value(message.payload) if found is None else found
    return Read(
        {
            "specversion": "1.0",
            "source": f"mqtt:{name}",
            "type": _filled(kind, data, message.topic),
            "time": reading.iso(_time(data, zone) or arrived),
            "datacontenttype": "application/json",
            "data": data | _places(message.topic),
        },
        named=any(isinstance(data.get(each), str | int) and data[each] not in ("", True, False) for each in _OWN_ID),
    )


_REQUIRED: Final = frozenset({"specversion", "id", "source", "type"})


def _object(payload: bytes) -> dict[str, Any] | None:
    """The JSON object in a payload; None where it does not look like one."""
    if not payload.lstrip().startswith(b"{"):
        return None
    try:
        found = reading.parsed(payload)
    except ValueError as error:
        raise reading.BadEvent(0, None, f"the message begins like a JSON object and is none: {error}") from error
    return found if isinstance(found, dict) else None


def _value(payload: bytes) -> dict[str, Any]:
    if payload.lstrip().startswith(b"["):
        try:
            return {"value": reading.parsed(payload)}
        except ValueError:
            pass  # then it is text
    try:
        # A number stays the text that it is: 00123 and 1e5 are what a scanner reads.
        return {"value": payload.decode("utf-8")}
    except UnicodeDecodeError:
        return {"value_base64": base64.b64encode(payload).decode()}


def _with_topic(event: reading.Event, topic: str) -> reading.Event:
    data = event.get("data", {})
    if isinstance(data, dict) and "data_base64" not in event:
        return event | {"data": data | _places(topic)}
    return event


def _places(topic: str) -> dict[str, str]:
    levels = topic.split("/")[:MAX_LEVELS]
    return {"mqtt.topic": topic} | {f"mqtt.level.{number}": each for number, each in enumerate(levels, 1)}


def _filled(template: str, data: Mapping[str, Any], topic: str) -> str:
    """The template with its fields; the topic where one of them is missing."""
    places = _places(topic)
    missing = False

    def value(match: re.Match[str]) -> str:
        nonlocal missing
        found: Any = places.get(match[1], data.get(match[1]))
        if found is None:
            found = data
            for part in match[1].split("."):
                found = found.get(part) if isinstance(found, dict) else None
        missing |= not isinstance(found, str | int | float) or found == ""
        return str(found)

    filled = _PLACE.sub(value, template)
    return topic if missing or not filled else filled


def _time(data: Mapping[str, Any], zone: ZoneInfo) -> datetime | None:
    """When the device says that it happened; None where it does not, or cannot know."""
    for name in _TIME:
        said = data.get(name)
        try:
            if isinstance(said, str):
                moment = datetime.fromisoformat(said.strip())
                moment = moment if moment.tzinfo else moment.replace(tzinfo=zone)
            elif isinstance(said, int | float) and not isinstance(said, bool):
                # Seconds, ms, µs or ns: told by their size, unambiguous from 1973 to 5138.
                scale = next((s for s in (1, 1e3, 1e6, 1e9) if abs(said) < 1e11 * s), 1e9)
                moment = datetime.fromtimestamp(said / scale, UTC)
            else:
                continue
            if _CLOCK_SET <= moment < reading.LAST:
                return moment
        except (ValueError, OverflowError, OSError):
            continue
    return None
