"""What protobuf's descriptors say about the messages of a trace request, as one table for compiled code."""

from functools import cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

REQUEST, RESOURCE_SPANS, SCOPE_SPANS, RESOURCE, SCOPE, SPAN, EVENT, LINK, STATUS, KEY_VALUE, ANY_VALUE = range(11)
ARRAY, KEY_VALUES = 11, 12
_NAMES: Final = (
    "ExportTraceServiceRequest",
    "ResourceSpans",
    "ScopeSpans",
    "Resource",
    "InstrumentationScope",
    "Span",
    "Event",
    "Link",
    "Status",
    "KeyValue",
    "AnyValue",
    "ArrayValue",
    "KeyValueList",
)
FIELDS: Final = 32
"""Greater field numbers are unknown to us."""
LEVELS: Final = 100
"""Messages inside messages that protobuf reads at most."""
_WIRE: Final = {
    FieldDescriptor.TYPE_DOUBLE: 1,
    FieldDescriptor.TYPE_FIXED64: 1,
    FieldDescriptor.TYPE_SFIXED64: 1,
    FieldDescriptor.TYPE_FLOAT: 5,
    FieldDescriptor.TYPE_FIXED32: 5,
    FieldDescriptor.TYPE_SFIXED32: 5,
    FieldDescriptor.TYPE_STRING: 2,
    FieldDescriptor.TYPE_BYTES: 2,
    FieldDescriptor.TYPE_MESSAGE: 2,
}
"""Wire types by field type; the others are varints."""


@cache
def schema() -> npt.NDArray[np.int32]:
    """(messages, FIELDS): 0 for an unknown field, else 8 and its wire type.

    Bits 4 to 11 have its message + 1, or 0. Bit 12 says that it is text, which has to be UTF-8. From bit 16 on it has a
    number that no other field of the message may have had before it: that of a message that comes once, or of a oneof.
    Protobuf merges or replaces what comes again; compiled code leaves that to protobuf.
    """
    messages = _messages()
    index = {message.full_name: number for number, message in enumerate(messages)}
    table = np.zeros((len(messages), FIELDS), np.int32)
    for row, message in enumerate(messages):
        for field in message.fields:
            packable = field.is_repeated and field.cpp_type not in (field.CPPTYPE_STRING, field.CPPTYPE_MESSAGE)
            if field.number >= FIELDS or packable or field.type == FieldDescriptor.TYPE_GROUP:
                continue  # Skipped like an unknown one; the protocol has none of these.
            entry = 8 | _WIRE.get(field.type, 0)
            if field.message_type is not None:
                entry |= (index[field.message_type.full_name] + 1) << 4
            entry |= (field.type == FieldDescriptor.TYPE_STRING) << 12
            if field.containing_oneof is not None:
                entry |= (FIELDS + field.containing_oneof.index) << 16
            elif field.message_type is not None and not field.is_repeated:
                entry |= field.number << 16
            table[row, field.number] = entry
    return table


def _messages() -> list[Descriptor]:
    """Every message of a request: those of `_NAMES` first, in that order."""
    found: dict[str, Descriptor] = {}
    waiting: list[Any] = [ExportTraceServiceRequest.DESCRIPTOR]
    while waiting:
        message = waiting.pop()
        if message.name not in found:
            found[message.name] = message
            waiting += [field.message_type for field in message.fields if field.message_type is not None]
    return [found.pop(name) for name in _NAMES] + list(found.values())
