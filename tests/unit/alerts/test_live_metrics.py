"""What the miner's counters count, and what they leave out."""

from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from mining.arena import Arena
from mining.config import ProcessConfig
from mining.findings.facts import Fact
from mining.findings.positions import Positions
from mining.live.knowledge import Snapshot
from mining.live.metrics import LiveMetrics
from mining.live.series import OTHER, Counts, Words
from mining.report import Finding, Report
from mining.settings import DeadlineSettings
from mining.waiting.causes import CAUSES, split
from mining.waiting.enabling import enabling
from tests.helpers import HOUR, MINUTE, SECOND, T0, arena, event

CONFIG = ProcessConfig(
    process="test",
    leading="case",
    end_activities=("done",),
    deadlines=(
        DeadlineSettings(process="test", step="ship", within_hours=1),
        DeadlineSettings(process="test", within_hours=2),
    ),
)
LABELS = (
    "activity",
    "role",
    "system",
    "outcome",
    "source",
    "target",
    "cause",
    "step",
    "met",
    "name",
    "kind",
    "severity",
    "urgency",
    "le",
)
Row = dict[str, object]


def snapshot(rows: list[Row] | Arena, now: int, facts: tuple[Fact, ...] = ()) -> dict[str, Snapshot]:
    made = rows if isinstance(rows, Arena) else arena(rows)
    return {"test": Snapshot(CONFIG, made, facts, now, {})}


class Scrape:
    """A round, and what a scrape says after it."""

    def __init__(self, counted_until: int = 0) -> None:
        self.metrics = LiveMetrics(CollectorRegistry(), counted_until)

    def round(self, rows: list[Row] | Arena, now: int, facts: tuple[Fact, ...] = (), lag: float = 0.0) -> None:
        self.metrics.update(snapshot(rows, now, facts), lag, 0.2, now)

    def samples(self, name: str) -> dict[tuple[str, ...], float]:
        return {
            tuple(sample.labels[label] for label in LABELS if label in sample.labels): sample.value
            for family in text_string_to_metric_families(self.metrics.render().decode())
            for sample in family.samples
            if sample.name == name
        }


def case(number: int, at: int, *steps: str, error: str | None = None) -> list[Row]:
    rows = []
    for place, step in enumerate(steps):
        begin = at + place * 10 * MINUTE
        rows.append(event(f"c{number}", step, begin, begin + MINUTE, role="clerk", system="erp", error=error))
    return rows


def test_an_event_is_counted_once_and_history_never() -> None:
    scrape = Scrape()
    old, new = case(1, T0, "order", "ship"), case(2, T0 + 5 * HOUR, "order", "ship")
    now = T0 + 5 * HOUR + 30 * MINUTE
    for moment in range(3):
        scrape.round(old + new, now + moment * SECOND)
    events = scrape.samples("houtai_events_total")
    assert events[("order", "clerk", "erp", "ok")] == 1
    assert events[("ship", "clerk", "erp", "ok")] == 1
    assert events[("ship", "clerk", "erp", "error")] == 0, "a series appears at 0, so that its first increase is seen"
    assert scrape.samples("houtai_edges_total") == {("order", "ship"): 1}
    assert scrape.samples("houtai_waiting_seconds_total") == {("order", "ship", "unknown"): 540}
    assert scrape.samples("houtai_service_seconds_sum") == {("order",): 60, ("ship",): 60}
    assert scrape.samples("houtai_mining_events_held") == {(): 4}


def test_waiting_is_counted_by_cause_where_it_is_split() -> None:
    scrape = Scrape()
    now = T0 + 40 * MINUTE
    rows = [
        event("a", "order", T0, T0 + MINUTE),
        event("a", "ship", T0 + MINUTE, T0 + 11 * MINUTE, actor="ann"),
        event("b", "order", T0, T0 + MINUTE),
        event("b", "ship", T0 + 11 * MINUTE, T0 + 12 * MINUTE, actor="ann"),
        event("c", "order", T0, T0 + MINUTE),
        event("c", "ship", T0 + 2 * MINUTE, T0 + 3 * MINUTE),
    ]
    made = arena(rows)
    told = Snapshot(CONFIG, made, (), now, {}, split(made, enabling(made)))
    for _ in range(2):
        scrape.metrics.update({"test": told}, 0.0, 0.2, now)
    waited = {cause: value for (_, _, cause), value in scrape.samples("houtai_waiting_seconds_total").items()}
    assert waited == dict.fromkeys(CAUSES, 0.0) | {"contention": 600.0, "extraneous": 60.0}


def test_counters_never_fall_when_events_go_away_or_come_late() -> None:
    scrape = Scrape()
    rows = case(1, T0, "order", "check", "ship")
    now = T0 + 40 * MINUTE
    scrape.round([rows[0], rows[2]], now)
    assert scrape.samples("houtai_edges_total") == {("order", "ship"): 1}
    scrape.round(rows, now + MINUTE)
    scrape.round(rows[:1], now + 2 * MINUTE)
    scrape.round(rows, now + 3 * MINUTE)
    events = scrape.samples("houtai_events_total")
    assert {k[0]: v for k, v in events.items() if k[-1] == "ok"} == {"order": 1, "ship": 1, "check": 1}
    assert scrape.samples("houtai_edges_total")[("order", "check")] == 1


