import pytest

from collector.converter.sampling import Sampling, kept_share, read_state, sampled_services, settled_traces
from tests.unit.collector.spans import T0, request, span
from tests.unit.suggest.tables import spans_table

LATER = T0 // 1000 + 3_600_000_000 * 24


@pytest.mark.parametrize(
    ("trace_state", "attributes", "share"),
    [
        ("ot=th:8", {}, 0.5),
        ("vendor=x,ot=rv:01;th:c", {}, 0.25),
        ("ot=th:0", {}, 1.0),
        ("ot=rv:abcdef", {}, None),
        ("other=th:8", {}, None),
        ("", {"SampleRate": "20"}, 0.05),
        ("", {"sampler.type": "probabilistic", "sampler.param": "0.1"}, 0.1),
        ("", {"sampler.type": "const", "sampler.param": "1"}, None),
        ("", {"sampling.priority": "1"}, 1.0),
        ("", {"sampling.priority": "nonsense"}, None),
    ],
)
def test_what_a_span_says(trace_state: str, attributes: dict[str, str], share: float | None) -> None:
    assert kept_share(trace_state, attributes) == share


def test_marked_spans_make_a_service_sampled_and_restarts_keep_it() -> None:
    sampling = Sampling({})
    sampling.take(["a"] * 100 + ["b"] * 100, [0.5] * 100 + [None] * 100)
    state = sampling.state()
    assert sampled_services(state) == {"a"}
    assert read_state(state)["a"].share == 0.5
    assert sampling.state() == {}
    again = Sampling(state)
    again.take(["a"], [0.5])
    assert read_state(again.state())["a"].spans == 101


def test_what_was_switched_off_is_forgotten() -> None:
    sampling = Sampling({})
    sampling.take(["a"] * 1000, [0.1] * 1000)
    for _ in range(9):
        sampling.take(["a"] * 100_001, [None] * 100_001)
    assert not sampled_services(sampling.state())


@pytest.mark.parametrize(("broken", "sampled"), [(0, False), (4, False), (40, True)])
def test_traces_with_missing_parents(broken: int, sampled: bool) -> None:
    bodies = [
        request(span(n, 1, "in", 99 if n <= broken else 0, start=n), span(n, 2, "below", 1, start=n), service="a")
        for n in range(1, 101)
    ]
    traces = settled_traces(spans_table(bodies), LATER)
    assert sum(missing for _, missing in traces) == broken
    sampling = Sampling({})
    sampling.settle(traces)
    assert bool(sampled_services(sampling.state())) is sampled


def test_young_traces_do_not_count() -> None:
    table = spans_table([request(span(1, 1, "in", 99, start=0))])
    assert settled_traces(table, T0 // 1000 + 2_000_000) == []
    assert settled_traces(table, LATER) == [("shop", True)]
