"""Alignments with a drawn model beside every word it allows, one by one; drawings of any shape come to an end."""

import functools

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mining.alignment.align import Alignment, align
from mining.discovery.bpmn import Bpmn, BpmnFlow, BpmnNode, bpmn_of
from mining.discovery.tree import Tree
from mining.reference.blocks import blocks
from mining.reference.matching import matched
from mining.reference.nets import net_of, open_net
from tests.unit.discovery.test_tree import trees

Words = frozenset[str]
LONGEST = 8
TRACES = st.lists(st.text("abcd", max_size=5).map(tuple), min_size=1, max_size=8, unique=True)


@functools.cache
def shuffled(one: str, other: str) -> Words:
    if not one or not other:
        return frozenset({one + other})
    return frozenset(one[0] + rest for rest in shuffled(one[1:], other)) | frozenset(
        other[0] + rest for rest in shuffled(one, other[1:])
    )


def joined(one: Words, other: Words) -> Words:
    return frozenset(a + b for a in one for b in other if len(a + b) <= LONGEST)


def words(tree: Tree) -> Words:
    """Every word of at most LONGEST letters."""
    if tree.operator is None:
        return frozenset({tree.activity or ""})
    one, other = (words(child) for child in tree.children)
    together = frozenset(w for a in one for b in other if len(a + b) <= LONGEST for w in shuffled(a, b))
    match tree.operator:
        case "sequence":
            return joined(one, other)
        case "exclusive":
            return one | other
        case "parallel":
            return together
        case "inclusive":
            return one | other | together
        case "loop":
            found, new = one, one
            while new:
                new = joined(joined(new, other), one) - found
                found |= new
            return found


def cost(trace: tuple[str, ...], word: str) -> int:
    """Fewest letters to put in or leave out."""
    row = list(range(len(word) + 1))
    for letter in trace:
        left, row = row, [row[0] + 1]
        for place, other in enumerate(word):
            row.append(min(left[place] if letter == other else LONGEST * 9, left[place + 1] + 1, row[place] + 1))
    return row[-1]


def through(found: Alignment) -> str:
    return "".join(move.model for move in found.moves if move.model is not None)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(trees("abcd", 3), TRACES)
def test_no_word_of_the_model_is_nearer_than_the_alignment(tree: Tree, traces: list[tuple[str, ...]]) -> None:
    drawn = bpmn_of(tree, "p")
    net = net_of(drawn, matched(drawn, "abcd").labels)
    allowed = words(tree)
    for found in align(net, dict.fromkeys(traces, 1)).items:
        best = min(cost(found.path, word) for word in allowed)
        assert found.cost == best
        assert tuple(move.log for move in found.moves if move.log is not None) == found.path
        assert len(through(found)) > LONGEST or through(found) in allowed
    for found in align(open_net(net), dict.fromkeys(traces, 1)).items:
        begun = {word[:size] for word in allowed for size in range(len(word) + 1)}
        assert found.cost == min(cost(found.path, word) for word in begun)


@st.composite
def drawings(draw: st.DrawFn, rounds: bool) -> Bpmn:
    """Gateways and tasks with flows anywhere between them, rounds of unseen steps and splits among them; without
    `rounds` only onward."""
    kinds = st.sampled_from(("task", "exclusiveGateway", "parallelGateway", "inclusiveGateway"))
    inner = [BpmnNode(f"n{i}", draw(kinds), "abcdxyz"[i]) for i in range(draw(st.integers(1, 7)))]
    names = [node.id for node in inner]
    drawn = draw(st.lists(st.tuples(st.sampled_from(names), st.sampled_from(names)), max_size=10, unique=True))
    pairs = [(a, b) for a, b in drawn if rounds or a < b]
    ends = [("s", names[0]), *pairs, (names[-1], "e")]
    flows = tuple(BpmnFlow(f"f{i}", a, b) for i, (a, b) in enumerate(ends))
    return Bpmn("p", None, (BpmnNode("s", "startEvent"), *inner, BpmnNode("e", "endEvent")), flows)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(drawings(rounds=False), TRACES)
def test_any_drawing_without_rounds_is_aligned(drawn: Bpmn, traces: list[tuple[str, ...]]) -> None:
    net = net_of(drawn, matched(drawn, "abcd").labels)
    for which in (net, open_net(net)):
        for found in align(which, dict.fromkeys(traces, 1), deadline=60.0).items:
            assert found.cost is not None or "not aligned in" not in str(found.reason)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(drawings(rounds=True), TRACES)
def test_any_drawing_is_answered(drawn: Bpmn, traces: list[tuple[str, ...]]) -> None:
    """With rounds within rounds, splits in them, there may be too many ways: then it is said."""
    net = net_of(drawn, matched(drawn, "abcd").labels)
    for which in (net, open_net(net)):
        for found in align(which, dict.fromkeys(traces, 1), deadline=1.0).items:
            assert (found.cost is None) == bool(found.reason)


def test_a_round_that_makes_ever_more_tokens_unseen_is_answered() -> None:
    elements = ("startEvent", "exclusiveGateway", "inclusiveGateway", "inclusiveGateway", "task", "endEvent")
    nodes = tuple(BpmnNode(str(i), element, "a" if element == "task" else None) for i, element in enumerate(elements))
    ends = ("01", "12", "23", "23", "24", "31", "34", "45")
    drawn = Bpmn("p", None, nodes, tuple(BpmnFlow(f"f{i}", pair[0], pair[1]) for i, pair in enumerate(ends)))
    found = align(net_of(drawn, {"4": "a"}), {("a",): 1, (): 1}, deadline=5.0)
    assert [item.cost for item in found.items] == [1, 0]


def test_blocks_of_inclusive_gateways() -> None:
    inner = Tree("inclusive", None, (Tree(activity="a"), Tree(activity="b")))
    tree = Tree("inclusive", None, (inner, Tree("loop", None, (Tree(activity="c"), Tree()))))
    assert {(block.split, block.join) for block in blocks(bpmn_of(tree, "p"))} == {
        ("inclusiveGateway_1", "inclusiveGateway_2"),
        ("inclusiveGateway_3", "inclusiveGateway_4"),
    }


def test_a_join_takes_nothing_that_an_earlier_round_left() -> None:
    tree = Tree("loop", None, (Tree("inclusive", None, (Tree(activity="a"), Tree(activity="b"))), Tree()))
    drawn = bpmn_of(Tree("sequence", None, (tree, Tree(activity="c"))), "p")
    net = net_of(drawn, matched(drawn, "abc").labels)
    found = {"".join(i.path): i.cost for i in align(net, {tuple(w): 1 for w in ("abc", "ac", "aabbc", "c")}).items}
    assert found == {"abc": 0, "ac": 0, "aabbc": 0, "c": 1}
