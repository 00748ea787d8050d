"""Values of attributes as text, and text as the values that columns want."""

import base64
import json
import math
from datetime import UTC, datetime
from typing import Final

from opentelemetry.proto.common.v1.common_pb2 import AnyValue

_MAX_INT64: Final = 2**63 - 1
JsonValue = str | int | float | bool | None | list["JsonValue"] | dict[str, "JsonValue"]


def as_text(value: AnyValue) -> str:
    """An attribute's value as text; arrays and maps as JSON."""
    match value.WhichOneof("value"):
        case "string_value":
            return value.string_value
        case "int_value":
            return str(value.int_value)
        case "bool_value":
            return "true" if value.bool_value else "false"
        case "double_value":
            return repr(value.double_value)
        case None:
            return ""
        case _:
            return json.dumps(_as_json(value), ensure_ascii=False, separators=(",", ":"))


def as_list(text: str) -> list[str]:
    """The elements of an attribute that was an array; the text alone where it was none. Empty ones are left out."""
    if text.startswith("["):
        try:
            found = json.loads(text)
        except ValueError:
            found = None
        if isinstance(found, list):
            return [part for each in found if (part := each if isinstance(each, str) else json.dumps(each))]
    return [text] if text else []


def as_amount(text: str) -> int | None:
    """Money in minor units; None where it is no number that fits."""
    try:
        amount = int(text)
    except ValueError:
        try:
            number = float(text)
        except ValueError:
            return None
        if not math.isfinite(number):
            return None
        amount = round(number)
    return amount if -_MAX_INT64 <= amount <= _MAX_INT64 else None


def as_time(text: str) -> int | None:
    """A time in µs UTC from ISO 8601 or a number of s, ms, µs or ns since 1970 (told apart by size), else None."""
    try:
        number = float(text)
    except ValueError:
        try:
            moment = datetime.fromisoformat(text.strip())
        except ValueError:
            return None
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return round(moment.timestamp() * 1_000_000)
    if not 1e8 <= number < 1e20:
        return None
    # Seconds until the year 5138, then milliseconds, microseconds, nanoseconds.
    for bound, factor in ((1e11, 1e6), (1e14, 1e3), (1e17, 1.0)):
        if number < bound:
            return round(number * factor)
    return int(text) // 1000 if text.isdecimal() else round(number / 1000)


def _as_json(value: AnyValue, depth: int = 0) -> JsonValue:
    which = value.WhichOneof("value")
    if depth > 20:
        return "..."
    if which == "array_value":
        return [_as_json(each, depth + 1) for each in value.array_value.values]
    if which == "kvlist_value":
        return {each.key: _as_json(each.value, depth + 1) for each in value.kvlist_value.values}
    if which == "bytes_value":
        return base64.b64encode(value.bytes_value).decode()
    if which is None:
        return None
    found: str | int | float | bool = getattr(value, which)
    return str(found) if isinstance(found, float) and not math.isfinite(found) else found
