"""In whatever order spans arrive, in whatever requests, with whatever restarts between: every event once, same case."""

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.unit.collector.spans import Bench, event_id, request, span

SPANS = [
    span(1, 1, "POST /orders", order_id="A", enduser_id="u"),
    span(1, 2, "work", 1),
    span(1, 3, "publish", 2),
    span(2, 1, "receive", links=[(1, 3)]),
    span(2, 2, "work", 1),
    span(2, 3, "charge", 2, payment_id="p"),
    span(3, 1, "work", payment_id="p"),
    span(4, 1, "batch"),
    span(4, 2, "work", 1, order_id="B"),
    span(4, 3, "work", 1),
    span(4, 4, "update", 3, order_id="C"),
    span(5, 1, "callback"),
    span(5, 2, "work", 1, links=[(2, 3)]),
    span(6, 1, "return.check", step="check", return_id="R", order_id="A"),
]
CASES = {
    (1, 2): "A",
    (2, 2): "A",
    (3, 1): "A",
    (4, 2): "B",
    (4, 3): "C",
    (5, 2): "A",
}


@settings(max_examples=8, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(st.permutations(range(len(SPANS))), st.lists(st.sampled_from(["", "restart", "later", "again"]), min_size=14))
def test_the_order_of_arrival_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, order: list[int], between: list[str]
) -> None:
    bench = Bench(tmp_path_factory.mktemp("any-order"))
    try:
        _play(bench, order, between)
    finally:
        bench.converter.close()


def _play(bench: Bench, order: list[int], between: list[str]) -> None:
    waiting = []
    for place, what in zip(order, between, strict=False):
        waiting.append(SPANS[place])
        if not what:
            continue
        bench.send(request(*waiting))
        if what == "again":
            bench.send(request(*waiting))
        waiting = []
        if what == "restart":
            bench.restart()
        elif what == "later":
            bench.later()
    bench.send(request(*waiting)).later().later()
    assert len(bench.events()) == len(CASES) + 1
    assert {key: bench.case(*key) for key in CASES} == CASES
    assert bench.case(6, 1, "return") == "R"
    assert bench.events()[event_id(6, 1)]["activity"] == "Return check"
    assert len(bench.rows("spans")) == len(SPANS)
