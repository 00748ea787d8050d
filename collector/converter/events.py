"""An event's columns from its span and the spans around it."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from collector.converter.columns import EventColumns
from collector.converter.rules import Rules, fill, places
from collector.converter.span import Named, Span
from collector.converter.values import as_amount, as_list, as_time
from collector.converter.window import Window
from collector.settings import ActivityRule

UNKNOWN = "unknown"
"""What stands for an attribute in an activity's name that is nowhere to be found."""


class Around:
    """A span, its ancestors, its descendants: where attributes are looked up, in this order, each looked up once."""

    def __init__(self, span: Span, window: Window) -> None:
        self.span = span
        self._window = window
        self._ancestors: list[Span] | None = None
        self._descendants: list[Span] | None = None

    def spans(self) -> Iterator[Span]:
        """The span itself, ancestors from the nearest, descendants level by level."""
        yield self.span
        yield from self.above()
        if self._descendants is None:
            self._descendants = [each for level, _ in self._window.descendants(self.span) for each in level]
        yield from self._descendants

    def above(self) -> list[Span]:
        """Ancestors, from the nearest."""
        if self._ancestors is None:
            self._ancestors = self._window.ancestors(self.span)[0]
        return self._ancestors

    def find(self, names: Sequence[str], use: Callable[[Span], bool] | None = None) -> str | None:
        """The first of `names` on the nearest span (of those to `use`) that has one, then on the resource."""
        if not names:
            return None
        for span in self.spans():
            if span.attributes and (use is None or use(span)):
                for name in names:
                    value = span.attributes.get(name)
                    if value:
                        return value
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
    columns.add(
        (
            span.event_id,
            rule.process,
            _activity(rule.activity, around),
            span.start,
            span.end,
            as_time(enabled) if enabled is not None else None,
            actor_kind,
            actor,
            role,
            service or None,
            # A module is a part of this system: what other systems on the way call theirs says nothing.
            rule.module or around.find(mapping.module, lambda each: each.source.service == service),
            around.find(mapping.device),
            around.find(mapping.channel),
            around.find(mapping.platform),
            around.find(mapping.shop),
            "error" if span.error else "ok",
            _error_type(around) if span.error else None,
            as_amount(amount) if amount is not None else None,
            [each._asdict() for each in objects],
            span.trace_id.hex(),
            span.span_id.hex(),
        ),
        fields,
    )


def _activity(activity: str, around: Around) -> str:
    if "{" not in activity:
        return activity
    return fill(activity, {name: around.find((name,)) or UNKNOWN for name in places(activity)})


def _actor(around: Around, rules: Rules) -> tuple[str, str | None, Span | None]:
    """(kind, id, the span that says so)."""
    for span in around.spans():
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
        spans = (around.span, *around.above())
    elif kind == "staff":
        spans = (actor_span, *around.spans())
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


def _error_type(around: Around) -> str | None:
    for span in around.spans():
        if span.error:
            found = span.attributes.get("error.type") or span.attributes.get("exception.type")
            if found:
                return found
    return None