def test_a_clock_that_is_set_back_counts_nothing_again() -> None:
    scrape = Scrape()
    rows = case(1, T0, "order")
    for now in (T0 + 30 * MINUTE, T0 + 3 * HOUR, T0 + 31 * MINUTE):
        scrape.round(rows, now)
    assert scrape.samples("houtai_events_total")[("order", "clerk", "erp", "ok")] == 1


def test_what_an_earlier_process_counted_is_not_counted_again() -> None:
    scrape = Scrape(counted_until=T0 + 5 * MINUTE)
    scrape.round(case(1, T0, "order", "ship"), T0 + 20 * MINUTE)
    events = scrape.samples("houtai_events_total")
    assert (events[("order", "clerk", "erp", "ok")], events[("ship", "clerk", "erp", "ok")]) == (0, 1)


def test_a_restart_remembers_how_far_it_had_counted(tmp_path: Path) -> None:
    rows = case(1, T0, "order") + case(2, T0 + 20 * MINUTE, "order")
    memory = tmp_path / "counted"
    memory.write_text("spoilt")
    LiveMetrics(memory=memory).update(snapshot(rows[:1], T0 + 10 * MINUTE), 0.0, 0.1, T0 + 10 * MINUTE)
    again = Scrape()
    again.metrics = LiveMetrics(memory=memory)
    again.round(rows, T0 + 80 * MINUTE)
    assert again.samples("houtai_events_total")[("order", "clerk", "erp", "ok")] == 1
    assert again.samples("houtai_deadlines_total")[("ship", "false")] == 2, "went by while nobody watched"
    LiveMetrics(memory=tmp_path / "missing" / "counted").update({}, 0.0, 0.1, T0)


def test_open_cases_stand_at_their_last_activity() -> None:
    scrape = Scrape()
    rows = case(1, T0, "order", "ship") + case(2, T0 + HOUR, "order") + case(3, T0, "order", "done")
    scrape.round(rows, T0 + 2 * HOUR)
    assert scrape.samples("houtai_open_cases") == {("order",): 1, ("ship",): 1, ("done",): 0}
    assert scrape.samples("houtai_oldest_open_case_seconds") == {("order",): 3600, ("ship",): 7200}
    scrape.round(rows + case(2, T0 + HOUR, "order", "done")[1:], T0 + 2 * HOUR)
    assert scrape.samples("houtai_open_cases")[("order",)] == 0


def test_a_case_that_closes_live_gives_its_duration_and_deviations_once() -> None:
    scrape = Scrape()
    named = (("rare_path", (0,)), ("rare_path", (0, 1)), ("rework_loop", (0,)), ("wrong_order", (1,)))
    facts = tuple(Fact("deviation", name, {}, 1.0, 1, 0.1, 0.0, (), case_rows=Positions(rows)) for name, rows in named)
    for _ in range(2):
        scrape.round(case(1, T0, "order", "order", "done"), T0 + 30 * MINUTE, facts)
    assert scrape.samples("houtai_case_duration_seconds_count") == {(): 1}
    assert scrape.samples("houtai_case_duration_seconds_sum") == {(): 21 * 60}
    assert scrape.samples("houtai_case_deviations_total") == {
        ("rare_path",): 1,
        ("rework_loop",): 1,
        ("wrong_order",): 0,
    }


def test_deadlines_are_met_by_a_fresh_step_and_missed_when_their_time_goes_by() -> None:
    scrape = Scrape()
    rows = case(1, T0, "order", "ship") + case(2, T0, "order")
    scrape.round(rows, T0 + 30 * MINUTE)
    assert scrape.samples("houtai_deadlines_total") == {
        ("ship", "true"): 1,
        ("ship", "false"): 0,
        ("", "true"): 0,
        ("", "false"): 0,
    }
    for minutes in (61, 62, 130):
        scrape.round(rows, T0 + minutes * MINUTE)
    late = event("c2", "ship", T0 + 50 * MINUTE, T0 + 55 * MINUTE)
    scrape.round([*rows, late], T0 + 131 * MINUTE)
    assert scrape.samples("houtai_deadlines_total") == {
        ("ship", "true"): 1,
        ("ship", "false"): 1,
        ("", "true"): 0,
        ("", "false"): 2,
    }


def test_deadlines_that_went_by_before_the_start_are_history_and_closed_cases_need_no_step() -> None:
    scrape = Scrape()
    rows = case(1, T0, "order") + case(2, T0 + 3 * HOUR, "order", "done")
    for minutes in (200, 239, 245):
        scrape.round(rows, T0 + minutes * MINUTE)
    assert scrape.samples("houtai_deadlines_total") == {
        ("ship", "true"): 0,
        ("ship", "false"): 0,
        ("", "true"): 1,
        ("", "false"): 0,
    }


