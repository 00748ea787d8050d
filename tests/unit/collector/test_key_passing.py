from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.collector.spans import Bench, event_id, request, span


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    bench.converter.close()


def objects(bench: Bench, trace: int, number: int) -> list[tuple[str, str]]:
    return [(each["type"], each["id"]) for each in bench.events()[event_id(trace, number)]["objects"]]


def test_a_key_of_the_span_itself(bench: Bench) -> None:
    bench.send(request(span(1, 1, "work", order_id="A", payment_id="p")))
    assert objects(bench, 1, 1) == [("order", "A"), ("payment", "p")]


def test_a_key_of_an_ancestor(bench: Bench) -> None:
    bench.send(request(span(1, 1, order_id="A"), span(1, 2, parent=1), span(1, 3, "work", 2)))
    assert objects(bench, 1, 3) == [("order", "A")]


def test_a_key_of_a_descendant(bench: Bench) -> None:
    bench.send(request(span(1, 3, parent=2, order_id="A"), span(1, 2, parent=1), span(1, 1, "work")))
    assert objects(bench, 1, 1) == [("order", "A")]


def test_the_nearest_of_a_type_holds(bench: Bench) -> None:
    bench.send(
        request(
            span(1, 1, order_id="far", customer_id="c"),
            span(1, 2, parent=1, order_id="near"),
            span(1, 3, "work", 2),
            span(1, 4, parent=3, order_id="below", payment_id="p"),
        )
    )
    assert objects(bench, 1, 3) == [("order", "near"), ("customer", "c"), ("payment", "p")]


def test_a_span_may_name_several_itself(bench: Bench) -> None:
    bench.send(request(span(1, 1, "work", order_id=["A", "B"])))
    assert objects(bench, 1, 1) == [("order", "A"), ("order", "B")]


def test_a_key_across_a_link_and_its_relatives(bench: Bench) -> None:
    bench.send(
        request(span(1, 1, order_id="A"), span(1, 2, "send", 1)),
        request(span(2, 1, "receive", links=[(1, 2)]), span(2, 2, "work", 1)),
    )
    assert objects(bench, 2, 2) == [("order", "A")]


def test_keys_go_over_two_queues(bench: Bench) -> None:
    bench.send(
        request(span(1, 1, order_id="A")),
        request(span(2, 1, links=[(1, 1)]), span(2, 2, parent=1)),
        request(span(3, 1, "work", links=[(2, 2)])),
    )
    assert objects(bench, 3, 1) == [("order", "A")]


def test_a_batch_never_mixes_its_children(bench: Bench) -> None:
    many = [span(1, 10 + n, "work", 1, order_id=f"o{n}") for n in range(300)]
    many += [span(1, 1000 + n, "work", 10 + n) for n in range(300)]
    # This one names nothing, and neither does anything below or above it.
    many += [span(1, 5, "work", 1)]
    bench.send(request(span(1, 1, "work"), *many)).later()
    for n in range(300):
        assert objects(bench, 1, 10 + n) == [("order", f"o{n}")]
        assert objects(bench, 1, 1000 + n) == [("order", f"o{n}")]
    assert bench.case(1, 1) is None
    assert bench.case(1, 5) is None


def test_a_batch_that_links_to_many_gives_no_one_a_wrong_key(bench: Bench) -> None:
    senders = [request(span(100 + n, 1, order_id=f"o{n}")) for n in range(20)]
    batch = request(
        span(1, 1, "receive", links=[(100 + n, 1) for n in range(20)]),
        span(1, 2, "work", 1),
        *(span(1, 10 + n, "work", 1, links=[(100 + n, 1)]) for n in range(20)),
    )
    bench.send(*senders, batch).later()
    assert bench.case(1, 2) is None
    for n in range(20):
        assert objects(bench, 1, 10 + n) == [("order", f"o{n}")]


def test_what_stands_beside_counts_where_it_agrees(bench: Bench) -> None:
    bench.send(request(span(1, 1), span(1, 2, "work", 1), span(1, 3, parent=1, order_id="A"))).later()
    assert bench.case(1, 2) == "A"
    # It is no object of the event: only its case.
    assert objects(bench, 1, 2) == []


def test_a_parent_that_comes_later_is_waited_for(bench: Bench) -> None:
    bench.send(request(span(1, 3, "work", 2, order_id="A")))
    assert bench.events() == {}
    bench.send(request(span(1, 2, parent=1, enduser_id="u"))).send(request(span(1, 1)))
    assert bench.events()[event_id(1, 3)]["actor"] == "u"


def test_a_parent_that_never_comes_is_not_waited_for_long(bench: Bench) -> None:
    bench.send(request(span(1, 3, "work", 2, order_id="A"))).later(9)
    assert bench.events() == {}
    bench.later(2)
    assert bench.case(1, 3) == "A"


@pytest.mark.parametrize("restart", [False, True])
def test_a_key_that_comes_hours_later_becomes_a_link(bench: Bench, restart: bool) -> None:
    bench.send(request(span(1, 2, "work", 1))).later()
    assert bench.case(1, 2) is None
    if restart:
        bench.restart()
    bench.now += 20_000
    bench.send(request(span(1, 1, order_id="A")))
    assert bench.case(1, 2) == "A"
    assert len(bench.rows("links")) == 1


