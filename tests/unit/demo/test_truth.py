"""Every problem written down is to be seen in the spans, and in no others."""

import json
from pathlib import Path

import pytest

from collector.demo.days import hour_of
from collector.demo.kernel import DAY, MINUTE
from collector.demo.traffic import Traffic
from collector.demo.truth import Truth, write
from collector.demo.world import Plan
from tests.unit.demo.reading import Event, Reading, read

NOW = 1_773_822_600_000_000
DAYS, ORDERS = 10, 4000


class Story:
    """One history, read, with its truths."""

    def __init__(self, seed: int, healthy: bool) -> None:
        traffic = Traffic(Plan(seed, DAYS, ORDERS, healthy, NOW))
        self.reading: Reading = read(traffic.until(NOW))
        self.truths: dict[str, Truth] = traffic.world.truths.by_name
        self.problems = traffic.world.problems

    def affected(self, name: str) -> list[list[Event]]:
        truth = self.truths[name]
        return [self.reading.cases[truth.process][case] for case in truth.cases]

    def showing(self, process: str, *activities: str) -> set[str]:
        """Cases in which these follow each other directly."""
        n = len(activities)
        paths = {case: self.reading.path(process, case) for case in self.reading.cases[process]}
        return {c for c, p in paths.items() if any(tuple(p[i : i + n]) == activities for i in range(len(p)))}


@pytest.fixture(scope="module", params=[5, 11])
def story(request: pytest.FixtureRequest) -> Story:
    return Story(request.param, healthy=False)


@pytest.fixture(scope="module")
def healthy() -> Story:
    return Story(5, healthy=True)


def gap(events: list[Event], source: str, target: str) -> int:
    first = next(e for e in events if e.activity == source)
    return next(e for e in events if e.activity == target).start - first.end


def activities(events: list[Event]) -> list[str]:
    return [event.activity for event in events]


def test_every_event_finds_its_case_and_an_order_has_at_most_25_spans(story: Story) -> None:
    assert story.reading.unjoined == 0
    assert "" not in story.reading.spans
    assert max(story.reading.spans.values()) <= 25


def test_each_problem_is_large_enough_to_matter(story: Story) -> None:
    assert len(story.truths) == 12
    for truth in story.truths.values():
        assert len(truth.cases) >= 0.01 * len(story.reading.cases[truth.process]), truth.name


def test_returns_wait_for_the_morning(story: Story) -> None:
    assert story.problems
    for events in story.affected("night_approval"):
        assert (
            gap(
                events,
                "Request return",
                "Approve return" if "Approve return" in activities(events) else "Reject return",
            )
            > 30 * MINUTE
        )
        requested = hour_of(next(e for e in events if e.activity == "Request return").end)
        assert not story.problems.approval_begin <= requested < story.problems.approval_end


def test_held_orders_queue(story: Story) -> None:
    assert all(gap(e, "Hold for review", "Risk review") > 15 * MINUTE for e in story.affected("few_reviewers"))


def test_the_ledger_runs_once_a_day(story: Story) -> None:
    assert story.problems
    hours = {hour_of(e.end) for events in story.reading.cases["order"].values() for e in events if "Post" in e.activity}
    assert hours == {story.problems.ledger_hour}


def test_addresses_of_one_channel_are_corrected(story: Story) -> None:
    assert story.problems
    for events in story.affected("address_rework"):
        assert events[0].attributes["shop.channel"] == story.problems.address_channel
    assert set(story.truths["address_rework"].cases) == story.showing("order", "Pack", "Correct address", "Pack")


def test_orders_are_picked_without_review(story: Story) -> None:
    assert set(story.truths["unreviewed"].cases) == story.showing("order", "Hold for review", "Pick")


def test_refunds_come_before_the_goods(story: Story) -> None:
    assert set(story.truths["early_refund"].cases) == story.showing(
        "return", "Approve return", "Approve refund", "Pay refund"
    )


def test_the_gateway_times_out_since_its_release(story: Story) -> None:
    assert story.problems
    late = {
        case: [e for e in events if e.activity == "Pay order" and e.error]
        for case, events in story.reading.cases["order"].items()
    }
    late = {case: errors for case, errors in late.items() if errors}
    assert set(late) == set(story.truths["gateway_timeouts"].cases)
    assert {(e.error, e.version) for errors in late.values() for e in errors} == {("timeout", "4.2.1")}
    assert min(e.end for errors in late.values() for e in errors) >= story.problems.gateway_since


