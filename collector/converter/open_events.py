"""Events that are not finished: held until their relatives had time to arrive, or written without a case.

Held ones wait at most a while for parents and for somebody who names their case. Written ones wait for a span that
names their case; bounded, the oldest is forgotten first.
"""

import json
from collections.abc import Iterable
from typing import Final, TypeVar

from collector.converter.span import SpanKey
from collector.store.manifest import Changes, OpenEvent

MAX_WITHOUT_CASE: Final = 200_000
ObjectKey = tuple[str, str]
K = TypeVar("K")


class OpenEvents:
    """All open events; `changes` gathers what the next commit has to keep."""

    def __init__(self, kept: Iterable[OpenEvent], changes: Changes, max_without_case: int = MAX_WITHOUT_CASE) -> None:
        self._max = max_without_case
        self._changes = changes
        self.held: dict[SpanKey, int] = {}
        self.without_case: dict[SpanKey, tuple[str, tuple[ObjectKey, ...]]] = {}
        self.guessed: dict[SpanKey, str] = {}
        """Cases of those without one, by what stands beside them: kept open for somebody who knows better."""
        self._by_trace: dict[bytes, set[SpanKey]] = {}
        self._by_object: dict[ObjectKey, set[SpanKey]] = {}
        for each in kept:
            if each.process is None:
                self.held[each.key] = each.since
                self._by_trace.setdefault(each.key[0], set()).add(each.key)
            else:
                self._wait(each.key, each.process, tuple((t, i) for t, i in json.loads(each.objects)))

    def hold(self, key: SpanKey, since: int) -> None:
        """The event is not written yet."""
        self.held[key] = since
        self._by_trace.setdefault(key[0], set()).add(key)
        self._changes.closed.discard(key)
        self._changes.opened[key] = OpenEvent(key, since, None, "[]")

    def wait(self, key: SpanKey, since: int, process: str, objects: tuple[ObjectKey, ...]) -> int:
        """The event is written without a case; gives how many had to be forgotten for it."""
        self.held.pop(key, None)
        self._wait(key, process, objects)
        self._changes.closed.discard(key)
        self._changes.opened[key] = OpenEvent(key, since, process, json.dumps(objects))
        forgotten = 0
        while len(self.without_case) > self._max:
            oldest = next(iter(self.without_case))
            forgotten += oldest not in self.guessed
            self.close(oldest)
        return forgotten

    def close(self, key: SpanKey) -> None:
        """The event is written with its case, or its case is written, or it is given up."""
        known = self.held.pop(key, None) is not None
        waited = self.without_case.pop(key, None)
        self.guessed.pop(key, None)
        if waited is not None:
            for each in waited[1]:
                _discard(self._by_object, each, key)
        if known or waited is not None:
            _discard(self._by_trace, key[0], key)
            # What was opened and closed between two commits needs no writing, but an older row may be there.
            self._changes.opened.pop(key, None)
            self._changes.closed.add(key)

    def of_trace(self, trace_id: bytes) -> list[SpanKey]:
        """Open events of the trace."""
        return sorted(self._by_trace.get(trace_id, ()))

    def of_object(self, key: ObjectKey) -> list[SpanKey]:
        """Events without a case that name the object."""
        return sorted(self._by_object.get(key, ()))

    def expired(self, before: int) -> list[SpanKey]:
        """Held events whose wait began before (ms)."""
        found = []
        for key, since in self.held.items():
            if since > before:
                break
            found.append(key)
        return found

    def _wait(self, key: SpanKey, process: str, objects: tuple[ObjectKey, ...]) -> None:
        self.without_case[key] = process, objects
        self._by_trace.setdefault(key[0], set()).add(key)
        for each in objects:
            self._by_object.setdefault(each, set()).add(key)


def _discard(index: dict[K, set[SpanKey]], at: K, key: SpanKey) -> None:
    keys = index.get(at)
    if keys is not None:
        keys.discard(key)
        if not keys:
            del index[at]
