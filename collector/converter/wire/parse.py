"""Bodies of requests to columns."""

from collections.abc import Sequence

import numpy as np
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from collector.converter.wire.columns import Spans
from collector.converter.wire.outline import outline
from collector.converter.wire.schema import schema
from collector.converter.wire.spans import rows_of
from collector.converter.wire.wanted import Wanted

_LONGEST = 2**31 - 1
"""Protobuf reads no longer message."""


def parse(bodies: Sequence[bytes], wanted: Wanted) -> tuple[Spans, list[int]]:
    """The spans of ExportTraceServiceRequests in the order of the bodies, and the indices of the strange bodies.

    A strange body gives no spans. It is unreadable, or means something only after protobuf's rules of merging, or is
    merely odd: `canonicalise` tells which. What is not strange is exactly what protobuf reads, with UTF-8 in all texts.
    """
    offsets = np.zeros(len(bodies) + 1, np.int64)
    np.cumsum([len(body) for body in bodies], out=offsets[1:])
    buffer = np.frombuffer(b"".join(bodies), np.uint8)
    strange = np.fromiter((len(body) > _LONGEST for body in bodies), np.bool_, len(bodies))
    raw, table = buffer.ctypes.data, schema().ctypes.data
    while True:
        places = outline(raw, offsets, strange, table)
        after = int(strange.sum())
        rows, lists = rows_of(raw, places, wanted.table, strange, table)
        if int(strange.sum()) == after:
            break
        # Once more without the bodies whose spans were strange; the second time finds no others.
    spans = Spans(buffer=buffer, n=len(places.at), **places._asdict(), **rows._asdict(), **lists._asdict())
    return spans, [int(body) for body in np.flatnonzero(strange)]


def canonicalise(body: bytes) -> bytes:
    """What protobuf understands of a body, written plainly: never strange. Raises DecodeError."""
    request = ExportTraceServiceRequest.FromString(body)
    request.DiscardUnknownFields()
    return request.SerializeToString()
