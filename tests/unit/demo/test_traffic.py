from collections.abc import Iterable
from datetime import UTC, datetime

from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanKind

from collector.demo import history
from collector.demo.days import midnight
from collector.demo.kernel import DAY, HOUR
from collector.demo.traffic import Traffic
from collector.demo.world import Plan

NOW = datetime(2026, 3, 18, 7, 30, tzinfo=UTC)
PLAN = Plan(3, 4, 200, False, int(NOW.timestamp()) * 1_000_000)


def told(batches: Iterable[list[ReadableSpan]]) -> bytes:
    return b"".join(encode_spans(batch).SerializeToString() for batch in batches)


def test_the_same_seed_gives_the_same_bytes() -> None:
    first = told(history(3, 4, 200, now=NOW))
    assert first == told(history(3, 4, 200, now=NOW))
    assert first != told(history(4, 4, 200, now=NOW))


def test_how_the_time_is_cut_changes_nothing() -> None:
    whole = Traffic(PLAN).until(PLAN.now + DAY)
    pieces = Traffic(PLAN)
    cut = [span for _, spans in pieces.slices(PLAN.start, PLAN.now + DAY) for span in spans]
    assert told([whole]) == told([cut])


def test_a_change_of_rate_leaves_what_was_before() -> None:
    usual, busy = Traffic(PLAN), Traffic(PLAN)
    busy.world.rates = [(PLAN.now + HOUR, 20.0)]
    assert told([usual.until(PLAN.now + HOUR)]) == told([busy.until(PLAN.now + HOUR)])
    assert len(busy.until(PLAN.now + 5 * HOUR)) > 3 * len(usual.until(PLAN.now + 5 * HOUR))


def test_a_rate_of_nought_brings_nobody() -> None:
    traffic = Traffic(PLAN)
    traffic.world.rates = [(PLAN.now, 0.0)]
    traffic.until(PLAN.now + DAY)
    assert traffic.world.orders <= PLAN.orders


def test_history_has_its_orders_and_ends_at_now() -> None:
    traffic = Traffic(PLAN)
    spans = traffic.until(PLAN.now)
    # A customer may still queue at a terminal.
    assert PLAN.orders - 2 <= traffic.world.orders <= PLAN.orders
    assert all(PLAN.start * 1000 - 10**9 < (s.start_time or 0) <= (s.end_time or 0) <= PLAN.now * 1000 for s in spans)


def test_spans_nest_in_time_and_only_producers_and_servers_are_linked_to() -> None:
    spans = Traffic(PLAN).until(PLAN.now)
    by_id = {s.get_span_context().span_id: s for s in spans}  # type: ignore[union-attr]
    assert len(by_id) == len(spans)
    kinds = {s.kind for s in spans}
    assert kinds == set(SpanKind)
    for span in spans:
        assert span.start_time is not None
        assert span.end_time is not None
        if span.parent:
            parent = by_id[span.parent.span_id]
            assert parent.start_time is not None
            assert parent.end_time is not None
            if parent.name != "scan basket":
                assert parent.start_time <= span.start_time <= span.end_time <= parent.end_time
        for link in span.links:
            assert (by_id[link.context.span_id].end_time or 0) <= span.end_time


def test_seeds_draw_different_problems_within_the_history() -> None:
    drawn = [Traffic(Plan(seed, 14, 20, False, PLAN.now)).world.problems for seed in range(8)]
    assert len({p.address_channel for p in drawn if p}) == 3
    assert len({p.stuck_after for p in drawn if p}) > 1
    for p in drawn:
        assert p is not None
        assert PLAN.now - 14 * DAY < p.gateway_since < PLAN.now
        assert PLAN.now - 14 * DAY < p.pos_since < PLAN.now


def test_promotion_and_holiday_fall_into_the_history_but_not_together() -> None:
    for seed in range(20):
        days = Traffic(Plan(seed, 14, 20, True, PLAN.now)).world.days
        for day in (days.promotion, days.holiday):
            assert PLAN.now - 14 * DAY <= midnight(day) < PLAN.now
        assert abs(days.promotion - days.holiday) > 1
