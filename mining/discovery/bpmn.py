"""BPMN models: the part of BPMN 2.0 that says in which order things happen."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal

from mining.discovery.tree import Tree

Kind = Literal["task", "start", "end", "event", "exclusive", "parallel", "inclusive"]
ELEMENTS: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        "task": "task",
        "userTask": "task",
        "manualTask": "task",
        "serviceTask": "task",
        "scriptTask": "task",
        "businessRuleTask": "task",
        "sendTask": "task",
        "receiveTask": "task",
        "callActivity": "task",
        "subProcess": "task",
        "startEvent": "start",
        "endEvent": "end",
        "intermediateCatchEvent": "event",
        "intermediateThrowEvent": "event",
        "boundaryEvent": "event",
        "exclusiveGateway": "exclusive",
        "eventBasedGateway": "exclusive",
        "parallelGateway": "parallel",
        "inclusiveGateway": "inclusive",
    }
)
"""BPMN's elements by what they mean for the order of things; an event-based gateway is a choice, too."""
Loop = Literal["standard", "parallel", "sequential"]


@dataclass(frozen=True)
class BpmnNode:
    """A task, event or gateway."""

    id: str
    element: str = "task"
    """Its name in BPMN, one of ELEMENTS."""
    name: str | None = None
    definition: str | None = None
    """What kind of event, as `timerEventDefinition`; None for a plain one."""
    loop: Loop | None = None
    """Repeats itself, or runs once for each of several things: at the same time or one after the other."""
    attached: str | None = None
    """Of a boundary event: the task it interrupts."""
    default: str | None = None
    """The flow that is taken where no condition of the others holds."""

    @property
    def kind(self) -> Kind:
        """What it means for the order of things."""
        return ELEMENTS[self.element]


@dataclass(frozen=True)
class BpmnFlow:
    """A sequence flow; source and target are ids of nodes."""

    id: str
    source: str
    target: str
    name: str | None = None
    condition: str | None = None


@dataclass(frozen=True)
class BpmnNote:
    """Something in a file that the model does not hold or takes for something simpler."""

    line: int
    element: str
    id: str | None
    reason: str


@dataclass(frozen=True)
class Bpmn:
    """One process. Nodes and flows stand in the order of the file; notes take no part in comparing models."""

    id: str
    name: str | None
    nodes: tuple[BpmnNode, ...]
    flows: tuple[BpmnFlow, ...]
    notes: tuple[BpmnNote, ...] = field(default=(), compare=False)


def bpmn_of(tree: Tree, name: str) -> Bpmn:
    """The block-structured model of a tree: each choice, parallelism and loop between a pair of gateways."""
    made = _Building()
    begin, end = made.node("startEvent"), made.node("endEvent")
    made.block(tree, begin, end)
    return Bpmn("process", name, tuple(made.nodes), tuple(made.flows))


@dataclass
class _Building:
    nodes: list[BpmnNode] = field(default_factory=list)
    flows: list[BpmnFlow] = field(default_factory=list)

    def node(self, element: str, name: str | None = None) -> str:
        count = sum(1 for n in self.nodes if n.element == element) + 1
        made = BpmnNode(f"{element}_{count}", element, name)
        self.nodes.append(made)
        return made.id

    def flow(self, source: str, target: str) -> None:
        self.flows.append(BpmnFlow(f"flow_{len(self.flows) + 1}", source, target))

    def block(self, tree: Tree, source: str, target: str) -> None:
        """Everything between two nodes, with the flows to them."""
        self.flow(self._after(tree, source), target)

    def _after(self, tree: Tree, source: str) -> str:
        """What the tree makes behind `source`; the last node of it, from which no flow goes on yet."""
        match tree.operator:
            case None if tree.activity is None:
                return source
            case None:
                task = self.node("task", tree.activity)
                self.flow(source, task)
                return task
            case "sequence":
                for child in tree.children:
                    source = self._after(child, source)
                return source
            case "loop":
                back, out = self.node("exclusiveGateway"), self.node("exclusiveGateway")
                self.flow(source, back)
                self.block(tree.children[0], back, out)
                for redo in tree.children[1:]:
                    self.block(redo, out, back)
                return out
            case operator:
                split, join = self.node(f"{operator}Gateway"), self.node(f"{operator}Gateway")
                self.flow(source, split)
                for child in tree.children:
                    self.block(child, split, join)
                return join
