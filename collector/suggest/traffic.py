"""Raw spans as the search for a mapping needs them: every attribute kept, relatives known."""

import sys
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from collector.converter.values import as_text

MAX_SPANS: Final = 400_000
"""More than this tells nothing new, and takes about 1 kB of memory each."""
KINDS: Final = ("internal", "internal", "server", "client", "producer", "consumer", "log", "event")
"""By OTLP's number; 6 and 7 are log records and CloudEvents that were made spans."""
_MAX_TEXT: Final = 256


@dataclass(frozen=True, slots=True)
class Resource:
    """Where spans come from."""

    service: str
    attributes: dict[str, str]


@dataclass(slots=True, eq=False)
class RawSpan:
    """One span. Times are µs UTC; `trace` and `links` are numbers of traces, `parent` the span it hangs under."""

    id: bytes
    trace: int
    parent_id: bytes
    name: str
    kind: str
    scope: str
    start: int
    end: int
    resource: Resource
    attributes: dict[str, str]
    linked_ids: tuple[bytes, ...]
    parent: "RawSpan | None" = field(default=None, repr=False)
    children: "list[RawSpan]" = field(default_factory=list, repr=False)


class Traffic:
    """All spans taken in, each once. `lists` are attributes seen with an array, `numbers` those with a number."""

    def __init__(self, max_spans: int = MAX_SPANS) -> None:
        self._max_spans = max_spans
        self.requests = 0
        self.spans: list[RawSpan] = []
        self.traces: list[list[RawSpan]] = []
        self.trace_ids: list[str] = []
        self.cluster: list[int] = []
        """Trace -> the lowest number of the traces that links tie it to."""
        self.lists: set[str] = set()
        self.numbers: dict[str, int] = defaultdict(int)
        self.fractions: set[str] = set()
        self._trace_numbers: dict[bytes, int] = {}
        self._seen: set[tuple[int, bytes]] = set()
        self._words: dict[str, str] = {}

    @property
    def full(self) -> bool:
        """Whether no more spans are taken in."""
        return len(self.spans) >= self._max_spans

    def add(self, request: bytes) -> int:
        """Take in an ExportTraceServiceRequest; gives how many spans were new. Raises DecodeError."""
        before = len(self.spans)
        self.requests += 1
        for resource_spans in ExportTraceServiceRequest.FromString(request).resource_spans:
            pairs = {each.key: as_text(each.value) for each in resource_spans.resource.attributes}
            resource = Resource(pairs.get("service.name", ""), pairs)
            for scope_spans in resource_spans.scope_spans:
                scope = self._word(scope_spans.scope.name)
                for wire in scope_spans.spans:
                    if len(wire.trace_id) != 16 or len(wire.span_id) != 8 or not wire.start_time_unix_nano:
                        continue
                    trace = self._trace(wire.trace_id)
                    if self.full or (trace, wire.span_id) in self._seen:
                        continue
                    self._seen.add((trace, wire.span_id))
                    start = wire.start_time_unix_nano // 1000
                    span = RawSpan(
                        wire.span_id,
                        trace,
                        wire.parent_span_id if any(wire.parent_span_id) else b"",
                        self._word(wire.name),
                        KINDS[wire.kind] if 0 <= wire.kind < len(KINDS) else KINDS[0],
                        scope,
                        start,
                        max(start, wire.end_time_unix_nano // 1000),
                        resource,
                        {sys.intern(each.key): self._value(each.key, each.value) for each in wire.attributes},
                        tuple(link.trace_id for link in wire.links if len(link.trace_id) == 16),
                    )
                    self.spans.append(span)
                    self.traces[trace].append(span)
        return len(self.spans) - before

    def settle(self) -> None:
        """Tie parents, children and linked traces together, once everything is taken in."""
        for spans in self.traces:
            by_id = {span.id: span for span in spans}
            for span in spans:
                parent = by_id.get(span.parent_id) if span.parent_id else None
                if parent is not None and parent is not span:
                    span.parent = parent
                    parent.children.append(span)
        roots = list(range(len(self.traces)))

        def find(node: int) -> int:
            while roots[node] != node:
                roots[node] = roots[roots[node]]
                node = roots[node]
            return node

        for span in self.spans:
            for linked in span.linked_ids:
                other = self._trace_numbers.get(linked)
                if other is not None:
                    low, high = sorted((find(span.trace), find(other)))
                    roots[high] = low
        self.cluster = [find(trace) for trace in range(len(roots))]
        self._seen.clear()

    def _trace(self, trace_id: bytes) -> int:
        number = self._trace_numbers.get(trace_id)
        if number is None:
            number = self._trace_numbers[trace_id] = len(self.traces)
            self.traces.append([])
            self.trace_ids.append(trace_id.hex())
        return number

    def _value(self, key: str, value: AnyValue) -> str:
        which = value.WhichOneof("value")
        if which == "array_value":
            self.lists.add(key)
        elif which == "int_value":
            self.numbers[key] += 1
        elif which == "double_value":
            self.numbers[key] += 1
            if not value.double_value.is_integer():
                self.fractions.add(key)
        return self._word(as_text(value))

    def _word(self, text: str) -> str:
        """Equal short texts as one object."""
        return self._words.setdefault(text, text) if len(text) <= _MAX_TEXT else text


def gather(requests: Iterable[bytes], max_spans: int = MAX_SPANS) -> Traffic:
    """The traffic of ExportTraceServiceRequests, as far as it fits. Raises DecodeError."""
    traffic = Traffic(max_spans)
    for request in requests:
        traffic.add(request)
        if traffic.full:
            break
    traffic.settle()
    return traffic
