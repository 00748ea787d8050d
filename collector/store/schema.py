"""Arrow schemas of what is kept beside events: spans and log records as they came."""

from typing import Final

import pyarrow as pa

_WORD: Final = pa.dictionary(pa.int32(), pa.string())
_TIME: Final = pa.timestamp("us", tz="UTC")
_ATTRIBUTES: Final = pa.map_(pa.string(), pa.string())

SPAN_SCHEMA: Final = pa.schema(
    [
        pa.field("trace_id", pa.string(), nullable=False),
        pa.field("span_id", pa.string(), nullable=False),
        pa.field("parent_span_id", pa.string()),
        pa.field("name", _WORD, nullable=False),
        pa.field("kind", _WORD, nullable=False),
        pa.field("service", _WORD, nullable=False),
        pa.field("start", _TIME, nullable=False),
        pa.field("end", _TIME, nullable=False),
        pa.field("status", _WORD, nullable=False),
        pa.field("attributes", _ATTRIBUTES, nullable=False),
        pa.field(
            "links",
            pa.list_(
                pa.field(
                    "element",
                    pa.struct([pa.field("trace_id", pa.string()), pa.field("span_id", pa.string())]),
                    nullable=False,
                )
            ),
            nullable=False,
        ),
        pa.field("resource", _WORD, nullable=False),
        pa.field("scope", _WORD),
    ]
)
"""One row a span, log record (kind `log`) or CloudEvent (kind `event`); `attributes` are those the mapping wanted then.
Ids are hex; arrays and other compound values of attributes are JSON; `resource` is a JSON object of the resource's
attributes. The status message is the attribute `otel.status_description`, the type of a recorded exception
`exception.type`."""

LOG_SCHEMA: Final = pa.schema(
    [
        pa.field("time", _TIME),
        pa.field("trace_id", pa.string()),
        pa.field("span_id", pa.string()),
        pa.field("severity", pa.int32(), nullable=False),
        pa.field("name", _WORD, nullable=False),
        pa.field("service", _WORD, nullable=False),
        pa.field("body", pa.string(), nullable=False),
        pa.field("attributes", _ATTRIBUTES, nullable=False),
        pa.field("resource", _WORD, nullable=False),
    ]
)
"""One row a log record, in data folders of earlier versions: now it is a span of kind `log`."""
