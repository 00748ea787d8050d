"""BPMN: drawn without overlaps, read back equal, refused in one line where it is broken."""

import itertools
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.vocabulary.errors import PermanentError
from mining.discovery.bpmn import Bpmn, BpmnFlow, BpmnNode, bpmn_of
from mining.discovery.bpmn_read import read_bpmn
from mining.discovery.bpmn_xml import bpmn_xml
from mining.discovery.diagram import Box, Diagram, diagram
from mining.discovery.net import petri_net, pnml
from mining.discovery.tree import Tree
from tests.unit.discovery.test_tree import trees

SHARED = Path(__file__).resolve().parents[4] / "shared" / "data"


def inside(point: tuple[float, float], box: Box, by: float) -> bool:
    x, y = point
    return box.x + by < x < box.x + box.width - by and box.y + by < y < box.y + box.height - by


def check(model: Bpmn, drawn: Diagram) -> None:
    attached = {node.id for node in model.nodes if node.attached}
    for (a, one), (b, other) in itertools.combinations(drawn.shapes.items(), 2):
        if a not in attached and b not in attached:
            apart_x = one.x + one.width <= other.x or other.x + other.width <= one.x
            assert apart_x or one.y + one.height <= other.y or other.y + other.height <= one.y, (a, b)
    for flow in model.flows:
        line = drawn.lines[flow.id]
        assert len(line) >= 2
        for end, node in ((line[0], flow.source), (line[-1], flow.target)):
            box = drawn.shapes[node]
            assert not inside(end, box, 0.5)
            assert box.x - 0.5 <= end[0] <= box.x + box.width + 0.5
            assert box.y - 0.5 <= end[1] <= box.y + box.height + 0.5
        for (x0, y0), (x1, y1) in itertools.pairwise(line):
            assert abs(x0 - x1) < 1 or abs(y0 - y1) < 1
            for name, box in drawn.shapes.items():
                if name not in attached and flow.source not in attached:
                    passes = (
                        min(x0, x1) < box.x + box.width - 1
                        and max(x0, x1) > box.x + 1
                        and min(y0, y1) < box.y + box.height - 1
                        and max(y0, y1) > box.y + 1
                    )
                    assert not passes, (flow, name)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(trees("abcdefgh", 4))
def test_every_discovered_model_is_drawn_and_comes_back(tree: Tree) -> None:
    model = bpmn_of(tree, "made <up> & 'so'")
    check(model, diagram(model))
    again = read_bpmn(bpmn_xml(model, "remark").encode(), "model.bpmn")
    assert again == model
    assert again.notes == ()


@st.composite
def graphs(draw: st.DrawFn) -> Bpmn:
    """Any nodes, any flows: as people draw them."""
    size = draw(st.integers(1, 9))
    elements = ["task", "userTask", "exclusiveGateway", "parallelGateway", "startEvent", "endEvent"]
    nodes = [
        BpmnNode(f"n{i}", draw(st.sampled_from(elements)), draw(st.none() | st.text("ab 审", max_size=40)))
        for i in range(size)
    ]
    ends = st.integers(0, size - 1)
    pairs = draw(st.lists(st.tuples(ends, ends), max_size=16))
    flows = [BpmnFlow(f"f{i}", f"n{a}", f"n{b}") for i, (a, b) in enumerate(pairs)]
    return Bpmn("p", None, tuple(nodes), tuple(flows))


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(graphs())
def test_any_model_is_drawn_and_comes_back(model: Bpmn) -> None:
    drawn = diagram(model)
    assert set(drawn.shapes) == {node.id for node in model.nodes}
    assert set(drawn.lines) == {flow.id for flow in model.flows}
    check(Bpmn(model.id, None, model.nodes, ()), drawn)
    assert read_bpmn(bpmn_xml(model).encode(), "model.bpmn") == model


def test_pm4py_reads_what_we_write(tmp_path: Path) -> None:
    import pm4py

    tree = Tree(
        "sequence", None, (Tree(activity="a"), Tree("parallel", None, (Tree(activity="b"), Tree(activity="c"))))
    )
    model = bpmn_of(tree, "test")
    file = tmp_path / "model.bpmn"
    file.write_text(bpmn_xml(model))
    read = pm4py.read_bpmn(str(file))
    assert {(n.id, n.name) for n in read.get_nodes()} == {(n.id, n.name or "") for n in model.nodes}
    assert {(f.source.id, f.target.id) for f in read.get_flows()} == {(f.source, f.target) for f in model.flows}
    file = tmp_path / "model.pnml"
    file.write_text(pnml(petri_net(tree), "test"))
    net, initial, final = pm4py.read_pnml(str(file))
    assert sorted(str(t.label) for t in net.transitions) == sorted(str(a) for a in petri_net(tree).transitions.values())
    assert (len(initial), len(final)) == (1, 1)


