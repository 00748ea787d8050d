"""From spans to events and case links: what can be written now, what must wait, what became known late."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import structlog

from collector.converter.columns import Output
from collector.converter.decode import Fresh, Refuse
from collector.converter.events import Around, add_event, failed
from collector.converter.joins import Joins
from collector.converter.objects import Found, beside, resolve
from collector.converter.open_events import ObjectKey, OpenEvents
from collector.converter.origins import reached
from collector.converter.rules import Rules
from collector.converter.span import Named, Span, SpanKey
from collector.converter.telemetry import ConverterMetrics
from collector.converter.window import Window

HOLD_MS: Final = 10_000
"""So long an event waits for parents, and for relatives that name its case. SDKs send every 5 s by default."""
_MAX_TOUCHED: Final = 50
"""So many traces linked with one are looked at again when it gets a span."""

_MAX_SETTLED: Final = 20_000
"""So many traces are looked through at once."""

log = structlog.get_logger()


class Mapper:
    """Keeps the recent spans, and what is not finished. `leading`: process -> object type."""

    def __init__(
        self,
        rules: Rules,
        leading: Mapping[str, str],
        window: Window,
        joins: Joins,
        opened: OpenEvents,
        told: ConverterMetrics,
        refuse: Refuse,
        hold_ms: int,
    ) -> None:
        self._rules, self._leading, self._window, self._joins, self._open = rules, leading, window, joins, opened
        self._told, self._refuse, self._hold_ms = told, refuse, hold_ms
        self._leading_types = frozenset(leading.values())
        self._types = sorted({each.type for each in rules.mapping.objects} | self._leading_types)
        self._retry: dict[SpanKey, int] = {}
        self._learned: set[ObjectKey] = set()

    @property
    def waiting(self) -> bool:
        """Whether something waits for its time."""
        return bool(self._open.held or self._retry)

    @property
    def without_case(self) -> Mapping[tuple[str, str], int]:
        """Events that have no case yet, by process and reason."""
        return self._open.tally

    def restore(self, rounds: Iterable[Fresh], now: int) -> int:
        """Take in spans of earlier rounds without writing anything; gives how many are remembered."""
        for fresh in rounds:
            self._add(fresh, now)
        self._window.evict()
        self._retry.update((key, now) for key in self._open.without_case if self._window.get(key))
        return self._window.spans

    def take_in(self, fresh: Fresh, now: int) -> Output:
        """One round: the new spans of it; `now` in ms since 1970."""
        out = Output()
        self._add(fresh, now)
        traces = dict.fromkeys(trace_id for trace_id, _ in fresh.traces)
        self._learn(traces)
        touched = self._touched(traces)
        for key in touched:
            if key in self._open.held and (span_held := self._window.get(key)) is not None:
                self._try(span_held, now, out, final=False)
        for span in fresh.telling:
            if span.rule is not None:
                self._try(span, now, out, final=False)
        self._correct(fresh, out)
        self._expire(now, out)
        self._link_late(touched, now, out)
        self._evict(now, out)
        return out

    def settled(self, before: int) -> Iterator[tuple[str, bool]]:
        """Traces to which nothing came since `before` (ms since 1970), each once: service, and whether it is broken."""
        return self._window.settled(before, _MAX_SETTLED)

    def _add(self, fresh: Fresh, now: int) -> None:
        telling: dict[bytes, list[Span]] = {}
        for span in fresh.telling:
            telling.setdefault(span.trace_id, []).append(span)
        for trace_id, piece in fresh.traces:
            self._window.add(trace_id, piece, telling.pop(trace_id, ()), now)

    def _learn(self, traces: Iterable[bytes]) -> None:
        """Joins of new spans, and of those below a parent that came after them."""
        for trace_id in traces:
            for span in self._window.telling(trace_id):
                if span.objects:
                    above = self._window.ancestors(span)[0]
                    if span.learned != len(above):
                        span.learned = len(above)
                        alone = len(span.objects) == 1 and not any(each.objects for each in above)
                        if not alone or self._window.linked(trace_id):
                            self._learn_path(span, above)

    def _learn_path(self, span: Span, ancestors: list[Span]) -> None:
        """Joins of what the span names, with each other and with what its ancestors name."""
        above = Found()
        for ancestor in ancestors:
            if ancestor.objects:
                above.level(ancestor.objects)
        own = {each.type for each in span.objects}
        farther = [each for each in above.all() if each.type not in own]
        for each in span.objects:
            for other in span.objects:
                self._join(each, other.type, other.id)
            for other in farther:
                self._join(each, other.type, other.id)
                self._join(other, each.type, each.id)
        if self._window.linked(span.trace_id) and not self._leading_types <= own | above.types.keys() | above.open:
            # A charge behind a queue names its payment; the order stands on the other side of the link.
            found = resolve(span, self._window, self._types)
            for leading in sorted(self._leading_types & found.types.keys()):
                for each in span.objects:
                    self._join(each, leading, found.types[leading][0].id)

    def _join(self, each: Named, leading: str, target: str) -> None:
        wanted = each.type != leading and leading in self._leading_types
        if wanted and self._joins.learn((each.type, each.id, leading), target):
            self._learned.add((each.type, each.id))

    def _touched(self, traces: Iterable[bytes]) -> list[SpanKey]:
        """Open events whose trace, or one linked with it, got a span."""
        if not self._open:
            return []
        reached: dict[bytes, None] = {}
        for trace_id in traces:
            near, border = {trace_id: None}, [trace_id]
            while border and len(near) < _MAX_TOUCHED:
                border = [t for each in border for t in sorted(self._window.linked_traces(each)) if t not in near]
                near.update(dict.fromkeys(border))
            reached.update(near)
        return [key for trace_id in reached for key in self._open.of_trace(trace_id)]

    def _try(self, span: Span, now: int, out: Output, *, final: bool) -> None:
        """Write the event of `span`, or hold it where waiting may still tell more and it is not `final`."""
        rule = span.rule
        if rule is None:
            # The mapping has changed since it was held.
            self._open.close(span.key)
            return
        leading = self._leading.get(rule.process)
        try:
            found, case = self._resolved(span, leading)
            if not final and ((leading and case is None) or not self._window.ancestors(span)[1]):
                if span.key not in self._open.held:
                    self._open.hold(span.key, now)
                return
            objects = found.with_case(leading, case)
            add_event(out.events, span, rule, objects, Around(span, self._window), self._rules)
        except Exception as error:
            # One event must not stop the rest, whatever is wrong with it.
            log.exception("converter.unmappable_span", event_id=span.event_id)
            self._refuse("unmappable_span", f"{span.event_id} {span.name!r}: {error!r}", b"", None)
            self._open.close(span.key)
            return
        out.tally[rule.process] += 1
        if leading and case is None:
            keys = tuple(dict.fromkeys((each.type, each.id) for each in objects))
            reason = self._why(span, found, leading, keys)
            forgotten = self._open.wait(span.key, now, rule.process, keys, reason)
            self._told.forgotten.labels("event_without_case").inc(forgotten)
            return
        self._open.close(span.key)
        if leading and case is not None:
            for each in found.near:
                if each.type != leading:
                    self._join(each, leading, case)

    def _correct(self, fresh: Fresh, out: Output) -> None:
        """Write failed events again, under their ids, when more is known of where their error began."""
        new = {span.key for span in fresh.telling if span.rule is not None}
        for key, span in {each.key: each for each in reached(fresh.telling, self._window, self._rules)}.items():
            around = Around(span, self._window)
            if span.rule is None or key in new or key in self._open.held or not failed(span, around, self._rules):
                continue
            leading = self._leading.get(span.rule.process)
            found, case = self._resolved(span, leading)
            add_event(out.events, span, span.rule, found.with_case(leading, case), around, self._rules)

    def _resolved(self, span: Span, leading: str | None) -> tuple[Found, str | None]:
        """The objects of a span's event, and its case where they tell it."""
        found = resolve(span, self._window, self._types)
        case = found.first(leading) if leading else None
        if case is None and leading:
            case = self._case_by_join(found, leading)
        return found, case

    def _why(self, span: Span, found: Found, leading: str, keys: Sequence[ObjectKey]) -> str:
        """Why an event has no case."""
        if leading in found.open:
            return "several"
        if keys:
            return "not_joined"
        return "no_key" if self._window.ancestors(span)[1] else "parent_missing"

    def _case_by_join(self, found: Found, leading: str) -> str | None:
        if leading in found.open:
            return None
        for each in found.all():
            case = self._joins.find(each.type, each.id, leading)
            if case is not None:
                return case
        return None

    def _expire(self, now: int, out: Output) -> None:
        """What has waited long enough is written; then what stands beside it may say its case."""
        before = now - self._hold_ms
        for key in self._open.expired(before):
            span = self._window.get(key)
            if span is None:
                log.error("converter.held_span_missing", event_id=f"{key[0].hex()}:{key[1].hex()}")
                self._open.close(key)
                continue
            self._try(span, now, out, final=True)
            self._link(key, out, look_beside=True)
        for key in [key for key, since in self._retry.items() if since <= before]:
            del self._retry[key]
            self._link(key, out, look_beside=True)

    def _link_late(self, touched: list[SpanKey], now: int, out: Output) -> None:
        """Cases that became known for events written earlier."""
        for key in touched:
            if key in self._open.without_case and not self._link(key, out, look_beside=False):
                self._retry[key] = now
        while self._learned:
            learned, self._learned = sorted(self._learned), set()
            for each in learned:
                for key in self._open.of_object(each):
                    self._link(key, out, look_beside=False)

    def _link(self, key: SpanKey, out: Output, *, look_beside: bool) -> bool:
        """Write the case of an event that was written without one, if it is known now."""
        if key not in self._open.without_case:
            return True
        process, objects = self._open.without_case[key]
        leading = self._leading.get(process)
        if leading is None:
            return False
        case: str | None = None
        span = self._window.get(key)
        if span is None:
            found = Found()
            found.own(Named(object_type, object_id, None) for object_type, object_id in objects)
            case = self._case_by_join(found, leading)
        else:
            found = resolve(span, self._window, self._types)
            case = found.first(leading) or self._case_by_join(found, leading)
            if case is not None:
                for each in found.near:
                    self._join(each, leading, case)
            elif look_beside and leading not in found.open:
                self._guess(span, process, leading, out)
        if case is None:
            return False
        if case != self._open.guessed.get(key):
            out.links.append((f"{key[0].hex()}:{key[1].hex()}", process, case))
        self._open.close(key)
        self._retry.pop(key, None)
        return True

    def _guess(self, span: Span, process: str, leading: str, out: Output) -> None:
        """What stands beside says the case until a relative does: of two link rows the later one holds."""
        case = beside(span, self._window, leading)
        if case is not None and case != self._open.guessed.get(span.key):
            self._open.guessed[span.key] = case
            out.links.append((span.event_id, process, case))

    def _evict(self, now: int, out: Output) -> None:
        """Let old traces go. What they hold is written first; what waits for them alone is forgotten."""
        for trace_id in self._window.leaving():
            for key in self._open.of_trace(trace_id):
                span = self._window.get(key)
                if key in self._open.held and span is not None:
                    self._try(span, now, out, final=True)
                self._link(key, out, look_beside=True)
                self._retry.pop(key, None)
                waiting = self._open.without_case.get(key)
                if waiting is not None and not waiting[1]:
                    self._told.forgotten.labels("event_without_case").inc(key not in self._open.guessed)
                    self._open.close(key)
        self._window.evict()
