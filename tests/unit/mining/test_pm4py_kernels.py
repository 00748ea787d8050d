"""What comes later, rework, self-loops, shared cases and filters equal pm4py's, where its logs lie beside the checkout.

On the same intervals in our order, see test_pm4py.
"""

import contextlib
import io
from collections.abc import Callable
from itertools import pairwise
from types import ModuleType
from typing import Any

import pytest

from mining.arena import Arena
from mining.filters import Attribute, Filters, Succession, choose
from mining.kernels.eventually_follows import eventually_follows
from mining.kernels.repetitions import repetitions
from mining.kernels.working_together import working_together
from tests.unit.mining.test_pm4py import DATA, laid_out, logged, pm4py  # noqa: F401

LOGS = ("pm4py/running-example.csv.gz", "pm4py/receipt.csv.gz", "real_start_end/AcademicCredentials.csv.gz")
SECOND = 1_000_000

pytestmark = [
    pytest.mark.skipif(not DATA.is_dir(), reason="no shared logs beside the checkout"),
    pytest.mark.filterwarnings("ignore"),  # pm4py's own
]


def theirs(arena: Arena) -> Any:
    """The log as pm4py takes it, with actors."""
    frame: Any = laid_out(arena)
    people = arena.names["actor"]
    frame["org:resource"] = [people[code] if code >= 0 else None for code in arena.codes["actor"].tolist()]
    return frame


def quietly(function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        return function(*arguments, **named)


@pytest.mark.parametrize("name", LOGS)
def test_counts_equal_pm4pys(name: str, pm4py: ModuleType) -> None:  # noqa: F811
    arena = logged(name)
    frame, words, people = theirs(arena), arena.activities, arena.names["actor"]
    first, last = arena.offsets[:-1], arena.offsets[1:]
    later = eventually_follows(first, last, arena.activity, arena.start, arena.end, len(words))
    ours = {(words[a], words[b]): int(n) for a, b, n in zip(later.source, later.target, later.count, strict=True)}
    assert ours == quietly(pm4py.discover_eventually_follows_graph, frame)
    again = repetitions(first, last, arena.activity, len(words))
    rework = {words[a]: int(n) for a, n in enumerate(again.rework_cases) if n}
    assert rework == quietly(pm4py.get_rework_cases_per_activity, frame)
    graph, _, _ = quietly(pm4py.discover_dfg, frame)
    loops = {words[a]: int(n) for a, n in enumerate(again.self_loops) if n}
    assert loops == {a: n for (a, b), n in graph.items() if a == b}
    if not people:
        return
    shared = working_together(first, last, arena.codes["actor"], len(people))
    found = {
        frozenset((people[a], people[b])): int(n)
        for a, b, n in zip(shared.left, shared.right, shared.cases, strict=True)
    }
    named = frame[frame["org:resource"].notna()]
    network = quietly(pm4py.discover_working_together_network, named).connections
    # pm4py divides by the number of events.
    assert found == {frozenset(pair): round(share * len(named)) for pair, share in network.items()}


@pytest.mark.parametrize("name", LOGS)
def test_filters_keep_pm4pys_cases(name: str, pm4py: ModuleType) -> None:  # noqa: F811
    arena = logged(name)
    frame, words = theirs(arena), arena.activities
    ids = arena.case_ids.to_pylist()

    def same(filters: Filters, function: str, *arguments: Any, **named: Any) -> int:
        left = quietly(getattr(pm4py, function), frame, *arguments, **named)
        kept = {case for case, flag in zip(ids, choose(arena, filters), strict=True) if flag}
        assert kept == set(left["case:concept:name"]), (function, arguments)
        return len(kept)

    codes = arena.activity[: arena.offsets[1]].tolist()
    pairs = [*[(words[a], words[b]) for a, b in pairwise(codes)][:3], (words[codes[0]], words[codes[-1]])]
    kept = 0
    for a, b in pairs:
        for negated in (False, True):
            direct, later = (Succession(a, b, direct=value, negated=negated) for value in (True, False))
            kept += same(Filters(follows=(direct,)), "filter_directly_follows_relation", [(a, b)], retain=not negated)
            kept += same(Filters(follows=(later,)), "filter_eventually_follows_relation", [(a, b)], retain=not negated)
    for word in words[:3]:
        kept += same(Filters(starts_with=(word,)), "filter_start_activities", [word])
        kept += same(Filters(ends_with=(word,)), "filter_end_activities", [word])
        wanted = "concept:name", [word]
        kept += same(Filters(activity=word), "filter_event_attribute_values", *wanted, level="case")
        none = Filters(where=(Attribute("activity", (word,), negated=True),))
        kept += same(none, "filter_event_attribute_values", *wanted, level="case", retain=False)
    kept += same(Filters(min_events=3, max_events=6), "filter_case_size", 3, 6)
    assert kept
