"""Which objects an event is about: its own, then those of its relatives, nearest first.

Own span; ancestors; descendants; spans linked to (with their ancestors and descendants, a few hops far), then spans
that link here. What a nearer one says about a type holds; where equally near ones differ, the type stays open, so that
a batch of orders never mixes. Spans beside (under a common ancestor) count only when asked for, and only where the
whole of it names one object of the type.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from collector.converter.span import Named, Span
from collector.converter.window import Window

_MAX_HOPS: Final = 4
_MAX_LINKED: Final = 200


class Found:
    """Objects by type in the order they were found, and types on which relatives disagree."""

    def __init__(self) -> None:
        self.types: dict[str, list[Named]] = {}
        self.open: set[str] = set()
        self.near: list[Named] = []
        """Those of the span, its ancestors and its descendants."""

    def all(self) -> list[Named]:
        """All objects, nearest first."""
        return [each for named in self.types.values() for each in named]

    def with_case(self, leading: str | None, case: str | None) -> list[Named]:
        """All objects, and the case as one of the leading type where none of that is among them."""
        if leading is None or case is None or leading in self.types:
            return self.all()
        return [*self.all(), Named(leading, case, None)]

    def first(self, object_type: str) -> str | None:
        """The id of the first object of the type."""
        named = self.types.get(object_type)
        return named[0].id if named else None

    def own(self, objects: Iterable[Named]) -> None:
        """What the span itself names: all of it."""
        for each in objects:
            self.types.setdefault(each.type, []).append(each)

    def level(self, objects: Iterable[Named]) -> None:
        """What equally near relatives name: a type counts where they agree on one object."""
        by_type: dict[str, dict[str, Named]] = {}
        for each in objects:
            if each.type not in self.types and each.type not in self.open:
                by_type.setdefault(each.type, {}).setdefault(each.id, each)
        for object_type, named in by_type.items():
            if len(named) == 1:
                self.types[object_type] = list(named.values())
            else:
                self.open.add(object_type)

    def settled(self, types: Iterable[str]) -> bool:
        """Whether nothing farther can add anything on these types."""
        return all(each in self.types or each in self.open for each in types)

    def close(self, window_types: Iterable[str]) -> None:
        """Nothing farther may speak for these types."""
        self.open |= {each for each in window_types if each not in self.types}


def resolve(span: Span, window: Window, types: Sequence[str], linked: bool = True) -> Found:
    """The objects of `span`; `types` are all types there are. `linked`: also across links."""
    found = _near(span, window, types)
    found.near = found.all()
    if not linked or not window.linked(span.trace_id) or found.settled(types):
        return found
    seen = {span.key}
    for level in _link_levels(span, window):
        _follow(found, level, window, types, seen, 1)
    incoming = window.linking_to(span)
    if incoming:
        _merge(found, incoming, window, types, seen)
    return found


def beside(span: Span, window: Window, object_type: str) -> str | None:
    """The id that everything under the nearest ancestor that names the type below itself agrees on; None where not."""
    for ancestor in window.line(span):
        ids: set[str] = set()
        for level, whole in window.descendants(ancestor):
            ids |= {each.id for below in level for each in below.objects if each.type == object_type}
            if len(ids) > 1 or not whole:
                return None
        if ids:
            return ids.pop()
    return None


def _near(span: Span, window: Window, types: Sequence[str]) -> Found:
    found = Found()
    found.own(span.objects)
    for ancestor in window.ancestors(span)[0]:
        if ancestor.objects:
            found.level(ancestor.objects)
    below = window.descendants(span)
    if not below or found.settled(types):
        return found
    for level, whole in below:
        found.level(each for below in level for each in below.objects)
        if not whole:
            found.close(types)
    return found


def _link_levels(span: Span, window: Window) -> list[list[Span]]:
    """Linked spans, by whose links they are: the span's own, each ancestor's, all descendants'."""
    levels = [span.links, *(ancestor.links for ancestor in window.ancestors(span)[0])]
    below = [link for level, _ in window.descendants(span) for each in level for link in each.links]
    return [targets for links in (*levels, below) if links and (targets := _known(links, window))]


def _known(links: Iterable[tuple[bytes, bytes]], window: Window) -> list[Span]:
    return [target for key in links if (target := window.get(key)) is not None]


def _follow(
    found: Found, level: list[Span], window: Window, types: Sequence[str], seen: set[tuple[bytes, bytes]], hop: int
) -> None:
    fresh = [each for each in level if each.key not in seen]
    if not fresh or hop > _MAX_HOPS:
        return
    _merge(found, fresh, window, types, seen)
    if len(fresh) == 1:
        for further in _link_levels(fresh[0], window):
            _follow(found, further, window, types, seen, hop + 1)


def _merge(
    found: Found, level: list[Span], window: Window, types: Sequence[str], seen: set[tuple[bytes, bytes]]
) -> None:
    if len(level) > _MAX_LINKED:
        found.close(types)
        return
    seen |= {each.key for each in level}
    near = [_near(each, window, types) for each in level]
    found.level(named for each in near for named in each.all())
    for each in near:
        found.close(each.open)
