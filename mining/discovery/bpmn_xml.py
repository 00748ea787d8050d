"""BPMN 2.0 XML of a model, with its diagram."""

from typing import Final
from xml.etree import ElementTree as ET

from mining.discovery.bpmn import Bpmn, BpmnNode
from mining.discovery.diagram import diagram
from mining.discovery.names import clean

MODEL: Final = "http://www.omg.org/spec/BPMN/20100524/MODEL"
DI: Final = "http://www.omg.org/spec/BPMN/20100524/DI"
DC: Final = "http://www.omg.org/spec/DD/20100524/DC"
DD: Final = "http://www.omg.org/spec/DD/20100524/DI"
XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
PREFIXES: Final = {"bpmn": MODEL, "bpmndi": DI, "dc": DC, "di": DD, "xsi": XSI}


def bpmn_xml(model: Bpmn, remark: str | None = None) -> str:
    """The document; `remark` stands in it as the process's documentation (how it was made, what it covers)."""
    for prefix, uri in PREFIXES.items():
        ET.register_namespace(prefix, uri)
    root = ET.Element(f"{{{MODEL}}}definitions", {"id": "definitions", "targetNamespace": "urn:houtai:model"})
    named = {} if model.name is None else {"name": clean(model.name)}
    process = ET.SubElement(root, f"{{{MODEL}}}process", {"id": model.id, **named, "isExecutable": "false"})
    if remark:
        ET.SubElement(process, f"{{{MODEL}}}documentation").text = clean(remark)
    for node in model.nodes:
        _node(process, node, model)
    for flow in model.flows:
        attributes = {"id": flow.id, "sourceRef": flow.source, "targetRef": flow.target}
        if flow.name is not None:
            attributes["name"] = clean(flow.name)
        made = ET.SubElement(process, f"{{{MODEL}}}sequenceFlow", attributes)
        if flow.condition is not None:
            condition = ET.SubElement(
                made, f"{{{MODEL}}}conditionExpression", {f"{{{XSI}}}type": "bpmn:tFormalExpression"}
            )
            condition.text = clean(flow.condition)
    _diagram(root, model)
    ET.indent(root, " ")
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _node(process: ET.Element, node: BpmnNode, model: Bpmn) -> None:
    attributes = {"id": node.id}
    if node.name is not None:
        attributes["name"] = clean(node.name)
    if node.attached is not None:
        attributes["attachedToRef"] = node.attached
    if node.default is not None:
        attributes["default"] = node.default
    made = ET.SubElement(process, f"{{{MODEL}}}{node.element}", attributes)
    # The schema's order: flows in, flows out, then what kind of event or repetition it is.
    for tag, flows in (
        ("incoming", (f.id for f in model.flows if f.target == node.id)),
        ("outgoing", (f.id for f in model.flows if f.source == node.id)),
    ):
        for flow in flows:
            ET.SubElement(made, f"{{{MODEL}}}{tag}").text = flow
    if node.definition is not None:
        ET.SubElement(made, f"{{{MODEL}}}{node.definition}", {"id": f"{node.id}_definition"})
    if node.loop == "standard":
        ET.SubElement(made, f"{{{MODEL}}}standardLoopCharacteristics")
    elif node.loop is not None:
        sequential = "true" if node.loop == "sequential" else "false"
        ET.SubElement(made, f"{{{MODEL}}}multiInstanceLoopCharacteristics", {"isSequential": sequential})


def _diagram(root: ET.Element, model: Bpmn) -> None:
    drawn = diagram(model)
    holder = ET.SubElement(root, f"{{{DI}}}BPMNDiagram", {"id": "diagram"})
    plane = ET.SubElement(holder, f"{{{DI}}}BPMNPlane", {"id": "plane", "bpmnElement": model.id})
    for node in model.nodes:
        box = drawn.shapes[node.id]
        marked = {"isMarkerVisible": "true"} if node.element == "exclusiveGateway" else {}
        shape = ET.SubElement(plane, f"{{{DI}}}BPMNShape", {"id": f"{node.id}_shape", "bpmnElement": node.id, **marked})
        bounds = {"x": box.x, "y": box.y, "width": box.width, "height": box.height}
        ET.SubElement(shape, f"{{{DC}}}Bounds", {name: f"{value:g}" for name, value in bounds.items()})
    for flow in model.flows:
        line = ET.SubElement(plane, f"{{{DI}}}BPMNEdge", {"id": f"{flow.id}_line", "bpmnElement": flow.id})
        for x, y in drawn.lines[flow.id]:
            ET.SubElement(line, f"{{{DD}}}waypoint", {"x": f"{x:g}", "y": f"{y:g}"})
