"""What a net allows next, after each beginning of a way through it."""

from collections.abc import Sequence
from typing import Final

from mining.discovery.net import Net

MOST: Final = 2_000
"""Markings that one beginning may lead to; past them it is not known what may come."""
MOST_STUCK: Final = 20_000
"""Markings that are looked at to see whether a net can come to an end."""
Marking = tuple[tuple[str, int], ...]


class Player:
    """Plays a net's token game; what was worked out for a set of markings is kept."""

    def __init__(self, net: Net) -> None:
        self._takes: dict[str, tuple[str, ...]] = {}
        self._gives: dict[str, tuple[str, ...]] = {}
        for transition in net.transitions:
            self._takes[transition] = tuple(s for s, t in net.arcs if t == transition)
            self._gives[transition] = tuple(t for s, t in net.arcs if s == transition)
        self._labels = net.transitions
        self._ready: dict[str, list[str]] = {}
        for transition, places in self._takes.items():
            for place in places:
                self._ready.setdefault(place, []).append(transition)
        self.first = self._silently({_marking(dict(net.initial))})
        self._known: dict[tuple[frozenset[Marking], str], frozenset[Marking] | None] = {}

    def enabled(self, markings: frozenset[Marking]) -> frozenset[str]:
        """Activities that may come next."""
        found = (self._labels[t] for marking in markings for t in self._possible(marking))
        return frozenset(label for label in found if label is not None)

    def after(self, markings: frozenset[Marking] | None, activity: str) -> frozenset[Marking] | None:
        """All markings after one more activity; None where they are too many or nothing allows it."""
        if markings is None:
            return None
        key = (markings, activity)
        if key not in self._known:
            fired = {
                self._fired(marking, t)
                for marking in markings
                for t in self._possible(marking)
                if self._labels[t] == activity
            }
            self._known[key] = self._silently(fired) if fired else None
        return self._known[key]

    def next(self, marking: Marking) -> set[Marking]:
        """All markings one step on, seen or unseen."""
        return {self._fired(marking, transition) for transition in self._possible(marking)}

    def _possible(self, marking: Marking) -> list[str]:
        tokens = dict(marking)
        near = dict.fromkeys(t for place in tokens for t in self._ready.get(place, ()))
        return [t for t in near if all(place in tokens for place in self._takes[t])]

    def _fired(self, marking: Marking, transition: str) -> Marking:
        tokens = dict(marking)
        for place in self._takes[transition]:
            tokens[place] -= 1
        for place in self._gives[transition]:
            tokens[place] = tokens.get(place, 0) + 1
        return _marking(tokens)

    def _silently(self, markings: set[Marking]) -> frozenset[Marking] | None:
        found, waiting = set(markings), list(markings)
        while waiting:
            marking = waiting.pop()
            for transition in self._possible(marking):
                if self._labels[transition] is None:
                    after = self._fired(marking, transition)
                    if after not in found:
                        found.add(after)
                        waiting.append(after)
            if len(found) > MOST:
                return None
        return frozenset(found)


def _marking(tokens: dict[str, int]) -> Marking:
    return tuple(sorted((place, count) for place, count in tokens.items() if count))


def stuck(net: Net) -> Marking | None:
    """Where a net that can never come to its final marking stands still at last; None where it can, or where it has
    too many markings to know. Of a net that goes round for ever the first marking."""
    player = Player(net)
    last, first = _marking(dict(net.final)), _marking(dict(net.initial))
    found, waiting, still = {first}, [first], None
    while waiting:
        marking = waiting.pop()
        if marking == last:
            return None
        after = player.next(marking)
        if not after and still is None:
            still = marking
        waiting += after - found
        found |= after
        if len(found) > MOST_STUCK:
            return None
    return still or first


def precision(net: Net, ways: Sequence[tuple[tuple[str, ...], int]]) -> float | None:
    """How much of what the model allows is done: 1 where nothing is allowed that no case does (0..1).

    `ways` are the ways through the model that cases are nearest to, with their cases. After each beginning of them,
    weighted by cases, the activities done next are divided by those allowed next (alignment-based escaping edges,
    Adriansyah et al. 2015). None where nothing could be counted.
    """
    player = Player(net)
    states: dict[tuple[str, ...], frozenset[Marking] | None] = {(): player.first}
    weight: dict[tuple[str, ...], int] = {}
    done: dict[tuple[str, ...], set[str]] = {}
    for path, cases in ways:
        for place, activity in enumerate(path):
            begun, more = path[:place], path[: place + 1]
            weight[begun] = weight.get(begun, 0) + cases
            done.setdefault(begun, set()).add(activity)
            if more not in states:
                states[more] = player.after(states[begun], activity)
    used = allowed = 0
    for begun, cases in weight.items():
        markings = states[begun]
        if markings is not None:
            possible = player.enabled(markings)
            allowed += cases * len(possible)
            used += cases * len(done[begun] & possible)
    return used / allowed if allowed else None
