"""The inductive miner in its box."""

import time
from collections.abc import Iterator

import pytest

from collector.vocabulary.errors import PermanentError
from mining.discovery.miner import Discoverer
from tests.bench.support.variants import variants


@pytest.fixture(scope="module")
def discoverer() -> Iterator[Discoverer]:
    found = Discoverer()
    found.start()
    yield found
    found.close()


def test_a_small_log_is_a_model_of_all_cases(discoverer: Discoverer) -> None:
    found = discoverer.discover({("a", "b", "c"): 5, ("a", "c"): 1}, 0.0)
    assert str(found.tree) == "->( 'a', X( tau, 'b' ), 'c' )"
    assert (found.cases, found.fitting, found.coverage, found.in_time) == (6, 6, 1.0, True)


def test_as_pm4py_does_it(discoverer: Discoverer) -> None:
    import pm4py
    from pm4py.objects.process_tree.obj import ProcessTree

    found = discoverer.discover(dict(variants(300, 8, 60)), 0.0)
    rows = [(f"c{i}", a) for i, path in enumerate(variants(300, 8, 60).elements()) for a in path]
    import pandas as pd

    frame = pd.DataFrame(rows, columns=["case:concept:name", "concept:name"])
    frame["time:timestamp"] = pd.to_datetime(range(len(frame)), unit="s", utc=True)
    tree = pm4py.discover_process_tree_inductive(frame)
    assert isinstance(tree, ProcessTree)
    assert found.tree.activities == set(frame["concept:name"])
    assert found.in_time
    # Without a threshold the miner promises a model that allows every path.
    assert found.fitting == found.all_cases


def test_many_variants_are_answered_in_the_box_with_the_share_they_cover() -> None:
    hurried = Discoverer(box=0.8)
    try:
        hurried.discover({("a",): 1})
        begun = time.monotonic()
        found = hurried.discover(variants(), 0.0)
        assert time.monotonic() - begun < 60
        assert 0 < found.coverage < 1
        assert found.cases < found.all_cases == 13_000
        assert not found.in_time
        # The child is there for the next question.
        assert hurried.discover({("a",): 1}).in_time
    finally:
        hurried.close()


def test_cases_that_fit_are_counted_where_not_all_variants_could_be_used() -> None:
    hurried = Discoverer(box=2.0)
    try:
        hurried.discover({("a",): 1})
        found = hurried.discover(variants(), 0.2)
        # Counting takes milliseconds, so that a machine much too slow for the box still does it.
        assert found.fitting is not None
        assert 0 < found.fitting < found.all_cases
    finally:
        hurried.close()


def test_nothing_and_a_wrong_threshold(discoverer: Discoverer) -> None:
    assert discoverer.discover({}).coverage == 1.0
    with pytest.raises(PermanentError, match=r"noise: 1\.5 is not between"):
        discoverer.discover({("a",): 1}, 1.5)


def test_a_child_that_somebody_ended_is_replaced() -> None:
    bereft = Discoverer()
    try:
        bereft.discover({("a",): 1})
        assert bereft._child is not None
        bereft._child.kill()
        assert str(bereft.discover({("a", "b"): 1}).tree) == "->( 'a', 'b' )"
    finally:
        bereft.close()
