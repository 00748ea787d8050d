"""Where an event's error began: the deepest span that failed, as long as everything between failed too."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from collector.converter.rules import Rules
from collector.converter.span import HTTP_STATUS, Span
from collector.converter.window import Window
from collector.vocabulary.timeouts import is_timeout

PREFIX: Final = "error.origin."
"""Before the fields of an event that say where its error began (docs/contract.md, section 7)."""
WAITED: Final = "error.waited."
"""Before those that say what a call that ran out of time had waited for."""
_DEEPEST: Final = 200
_SLACK: Final = 50
"""What ends within a fiftieth of a call's length before its end was under way until then."""
_ASIDE: Final = frozenset({"producer", "consumer", "log", "event"})
"""Kinds of spans that nobody waits for."""


def origin(span: Span, window: Window) -> tuple[Span, int]:
    """The deepest known span from which an error climbed up to `span`; itself where none below it failed.

    A child counts only where its parent failed as well: what a parent recovered from is nobody's error. And how many
    calls like it were made, when every level tried as often as this once: the failed tries of each level multiplied.
    """
    calls = 1
    for _ in range(_DEEPEST):
        failed = [each for each in window.children(span) if each.error]
        if is_timeout(error_type(span) or ""):
            # What fails after it was given up fails for that.
            failed = [each for each in failed if each.end <= span.end]
        if not failed:
            break
        span = _fatal(failed, span)
        calls *= sum(each.name == span.name and each.source.service == span.source.service for each in failed)
    return span, calls


def origin_fields(span: Span, window: Window, rules: Rules) -> dict[str, str]:
    """The fields of a failed event that say where its error began."""
    found, calls = origin(span, window)
    kind = error_type(found, rules.mapping.error_type)
    fields = _place(found, window, rules)
    fields |= {"type": kind, "calls": str(calls) if calls > 1 else None, "span": found.span_id.hex()}
    told = {PREFIX + name: value for name, value in fields.items() if value}
    late = waited_for(found, window) if kind and is_timeout(kind) else None
    if late is not None:
        told |= {WAITED + name: value for name, value in _place(late, window, rules).items() if value}
    return told


def waited_for(call: Span, window: Window) -> Span | None:
    """The deepest known span below a call that was under way when the call ended; None where none is known."""
    found: Span | None = None
    for level, _ in window.descendants(call):
        busy = [each for each in level if _kept_waiting(each, call)]
        if busy:
            found = min(busy, key=lambda each: (each.start, each.span_id))
    return found


def _kept_waiting(span: Span, call: Span) -> bool:
    ended = call.end - (call.end - call.start) // _SLACK
    return span.start < ended <= span.end and span.kind not in _ASIDE


def _place(span: Span, window: Window, rules: Rules) -> dict[str, str | None]:
    return {
        "service": span.source.service,
        "module": _module(span, window, rules.mapping.module),
        "operation": span.name,
        "version": span.source.version,
    }


def error_type(span: Span, names: Iterable[str] = ()) -> str | None:
    """What the span says of its error: one of `names`, the error's type, its exception's, its HTTP status."""
    for name in (*names, "error.type", "exception.type"):
        if value := span.attributes.get(name):
            return value
    return next((value for name in HTTP_STATUS if is_server_error(value := span.attributes.get(name, ""))), None)


def is_failure(status: int, kind: str, attributes: Mapping[str, str]) -> bool:
    """Whether a span failed, by OTLP's status (0 unset, 1 ok, 2 error) and its attributes.

    An exception and an HTTP status from 500 on count unless the application says that all is well. A log record of an
    exception is no failure: it may tell of one that was handled.
    """
    if status == 2 or not attributes:
        return status == 2
    if "error.type" in attributes:
        return True
    if status == 1 or kind == "log":
        return False
    return "exception.type" in attributes or any(is_server_error(attributes.get(name, "")) for name in HTTP_STATUS)


def is_server_error(status: str) -> bool:
    """Whether it is an HTTP status of 500 to 599."""
    return len(status) == 3 and status[0] == "5" and status.isdecimal()


def reached(fresh: Iterable[Span], window: Window, rules: Rules) -> Iterator[Span]:
    """Spans with a rule up to which errors of `fresh`, or of calls that waited for one of them, may have climbed."""
    for span in fresh:
        if span.trace_id not in window.failing:
            continue
        above = window.ancestors(span)[0]
        below = span
        if not span.error:
            place = next((i for i, each in enumerate(above) if each.error), None)
            if place is None or not _kept_waiting(span, above[place]):
                continue
            below, above = above[place], above[place + 1 :]
            if not is_timeout(error_type(below, rules.mapping.error_type) or ""):
                continue
            if below.rule is not None:
                yield below
        for each in above:
            if each.span_id != below.parent:
                break
            if each.rule is not None:
                yield each
            if not each.error:
                break
            below = each


def _fatal(failed: list[Span], parent: Span) -> Span:
    """Of a parent's failed children the one that it did not survive.

    The last to end before the parent did: what failed before was tried again. What was only cancelled, because another
    one failed, does not count beside that one; of those that ran at the same time one with the parent's own type of
    error goes first.
    """
    told = [(each, (error_type(each) or "").lower()) for each in failed]
    failed = [each for each, kind in told if "cancel" not in kind] or failed
    before = [each for each in failed if each.end <= parent.end]
    if not before:
        return min(failed, key=_by_end)
    last = max(before, key=_by_end)
    own = error_type(parent)
    return max(
        (each for each in before if each is last or last.start < each.end),
        key=lambda each: (own is not None and error_type(each) == own, *_by_end(each)),
    )


def _by_end(span: Span) -> tuple[int, int, bytes]:
    return span.end, -span.start, span.span_id


def _module(span: Span, window: Window, names: Iterable[str]) -> str | None:
    names = tuple(names)
    for each in (span, *window.ancestors(span)[0]):
        if each.source.service == span.source.service:
            for name in names:
                if value := each.attributes.get(name):
                    return value
    return None
