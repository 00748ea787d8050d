"""Alignments: costs by hand, costs as pm4py's, and a deadline that holds."""

import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.vocabulary.errors import PermanentError
from mining.alignment.align import MEMORY, Move, _Aligner, align
from mining.alignment.reduce import reduced
from mining.discovery.net import Net, petri_net
from mining.discovery.tree import Tree
from tests.unit.discovery.test_tree import trees

A, B, C = Tree(activity="a"), Tree(activity="b"), Tree(activity="c")
NET = petri_net(Tree("sequence", None, (A, Tree("exclusive", None, (B, Tree())), C)))


def test_moves_and_costs_by_hand() -> None:
    found = align(NET, {("a", "c"): 3, ("a", "z", "b"): 1, (): 1})
    assert found == align(NET, {("a", "c"): 3, ("a", "z", "b"): 1, (): 1})
    fits, empty, odd = found.items
    assert (fits.cost, fits.fitness, found.shortest) == (0, 1.0, 2)
    assert (empty.path, empty.cost, empty.fitness) == ((), 2, 0.0)
    assert odd.cost == 2
    assert set(odd.moves) == {Move("a", "a"), Move("z", None), Move("b", "b"), Move(None, "c")}
    assert (found.fitting_cases, found.cost, found.aligned_cases) == (3, 4, 5)
    assert found.fitness == 1 - 4 / (3 * 4 + 5 + 2)


def test_a_net_without_an_end_is_refused() -> None:
    with pytest.raises(PermanentError, match="final marking"):
        align(Net(NET.places, NET.transitions, NET.arcs, NET.initial, {}), {("a",): 1})


def test_a_variant_that_explodes_is_given_up_and_the_others_go_on() -> None:
    names = [f"s{i}" for i in range(22)]
    parts = tuple(Tree(activity=name) for name in names)
    wide = petri_net(Tree("exclusive", None, (Tree(activity="q"), Tree("parallel", None, parts))))
    hard = (*(f"x{i}" for i in range(12)), *reversed(names))
    begun = time.monotonic()
    found = align(wide, {hard: 5, ("q",): 2}, deadline=1.5)
    assert time.monotonic() - begun < 60
    easy = {item.path: item for item in found.items}
    assert easy[hard].cost is None
    assert easy[hard].reason
    assert easy["q",].cost == 0
    assert (found.aligned_cases, found.cases) == (2, 7)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(trees("abcdef"), st.lists(st.text("abcdefz", max_size=6).map(tuple), min_size=1, max_size=12, unique=True))
def test_fewer_silent_steps_cost_the_same(tree: Tree, paths: list[tuple[str, ...]]) -> None:
    net = petri_net(tree)
    small = reduced(net)
    assert [t for t in small.transitions.values() if t] == [t for t in net.transitions.values() if t]
    plain, quick = _Aligner(net, 5.0, MEMORY), _Aligner(small, 5.0, MEMORY)
    try:
        for path in paths:
            assert plain.one(path)[0] == quick.one(path)[0], path
    finally:
        plain.close()
        quick.close()


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
def test_costs_are_pm4pys() -> None:
    from pm4py.algo.conformance.alignments.petri_net import algorithm
    from pm4py.objects.log.obj import Event, Trace
    from pm4py.objects.petri_net.importer.variants import pnml as importer

    from mining.discovery.net import pnml

    tree = Tree("sequence", None, (A, Tree("loop", None, (Tree("parallel", None, (B, C)), Tree(activity="d")))))
    net, initial, final = importer.import_net_from_string(pnml(petri_net(tree), "n"))
    paths = ["abc", "acb", "abcdcb", "", "zzz", "abd", "cba", "abcbc", "aabbcc"]
    found = {item.path: item.cost for item in align(petri_net(tree), {tuple(p): 1 for p in paths}).items}
    for path in paths:
        trace = Trace([Event({"concept:name": a}) for a in path])
        theirs = algorithm.apply_trace(trace, net, initial, final)
        assert theirs["cost"] // 10_000 == found[tuple(path)], path
