"""What each signal's bodies look like as bytes of an ExportTraceServiceRequest, the one form that is converted."""

from collections.abc import Callable, Mapping
from typing import Final

from collector.converter.decoders import cloud_events, logs, logs_json, otlp_json
from collector.wal.record import Signal

DECODERS: Final[Mapping[Signal, Callable[[bytes, frozenset[str] | None], bytes]]] = {
    Signal.LOGS: logs.canonical,
    Signal.TRACES_JSON: otlp_json.canonical,
    Signal.LOGS_JSON: logs_json.canonical,
    Signal.EVENTS: cloud_events.canonical,
}
"""By signal: plain body and wanted attributes (None: all) to canonical bytes. Each raises ValueError or DecodeError for
a body that it cannot read. Traces in protobuf are canonical as they come."""
