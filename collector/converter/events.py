"""An event's columns from its span and the spans around it."""

from collections.abc import Iterable, Sequence
from typing import Final

from collector.converter.columns import EventColumns
from collector.converter.origins import error_type, origin_fields
from collector.converter.rules import Rules, fill, places
from collector.converter.span import Named, Span
from collector.converter.values import as_amount, as_list, as_time
from collector.converter.window import Window
from collector.settings import ActivityRule

UNKNOWN: Final = "unknown"
"""What stands for an attribute in an activity's name that is nowhere to be found."""
_WELL: Final = frozenset({"ok", "true", "success", "succeeded", "successful", "completed", "passed", "成功", "正常"})
_FAILED: Final = frozenset(
    {"error", "false", "failure", "failed", "fail", "rejected", "timeout", "失败", "异常", "错误", "超时"}
)


class Around:
    """A span, its ancestors, its descendants: where attributes are looked up, nearest first."""

    def __init__(self, span: Span, window: Window) -> None:
        self.span, self.window = span, window
        self.above = window.ancestors(span)[0]
        """Ancestors, from the nearest."""
        self.spans = [span, *self.above]
        """The span itself, ancestors from the nearest, descendants level by level."""
        for level, _ in window.descendants(span):
            self.spans += level
        # Each attribute as the nearest span has it, with that span's place.
        self._nearest: dict[str, tuple[int, str]] = {}
        for place, each in enumerate(self.spans):
            for name, value in each.attributes.items():
                if value and name not in self._nearest:
                    self._nearest[name] = place, value

    def find(self, names: Sequence[str]) -> str | None:
        """The first of `names` on the nearest span that has one, then on the resource."""
        best: tuple[int, str] | None = None
        for name in names:
            at = self._nearest.get(name)
            # Of equally near ones the first name wins.
            if at is not None and (best is None or at[0] < best[0]):
                best = at
        return best[1] if best is not None else self._on_resource(names)

    def own(self, names: Sequence[str]) -> str | None:
        """The first of `names` that the span itself has, then its resource."""
        for name in names:
            if value := self.span.attributes.get(name):
                return value
        return self._on_resource(names)

    def of_service(self, names: Sequence[str], service: str) -> str | None:
        """As `find`, on spans of the service only."""
        for each in self.spans:
            if each.attributes and each.source.service == service:
                for name in names:
                    if value := each.attributes.get(name):
                        return value
        return self._on_resource(names)

    def _on_resource(self, names: Sequence[str]) -> str | None:
        for name in names:
            if value := self.span.source.attributes.get(name):
                return value
        return None


def add_event(
    columns: EventColumns, span: Span, rule: ActivityRule, objects: list[Named], around: Around, rules: Rules
) -> None:
    """Add the event of `span`."""
    mapping = rules.mapping
    actor_kind, actor, actor_span = _actor(around, rules)
    role, more_roles = _role(mapping.role, actor_kind, actor_span, around)
    fields = {name: value for name in mapping.fields if (value := around.find((name,))) is not None}
    fields |= more_roles
    service = span.source.service
    amount = around.find(mapping.amount)
    enabled = around.find(mapping.enabled)
    start, end = _times(span, around, rules)
    error = failed(span, around, rules)
    if error:
        fields |= origin_fields(span, around.window, rules)
    trace_id, span_id = span.trace_id.hex(), span.span_id.hex()
    columns.add(
        (
            f"{trace_id}:{span_id}",
            rule.process,
            _activity(rule.activity, around),
            start,
            end,
            as_time(enabled) if enabled is not None else None,
            actor_kind,
            actor,
            role,
            around.own(mapping.system) or service or None,
            # A module is a part of this system: what other systems on the way call theirs says nothing.
            rule.module or around.of_service(mapping.module, service),
            around.find(mapping.device),
            around.find(mapping.channel),
            around.find(mapping.platform),
            around.find(mapping.shop),
            "error" if error else "ok",
            _error_type(around, mapping.error_type) if error else None,
            as_amount(amount) if amount is not None else None,
            objects,
            trace_id,
            span_id,
        ),
        fields,
    )


def _activity(activity: str, around: Around) -> str:
    if "{" not in activity:
        return activity
    return fill(activity, {name: around.find((name,)) or UNKNOWN for name in places(activity)})


def _times(span: Span, around: Around, rules: Rules) -> tuple[int, int]:
    """Start and end in µs: as attributes of the span say where the mapping names some, else the span's own."""
    mapping = rules.mapping
    if not mapping.start and not mapping.end:
        return span.start, span.end
    said = [around.own(names) for names in (mapping.start, mapping.end)]
    start, end = (as_time(each) if each is not None else None for each in said)
    if start is None:
        start = span.start if end is None else min(span.start, end)
    # What is said to end before it began has no length.
    return start, max(start, end if end is not None else span.end)


def failed(span: Span, around: Around, rules: Rules) -> bool:
    """Whether the event of `span` has the outcome `error`: as its attributes say, else as the span does."""
    said = around.own(rules.mapping.outcome) if rules.mapping.outcome else None
    word = said.strip().lower() if said is not None else ""
    if word in _WELL:
        return False
    return word in _FAILED or span.error


def _actor(around: Around, rules: Rules) -> tuple[str, str | None, Span | None]:
    """(kind, id, the span that says so)."""
    for span in around.spans:
        if not span.attributes and span is not around.span:
            continue
        for rule, test in rules.actors:
            value = span.attributes.get(rule.attribute)
            if value is None and span is around.span:
                value = span.source.attributes.get(rule.attribute)
            if rule.kind == "system":
                if span is around.span and test.holds(span):
                    return "system", value or span.source.service or None, span
            elif value and test.holds(span):
                return rule.kind, as_list(value)[0] if as_list(value) else value, span
    return "system", around.span.source.service or None, None


def _role(
    names: Sequence[str], kind: str, actor_span: Span | None, around: Around
) -> tuple[str | None, dict[str, str]]:
    """The actor's role, and the field that holds all of them where there are several."""
    spans: Iterable[Span]
    if actor_span is None:
        spans = (around.span, *around.above)
    elif kind == "staff":
        spans = (actor_span, *around.spans)
    else:
        # Who serves a customer further down lends the customer no role.
        spans = (actor_span,)
    for span in spans:
        for name in names:
            value = span.attributes.get(name)
            if value is None and span is around.span:
                value = span.source.attributes.get(name)
            if value and (roles := as_list(value)):
                return roles[0], {name: ",".join(roles)} if len(roles) > 1 else {}
    return None, {}


def _error_type(around: Around, names: Sequence[str]) -> str | None:
    if found := around.own(names):
        return found
    for span in around.spans:
        if span.error and (found := error_type(span)):
            return found
    return None
