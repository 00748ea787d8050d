"""Which activity of the log an element of a model stands for."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from mining.discovery.bpmn import Bpmn, BpmnNode


@dataclass(frozen=True)
class Unmatched:
    """An element that stands for no activity of the log."""

    id: str
    name: str | None
    """None where it has none: nothing could match it."""


@dataclass(frozen=True)
class Matching:
    """`labels`: activity by id of node. A node without one is passed through unseen."""

    labels: dict[str, str]
    unmatched: tuple[Unmatched, ...]
    """Tasks only, in the order of the model."""
    unknown: tuple[str, ...]
    """Activities of the log that nothing in the model stands for, in order of their text."""


def matched(model: Bpmn, activities: Iterable[str]) -> Matching:
    """Match names: the same text first, then the same but for case, width and blanks.

    Tasks come first; a start, intermediate or end event stands for an activity only where no task does.
    """
    known = sorted(set(activities))
    folded: dict[str, str] = {}
    for name in known:
        folded.setdefault(_folded(name), name)

    def meant(node: BpmnNode) -> str | None:
        if node.name is None:
            return None
        return node.name if node.name in known else folded.get(_folded(node.name))

    labels = {node.id: found for node in model.nodes if node.kind == "task" and (found := meant(node)) is not None}
    by_task = set(labels.values())
    for node in model.nodes:
        if node.kind in ("start", "event", "end") and (found := meant(node)) is not None and found not in by_task:
            labels[node.id] = found
    missing = tuple(Unmatched(n.id, n.name) for n in model.nodes if n.kind == "task" and n.id not in labels)
    named = set(labels.values())
    return Matching(labels, missing, tuple(name for name in known if name not in named))


def _folded(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())
