"""The map as a BPMN 2.0 model with diagram coordinates: tasks, and exclusive gateways where several ways part."""

from collections import Counter
from xml.etree import ElementTree as ET

from collector.vocabulary.ids import stable_id
from mining.map.layout import Layout, PlacedNode
from mining.report import Report

MODEL = "http://www.omg.org/spec/BPMN/20100524/MODEL"
DI = "http://www.omg.org/spec/BPMN/20100524/DI"
DC = "http://www.omg.org/spec/DD/20100524/DC"
DD = "http://www.omg.org/spec/DD/20100524/DI"
GATEWAY = 20.0


def bpmn(report: Report, placed: Layout) -> str:
    """An XML document; what is drawn is what it holds, so rare paths are left out as in the drawing."""
    for prefix, uri in (("", MODEL), ("bpmndi", DI), ("dc", DC), ("di", DD)):
        ET.register_namespace(prefix, uri)
    root = ET.Element(f"{{{MODEL}}}definitions", {"id": "houtai", "targetNamespace": "urn:houtai:map"})
    process = ET.SubElement(
        root, f"{{{MODEL}}}process", {"id": "process", "name": report.process, "isExecutable": "false"}
    )
    plane = ET.SubElement(
        ET.SubElement(root, f"{{{DI}}}BPMNDiagram", {"id": "diagram"}),
        f"{{{DI}}}BPMNPlane",
        {"id": "plane", "bpmnElement": "process"},
    )
    leaving = Counter(edge.source for edge in placed.edges)
    out: dict[str | None, str] = {}
    into: dict[str | None, str] = {}
    for node in placed.nodes:
        key = _key(node)
        tag = {"start": "startEvent", "end": "endEvent", "activity": "task"}[node.kind]
        ET.SubElement(process, f"{{{MODEL}}}{tag}", {"id": key, **({"name": node.activity} if node.activity else {})})
        _shape(plane, key, node.x - node.width / 2, node.y - node.height / 2, node.width, node.height)
        if node.kind != "start":
            into[node.activity] = key
        if node.kind != "end":
            out[node.activity] = key
            if leaving[node.activity] > 1:
                out[node.activity] = _gateway(process, plane, key, node)
    for edge in placed.edges:
        flow = f"flow_{stable_id(edge.source or '', edge.target or '')}"
        ends = {"sourceRef": out[edge.source], "targetRef": into[edge.target]}
        ET.SubElement(process, f"{{{MODEL}}}sequenceFlow", {"id": flow, **ends})
        _line(plane, flow, edge.points)
    return ET.tostring(root, encoding="unicode", xml_declaration=True)


def _key(node: PlacedNode) -> str:
    return node.kind if node.activity is None else f"task_{stable_id(node.activity)}"


def _gateway(process: ET.Element, plane: ET.Element, key: str, node: PlacedNode) -> str:
    """An exclusive gateway right below the node, from which its edges leave."""
    gateway, flow = f"{key}_gateway", f"{key}_flow"
    bottom = node.y + node.height / 2
    ET.SubElement(process, f"{{{MODEL}}}exclusiveGateway", {"id": gateway, "gatewayDirection": "Diverging"})
    ET.SubElement(process, f"{{{MODEL}}}sequenceFlow", {"id": flow, "sourceRef": key, "targetRef": gateway})
    _shape(plane, gateway, node.x - GATEWAY / 2, bottom + 2, GATEWAY, GATEWAY)
    _line(plane, flow, ((node.x, bottom), (node.x, bottom + 2)))
    return gateway


def _shape(plane: ET.Element, key: str, x: float, y: float, width: float, height: float) -> None:
    shape = ET.SubElement(plane, f"{{{DI}}}BPMNShape", {"id": f"{key}_shape", "bpmnElement": key})
    bounds = {"x": f"{x:.1f}", "y": f"{y:.1f}", "width": f"{width:.1f}", "height": f"{height:.1f}"}
    ET.SubElement(shape, f"{{{DC}}}Bounds", bounds)


def _line(plane: ET.Element, key: str, points: tuple[tuple[float, float], ...]) -> None:
    line = ET.SubElement(plane, f"{{{DI}}}BPMNEdge", {"id": f"{key}_line", "bpmnElement": key})
    for x, y in points:
        ET.SubElement(line, f"{{{DD}}}waypoint", {"x": f"{x:.1f}", "y": f"{y:.1f}"})
