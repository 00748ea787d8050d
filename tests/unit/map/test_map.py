"""The laws of the process map."""

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mining.arena import Arena
from mining.config import ProcessConfig
from mining.map import Layout, choose, layout, svg
from mining.map.bpmn import bpmn
from mining.map.choosing import pairs
from mining.map.words import width, wrap
from mining.report import Report
from mining.reporting import report
from tests.helpers import T0, log


def reported(arena: Arena) -> Report:
    return report(arena, ProcessConfig("test", "case"), T0, facts=())


logs = st.lists(st.text("abcdefg", min_size=1, max_size=9), min_size=1, max_size=12)


@settings(max_examples=40, deadline=None)
@given(logs, st.integers(1, 8), st.floats(0, 1))
def test_the_graph_stays_connected_and_says_what_it_shows(paths: list[str], nodes: int, coverage: float) -> None:
    document = reported(log(*paths))
    choice = choose(document, nodes, coverage)
    forward: dict[str | None, set[str | None]] = {None: set()}
    backward: dict[str | None, set[str | None]] = {None: set()}
    for source, target in choice.edges:
        forward.setdefault(source, set()).add(target)
        backward.setdefault(target, set()).add(source)
    for graph in (forward, backward):
        seen: set[str] = set()
        todo = [a for a in graph[None] if a is not None]
        while todo:
            at = todo.pop()
            if at not in seen:
                seen.add(at)
                todo += [a for a in graph.get(at, ()) if a is not None]
        assert seen == set(choice.activities)
    shown = [path for path in paths if choice.edges.issuperset(pairs(tuple(path)))]
    assert choice.cases == len(shown)
    if nodes >= 7:
        assert len(choice.activities) <= nodes


@settings(max_examples=40, deadline=None)
@given(logs)
def test_boxes_do_not_overlap_and_the_main_path_is_straight(paths: list[str]) -> None:
    document = reported(log(*paths))
    placed = layout(document, coverage=1.0)
    assert placed == layout(document, coverage=1.0)
    boxes = placed.nodes
    for i, a in enumerate(boxes):
        assert a.x - a.width / 2 >= 0
        assert a.x + a.width / 2 <= placed.width
        for b in boxes[i + 1 :]:
            assert abs(a.x - b.x) >= (a.width + b.width) / 2 or abs(a.y - b.y) >= (a.height + b.height) / 2
    main = {activity for edge in placed.edges if edge.main for activity in (edge.source, edge.target)}
    straight = {box.x for box in boxes if box.activity in main or box.activity is None}
    assert None in main
    assert max(straight) - min(straight) < 1
    assert {(e.source, e.target) for e in placed.edges} == set(choose(document, coverage=1.0).edges)


def drawn(*paths: str) -> tuple[Layout, Report]:
    document = reported(log(*paths))
    return layout(document, coverage=1.0), document


def test_back_edges_and_loops_are_marked() -> None:
    placed, _ = drawn("abcd", "abcd", "abcbcd", "abbcd")
    assert {(e.source, e.target) for e in placed.edges if e.back} == {("c", "b"), ("b", "b")}
    assert {(e.source, e.target) for e in placed.edges if e.main} == {
        (None, "a"),
        ("a", "b"),
        ("b", "c"),
        ("c", "d"),
        ("d", None),
    }


def test_rare_paths_are_left_out_first() -> None:
    document = reported(log(*["abc"] * 8, "axc", "ayc"))
    assert set(choose(document, coverage=0.8).activities) == set("abc")
    assert set(choose(document, coverage=0.9).activities) == set("abcx")
    assert set(choose(document, max_nodes=3, coverage=1.0).activities) == set("abc")


def test_names_are_escaped_and_links_kept() -> None:
    odd = 'a <b> & "c"'
    document = reported(log([odd, "next"], [odd, odd, "next"]))
    drawing = ET.fromstring(svg(document, "zh-CN", link=lambda activity: f"?activity={activity}&x=1"))
    space = "{http://www.w3.org/2000/svg}"
    assert [a.get("href") for a in drawing.iter(f"{space}a")] == [f"?activity={odd}&x=1", "?activity=next&x=1"]
    assert drawing.find(f"{space}style") is not None
    assert ET.fromstring(svg(document, standalone=False)).find(f"{space}style") is None
    assert ET.fromstring(bpmn(document, layout(document))) is not None


def test_an_empty_log_is_drawn_too() -> None:
    placed, document = drawn()
    assert [node.kind for node in placed.nodes] == ["start", "end"]
    assert placed.edges == ()
    assert ET.fromstring(svg(document)) is not None


@pytest.mark.parametrize(
    "words", ["Approve return at the second warehouse", "人工复核退货申请并通知仓库", "x" * 80, ""]
)
def test_wrapping_cuts_nothing(words: str) -> None:
    lines = wrap(words, 13, 170)
    assert "".join(lines).replace(" ", "") == words.replace(" ", "")
    assert all(width(line, 13) <= 170 for line in lines)


def test_a_detour_that_few_take_is_no_way_back() -> None:
    placed, _ = drawn(*["abcd"] * 8, "abxyzcd")
    assert not [e for e in placed.edges if e.back]
