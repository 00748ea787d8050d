"""Optimal alignments by r4pm, one a variant, each with its own deadline (Carmona et al. 2018, chapter 7)."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from collector.vocabulary.errors import PermanentError
from mining.alignment.reduce import reduced
from mining.discovery.net import Net
from mining.discovery.process import Child

Path = tuple[str, ...]
DEADLINE: Final = 5.0
"""Seconds that one variant may take."""
MEMORY: Final = 2 << 30
"""Bytes that the search may take; past them its process ends and the variant counts as not aligned."""
START: Final = 20.0


@dataclass(frozen=True)
class Move:
    """Both the same activity: they agree. No `model`: it happened, and should not. No `log`: it should have."""

    log: str | None
    model: str | None


@dataclass(frozen=True)
class Alignment:
    """One variant beside the way through the model that is nearest to it."""

    path: Path
    cases: int
    cost: int | None
    """Deviations, log and model moves at 1 each; None where it was not aligned."""
    moves: tuple[Move, ...]
    """Without silent steps of the model."""
    fitness: float | None
    """1 - cost / (events + cost of the empty path), 0..1; None where not aligned."""
    reason: str | None = None
    """Why it was not aligned."""
    unasked: bool = False
    """Not aligned because the time for all was over before its turn."""


@dataclass(frozen=True)
class Alignments:
    """Variants with most cases first, equal ones by path."""

    items: tuple[Alignment, ...]
    shortest: int | None
    """Fewest visible steps from start to end of the model; None where that was not found in time."""
    aligned_cases: int
    cases: int
    fitting_cases: int
    """Cases without a deviation."""
    cost: int
    """Deviations of all aligned cases together."""
    fitness: float | None
    """1 - cost / (events + cases x cost of the empty path), over aligned cases; None where there are none."""
    seconds: float = field(default=0.0, compare=False)
    """What aligning took, without the start of the first process."""


def align(
    net: Net,
    variants: Mapping[Path, int],
    deadline: float = DEADLINE,
    memory: int = MEMORY,
    box: float | None = None,
) -> Alignments:
    """Align every variant (path to cases) with the net; the same question gives the same answer.

    A variant that takes longer than `deadline` seconds, or more memory than `memory` bytes, is given up and named;
    the others go on in a new process. After `box` seconds no more are begun. PermanentError for a net without a final
    marking.
    """
    if not net.initial or not net.final:
        raise PermanentError("a net without an initial and a final marking cannot be aligned with")
    ranked = sorted(variants.items(), key=lambda v: (-v[1], v[0]))
    aligner = _Aligner(reduced(net), deadline, memory)
    try:
        aligner.start()
        begun = time.monotonic()
        empty, _, _ = aligner.one(())
        found = []
        for path, cases in ranked:
            if box is not None and time.monotonic() - begun > box:
                found.append(Alignment(path, cases, None, (), None, "the time for all was over", unasked=True))
            else:
                found.append(_alignment(path, cases, *aligner.one(path), empty))
        seconds = time.monotonic() - begun
    finally:
        aligner.close()
    done = [item for item in found if item.cost is not None]
    cases, cost = sum(item.cases for item in done), sum((item.cost or 0) * item.cases for item in done)
    worst = sum(item.cases * (len(item.path) + (empty or 0)) for item in done)
    return Alignments(
        items=tuple(found),
        shortest=empty,
        aligned_cases=cases,
        cases=sum(variants.values()),
        fitting_cases=sum(item.cases for item in done if item.cost == 0),
        cost=cost,
        fitness=None if empty is None or not done else (1 - cost / worst if worst else 1.0),
        seconds=seconds,
    )


def _alignment(
    path: Path, cases: int, cost: int | None, moves: tuple[Move, ...], reason: str | None, empty: int | None
) -> Alignment:
    worst = len(path) + (empty or 0)
    fitness = None if cost is None or empty is None else (1 - cost / worst if worst else 1.0)
    return Alignment(path, cases, cost, moves, fitness, reason)


class _Aligner:
    """Asks a child, and a new one after each that had to be killed."""

    def __init__(self, net: Net, deadline: float, memory: int) -> None:
        self.net, self.deadline, self.memory = net, deadline, memory
        names = {node: str(UUID(int=number + 1)) for number, node in enumerate((*net.places, *net.transitions))}
        self.labels = {names[transition]: activity for transition, activity in net.transitions.items()}
        self._document = _document(net, names)
        self._child: Child | None = None

    def one(self, path: Path) -> tuple[int | None, tuple[Move, ...], str | None]:
        """Cost and moves, or the reason why there are none."""
        child = self.start()
        if child is None:
            return None, (), "the process that aligns could not be started"
        child.ask(path)
        answer = child.answer(time.monotonic() + self.deadline)
        if answer is None:
            gone = child.ended
            self.close()
            return None, (), "it took too much memory" if gone else f"not aligned in {self.deadline:g} s"
        if "cost" not in answer:
            return None, (), str(answer.get("reason"))
        moves = tuple(self._moves(answer["moves"], path))
        return sum(move.log is None or move.model is None for move in moves), moves, None

    def close(self) -> None:
        """End the child."""
        if self._child is not None:
            self._child.kill()
            self._child = None

    def start(self) -> Child | None:
        """A child that knows the net; None where there can be none."""
        if self._child is None:
            child = Child("mining.alignment.child", self.memory)
            child.ask(self._document)
            if child.answer(time.monotonic() + START) is None:
                child.kill()
                return None
            self._child = child
        return self._child

    def _moves(self, moves: list[dict[str, dict[str, Any]]], path: Path) -> list[Move]:
        found = []
        for move in moves:
            match move:
                case {"SyncMove": {"trace_event_index": index}}:
                    found.append(Move(path[index], path[index]))
                case {"LogMove": {"trace_event_index": index}}:
                    found.append(Move(path[index], None))
                case {"ModelMove": {"transition": transition}} if self.labels[transition] is not None:
                    found.append(Move(None, self.labels[transition]))
        return found


def _document(net: Net, names: Mapping[str, str]) -> dict[str, Any]:
    """As r4pm takes it: ids must be UUIDs."""
    places = set(net.places)
    arcs = [
        {
            "from_to": {
                "type": "PlaceTransition" if source in places else "TransitionPlace",
                "nodes": [names[source], names[target]],
            },
            "weight": 1,
        }
        for source, target in net.arcs
    ]
    return {
        "places": {names[place]: {"id": names[place]} for place in net.places},
        "transitions": {names[t]: {"id": names[t], "label": label} for t, label in net.transitions.items()},
        "arcs": arcs,
        "initial_marking": {names[place]: tokens for place, tokens in net.initial.items()},
        "final_markings": [{names[place]: tokens for place, tokens in net.final.items()}],
    }
