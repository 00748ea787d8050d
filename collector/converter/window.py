"""The recent spans, by trace: who is whose parent, child, or linked one.

Bounded by a number of spans; the trace that got a span longest ago leaves first, whole.
"""

from collections import OrderedDict
from collections.abc import Iterator
from typing import Final

from collector.converter.span import Span, SpanKey

MAX_SPANS: Final = 600_000
"""About 1 kB of memory each."""
_MAX_ANCESTORS: Final = 200
_MAX_DESCENDANTS: Final = 2_000


class Trace:
    """Spans of one trace, by id and by parent (also a parent that is not here yet)."""

    __slots__ = ("children", "spans", "targets")

    def __init__(self) -> None:
        self.targets: set[bytes] = set()
        self.spans: dict[bytes, Span] = {}
        self.children: dict[bytes, list[Span]] = {}


class Window:
    """All traces that are remembered, the one touched last at the end."""

    def __init__(self, max_spans: int = MAX_SPANS) -> None:
        self._max_spans = max_spans
        self._traces: OrderedDict[bytes, Trace] = OrderedDict()
        self._incoming: dict[bytes, dict[bytes, list[Span]]] = {}
        self.spans = 0

    def add(self, span: Span) -> bool:
        """Take in a span; False where it is there already."""
        trace = self._traces.get(span.trace_id)
        if trace is None:
            trace = self._traces[span.trace_id] = Trace()
        else:
            self._traces.move_to_end(span.trace_id)
        if span.span_id in trace.spans:
            return False
        trace.spans[span.span_id] = span
        if span.parent:
            trace.children.setdefault(span.parent, []).append(span)
        for target, target_span in span.links:
            trace.targets.add(target)
            self._incoming.setdefault(target, {}).setdefault(target_span, []).append(span)
        self.spans += 1
        return True

    def get(self, key: SpanKey) -> Span | None:
        """The span, if it is remembered."""
        trace = self._traces.get(key[0])
        return trace.spans.get(key[1]) if trace else None

    def ancestors(self, span: Span) -> tuple[list[Span], bool]:
        """Known ancestors, the parent first; and whether they reach up to a root."""
        found: list[Span] = []
        spans = self._traces[span.trace_id].spans if span.trace_id in self._traces else {}
        parent = span.parent
        while parent and len(found) < _MAX_ANCESTORS:
            above = spans.get(parent)
            if above is None:
                return found, False
            if above is span or (found and above in found):
                break
            found.append(above)
            parent = above.parent
        return found, True

    def children(self, span: Span) -> list[Span]:
        """Known children."""
        trace = self._traces.get(span.trace_id)
        return trace.children.get(span.span_id, []) if trace else []

    def descendants(self, span: Span) -> Iterator[tuple[list[Span], bool]]:
        """Known descendants, level by level; and whether the level is whole (False: too many, and the last)."""
        trace = self._traces.get(span.trace_id)
        if trace is None:
            return
        level, seen = [span], {span.span_id}
        while level:
            below: list[Span] = []
            for each in level:
                for child in trace.children.get(each.span_id, ()):
                    if child.span_id not in seen:
                        seen.add(child.span_id)
                        below.append(child)
                        if len(seen) > _MAX_DESCENDANTS:
                            yield below, False
                            return
            if below:
                yield below, True
            level = below

    def linking_to(self, span: Span) -> list[Span]:
        """Known spans that have a link to `span`."""
        return self._incoming.get(span.trace_id, {}).get(span.span_id, [])

    def linked_traces(self, trace_id: bytes) -> set[bytes]:
        """Traces that have a link to the trace or from it."""
        found = {each.trace_id for spans in self._incoming.get(trace_id, {}).values() for each in spans}
        trace = self._traces.get(trace_id)
        if trace is not None:
            found |= trace.targets
        return found

    def leaving(self) -> list[bytes]:
        """The traces that `evict` would let go of now."""
        found: list[bytes] = []
        over = self.spans - self._max_spans
        for trace_id, trace in self._traces.items():
            if over <= 0 or len(found) + 1 >= len(self._traces):
                break
            over -= len(trace.spans)
            found.append(trace_id)
        return found

    def evict(self) -> None:
        """Let go of the oldest traces until the bound holds; the newest stays in any case."""
        for trace_id in self.leaving():
            trace = self._traces.pop(trace_id)
            self.spans -= len(trace.spans)
            for span in trace.spans.values():
                self._unlink(span)

    def _unlink(self, span: Span) -> None:
        for target, target_span in span.links:
            by_span = self._incoming.get(target)
            if by_span is None or target_span not in by_span:
                continue
            by_span[target_span] = [each for each in by_span[target_span] if each is not span]
            if not by_span[target_span]:
                del by_span[target_span]
            if not by_span:
                del self._incoming[target]
