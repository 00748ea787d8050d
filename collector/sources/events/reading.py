"""CloudEvents 1.0 as they come in, checked and written in one form: the JSON format, in which they are kept.

Sources: CloudEvents 1.0.2, its JSON event format, its HTTP and MQTT bindings (github.com/cloudevents/spec).
"""

import base64
import binascii
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import unquote

import msgspec
from cloudevents.core.exceptions import BaseCloudEventException, CloudEventValidationError
from cloudevents.core.v1.event import CloudEvent
from isal import igzip

from collector.wal import Encoding

BATCH: Final = "application/cloudevents-batch"
STRUCTURED: Final = "application/cloudevents"
MAX_DEPTH: Final = 64
"""Data that is nested deeper is refused."""
GZIP_FROM: Final = 4096
"""Bodies from this size on are compressed in the log."""
FIRST: Final = datetime(1970, 1, 1, tzinfo=UTC)
LAST: Final = datetime(2262, 1, 1, tzinfo=UTC)
"""What fits into the nanoseconds of a span."""

_SHOWN: Final = 300
Event = dict[str, Any]
_REQUIRED: Final = ("specversion", "id", "source", "type")
_JSON: Final = re.compile(r"(application|text)/([\w.-]+\+)?json\s*(;.*)?", re.IGNORECASE)
_TEXT: Final = re.compile(r"(text/.*|application/([\w.-]+\+)?xml\s*(;.*)?)", re.IGNORECASE | re.DOTALL)
_RFC3339: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")


@dataclass(eq=False)
class BadEvent(ValueError):
    """An event is none: which one of the batch, and which of its attributes (`data` included) is wrong."""

    index: int
    attribute: str | None
    words: str

    def __str__(self) -> str:
        """Both, and what is wrong, on one line."""
        where = f"event {self.index}" if self.attribute is None else f"event {self.index}, {self.attribute[:_SHOWN]}"
        # Names are the sender's, and this is shown on terminals.
        return "".join(each if each.isprintable() else "?" for each in f"{where}: {self.words[:_SHOWN]}")


def structured(plain: bytes, arrived: datetime) -> list[Event]:
    """The one event of a structured message. Raises BadEvent."""
    return [_from_json(_parsed(plain), 0, arrived)]


def batched(plain: bytes, arrived: datetime) -> list[Event]:
    """The events of a batch, which may be empty. Raises BadEvent."""
    found = _parsed(plain)
    if not isinstance(found, list):
        raise BadEvent(0, None, "a batch is a JSON array of events")
    return [_from_json(each, number, arrived) for number, each in enumerate(found)]


def binary(attributes: Mapping[str, str], content_type: str | None, body: bytes, arrived: datetime) -> list[Event]:
    """The event whose attributes came as headers or properties (already decoded), and its data as the body."""
    event: Event = {name: value for name, value in attributes.items() if name != "datacontenttype"}
    for name in ("data", "data_base64"):
        if name in event:
            raise BadEvent(0, name, "the data is the body of the message")
    if content_type:
        event["datacontenttype"] = content_type
    return [_checked(event | _data(body, content_type), 0, arrived)]


