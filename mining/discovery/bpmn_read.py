"""BPMN 2.0 XML, by whatever tool, read into our model. The bytes come from outside."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from lxml import etree

from collector.vocabulary.errors import PermanentError
from mining.discovery.bpmn import ELEMENTS, Bpmn, BpmnFlow, BpmnNode, BpmnNote, Loop
from mining.discovery.bpmn_xml import MODEL

MOST_BYTES: Final = 50_000_000
DEEPEST: Final = 40
"""Sub-processes in sub-processes."""
SILENT: Final = frozenset({"documentation", "extensionElements", "incoming", "outgoing", "laneSet", "ioSpecification"})
"""Says nothing about the order of things."""
PLAIN: Final = ("subProcess", "transaction", "adHocSubProcess")


def read_bpmn(raw: bytes, file: str, process: str | None = None) -> Bpmn:
    """The process of a file; `process` is its id where the file holds several.

    Sub-processes with one way in and one way out are flattened; whatever else is not taken over exactly is named in
    `notes`. PermanentError names file, line and element of what cannot be read.
    """
    root = _parsed(raw, file)
    if _local(root) != "definitions" or not _ours(root):
        raise _error(file, root, "is not the definitions element of BPMN 2.0")
    found = [element for element in _children(root) if _local(element) == "process"]
    filled = [element for element in found if any(_local(child) in ELEMENTS for child in _children(element))]
    if process is not None:
        filled = [element for element in found if element.get("id") == process]
    if len(filled) > 1:
        ids = ", ".join(str(element.get("id")) for element in filled)
        raise _error(file, filled[1], f"is one of several processes ({ids}): say which one to read")
    if not filled and (process is not None or not found):
        raise _error(file, root, "holds no process" + (f" {process!r}" if process is not None else ""))
    return _Reading(file).model(filled[0] if filled else found[0])


def _parsed(raw: bytes, file: str) -> etree._Element:
    if len(raw) > MOST_BYTES:
        raise PermanentError(f"{file}: larger than {MOST_BYTES // 1_000_000} MB")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_pis=True)
    try:
        root = etree.fromstring(raw, parser)
    except etree.XMLSyntaxError as error:
        raise PermanentError(f"{file}: line {error.lineno or 1}: no well-formed XML ({_line(error.msg)})") from error
    except (ValueError, LookupError) as error:
        raise PermanentError(f"{file}: line 1: no readable XML ({_line(str(error))})") from error
    if getattr(root.getroottree().docinfo, "doctype", None):
        # Entities are how a small file becomes a large one, or reads others.
        raise PermanentError(f"{file}: line 1: a document type (<!DOCTYPE>) is not accepted")
    return root


class _Reading:
    def __init__(self, file: str) -> None:
        self.file = file
        self.nodes: dict[str, BpmnNode] = {}
        self.flows: dict[str, BpmnFlow] = {}
        self.lines: dict[str, etree._Element] = {}
        self.notes: list[BpmnNote] = []

    def model(self, process: etree._Element) -> Bpmn:
        identity = process.get("id")
        if not identity:
            raise _error(self.file, process, "has no id")
        self._level(process, 0)
        for flow in self.flows.values():
            for end in (flow.source, flow.target):
                if end not in self.nodes:
                    raise _error(self.file, self.lines[flow.id], f"leads from or to {end!r}, which is no node here")
        for node in self.nodes.values():
            if node.attached is not None and (node.attached not in self.nodes or node.attached == node.id):
                raise _error(self.file, self.lines[node.id], f"is attached to {node.attached!r}, which is no node here")
            if node.default is not None and node.default not in self.flows:
                raise _error(self.file, self.lines[node.id], f"has the default {node.default!r}, which is no flow here")
        return Bpmn(
            identity, process.get("name"), tuple(self.nodes.values()), tuple(self.flows.values()), tuple(self.notes)
        )

    def _level(self, scope: etree._Element, depth: int) -> None:
        if depth > DEEPEST:
            raise _error(self.file, scope, f"stands in more than {DEEPEST} sub-processes")
        for element in _children(scope):
            tag = _local(element)
            if tag in SILENT or not _ours(element):
                continue
            if tag == "sequenceFlow":
                self._flow(element)
            elif tag in PLAIN and self._flattened(element, depth):
                continue
            elif tag in ELEMENTS or tag in PLAIN:
                self._node(element, "subProcess" if tag in PLAIN else tag)
            elif tag == "complexGateway":
                self._note(element, "taken for an inclusive gateway: its condition is not understood")
                self._node(element, "inclusiveGateway")
            elif depth == 0 or not tag.endswith(("Definition", "Characteristics", "Association")):
                self._note(element, "left out: says nothing about the order of things, or is not understood")

    def _node(self, element: etree._Element, tag: str) -> None:
        identity = self._id(element)
        definitions = [_local(child) for child in _children(element) if _local(child).endswith("EventDefinition")]
        if len(definitions) > 1:
            self._note(element, f"several event definitions: only {definitions[0]} is taken over")
        if tag == "boundaryEvent":
            self._note(element, "interrupts its task: the order of things is that of the flow out of the task")
        self.nodes[identity] = BpmnNode(
            identity,
            tag,
            element.get("name"),
            definitions[0] if definitions and ELEMENTS[tag] in ("start", "end", "event") else None,
            self._loop(element),
            element.get("attachedToRef") if tag == "boundaryEvent" else None,
            element.get("default"),
        )

    def _loop(self, element: etree._Element) -> Loop | None:
        for child in _children(element):
            match _local(child):
                case "standardLoopCharacteristics":
                    return "standard"
                case "multiInstanceLoopCharacteristics":
                    return "sequential" if child.get("isSequential") == "true" else "parallel"
        return None

    def _flow(self, element: etree._Element) -> None:
        identity = self._id(element)
        source, target = element.get("sourceRef"), element.get("targetRef")
        if not source or not target:
            raise _error(self.file, element, "has no sourceRef or no targetRef")
        condition = next((c for c in _children(element) if _local(c) == "conditionExpression"), None)
        text = None if condition is None else "".join(map(str, condition.itertext())).strip() or None
        self.flows[identity] = BpmnFlow(identity, source, target, element.get("name"), text)

    def _flattened(self, element: etree._Element, depth: int) -> bool:
        """Put what is in a sub-process in its place; False, with a note, where that would change what it means."""
        inner = [child for child in _children(element) if _local(child) in ELEMENTS or _local(child) in PLAIN]
        starts = [child for child in inner if _local(child) == "startEvent"]
        ends = [child for child in inner if _local(child) == "endEvent"]
        identity = element.get("id")
        around = element.getparent()
        assert around is not None
        attached = [e for e in _children(around) if e.get("attachedToRef") == identity]
        plain = all(not any(_local(c).endswith("EventDefinition") for c in _children(e)) for e in (*starts, *ends))
        reason = None
        if not inner:
            reason = "holds nothing"
        elif element.get("triggeredByEvent") == "true" or _local(element) != "subProcess":
            reason = "runs by rules of its own"
        elif self._loop(element) is not None:
            reason = "is repeated"
        elif attached:
            reason = "can be interrupted"
        elif len(starts) != 1 or len(ends) != 1 or not plain:
            reason = "does not begin and end with one plain event each"
        if reason is not None:
            if reason != "holds nothing":
                self._note(element, f"kept as one task: it {reason}")
            return False
        outside = self._id(element)
        # One gateway each stands where the sub-process begins and ends: several flows may lead to and from it.
        self._level(element, depth + 1)
        first, last = str(starts[0].get("id")), str(ends[0].get("id"))
        for name, gateway in ((first, outside), (last, f"{outside}_end")):
            self.nodes.pop(name)
            self.nodes[gateway] = BpmnNode(gateway, "exclusiveGateway", element.get("name") if name == first else None)
            self.lines[gateway] = element
        renamed = {first: outside, last: f"{outside}_end"}
        for flow in list(self.flows.values()):
            source, target = renamed.get(flow.source, flow.source), renamed.get(flow.target, flow.target)
            self.flows[flow.id] = replace(flow, source=source, target=target)
        siblings = [e for e in _children(around) if _local(e) == "sequenceFlow" and e.get("sourceRef") == identity]
        for flow_element in siblings:
            flow_element.set("sourceRef", f"{outside}_end")
            known = self.flows.get(str(flow_element.get("id")))
            if known is not None:
                self.flows[known.id] = replace(known, source=f"{outside}_end")
        self._note(element, "flattened: what it holds stands between two gateways")
        return True

    def _id(self, element: etree._Element) -> str:
        identity = element.get("id")
        if not identity:
            raise _error(self.file, element, "has no id")
        if identity in self.lines:
            raise _error(self.file, element, f"has the id {identity!r} of another element")
        self.lines[identity] = element
        return identity

    def _note(self, element: etree._Element, reason: str) -> None:
        self.notes.append(BpmnNote(_sourceline(element), _local(element), element.get("id"), reason))


def _children(element: etree._Element) -> Iterator[etree._Element]:
    return element.iterchildren(etree.Element)


def _local(element: etree._Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _ours(element: etree._Element) -> bool:
    return str(element.tag).startswith(f"{{{MODEL}}}")


def _sourceline(element: etree._Element) -> int:
    line: object = element.sourceline
    return line if isinstance(line, int) else 1


def _error(file: str, element: etree._Element, what: str) -> PermanentError:
    identity = element.get("id")
    named = f"<{_local(element)[:60]}>" + (f" {identity[:60]!r}" if identity else "")
    return PermanentError(_line(f"{file}: line {_sourceline(element)}: {named} {what}"))


def _line(message: object) -> str:
    return " ".join(str(message).split())[:300]