def test_terminals_of_one_shop_stall(story: Story) -> None:
    assert story.problems
    paid = [[e for e in events if e.activity == "POS pay"] for events in story.affected("pos_firmware")]
    assert {e.version for events in paid for e in events} == {"3.5.0"}
    assert {e.attributes["shop.name"] for events in paid for e in events} == {story.problems.pos_shop}
    lengths = sorted(e.end - e.start for events in paid for e in events)
    assert lengths[len(lengths) // 2] > 45_000_000
    failed = sum(any(e.error == "terminal_stalled" for e in events) for events in paid)
    assert failed > 0.2 * len(paid)


def test_a_clerk_approves_own_refunds(story: Story) -> None:
    clerk = story.truths["own_refunds"].drawn["clerk"]
    assert set(story.truths["own_refunds"].cases) == story.showing(
        "return", "Request return", "Approve refund", "Pay refund"
    )
    for events in story.affected("own_refunds"):
        assert {e.actor for e in events if e.activity != "Pay refund"} == {clerk}


def test_orders_stay_where_they_are(story: Story) -> None:
    assert story.problems
    affected = story.affected("stuck_orders")
    assert {events[-1].activity for events in affected} == {story.problems.stuck_after}
    assert sum(NOW - events[-1].end > 3 * DAY for events in affected) > 0.4 * len(affected)


def test_codes_are_sent_again(story: Story) -> None:
    assert set(story.truths["lost_codes"].cases) == story.showing("order", "Send one-time code", "Send one-time code")


def test_temporary_staff_are_slow(story: Story) -> None:
    assert story.problems
    times: dict[object, list[int]] = {}
    for events in story.reading.cases["order"].values():
        for e in events:
            if e.activity == story.problems.slow_step:
                times.setdefault(e.role, []).append(e.end - e.start)
    temporary = f"temporary {story.problems.slow_step.lower()}er"
    means = {role: sum(t) / len(t) for role, t in times.items()}
    assert 0.85 < means[temporary] / means[temporary.removeprefix("temporary ")] / story.problems.slow_factor < 1.15
    for events in story.affected("slow_temps"):
        assert temporary in {e.role for e in events}


def test_a_healthy_shop_has_none_of_it(healthy: Story) -> None:
    assert not healthy.truths
    orders, returns = healthy.reading.cases["order"], healthy.reading.cases["return"]
    for events in [*orders.values(), *returns.values()]:
        assert not any(e.error for e in events)
        assert len(set(activities(events))) == len(events), "nothing is done twice"
        assert "Correct address" not in activities(events)
    assert not healthy.showing("order", "Hold for review", "Pick")
    assert not healthy.showing("return", "Approve return", "Approve refund")
    assert not healthy.showing("return", "Request return", "Approve refund")
    ended = {"Post to ledger", "Cancel order"}
    old = [e for e in orders.values() if NOW - e[0].start > 5 * DAY]
    assert all(events[-1].activity in ended for events in old)


def test_a_healthy_shop_waits_little_where_people_work(healthy: Story) -> None:
    for process, source, target in (
        ("return", "Request return", "Approve return"),
        ("order", "Hold for review", "Risk review"),
        ("order", "Confirm order", "Pick"),
        ("order", "Deliver", "Post to ledger"),
    ):
        cases = [healthy.reading.cases[process][case] for case in healthy.showing(process, source, target)]
        gaps = sorted(gap(events, source, target) for events in cases)
        assert gaps[int(0.9 * len(gaps))] < 45 * MINUTE, (source, target)


def test_the_truth_file_tells_all(story: Story, tmp_path: Path) -> None:
    write(list(story.truths.values()), tmp_path / "deep" / "truth.json")
    told = json.loads((tmp_path / "deep" / "truth.json").read_text(encoding="utf-8"))
    assert {each["name"] for each in told} == set(story.truths)
    for each in told:
        assert set(each) == {"name", "problem", "process", "finding", "since", "window", "size", "drawn", "cases"}
        assert each["size"] == len(each["cases"])
