"""Values of rows: as JSON for events, and reversibly as text for keys and cursors."""

import base64
import enum
import hashlib
import json
import math
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

Row = dict[str, Any]
"""Column -> JSON value; columns that are NULL are left out."""
_UTC: Final = ZoneInfo("UTC")
_COMPACT: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_SORTED: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def json_row(row: Mapping[str, Any], zone: ZoneInfo, utc: Collection[str] = ()) -> Row:
    """A row of the database for an event; naive times are in `zone`, those of the columns in `utc` in UTC."""
    return {name: json_value(value, _UTC if name in utc else zone) for name, value in row.items() if value is not None}


def json_value(value: Any, zone: ZoneInfo) -> Any:
    """A value as JSON has it: exact decimals as text, times as ISO 8601 in UTC, bytes as base64."""
    match value:
        case None | bool() | str():
            return value.replace("\0", "") if isinstance(value, str) else value
        case enum.Enum():
            return json_value(value.value, zone)
        case int():
            return value if -(2**63) <= value < 2**63 else str(value)
        case float():
            return value if math.isfinite(value) else str(value)
        case Decimal():
            return format(value, "f")
        case datetime():
            return iso(_aware(value, zone))
        case date():
            return value.isoformat()
        case timedelta():
            return _duration(value)
        case bytes() | bytearray() | memoryview():
            return base64.b64encode(bytes(value)).decode()
        case Mapping():
            return {str(name): json_value(each, zone) for name, each in value.items()}
        case list() | tuple():
            return [json_value(each, zone) for each in value]
        case set() | frozenset():
            return sorted((json_value(each, zone) for each in value), key=repr)
        case _:
            return str(value)


def _duration(value: timedelta) -> str:
    """Hours, minutes and seconds, as TIME has them; hours may be many."""
    seconds, micros = divmod(abs(value) // timedelta(microseconds=1), 1_000_000)
    text = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}" + (f".{micros:06}" if micros else "")
    return "-" + text if value < timedelta() else text


def iso(moment: datetime) -> str:
    """An aware time in UTC, to the microsecond where it has any."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def iso_of(micros: int) -> str:
    """Microseconds since 1970 as text."""
    return iso(_EPOCH + timedelta(microseconds=micros))


def micros_of(value: Any, zone: ZoneInfo) -> int | None:
    """Microseconds since 1970 of a time, a date or a text that is one; None where it is none."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)  # noqa: DTZ001 - the zone comes next
    if not isinstance(value, datetime):
        return None
    try:
        return (_aware(value, zone) - _EPOCH) // timedelta(microseconds=1)
    except OverflowError:
        return None


def _aware(value: datetime, zone: ZoneInfo) -> datetime:
    moment = value.replace(tzinfo=zone) if value.tzinfo is None else value
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        # The first or last day a calendar knows; no zone can move it.
        return value.replace(tzinfo=UTC)


def pack(values: Sequence[Any]) -> str:
    """Values of key columns or a cursor as text: equal ones give equal text, and `unpack` gives them back."""
    return _COMPACT.encode([_packed(value) for value in values])


def _packed(value: Any) -> Any:
    match value:
        case None | bool() | int() | float() | str():
            return value
        case Decimal():
            # 1, 1.0 and 1.00 are the same key.
            text = format(value, "f")
            text = text.rstrip("0").rstrip(".") if "." in text else text
            return {"decimal": "0" if text == "-0" else text}
        case datetime():
            return {"datetime": value.isoformat()}
        case date():
            return {"date": value.isoformat()}
        case bytes() | bytearray() | memoryview():
            return {"bytes": bytes(value).hex()}
        case _:
            return {"text": str(value)}


def unpack(text: str) -> list[Any]:
    """What `pack` was given; types it does not know come back as their text, which databases compare all the same."""
    return [_unpacked(value) for value in json.loads(text)]


def _unpacked(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    [(kind, text)] = value.items()
    match kind:
        case "decimal":
            return Decimal(text)
        case "datetime":
            return datetime.fromisoformat(text)
        case "date":
            return date.fromisoformat(text)
        case "bytes":
            return bytes.fromhex(text)
        case _:
            return text


def readable(key: str) -> str:
    """A packed key for people: its values, joined by `/`."""
    return "/".join(str(next(iter(each.values())) if isinstance(each, dict) else each) for each in json.loads(key))


def canonical(row: Row) -> bytes:
    """The bytes of a row: the same ones for the same values, whatever their order."""
    return _SORTED.encode(row).encode("utf-8", "surrogatepass")


def row_hash(raw: bytes) -> bytes:
    """16 bytes that stand for a canonical row."""
    return hashlib.blake2b(raw, digest_size=16).digest()
