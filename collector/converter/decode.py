"""Request bodies to spans: each span once for resolution, and once whole for the spans segment."""

import json
import sys
from collections.abc import Callable
from typing import Final

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span as WireSpan

from collector.converter.columns import LogColumns, SpanColumns
from collector.converter.rules import Rules
from collector.converter.span import KINDS, Source, Span, SpanKey
from collector.converter.values import as_text

STATUS: Final = ("unset", "ok", "error")
_MAX_NS: Final = (2**63 - 1) // 1000 * 1000
_MAX_NAMES: Final = 10_000
Refuse = Callable[[str, str, bytes], None]
"""Takes (reason, detail, body) of a span that cannot be used."""


class Decoder:
    """Decodes with one set of rules; `seen` says whether a span was there before."""

    def __init__(self, rules: Rules, is_new: Callable[[SpanKey], bool], refuse: Refuse) -> None:
        self._rules, self._is_new, self._refuse = rules, is_new, refuse
        self.decoded = 0
        self.duplicates = 0
        self._names: dict[str, str] = {}

    def traces(self, plain: bytes, columns: SpanColumns) -> list[Span]:
        """The new spans of an ExportTraceServiceRequest. Raises DecodeError."""
        request = ExportTraceServiceRequest.FromString(plain)
        fresh: list[Span] = []
        for resource_spans in request.resource_spans:
            source = self._source(resource_spans.resource)
            for scope_spans in resource_spans.scope_spans:
                for wire in scope_spans.spans:
                    self.decoded += 1
                    try:
                        reason = _unusable(wire)
                        if reason:
                            self._refuse(reason, f"span {wire.name!r} of {source.service}", wire.SerializeToString())
                            continue
                        if not self._is_new((wire.trace_id, wire.span_id)):
                            self.duplicates += 1
                            continue
                        fresh.append(self._span(wire, source, columns))
                    except Exception as error:
                        # One span must not stop the rest, whatever is wrong with it.
                        self._refuse("unreadable_span", repr(error), wire.SerializeToString())
        return fresh

    def logs(self, plain: bytes, columns: LogColumns) -> None:
        """Keep the records of an ExportLogsServiceRequest. Raises DecodeError."""
        request = ExportLogsServiceRequest.FromString(plain)
        for resource_logs in request.resource_logs:
            source = self._source(resource_logs.resource)
            for scope_logs in resource_logs.scope_logs:
                for record in scope_logs.log_records:
                    attributes = [(each.key, as_text(each.value)) for each in record.attributes]
                    time = min(record.time_unix_nano or record.observed_time_unix_nano, _MAX_NS) // 1000
                    ids = record.trace_id.hex(), record.span_id.hex()
                    columns.add(
                        time, ids, record.severity_number, record.event_name, as_text(record.body), attributes, source
                    )

    def _span(self, wire: WireSpan, source: Source, columns: SpanColumns) -> Span:
        pairs = {each.key: as_text(each.value) for each in wire.attributes}
        status = wire.status.code
        if status == 2 and wire.status.message:
            pairs.setdefault("otel.status_description", wire.status.message)
        if wire.events and "exception.type" not in pairs:
            for happened in wire.events:
                if happened.name == "exception":
                    for each in happened.attributes:
                        if each.key == "exception.type":
                            pairs["exception.type"] = as_text(each.value)
        # Interned: the window keeps them, and there are few.
        wanted = self._rules.wanted
        attributes = {sys.intern(key): value for key, value in pairs.items() if key in wanted}
        kind = KINDS[wire.kind] if 0 <= wire.kind < len(KINDS) else KINDS[0]
        links = tuple(
            (link.trace_id, link.span_id) for link in wire.links if len(link.trace_id) == 16 and len(link.span_id) == 8
        )
        span = Span(
            wire.trace_id,
            wire.span_id,
            wire.parent_span_id if len(wire.parent_span_id) == 8 and any(wire.parent_span_id) else b"",
            self._name(wire.name),
            kind,
            wire.start_time_unix_nano // 1000,
            wire.end_time_unix_nano // 1000,
            status == 2 or "error.type" in attributes,
            source,
            attributes,
            self._rules.objects(attributes) if attributes else (),
            links,
        )
        span.rule = self._rules.activity(source.service, span.name, kind, attributes, source)
        columns.add(span, STATUS[status] if 0 <= status < len(STATUS) else STATUS[0], pairs)
        return span

    def _name(self, name: str) -> str:
        """Equal names as one object, as far as there are not too many (some hold ids)."""
        if len(self._names) > _MAX_NAMES:
            self._names.clear()
        return self._names.setdefault(name, name)

    def _source(self, resource: Resource) -> Source:
        pairs = {each.key: as_text(each.value) for each in resource.attributes}
        return make_source(pairs, self._rules)


def make_source(pairs: dict[str, str], rules: Rules) -> Source:
    """A resource with all attributes `pairs`."""
    wanted = {key: value for key, value in pairs.items() if key in rules.wanted}
    written = json.dumps(pairs, ensure_ascii=False, separators=(",", ":"))
    return Source(pairs.get("service.name", ""), wanted, written)


def _unusable(wire: WireSpan) -> str | None:
    if len(wire.trace_id) != 16 or not any(wire.trace_id):
        return "bad_trace_id"
    if len(wire.span_id) != 8 or not any(wire.span_id):
        return "bad_span_id"
    if not wire.start_time_unix_nano or not wire.end_time_unix_nano:
        return "no_time"
    if wire.end_time_unix_nano < wire.start_time_unix_nano:
        return "end_before_start"
    if wire.end_time_unix_nano > _MAX_NS:
        return "bad_time"
    return None