def test_a_miner_that_is_behind_waits_with_its_judgement() -> None:
    scrape = Scrape()
    rows = case(1, T0, "order")
    scrape.round(rows, T0 + 30 * MINUTE)
    scrape.round(rows, T0 + 65 * MINUTE, lag=600.0)
    assert scrape.samples("houtai_deadlines_total")[("ship", "false")] == 0
    assert scrape.samples("houtai_mining_lag_seconds") == {(): 600}
    done = [*rows, event("c1", "ship", T0 + 50 * MINUTE, T0 + 59 * MINUTE)]
    scrape.round(done, T0 + 66 * MINUTE)
    assert scrape.samples("houtai_deadlines_total")[("ship", "true")] == 1
    assert scrape.samples("houtai_deadlines_total")[("ship", "false")] == 0


def test_findings_are_counted_as_they_are_now_but_for_muted_and_resolved_ones() -> None:
    def round_with(*statuses: str) -> dict[tuple[str, ...], float]:
        blank = dict.fromkeys(Finding.__dataclass_fields__)
        fixed = {"kind": "bottleneck", "name": "waiting", "severity": "warning", "urgency": "ticket"}
        made = tuple(Finding(**{**blank, **fixed, "status": status}) for status in statuses)  # type: ignore[arg-type]
        report = Report(**{**dict.fromkeys(Report.__dataclass_fields__), "findings": made})  # type: ignore[arg-type]
        scrape.metrics.update({"test": Snapshot(CONFIG, arena([]), (), T0, {"en": report})}, 0.0, 0.1, T0)
        return scrape.samples("houtai_findings")

    scrape = Scrape()
    assert round_with("open", "acknowledged", "muted", "resolved") == {
        ("waiting", "bottleneck", "warning", "ticket"): 2
    }
    assert round_with() == {}


def test_labels_are_bounded() -> None:
    words = Words(2)
    assert [words.label(word) for word in ("a", "b", "c", "a")] == ["a", "b", OTHER, "a"]
    counts = Counts("x", "x", ("process", "y"), limit=2)
    for word in "abcd":
        counts.add(("p", word), 1)
    assert {s.labels["y"]: s.value for s in counts.family().samples} == {"a": 1, "b": 1, OTHER: 2}
    scrape = Scrape()
    scrape.round([event(f"c{n}", f"step {n}", T0, system=f"system {n % 60}") for n in range(130)], T0 + MINUTE)
    events = scrape.samples("houtai_events_total")
    assert len({labels[0] for labels in events}) == 101
    assert len({labels[2] for labels in events}) == 51
    assert sum(events.values()) == 130


@pytest.mark.parametrize("rows", [[], [event(None, "order", T0)]])
def test_an_empty_arena_is_no_error(rows: list[Row]) -> None:
    scrape = Scrape()
    scrape.round(rows, T0)
    assert scrape.samples("houtai_open_cases") == {}
    assert scrape.samples("houtai_mining_run_seconds_count") == {(): 1}


def test_counts_do_not_depend_on_the_number_of_rounds() -> None:
    rng = np.random.default_rng(1)
    rows: list[Row] = []
    for number in range(40):
        steps = ["order", *rng.choice(["check", "pay", "ship"], 3).tolist(), "done"]
        rows += case(number, T0 + int(rng.integers(0, 10)) * MINUTE, *steps)
    now = T0 + 55 * MINUTE
    once, often = Scrape(), Scrape()
    once.round(rows, now)
    for upto in range(20, len(rows) + 1, 20):
        often.round(rows[:upto], now)
    for name in ("houtai_events_total", "houtai_edges_total", "houtai_service_seconds_bucket"):
        assert {k: v for k, v in often.samples(name).items() if v} == {k: v for k, v in once.samples(name).items() if v}


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_whatever_comes_in_whatever_order_each_live_event_is_counted_once(data: st.DataObject) -> None:
    rows = [
        event(f"c{case_number}", activity, T0 + minute * MINUTE, event_id=str(number))
        for number, (case_number, activity, minute) in enumerate(
            data.draw(st.lists(st.tuples(st.integers(0, 3), st.sampled_from("ab"), st.integers(0, 100)), max_size=12))
        )
    ]
    scrape, there, counted = Scrape(), [], 0
    now = T0
    seen: set[object] = set()
    last: dict[tuple[str, ...], float] = {}
    for _ in range(data.draw(st.integers(1, 5))):
        now += data.draw(st.integers(0, 40)) * MINUTE
        there = data.draw(st.lists(st.sampled_from(rows), unique_by=lambda row: str(row["event_id"]))) if rows else []
        scrape.round(there, now)
        for row in there:
            end = row["end"]
            assert isinstance(end, int)
            counted += row["event_id"] not in seen and end > now - HOUR
            seen.add(row["event_id"])
        events = scrape.samples("houtai_events_total")
        assert all(events[labels] >= value for labels, value in last.items()), "a counter fell"
        last = events
    assert sum(last.values()) == counted