@pytest.mark.parametrize("restart", [False, True])
def test_a_link_target_that_comes_hours_later(bench: Bench, restart: bool) -> None:
    bench.send(request(span(2, 1, "work", links=[(1, 2)]))).later()
    if restart:
        bench.restart()
    bench.now += 20_000
    bench.send(request(span(1, 2, parent=1)))
    bench.send(request(span(1, 1, order_id="A")))
    assert bench.case(2, 1) == "A"


def test_a_join_known_before(bench: Bench) -> None:
    bench.send(request(span(1, 1, order_id="A"), span(1, 2, parent=1, payment_id="p")))
    bench.restart().send(request(span(2, 1, "work", payment_id="p")))
    assert objects(bench, 2, 1) == [("payment", "p"), ("order", "A")]


@pytest.mark.parametrize("restart", [False, True])
def test_a_join_learned_later_becomes_a_link(bench: Bench, restart: bool) -> None:
    bench.send(request(span(1, 1, "work", payment_id="p"))).later()
    assert bench.case(1, 1) is None
    if restart:
        bench.restart()
    bench.send(request(span(2, 1, payment_id="p", order_id="A")))
    assert bench.case(1, 1) == "A"


def test_a_join_learned_across_a_link(bench: Bench) -> None:
    bench.send(request(span(1, 1, order_id="A")), request(span(2, 1, "work", payment_id="p", links=[(1, 1)])))
    bench.send(request(span(3, 1, "work", payment_id="p")))
    assert bench.case(3, 1) == "A"


def test_an_ambiguous_join_is_not_used(bench: Bench) -> None:
    bench.send(
        request(span(1, 1, payment_id="p", order_id="A")),
        request(span(2, 1, payment_id="p", order_id="B")),
        request(span(3, 1, "work", payment_id="p")),
    ).later()
    assert bench.case(3, 1) is None


def test_a_type_that_is_often_ambiguous_joins_nothing(bench: Bench) -> None:
    for n in range(10):
        bench.send(request(span(10 + n, 1, customer_id=f"c{n}", order_id=f"o{n}")))
    bench.send(request(span(1, 1, "work", customer_id="c9")))
    assert bench.case(1, 1) == "o9"
    for n in range(5):
        bench.send(request(span(30 + n, 1, customer_id=f"c{n}", order_id=f"x{n}")))
    bench.send(request(span(2, 1, "work", customer_id="c9"))).later()
    assert bench.case(2, 1) is None


def test_cases_are_those_of_the_events_process(bench: Bench) -> None:
    bench.send(request(span(1, 1, "return.approve", order_id="A", return_id="R", step="approve")))
    event = bench.events()[event_id(1, 1)]
    assert (event["process"], event["activity"]) == ("return", "Return approve")
    assert bench.case(1, 1, "return") == "R"


def test_a_held_event_survives_a_restart(bench: Bench) -> None:
    bench.send(request(span(1, 2, "work", 1, order_id="A"))).restart()
    assert bench.events() == {}
    bench.send(request(span(1, 1, enduser_id="u"))).restart().later()
    assert bench.events()[event_id(1, 2)]["actor"] == "u"


def test_loops_of_parents_and_links_end(bench: Bench) -> None:
    bench.send(
        request(
            span(1, 1, "work", 2, links=[(1, 2), (1, 1)]), span(1, 2, "work", 1, links=[(1, 1)]), span(1, 3, "work", 3)
        )
    ).later()
    assert len(bench.events()) == 3


def test_state_is_bounded(tmp_path: Path) -> None:
    bench = Bench(tmp_path, max_spans=50, max_seen=50, max_without_case=20, max_joins=30)
    try:
        for n in range(1, 120):
            bench.send(request(span(n, 2, "work", 1, payment_id=f"p{n}"), span(n, 3, payment_id=f"p{n}", order_id=n)))
        bench.later()
        assert len(bench.events()) == 119
        assert all(bench.case(n, 2) == str(n) for n in range(1, 120))
    finally:
        bench.converter.close()


def test_a_trace_too_large_to_look_through_tells_nothing_wrong(bench: Bench) -> None:
    many = [span(1, 10 + n, "technical", 1, shop_channel="web") for n in range(2100)]
    many.append(span(1, 9_999, parent=1, order_id="A"))
    bench.send(request(span(1, 1, "work"), span(1, 2, "work", 1), *many)).later()
    assert bench.case(1, 1) is None
    assert bench.case(1, 2) is None


def test_a_guess_gives_way_to_a_relative(bench: Bench) -> None:
    bench.send(request(span(1, 1), span(1, 2, "work", 1), span(1, 3, parent=1, order_id="A"))).later()
    assert bench.case(1, 2) == "A"
    bench.send(request(span(1, 4, parent=2, order_id="B")))
    assert bench.case(1, 2) == "B"
    bench.send(request(span(1, 5, parent=2, order_id="C"))).later()
    assert bench.case(1, 2) == "B"
    assert len(bench.rows("links")) == 2


def test_spans_that_tell_nothing_still_lead_on(bench: Bench) -> None:
    """A chain of silent spans, one of which is linked to, and one of which comes last."""
    bench.send(
        request(
            span(1, 1, order_id="A"),
            span(1, 3, parent=2),
            span(1, 4, "work", 3),
            span(2, 1, links=[(1, 3)]),
            span(2, 2, parent=1),
            span(2, 3, "work", 2),
        )
    )
    assert not bench.rows("events")
    bench.send(request(span(1, 2, parent=1)))
    assert bench.case(1, 4) == "A"
    assert bench.case(2, 3) == "A"
