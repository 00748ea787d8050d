"""The Arrow schema of an event (docs/contract.md, section 7)."""

from typing import Final

import pyarrow as pa

_WORD: Final = pa.dictionary(pa.int32(), pa.string())
_TIME: Final = pa.timestamp("us", tz="UTC")

ACTOR_KINDS: Final = ("user", "staff", "system", "device")
OUTCOMES: Final = ("ok", "error")

OBJECT_TYPE: Final = pa.struct(
    [
        pa.field("type", pa.string(), nullable=False),
        pa.field("id", pa.string(), nullable=False),
        pa.field("qualifier", pa.string()),
    ]
)

EVENT_SCHEMA: Final = pa.schema(
    [
        pa.field("event_id", pa.string(), nullable=False),
        pa.field("process", _WORD, nullable=False),
        pa.field("activity", _WORD, nullable=False),
        pa.field("start", _TIME, nullable=False),
        pa.field("end", _TIME, nullable=False),
        pa.field("enabled", _TIME),
        pa.field("actor_kind", _WORD, nullable=False),
        pa.field("actor", _WORD),
        pa.field("role", _WORD),
        pa.field("system", _WORD),
        pa.field("module", _WORD),
        pa.field("device", _WORD),
        pa.field("channel", _WORD),
        pa.field("platform", _WORD),
        pa.field("shop", _WORD),
        pa.field("outcome", _WORD, nullable=False),
        pa.field("error_type", _WORD),
        pa.field("amount", pa.int64()),
        pa.field("objects", pa.list_(pa.field("element", OBJECT_TYPE, nullable=False)), nullable=False),
        pa.field("trace_id", pa.string()),
        pa.field("span_id", pa.string()),
        pa.field("fields", pa.map_(pa.string(), pa.string()), nullable=False),
    ]
)
"""One row an event. Times are microseconds UTC; `amount` is in minor units of the currency."""

LINK_SCHEMA: Final = pa.schema(
    [
        pa.field("event_id", pa.string(), nullable=False),
        pa.field("process", pa.string(), nullable=False),
        pa.field("case_id", pa.string(), nullable=False),
    ]
)
"""Case links: events whose case was learned after their segment was written; the last row of an event wins."""
