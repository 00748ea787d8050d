"""BPMN as a Petri net whose complete runs are the ways through the model (Dijkman, Dumas, Ouyang 2008)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import Final

from collector.vocabulary.errors import PermanentError
from mining.discovery.bpmn import Bpmn, BpmnNode
from mining.discovery.net import Net
from mining.reference.blocks import Block, blocks, multiplied

MOST_WAYS: Final = 8
"""Flows into or out of an inclusive gateway: each choice of them is a step of its own."""
MOST_PAIRS: Final = 100_000
"""Arcs of one net."""
MOST_TOKENS: Final = 2
"""Of one flow at a time, where a round of the model could make ever more of them: a search must come to an end."""
_ROOM: Final = "room for "
_SOURCE: Final = "begin"
_LIVE: Final = "live"
_END: Final = "over"


@dataclass
class _Building:
    places: list[str] = field(default_factory=list)
    transitions: dict[str, str | None] = field(default_factory=dict)
    arcs: list[tuple[str, str]] = field(default_factory=list)

    def place(self, name: str) -> str:
        self.places.append(name)
        return name

    def step(self, sources: Iterable[str], targets: Iterable[str], activity: str | None = None) -> None:
        name = f"t{len(self.transitions)}"
        self.transitions[name] = activity
        self.arcs += [(source, name) for source in sources] + [(name, target) for target in targets]


def net_of(model: Bpmn, labels: Mapping[str, str]) -> Net:
    """The net of a model; `labels` gives the activity of nodes by id, all others are silent.

    A flow is a place. Several flows into a task or event: any of them; several out of it: all of them. An inclusive
    gateway takes any flows but none; its join waits for those that were taken where both make a block
    (`mining.reference.blocks`), elsewhere it joins any but none, and what it joined too early does not reach the end.
    Without such joins the run is over when no flow holds a token, as BPMN says, so several ends may be reached at the
    same time. Where a round may make ever more tokens, a flow holds at most MOST_TOKENS. A boundary event goes on
    instead of its task or after it. PermanentError for a model that can't begin, or an inclusive gateway with more
    ways than MOST_WAYS.
    """
    made = _Building()
    source, live = made.place(_SOURCE), made.place(_LIVE)
    flows = {flow.id: made.place(f"flow {flow.id}") for flow in model.flows}
    into: dict[str, list[str]] = {node.id: [] for node in model.nodes}
    out: dict[str, list[str]] = {node.id: [] for node in model.nodes}
    for flow in model.flows:
        into[flow.target].append(flows[flow.id])
        out[flow.source].append(flows[flow.id])
    pairs = blocks(model)
    closing = {block.join: block for block in pairs}
    opening = {block.split: block for block in pairs}
    joins = any(node.kind == "inclusive" and len(into[node.id]) > 1 and node.id not in closing for node in model.nodes)
    # With a place that counts ends, a join that fires twice is told apart from one that waits.
    over = [made.place(_END)] if joins else []
    begins = [node for node in model.nodes if not into[node.id] and node.attached is None]
    begins = [node for node in begins if node.kind == "start"] or begins
    if not begins:
        raise PermanentError(f"process {model.id!r}: nothing in it can come first (no start event, all have flows in)")
    for node in begins:
        into[node.id] = [made.place(f"first {node.id}")]
        made.step([source], into[node.id])
    attached: dict[str, list[BpmnNode]] = {}
    for node in model.nodes:
        if node.attached is not None:
            attached.setdefault(node.attached, []).append(node)
    for node in model.nodes:
        if node.attached is None:
            after = out[node.id] or over
            if node.kind == "inclusive":
                _inclusive(made, node.id, into[node.id], after, opening.get(node.id), closing.get(node.id))
            else:
                _node(made, node, into[node.id], after, labels.get(node.id))
    for host, events in attached.items():
        for event in events:
            after = out[event.id] or over
            for label in dict.fromkeys((labels.get(host), None)):
                for place in into[host]:
                    made.step([place], after, label)
        if len(made.arcs) > MOST_PAIRS:
            raise PermanentError(f"process {model.id!r}: too large to check cases against")
    begun, ended = ({source: 1}, {_END: 1}) if joins else ({source: 1, live: 1}, {live: 1})
    places = tuple(p for p in made.places if p != live or not joins)
    net = Net(places, made.transitions, tuple(made.arcs), begun, ended)
    wide = {flows[flow] for flow in multiplied(model)}
    if not wide:
        return net
    return _bounded(net, {p: MOST_TOKENS if p in wide else 1 for p in places if p not in (source, live)})


def _bounded(net: Net, most: Mapping[str, int]) -> Net:
    """The net with room for so many tokens in each of these places (a place beside it holds what room is left)."""
    takes: dict[str, set[str]] = {name: set() for name in net.transitions}
    gives: dict[str, set[str]] = {name: set() for name in net.transitions}
    for source, target in net.arcs:
        if target in takes:
            takes[target].add(source)
        else:
            gives[source].add(target)
    arcs = list(net.arcs)
    for name in net.transitions:
        arcs += [(_ROOM + place, name) for place in sorted((gives[name] - takes[name]) & most.keys())]
        arcs += [(name, _ROOM + place) for place in sorted((takes[name] - gives[name]) & most.keys())]
    room = {_ROOM + place: tokens for place, tokens in most.items()}
    final = {**net.final, **{p: n - net.final.get(p.removeprefix(_ROOM), 0) for p, n in room.items()}}
    return Net((*net.places, *room), net.transitions, tuple(arcs), {**net.initial, **room}, final)


def _node(made: _Building, node: BpmnNode, into: list[str], out: list[str], label: str | None) -> None:
    match node.kind:
        case "exclusive":
            centre = made.place(f"at {node.id}")
            for place in into:
                made.step([place], [centre], label)
            for place in out:
                made.step([centre], [place])
            if not out:
                made.step([centre], [])
        case "parallel":
            if into:
                made.step(into, out, label)
        case _ if node.loop is not None:
            done = made.place(f"done {node.id}")
            for place in into:
                made.step([place], [done], label)
            made.step([done], [done], label)
            made.step([done], out)
        case _:
            for place in into:
                made.step([place], out, label)


def _inclusive(
    made: _Building, name: str, into: list[str], out: list[str], opens: Block | None, closes: Block | None
) -> None:
    if max(len(into), len(out)) > MOST_WAYS:
        raise PermanentError(f"inclusive gateway {name!r}: has more than {MOST_WAYS} ways in or out")
    centre = made.place(f"at {name}")
    if closes is not None:
        done = []
        for flow_in in closes.ways.values():
            done.append(made.place(f"done {flow_in}"))
            for place in (f"flow {flow_in}", f"left out {flow_in}"):
                made.step([place], [done[-1]])
        made.step(done, [centre])
    else:
        for size in range(1, len(into) + 1):
            for chosen in combinations(into, size):
                made.step(chosen, [centre])
    untaken = {} if opens is None else {f"flow {o}": made.place(f"left out {i}") for o, i in opens.ways.items()}
    for size in range(1, len(out) + 1):
        for chosen in combinations(out, size):
            made.step([centre], [*chosen, *(p for way, p in untaken.items() if way not in chosen)])
    if not out:
        made.step([centre], [])


def open_net(net: Net) -> Net:
    """A net whose runs are the beginnings of the runs of `net`: what is still to come need not come.

    Every token may vanish at any moment; it then is missing, so no run becomes possible that was not.
    """
    live = "unfinished"
    places = (*net.places, live)
    held = [place for place in net.places if not place.startswith(_ROOM)]
    room = {place: tokens for place, tokens in net.initial.items() if place.startswith(_ROOM)}
    transitions = {**net.transitions, **{f"stop {place}": None for place in held}}
    arcs = [*net.arcs, *((place, f"stop {place}") for place in held)]
    arcs += [(f"stop {place}", _ROOM + place) for place in held if _ROOM + place in room]
    return Net(places, transitions, tuple(arcs), {**net.initial, live: 1}, {live: 1, **room})
