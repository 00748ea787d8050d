"""Events that are not finished: held until their relatives had time to arrive, or written without a case.

Held ones wait at most a while for parents and for somebody who names their case. Written ones wait for a span that
names their case; bounded, the oldest is forgotten first.
"""

import json
from collections import Counter as Tally
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
        self.reasons: dict[SpanKey, str] = {}
        """Why those without a case have none."""
        self.tally: Tally[tuple[str, str]] = Tally()
        """Events without a case by process and reason."""
        self._by_trace: dict[bytes, set[SpanKey]] = {}
        self._by_object: dict[ObjectKey, set[SpanKey]] = {}
        for each in kept:
            if each.process is None:
                self.held[each.key] = each.since
                self._by_trace.setdefault(each.key[0], set()).add(each.key)
            else:
                said = json.loads(each.objects)
                if isinstance(said, list):  # as version 0.1 wrote it
                    said = {"objects": said, "reason": "not_joined" if said else "no_key"}
                self._wait(each.key, each.process, tuple((t, i) for t, i in said["objects"]), said["reason"])

    def __bool__(self) -> bool:
        return bool(self.held or self.without_case)

    def hold(self, key: SpanKey, since: int) -> None:
        """The event is not written yet."""
        self.held[key] = since
        self._by_trace.setdefault(key[0], set()).add(key)
        self._changes.closed.discard(key)
        self._changes.opened[key] = OpenEvent(key, since, None, "[]")

    def wait(self, key: SpanKey, since: int, process: str, objects: tuple[ObjectKey, ...], reason: str) -> int:
        """The event is written without a case for this reason; gives how many had to be forgotten for it."""
        self.held.pop(key, None)
        self._wait(key, process, objects, reason)
        self._changes.closed.discard(key)
        said = json.dumps({"objects": objects, "reason": reason}, ensure_ascii=False)
        self._changes.opened[key] = OpenEvent(key, since, process, said)
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
            self.tally[waited[0], self.reasons.pop(key)] -= 1
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

    def _wait(self, key: SpanKey, process: str, objects: tuple[ObjectKey, ...], reason: str) -> None:
        if key in self.without_case:
            self.close(key)
        self.without_case[key] = process, objects
        self.reasons[key] = reason
        self.tally[process, reason] += 1
        self._by_trace.setdefault(key[0], set()).add(key)
        for each in objects:
            self._by_object.setdefault(each, set()).add(key)


def _discard(index: dict[K, set[SpanKey]], at: K, key: SpanKey) -> None:
    keys = index.get(at)
    if keys is not None:
        keys.discard(key)
        if not keys:
            del index[at]
