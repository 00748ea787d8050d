"""Which object a span is about: its own, its trace's, that of linked traces, or one known by another object's join."""

from collections import defaultdict
from collections.abc import Iterable

from collector.suggest.keys import ObjectType, ids_of
from collector.suggest.traffic import RawSpan, Traffic


class Resolver:
    """Objects by span, trace and cluster of linked traces. Where a trace names several of a type, it tells nothing."""

    def __init__(self, traffic: Traffic, types: Iterable[ObjectType]) -> None:
        self._traffic = traffic
        self.types = list(types)
        self._in_trace: dict[str, dict[int, set[str]]] = {}
        self._in_cluster: dict[str, dict[int, set[str]]] = {}
        for each in self.types:
            by_trace: dict[int, set[str]] = defaultdict(set)
            by_cluster: dict[int, set[str]] = defaultdict(set)
            for key in each.keys:
                for value, traces in key.traces.items():
                    for trace in traces:
                        by_trace[trace].add(value)
                        by_cluster[traffic.cluster[trace]].add(value)
            self._in_trace[each.name], self._in_cluster[each.name] = by_trace, by_cluster
        self._aliases: dict[tuple[str, str], dict[str, str]] = {}

    def own(self, span: RawSpan, kind: ObjectType) -> str | None:
        """The object of the type that the span itself names; None where it names several, as a batch does."""
        for key in kind.keys:
            if key.attribute in span.attributes:
                ids = ids_of(span, key.attribute, self._traffic)
                if ids:
                    return ids[0] if len(ids) == 1 else None
        return None

    def near(self, span: RawSpan, kind: ObjectType) -> str | None:
        """The object that the span, else its trace, else the traces tied to it by links name."""
        found = self.own(span, kind)
        if found is not None:
            return found
        for ids in (
            self._in_trace[kind.name].get(span.trace),
            self._in_cluster[kind.name].get(self._traffic.cluster[span.trace]),
        ):
            if ids:
                return next(iter(ids)) if len(ids) == 1 else None
        return None

    def joined(self, span: RawSpan, kind: ObjectType) -> str | None:
        """As `near`, and else by what objects of other types near it were seen with elsewhere."""
        found = self.near(span, kind)
        if found is not None:
            return found
        for other in self.types:
            if other is not kind and (aliases := self.aliases(other, kind)):
                value = self.near(span, other)
                if value is not None and value in aliases:
                    return aliases[value]
        return None

    def ties(self, kind: ObjectType, to: ObjectType) -> tuple[int, int]:
        """(objects of `kind` seen with some object of `to` in a trace, those of them seen with exactly one)."""
        met = self._met(kind, to)
        return len(met), sum(len(each) == 1 for each in met.values())

    def aliases(self, kind: ObjectType, to: ObjectType) -> dict[str, str]:
        """Object of `kind` -> the one object of `to` it was seen with; none where too many were seen with several."""
        found = self._aliases.get((kind.name, to.name))
        if found is None:
            met = self._met(kind, to)
            found = {value: next(iter(each)) for value, each in met.items() if len(each) == 1}
            if len(found) < 0.9 * len(met):
                found = {}
            self._aliases[kind.name, to.name] = found
        return found

    def _met(self, kind: ObjectType, to: ObjectType) -> dict[str, set[str]]:
        met: dict[str, set[str]] = {}
        others = self._in_trace[to.name]
        for key in kind.keys:
            for value, traces in key.traces.items():
                for trace in traces:
                    if trace in others and len(self._in_trace[kind.name][trace]) == 1:
                        met.setdefault(value, set()).update(others[trace])
        return met
