"""BPMN as nets: the same ways as trees allow, every element by hand, beginnings, precision as pm4py's."""

import itertools
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.vocabulary.errors import PermanentError
from mining.alignment.align import align
from mining.discovery.bpmn import Bpmn, bpmn_of
from mining.discovery.bpmn_read import read_bpmn
from mining.discovery.net import Net, petri_net
from mining.discovery.tree import Tree
from mining.reference.matching import matched
from mining.reference.nets import MOST_WAYS, net_of
from mining.reference.playing import precision
from tests.unit.discovery.test_tree import trees

PATHS = st.lists(st.text("abcde", max_size=5).map(tuple), min_size=1, max_size=10, unique=True)
LETTERS = "ABCD"


def model(elements: dict[str, str], *flows: str, inside: dict[str, str] | None = None) -> Bpmn:
    """Nodes by id (`A: task` stands for a task of that name), flows as `a>b`."""
    made = ""
    for identity, what in elements.items():
        tag, _, more = what.partition(" ")
        made += f'<{tag} id="{identity}" name="{identity}" {more}>{(inside or {}).get(identity, "")}</{tag}>'
    for number, flow in enumerate(flows):
        source, target = flow.split(">")
        made += f'<sequenceFlow id="f{number}" sourceRef="{source}" targetRef="{target}"/>'
    xmlns = "http://www.omg.org/spec/BPMN/20100524/MODEL"
    return read_bpmn(f'<definitions xmlns="{xmlns}"><process id="p">{made}</process></definitions>'.encode(), "m.bpmn")


def net(drawn: Bpmn) -> Net:
    return net_of(drawn, matched(drawn, LETTERS).labels)


def allowed(what: Net, longest: int = 4) -> set[str]:
    """All words of up to so many letters that the net allows."""
    names = sorted({label for label in what.transitions.values() if label is not None})
    words = ["".join(word) for size in range(longest + 1) for word in itertools.product(names, repeat=size)]
    found = align(what, {tuple(word): 1 for word in words})
    return {"".join(item.path) for item in found.items if item.cost == 0}


TASKS = dict.fromkeys("ABC", "task")
ENDS = {"s": "startEvent", "e": "endEvent"}


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(trees(), PATHS)
def test_a_model_drawn_from_a_tree_costs_what_the_tree_costs(tree: Tree, paths: list[tuple[str, ...]]) -> None:
    drawn = bpmn_of(tree, "p")
    ours = align(net_of(drawn, matched(drawn, "abcde").labels), dict.fromkeys(paths, 1))
    theirs = align(petri_net(tree), dict.fromkeys(paths, 1))
    costs = [(ours_of.cost, theirs_of.cost) for ours_of, theirs_of in zip(ours.items, theirs.items, strict=True)]
    assert all(a is not None and a == b for a, b in costs)


def test_gateways_by_hand() -> None:
    around = {**TASKS, **ENDS}
    ways = ("s>g", "g>A", "g>B", "A>j", "B>j", "j>C", "C>e")
    for kind, words in (
        ("exclusive", {"AC", "BC"}),
        ("parallel", {"ABC", "BAC"}),
        ("inclusive", {"AC", "BC", "ABC", "BAC"}),
    ):
        drawn = model({**around, "g": f"{kind}Gateway", "j": f"{kind}Gateway"}, *ways)
        assert allowed(net(drawn)) == words


def test_a_loop_and_every_kind_of_task_and_event() -> None:
    kinds = {"A": "userTask", "B": "serviceTask", "C": "callActivity", "D": "receiveTask"}
    events = {"i": "intermediateCatchEvent", "g": "exclusiveGateway", **ENDS}
    drawn = model({**kinds, **events}, "s>A", "A>i", "i>B", "B>g", "g>A", "g>C", "C>D", "D>e")
    assert align(net(drawn), dict.fromkeys((tuple("ABCD"), tuple("ABABCD")), 1)).cost == 0
    assert allowed(net(drawn)) == {"ABCD"}


def test_several_ends_at_the_same_time_and_ways_without_a_gateway() -> None:
    drawn = model({**TASKS, "s": "startEvent", "x": "endEvent", "y": "endEvent"}, "s>A", "A>B", "A>C", "B>x", "C>y")
    assert allowed(net(drawn)) == {"ABC", "ACB"}