BPMN = '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"><process id="p">{}</process></definitions>'


def read(inside_process: str) -> Bpmn:
    return read_bpmn(BPMN.format(inside_process).encode(), "m.bpmn")


def flow(name: str, source: str, target: str) -> str:
    return f'<sequenceFlow id="{name}" sourceRef="{source}" targetRef="{target}"/>'


def test_a_plain_sub_process_is_flattened_and_another_kept() -> None:
    inner = '<startEvent id="i"/><task id="t" name="T"/><endEvent id="o"/>' + flow("x", "i", "t") + flow("y", "t", "o")
    around = '<startEvent id="s"/><endEvent id="e"/>' + flow("f", "s", "sub") + flow("g", "sub", "e")
    flat = read(f'<subProcess id="sub">{inner}</subProcess>{around}')
    assert [(f.source, f.target) for f in flat.flows if f.id in "fgxy"] == [
        ("sub", "t"),
        ("t", "sub_end"),
        ("s", "sub"),
        ("sub_end", "e"),
    ]
    assert [n.reason.split(":")[0] for n in flat.notes] == ["flattened"]
    assert read_bpmn(bpmn_xml(flat).encode(), "again") == flat
    looped = read(f'<subProcess id="sub">{inner}<standardLoopCharacteristics/></subProcess>{around}')
    assert {n.id for n in looped.nodes} == {"sub", "s", "e"}
    assert (looped.notes[0].element, looped.notes[0].line) == ("subProcess", 1)
    assert read_bpmn(bpmn_xml(looped).encode(), "again") == looped


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        ("<a", "m.bpmn: line 1: no well-formed XML"),
        ("", "m.bpmn: line 1"),
        ("<a/>", "<a> is not the definitions element"),
        (BPMN.format('<task name="x"/>'), "line 1: <task> has no id"),
        (BPMN.format('<task id="x"/><task id="x"/>'), "<task> 'x' has the id 'x' of another"),
        (BPMN.format('<task id="x"/><sequenceFlow id="f" sourceRef="x" targetRef="y"/>'), "<sequenceFlow> 'f' leads"),
        ('<!DOCTYPE a [<!ENTITY b "c">]>' + BPMN.format(""), "document type"),
        ('<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>' + BPMN.format('<task id="&b;"/>'), "m.bpmn"),
    ],
)
def test_what_is_broken_is_named_in_one_line(raw: str, told: str) -> None:
    with pytest.raises(PermanentError) as refused:
        read_bpmn(raw.encode(), "m.bpmn")
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)


def test_an_xml_bomb_is_refused_at_once() -> None:
    levels = "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10 if i else "boom"}">' for i in range(12))
    with pytest.raises(PermanentError):
        read_bpmn(f"<!DOCTYPE a [{levels}]>{BPMN.format('&e11;')}".encode(), "m.bpmn")


WHOLE = bpmn_xml(bpmn_of(Tree("loop", None, (Tree(activity="a"), Tree(activity="b"))), "p")).encode()


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_any_damage_is_one_error_or_a_model(data: st.DataObject) -> None:
    raw = bytearray(WHOLE)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(raw) - 1))
        cut = data.draw(st.integers(0, 40))
        raw[at : at + cut] = data.draw(st.binary(max_size=6) | st.sampled_from([b"<task/>", b"&x;", b"<!--", b'id="']))
    try:
        model = read_bpmn(bytes(raw), "m.bpmn")
    except PermanentError as error:
        told = str(error)
    else:
        told = f"m.bpmn: {len(model.nodes)}"
    assert told.startswith("m.bpmn: ")
    assert "\n" not in told


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_refused(raw: bytes) -> None:
    with pytest.raises(PermanentError):
        read_bpmn(raw, "m.bpmn")


@pytest.mark.parametrize("file", sorted(SHARED.rglob("*.bpmn")) if SHARED.exists() else [])
def test_models_of_other_tools_come_back(file: Path) -> None:
    model = read_bpmn(file.read_bytes(), file.name)
    assert read_bpmn(bpmn_xml(model).encode(), "again") == model
