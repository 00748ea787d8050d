"""Petri nets: from process trees, and as PNML."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from xml.etree import ElementTree as ET

from mining.discovery.names import clean
from mining.discovery.tree import Tree

PNML: Final = "http://www.pnml.org/version-2009/grammar/pnmlcoremodel"


@dataclass(frozen=True)
class Net:
    """A workflow net. Places and transitions are numbered names; an arc goes from one kind to the other."""

    places: tuple[str, ...]
    transitions: Mapping[str, str | None]
    """Per transition its activity, None where it is silent."""
    arcs: tuple[tuple[str, str], ...]
    initial: Mapping[str, int]
    final: Mapping[str, int]


@dataclass
class _Building:
    places: list[str] = field(default_factory=list)
    transitions: dict[str, str | None] = field(default_factory=dict)
    arcs: list[tuple[str, str]] = field(default_factory=list)

    def place(self) -> str:
        self.places.append(f"p{len(self.places)}")
        return self.places[-1]

    def step(self, sources: list[str], targets: list[str], activity: str | None = None) -> None:
        name = f"t{len(self.transitions)}"
        self.transitions[name] = activity
        self.arcs += [(source, name) for source in sources] + [(name, target) for target in targets]

    def block(self, tree: Tree, source: str, target: str) -> None:
        """What lets a token go from `source` to `target` as the tree says."""
        match tree.operator:
            case None:
                self.step([source], [target], tree.activity)
            case "sequence":
                for child in tree.children[:-1]:
                    after = self.place()
                    self.block(child, source, after)
                    source = after
                self.block(tree.children[-1], source, target)
            case "exclusive":
                for child in tree.children:
                    self.block(child, source, target)
            case "parallel":
                ends = [(self.place(), self.place()) for _ in tree.children]
                self.step([source], [begin for begin, _ in ends])
                for child, (begin, end) in zip(tree.children, ends, strict=True):
                    self.block(child, begin, end)
                self.step([end for _, end in ends], [target])
            case "inclusive":
                self._inclusive(tree, source, target)
            case "loop":
                # Its own two places: what stands around it must not be entered from within.
                begin, end = self.place(), self.place()
                self.step([source], [begin])
                self.block(tree.children[0], begin, end)
                for redo in tree.children[1:]:
                    self.block(redo, end, begin)
                self.step([end], [target])

    def _inclusive(self, tree: Tree, source: str, target: str) -> None:
        """Any branches but at least one: each is run or skipped, and one that is run says so."""
        ends = [(self.place(), self.place()) for _ in tree.children]
        none_yet, some = self.place(), self.place()
        self.step([source], [none_yet, *(begin for begin, _ in ends)])
        for child, (begin, end) in zip(tree.children, ends, strict=True):
            for state in (none_yet, some):
                chosen = self.place()
                self.step([begin, state], [chosen, some])
                self.block(child, chosen, end)
            self.step([begin], [end])
        self.step([*(end for _, end in ends), some], [target])


def petri_net(tree: Tree) -> Net:
    """The workflow net of a tree, sound by construction; the same tree gives the same net."""
    made = _Building()
    source, target = made.place(), made.place()
    made.block(tree, source, target)
    return Net(tuple(made.places), made.transitions, tuple(made.arcs), {source: 1}, {target: 1})


def pnml(net: Net, name: str) -> str:
    """The net as a PNML document, with final marking and silent transitions in the way ProM and pm4py write them."""
    root = ET.Element("pnml")
    whole = ET.SubElement(root, "net", {"id": "net", "type": PNML})
    _named(whole, name)
    page = ET.SubElement(whole, "page", {"id": "page"})
    for place in net.places:
        made = ET.SubElement(page, "place", {"id": place})
        _named(made, place)
        if place in net.initial:
            ET.SubElement(ET.SubElement(made, "initialMarking"), "text").text = str(net.initial[place])
    for transition, activity in net.transitions.items():
        made = ET.SubElement(page, "transition", {"id": transition})
        _named(made, transition if activity is None else activity)
        if activity is None:
            ET.SubElement(
                made,
                "toolspecific",
                {"tool": "ProM", "version": "6.4", "activity": "$invisible$", "localNodeID": transition},
            )
    for number, (source, target) in enumerate(net.arcs):
        ET.SubElement(page, "arc", {"id": f"a{number}", "source": source, "target": target})
    marking = ET.SubElement(ET.SubElement(whole, "finalmarkings"), "marking")
    for place, tokens in net.final.items():
        ET.SubElement(ET.SubElement(marking, "place", {"idref": place}), "text").text = str(tokens)
    return ET.tostring(root, encoding="unicode", xml_declaration=True)


def _named(element: ET.Element, name: str) -> None:
    ET.SubElement(ET.SubElement(element, "name"), "text").text = clean(name)