def ce_headers(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """The attributes in HTTP headers `ce-*`. Raises BadEvent where one cannot be decoded."""
    found = {}
    for raw, value in headers:
        if raw.lower().startswith(b"ce-"):
            name = raw[3:].decode("latin-1").lower()
            try:
                written = value.decode("utf-8").strip()
                if len(written) > 1 and written[0] == written[-1] == '"':
                    written = re.sub(r"\\(.)", r"\1", written[1:-1])
                found[name] = unquote(written, errors="strict")
            except UnicodeDecodeError as error:
                raise BadEvent(0, name, "its header is not percent-encoded UTF-8") from error
    return found


def body_of(events: list[Event]) -> tuple[Encoding, bytes]:
    """The events as the body of a record of the write-ahead log (EVENTS); no batch, since senders do not number."""
    plain = msgspec.json.encode({"source": None, "batch": None, "events": events})
    return (Encoding.IDENTITY, plain) if len(plain) < GZIP_FROM else (Encoding.GZIP, bytes(igzip.compress(plain, 1)))


def parsed(plain: bytes) -> Any:
    """Strict JSON. Raises ValueError, also where it is nested too deeply."""
    try:
        found = msgspec.json.decode(plain)
    except RecursionError as error:
        raise ValueError(f"nested deeper than {MAX_DEPTH}") from error
    if _depth(found) > MAX_DEPTH:
        raise ValueError(f"nested deeper than {MAX_DEPTH}")
    return found


def iso(moment: datetime) -> str:
    """As RFC 3339, in UTC."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _parsed(plain: bytes) -> Any:
    try:
        return parsed(plain)
    except ValueError as error:
        raise BadEvent(0, None, f"the body is not JSON: {error}") from error


def _depth(value: Any) -> int:
    """How deep lists and objects are nested; without recursion, and no deeper than it matters."""
    level, depth = [value] if isinstance(value, dict | list) else [], 0
    while level and depth <= MAX_DEPTH:
        depth += 1
        level = [
            child
            for each in level
            for child in (each.values() if isinstance(each, dict) else each)
            if isinstance(child, dict | list)
        ]
    return depth


def _from_json(found: Any, index: int, arrived: datetime) -> Event:
    if not isinstance(found, dict):
        raise BadEvent(index, None, "an event is a JSON object")
    # JSON's null is an attribute that is not set; as data it is a value.
    event = {name: value for name, value in found.items() if value is not None}
    encoded = event.pop("data_base64", None)
    if encoded is not None:
        if "data" in event:
            raise BadEvent(index, "data_base64", "there is data as well; an event has one of them")
        try:
            raw = base64.b64decode(encoded, validate=True) if isinstance(encoded, str) else None
        except (binascii.Error, ValueError):
            raw = None
        if raw is None:
            raise BadEvent(index, "data_base64", "it is not base64")
        content_type = event.get("datacontenttype")
        if isinstance(content_type, str) and _JSON.fullmatch(content_type.strip()):
            event |= _data(raw, content_type, index)
        else:
            event["data_base64"] = encoded
    return _checked(event, index, arrived)


def _data(body: bytes, content_type: str | None, index: int = 0) -> Event:
    """The data in a body: JSON as JSON, text as text, all else as base64."""
    if not body:
        return {}
    kind = (content_type or "").strip()
    if not kind or _JSON.fullmatch(kind):
        try:
            return {"data": parsed(body)}
        except ValueError as error:
            if kind:
                raise BadEvent(index, "data", f"it is not JSON as its content type says: {error}") from error
    if not kind or _TEXT.fullmatch(kind):
        try:
            return {"data": body.decode("utf-8")}
        except UnicodeDecodeError:
            pass
    return {"data_base64": base64.b64encode(body).decode()}


def _checked(event: Event, index: int, arrived: datetime) -> Event:
    """The event as it is kept. Raises BadEvent for what the specification forbids."""
    attributes = {name: value for name, value in event.items() if name not in ("data", "data_base64")}
    for name in _REQUIRED:
        # The library would fill these in.
        if name not in attributes:
            raise BadEvent(index, name, "it is missing")
    for name, value in attributes.items():
        if not isinstance(value, str | int | float):
            raise BadEvent(index, name, "an attribute is a text, a number or a boolean")
    moment = _moment(attributes["time"], index) if "time" in attributes else arrived
    try:
        CloudEvent(attributes | {"time": moment})
    except CloudEventValidationError as error:
        for name, errors in error.errors.items():
            raise BadEvent(index, name, _words(errors)) from error
    return event | {"time": iso(moment)}


def _moment(written: Any, index: int) -> datetime:
    if not isinstance(written, str) or not _RFC3339.fullmatch(written):
        raise BadEvent(index, "time", f"{str(written)[:60]!r} is not RFC 3339 (2026-01-31T08:00:00Z)")
    try:
        moment = datetime.fromisoformat(written.upper())
        inside = FIRST < moment < LAST
    except (ValueError, OverflowError) as error:
        raise BadEvent(index, "time", f"{written[:60]!r} is no time: {error}") from error
    if not inside:
        raise BadEvent(index, "time", f"{written[:60]!r} is not between 1970 and 2262")
    return moment


def _words(errors: list[BaseCloudEventException]) -> str:
    # The last one is the most exact: value before type, type before being missing.
    return str(errors[-1])
