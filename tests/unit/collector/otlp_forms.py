"""OTLP's requests in its JSON, made from protobuf's objects."""

from typing import Any

from google.protobuf import json_format
from google.protobuf.message import Message


def as_json(request: Message) -> dict[str, Any]:
    """As a dict for `json.dumps`: ids in hex and enums as numbers, where protobuf's own has base64 and names."""
    whole: dict[str, Any] = json_format.MessageToDict(request, use_integers_for_enums=True)
    _ids_in_hex(whole, request)
    return whole


def _ids_in_hex(written: dict[str, Any], message: Message) -> None:
    for field, value in message.ListFields():
        name = field.json_name
        if field.name in ("trace_id", "span_id", "parent_span_id"):
            written[name] = value.hex()
        elif field.type == field.TYPE_MESSAGE:
            if isinstance(value, Message):
                _ids_in_hex(written[name], value)
            else:
                for inner, each in zip(written[name], value, strict=True):
                    _ids_in_hex(inner, each)