def test_a_task_that_repeats_itself_and_one_that_is_interrupted() -> None:
    loop = {"A": "<standardLoopCharacteristics/>"}
    assert allowed(net(model({**TASKS, **ENDS}, "s>A", "A>e", inside=loop)), 3) >= {"A", "AA", "AAA"}
    drawn = model(
        {**TASKS, **ENDS, "late": "boundaryEvent attachedToRef='A'", "z": "endEvent"},
        "s>A", "A>B", "B>e", "late>C", "C>z",
    )  # fmt: skip
    assert allowed(net(drawn)) == {"AB", "AC", "C"}
    assert [(note.element, note.id) for note in drawn.notes] == [("boundaryEvent", "late")]


def test_what_matches_nothing_is_passed_through_and_named() -> None:
    drawn = model(
        {"A": "task", "pay  ORDER": "task", "ghost": "task", **ENDS},
        "s>A",
        "A>pay  ORDER",
        "pay  ORDER>ghost",
        "ghost>e",
    )
    found = matched(drawn, ["A", "Pay order", "Ship"])
    assert found.labels == {"A": "A", "pay  ORDER": "Pay order"}
    assert [each.name for each in found.unmatched] == ["ghost"]
    assert found.unknown == ("Ship",)
    assert align(net_of(drawn, found.labels), {("A", "Pay order"): 1}).cost == 0


def test_an_event_stands_for_an_activity_only_where_no_task_does() -> None:
    drawn = model({"A": "startEvent", "B": "task", "C": "endEvent"}, "A>B", "B>C")
    assert matched(drawn, "ABC").labels == {"A": "A", "B": "B", "C": "C"}
    assert allowed(net(drawn)) == {"ABC"}


@pytest.mark.parametrize(
    ("elements", "flows", "told"),
    [
        ({"A": "task", "B": "task"}, ("A>B", "B>A"), "nothing in it can come first"),
        (
            {"s": "startEvent", "g": "inclusiveGateway", **{f"t{i}": "task" for i in range(MOST_WAYS + 1)}},
            ("s>g", *(f"g>t{i}" for i in range(MOST_WAYS + 1))),
            "inclusive gateway 'g'",
        ),
    ],
)
def test_what_cannot_be_a_net_is_told(elements: dict[str, str], flows: tuple[str, ...], told: str) -> None:
    with pytest.raises(PermanentError, match=told):
        net(model(elements, *flows))


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(trees("abcd", 2), PATHS)
def test_precision_is_pm4pys(tree: Tree, paths: list[tuple[str, ...]]) -> None:
    whole = petri_net(tree)
    fits = [(i.path, 1) for i in align(whole, dict.fromkeys(paths, 1)).items if i.cost == 0 and i.path]
    if fits:
        # Its solver gives up, and calls sound nets unsound, in a process in which others have run.
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as fresh:
            assert precision(whole, fits) == pytest.approx(fresh.submit(_pm4py, whole, fits).result())


def _pm4py(whole: Net, fits: list[tuple[tuple[str, ...], int]]) -> float:
    import pandas as pd
    import pm4py
    from pm4py.objects.petri_net.obj import Marking, PetriNet
    from pm4py.objects.petri_net.utils import petri_utils

    theirs = PetriNet("n")
    made: dict[str, Any] = {name: PetriNet.Place(name) for name in whole.places}
    theirs.places.update(made.values())
    steps = {name: PetriNet.Transition(name, label) for name, label in whole.transitions.items()}
    theirs.transitions.update(steps.values())
    made |= steps
    for source, target in whole.arcs:
        petri_utils.add_arc_from_to(made[source], made[target], theirs)
    first = Marking({made[p]: n for p, n in whole.initial.items()})
    last = Marking({made[p]: n for p, n in whole.final.items()})
    rows = [
        (str(case), name, pd.Timestamp("2026-01-01", tz="UTC") + pd.Timedelta(hours=place))
        for case, (path, _) in enumerate(fits)
        for place, name in enumerate(path)
    ]
    log = pd.DataFrame(rows, columns=["case:concept:name", "concept:name", "time:timestamp"])
    return float(pm4py.precision_alignments(log, theirs, first, last))
