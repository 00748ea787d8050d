"""The report equals a slow, obvious one in plain Python, on any log."""

import random
from dataclasses import replace

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from mining.build import build
from mining.config import ProcessConfig
from mining.filters import Filters, select, variant_id
from mining.reporting import document, report
from tests.helpers import batch, event
from tests.property.mining import oracle
from tests.property.mining.oracle import Happening

SECOND = 1_000_000
times = st.integers(0, 40).map(lambda t: t * SECOND // 3)
happenings = st.lists(
    st.builds(
        Happening,
        event_id=st.text("01é", max_size=4),
        case=st.sampled_from(["x", "y", "zé", "z", None]),
        activity=st.sampled_from(["a", "b", "审核", "B"]),
        start=times,
        end=times,
        enabled=st.none() | times,
        role=st.none() | st.sampled_from(["clerk", "boss"]),
        actor=st.none() | st.sampled_from(["p", "q"]),
        system=st.none() | st.sampled_from(["crm", "erp"]),
        error=st.booleans(),
    ),
    max_size=24,
)
unhurried = settings(deadline=None)  # the first example may compile a kernel
CONFIG = ProcessConfig("test", "case", end_activities=("b",))


def batches(events: list[Happening], size: int = 5) -> list[pa.RecordBatch]:
    rows = [
        event(
            e.case,
            e.activity,
            e.start,
            e.end,
            event_id=e.event_id,
            enabled=e.enabled,
            role=e.role,
            actor=e.actor,
            system=e.system,
            error="oops" if e.error else None,
        )
        for e in events
    ]
    return [batch(rows[i : i + size]) for i in range(0, len(rows), size)]


def figures(events: list[Happening], filters: Filters = Filters()) -> dict[str, object]:  # noqa: B008
    arena = select(build(batches(events), "test", "case"), filters)
    found = document(report(arena, CONFIG, 0, facts=()))
    quality = found["quality"]
    assert isinstance(quality, dict)
    quality.pop("notes")
    return {key: value for key, value in found.items() if key not in ("schema", "process", "currency", "findings")}


def distinct(events: list[Happening]) -> list[Happening]:
    return list({e.event_id: e for e in reversed(events)}.values())


@unhurried
@given(happenings)
def test_the_report_is_the_obvious_one(events: list[Happening]) -> None:
    assert figures(events) == oracle.document(events, CONFIG.end_activities)


@unhurried
@given(happenings)
def test_so_it_is_where_only_ends_are_recorded(events: list[Happening]) -> None:
    ends = [replace(e, start=e.end) for e in events]
    assert figures(ends) == oracle.document(ends, CONFIG.end_activities)


@unhurried
@given(happenings)
def test_successions_are_events_less_cases(events: list[Happening]) -> None:
    found = figures(events)
    assert isinstance(found["log"], dict)
    assert isinstance(found["edges"], list)
    assert sum(edge["count"] for edge in found["edges"]) == found["log"]["events"] - found["log"]["cases"]


@unhurried
@given(happenings, st.randoms())
def test_the_order_of_arrival_changes_nothing(events: list[Happening], chance: random.Random) -> None:
    events = distinct(events)
    shuffled = list(events)
    chance.shuffle(shuffled)
    assert figures(shuffled) == figures(events)


@unhurried
@given(happenings, st.data())
def test_duplicates_change_nothing_but_their_count(events: list[Happening], data: st.DataObject) -> None:
    events = distinct(events)
    again = data.draw(st.lists(st.sampled_from(events), max_size=5)) if events else []
    plain, doubled = figures(events), figures(events + again)
    assert isinstance(doubled["quality"], dict)
    assert doubled["quality"].pop("duplicates") == len(again)
    assert isinstance(plain["quality"], dict)
    assert plain["quality"].pop("duplicates") == 0
    assert doubled == plain


@unhurried
@given(happenings, st.builds(Filters, from_=st.none() | times, to=st.none() | times, role=st.none() | st.just("boss")))
def test_a_selection_reports_like_the_cases_alone(events: list[Happening], filters: Filters) -> None:
    def fits(rows: list[Happening]) -> bool:
        return (
            (filters.from_ is None or max(e.end for e in rows) >= filters.from_)
            and (filters.to is None or rows[0].start < filters.to)
            and (filters.role is None or any(e.role == filters.role for e in rows))
        )

    events = [e for e in distinct(events) if e.case is not None]
    kept = [e for rows in oracle.cases_of(events).values() if fits(rows) for e in rows]
    assert figures(events, filters) == oracle.document(kept, CONFIG.end_activities)


@settings(unhurried, max_examples=30)
@given(happenings)
def test_every_variant_can_be_asked_for_by_its_id(events: list[Happening]) -> None:
    variants = figures(events)["variants"]
    assert isinstance(variants, list)
    for variant in variants:
        only = figures(events, Filters(variant=variant_id(tuple(variant["path"]))))["variants"]
        assert only == [{**variant, "share": 1.0}]
