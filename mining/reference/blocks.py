"""Parts of a BPMN model whose tokens can be told from its drawing alone."""

from collections.abc import Mapping
from dataclasses import dataclass

from mining.discovery.bpmn import Bpmn


@dataclass(frozen=True)
class Block:
    """An inclusive gateway that splits and the one that joins just what it split."""

    split: str
    join: str
    ways: Mapping[str, str]
    """By flow out of the split the flow into the join that its token comes by."""


def blocks(model: Bpmn) -> tuple[Block, ...]:
    """Every pair of inclusive gateways whose ways have one flow in, one flow out, and nothing in common.

    Such a join knows what it waits for: the ways that its split took (Kiepuszewski et al. 2003, structured models).
    """
    out: dict[str, list[str]] = {node.id: [] for node in model.nodes}
    into: dict[str, list[str]] = {node.id: [] for node in model.nodes}
    ends = {flow.id: (flow.source, flow.target) for flow in model.flows}
    for flow in model.flows:
        out[flow.source].append(flow.id)
        into[flow.target].append(flow.id)
    inclusive = {node.id for node in model.nodes if node.kind == "inclusive"}
    hosts = {node.attached for node in model.nodes if node.attached is not None}

    def way(first: str, split: str, join: str) -> tuple[str, frozenset[str]] | None:
        """The flow by which the way that begins with flow `first` ends in the join, and the nodes between."""
        arrived, between, waiting = [], set(), [first]
        seen = {first}
        while waiting:
            flow = waiting.pop()
            node = ends[flow][1]
            if node == join:
                arrived.append(flow)
            elif node == split or not out[node] or node in hosts:
                return None
            elif node not in between:
                between.add(node)
                waiting += [other for other in out[node] if other not in seen]
                seen.update(out[node])
        if len(arrived) != 1 or any(flow not in seen for node in between for flow in into[node]):
            return None
        return arrived[0], frozenset(between)

    found = []
    for split in [node for node in model.nodes if node.id in inclusive and len(out[node.id]) > 1]:
        for join in [node for node in model.nodes if node.id in inclusive and node.id != split.id]:
            ways = {flow: way(flow, split.id, join.id) for flow in out[split.id]}
            told = {flow: which for flow, which in ways.items() if which is not None}
            nodes = [node for _, between in told.values() for node in between]
            last = {flow: which[0] for flow, which in told.items()}
            if len(told) == len(ways) and len(set(nodes)) == len(nodes) and {*last.values()} == {*into[join.id]}:
                found.append(Block(split.id, join.id, last))
    return tuple(found)


def multiplied(model: Bpmn) -> frozenset[str]:
    """The flows on which ever more tokens could be at once: behind a split of tokens that stands in a round."""
    after: dict[str, set[str]] = {node.id: set() for node in model.nodes}
    for flow in model.flows:
        after[flow.source].add(flow.target)
    for node in model.nodes:
        if node.attached is not None:
            after.setdefault(node.attached, set()).add(node.id)

    def reached(node: str) -> set[str]:
        found: set[str] = set()
        waiting = [node]
        while waiting:
            for other in after[waiting.pop()] - found:
                found.add(other)
                waiting.append(other)
        return found

    leaving = {node.id: sum(flow.source == node.id for flow in model.flows) for node in model.nodes}
    splits = [node.id for node in model.nodes if node.kind != "exclusive" and leaving[node.id] > 1]
    behind: set[str] = set()
    for split in splits:
        there = reached(split)
        if split in there:
            behind |= there
    return frozenset(flow.id for flow in model.flows if flow.source in behind)
