"""Compiles (or loads from numba's cache) every kernel of this package before a request waits for one."""

import numpy as np
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from collector.converter.wire.parse import parse
from collector.converter.wire.text import hex_column, text_column
from collector.converter.wire.wanted import Wanted
from collector.converter.wire.words import Words


def warm_up() -> None:
    """Run every kernel once with the types it meets in earnest; many seconds the first time on a machine, then one."""
    request = ExportTraceServiceRequest()
    span = request.resource_spans.add().scope_spans.add().spans.add(name="warm")
    span.attributes.add(key="warm").value.string_value = "warm"
    spans, _ = parse([request.SerializeToString()], Wanted(["warm"]))
    hex_column(spans.trace_hi, spans.trace_lo)
    text_column(spans.buffer, spans.name_at, spans.name_size)
    words = Words()
    many = np.arange(1 << 12)
    words.codes(many.view(np.uint8), many * 8, np.full(len(many), 8, np.int32))
