"""The recent spans, by trace: who is whose parent, child, or linked one.

Of every span the ids are known; only those that tell something (`Span`) are kept whole. Bounded by a number of spans;
the trace that got a span longest ago leaves first, whole.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from typing import Final

from collector.converter.span import Source, Span, SpanKey

MAX_SPANS: Final = 600_000
"""About 50 bytes of memory each, 1 to 2 kB for those that tell something."""
_NOWHERE: Final = Source("", {}, "{}")
_MAX_ANCESTORS: Final = 200
_MAX_DESCENDANTS: Final = 2_000
_NO_ID: Final = bytes(8)
_MAX_TRACE: Final = 50_000
"""Spans of a trace that never ends (a context that leaks from one task to the next): it leaves, and begins anew."""
_FEW: Final = 64
"""Up to so many spans are looked for among their bytes; more get an index."""
Piece = tuple[bytes, bytes]
"""Span ids of eight bytes each, one behind the other, and the ids of their parents; zero at a root."""
Above = tuple[list[Span], bool]
Levels = list[tuple[list[Span], bool]]


class Trace:
    """Spans of one trace: their ids and parents (also ones that are not here yet), and those that tell something."""

    __slots__ = (
        "_above",
        "_below",
        "_fresh",
        "_missing",
        "_parents",
        "_pieces",
        "settled",
        "size",
        "targets",
        "telling",
        "touched",
    )

    def __init__(self) -> None:
        self.size = self.touched = 0
        self.settled = False
        self.telling: dict[bytes, Span] = {}
        self.targets: set[bytes] = set()
        self._pieces: list[Piece] = []
        self._parents: dict[bytes, bytes] = {}
        self._above: dict[bytes, Above] | None = None
        self._below: dict[bytes, dict[int, list[Span]]] = {}
        self._missing: set[bytes] = set()
        self._fresh: list[Span] = []

    def add(self, piece: Piece, telling: Iterable[Span] = ()) -> int:
        """Take in spans, and those of them that tell something; gives how many spans."""
        self._pieces.append(piece)
        count = len(piece[0]) // 8
        self.size += count
        for span in telling:
            self.telling[span.span_id] = span
            self._fresh.append(span)
        if self._above is not None and self._missing:
            ids = piece[0]
            if not self._missing.isdisjoint(ids[at : at + 8] for at in range(0, len(ids), 8)):
                # A parent came after its children: who stands above whom has changed.
                self._above = None
        return count

    def parents(self) -> dict[bytes, bytes]:
        """The parent of each span; empty at a root. Most traces are never asked."""
        for ids, parents in self._pieces:
            for at in range(0, len(ids), 8):
                parent = parents[at : at + 8]
                self._parents[ids[at : at + 8]] = b"" if parent == _NO_ID else parent
        self._pieces.clear()
        return self._parents

    def parent_of(self, span_id: bytes) -> bytes | None:
        """Empty at a root; None where the span is not here."""
        if self._parents or self.size > _FEW:
            return self.parents().get(span_id)
        for ids, parents in self._pieces:
            at = ids.find(span_id)
            while at > 0 and at % 8:  # across two ids
                at = ids.find(span_id, at + 1)
            if at >= 0:
                parent = parents[at : at + 8]
                return b"" if parent == _NO_ID else parent
        return None

    def broken(self) -> bool:
        """Whether a parent is missing."""
        known = set(self._parents)
        above = set(self._parents.values())
        # Not by `parents()`: most traces are never asked again, and an index of each would cost too much.
        for ids, parents in self._pieces:
            known.update(ids[at : at + 8] for at in range(0, len(ids), 8))
            above.update(parents[at : at + 8] for at in range(0, len(parents), 8))
        return not above <= known | {b"", _NO_ID}

    def above(self, span: Span) -> Above:
        """Known ancestors that tell something, the nearest first; and whether they reach up to a root."""
        found = self._look_up().get(span.span_id)
        return found if found is not None else self._line(span, {})

    def below(self, span: Span) -> Levels:
        """Known descendants that tell something, level by level; and whether that is all (False: too many)."""
        self._look_up()
        levels = self._below.get(span.span_id)
        if levels is None:
            return []
        found: Levels = []
        total = 0
        for distance in sorted(levels):
            total += len(levels[distance])
            if total > _MAX_DESCENDANTS:
                found.append(([], False))
                break
            found.append((levels[distance], True))
        return found

    def children(self, span_id: bytes) -> list[Span]:
        """Known children of a span that tell something."""
        self._look_up()
        return self._below.get(span_id, {}).get(1, [])

    def _look_up(self) -> dict[bytes, Above]:
        """From every span that tells something up to its root, once for all questions."""
        if self._above is None:
            self._above, self._below = {}, {}
            self._missing.clear()
            self._fresh = list(self.telling.values())
        for span in self._fresh:
            self._above[span.span_id] = self._line(span, self._below)
        self._fresh = []
        return self._above

    def _line(self, span: Span, below: dict[bytes, dict[int, list[Span]]]) -> Above:
        found: list[Span] = []
        parent, distance = span.parent, 0
        telling = self.telling
        while parent:
            distance += 1
            if distance > _MAX_ANCESTORS or parent == span.span_id:
                break
            levels = below.get(parent)
            if levels is None:
                below[parent] = {distance: [span]}
            elif distance in levels:
                levels[distance].append(span)
            else:
                levels[distance] = [span]
            if parent in telling:
                found.append(telling[parent])
            above = self.parent_of(parent)
            if above is None:
                self._missing.add(parent)
                return found, False
            parent = above
        return found, True


class Window:
    """All traces that are remembered, the one touched last at the end."""

    def __init__(self, max_spans: int = MAX_SPANS) -> None:
        self._max_spans = max_spans
        self._traces: OrderedDict[bytes, Trace] = OrderedDict()
        self._incoming: dict[bytes, dict[bytes, list[Span]]] = {}
        self._endless: dict[bytes, None] = {}
        self.spans = 0
        self.failing: set[bytes] = set()
        """Traces in which a span failed."""

    def add(self, trace_id: bytes, piece: Piece, telling: Iterable[Span] = (), now: int = 0) -> None:
        """Take in spans of a trace, and those of them that tell something; `now` in ms since 1970."""
        trace = self._traces.get(trace_id)
        if trace is None:
            trace = self._traces[trace_id] = Trace()
        else:
            self._traces.move_to_end(trace_id)
        telling = tuple(telling)
        self.spans += trace.add(piece, telling)
        if trace.size > _MAX_TRACE:
            self._endless[trace_id] = None
        trace.touched = now
        if any(span.error for span in telling):
            self.failing.add(trace_id)
        for span in telling:
            for target, target_span in span.links:
                trace.targets.add(target)
                self._incoming.setdefault(target, {}).setdefault(target_span, []).append(span)

    def get(self, key: SpanKey) -> Span | None:
        """The span, if it is remembered; one that tells nothing has its ids and its parent only."""
        trace = self._traces.get(key[0])
        if trace is None:
            return None
        found = trace.telling.get(key[1])
        if found is None and (parent := trace.parent_of(key[1])) is not None:
            return Span(*key, parent, "", "", 0, 0, False, _NOWHERE, "", {})
        return found

    def line(self, span: Span) -> Iterator[Span]:
        """All known ancestors, also those that tell nothing, the nearest first."""
        parent = span.parent
        for _ in range(_MAX_ANCESTORS):
            above = self.get((span.trace_id, parent)) if parent else None
            if above is None or above.span_id == span.span_id:
                return
            yield above
            parent = above.parent

    def telling(self, trace_id: bytes) -> Iterable[Span]:
        """Spans of the trace that tell something."""
        trace = self._traces.get(trace_id)
        return trace.telling.values() if trace else ()

    def ancestors(self, span: Span) -> Above:
        """Known ancestors that tell something, the nearest first; and whether all up to a root are known."""
        trace = self._traces.get(span.trace_id)
        return trace.above(span) if trace and span.parent else ([], not span.parent)

    def descendants(self, span: Span) -> Levels:
        """Known descendants that tell something, level by level; and whether that is all (False: too many, and the
        last level)."""
        trace = self._traces.get(span.trace_id)
        return trace.below(span) if trace and len(trace.telling) > (span.span_id in trace.telling) else []

    def children(self, span: Span) -> list[Span]:
        """Known children that tell something, those that failed among them."""
        return self._traces[span.trace_id].children(span.span_id) if span.trace_id in self._traces else []

    def linked(self, trace_id: bytes) -> bool:
        """Whether a span of the trace has a link, or is linked to."""
        trace = self._traces.get(trace_id)
        return trace_id in self._incoming or bool(trace and trace.targets)

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

    def settled(self, before: int, at_most: int) -> Iterator[tuple[str, bool]]:
        """Traces to which nothing came since `before` (ms), each once: a service, and whether a parent is missing."""
        for trace in self._traces.values():
            if trace.touched >= before or at_most <= 0:
                return
            if not trace.settled:
                trace.settled = True
                at_most -= 1
                if trace.telling:
                    yield next(iter(trace.telling.values())).source.service, trace.broken()

    def leaving(self) -> list[bytes]:
        """The traces that `evict` would let go of now."""
        found = list(self._endless)
        over = self.spans - self._max_spans - sum(self._traces[each].size for each in found)
        for trace_id, trace in self._traces.items():
            if over <= 0 or len(found) + 1 >= len(self._traces):
                break
            if trace_id in self._endless:
                continue
            over -= trace.size
            found.append(trace_id)
        return found

    def evict(self) -> None:
        """Let go of the oldest traces until the bound holds, and of endless ones; the newest stays otherwise."""
        leaving = self.leaving()
        self._endless.clear()
        for trace_id in leaving:
            trace = self._traces.pop(trace_id)
            self.failing.discard(trace_id)
            self.spans -= trace.size
            for span in trace.telling.values():
                if span.links:
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
