"""An event that failed names the deepest span that failed, whenever that comes."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from collector.converter.origins import PREFIX, WAITED, is_failure
from tests.bench.error_origins import MAPPING as FAULTS
from tests.bench.error_origins import judge, send, tree
from tests.unit.collector.spans import Bench, event_id, key_values, request, span


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.converter.close()


def said(bench: Bench, trace: int, number: int) -> dict[str, Any]:
    """What the last row of an event says of its error's origin."""
    rows = [row for row in bench.rows("events") if row["event_id"] == event_id(trace, number)]
    return {k.removeprefix(PREFIX): v for k, v in rows[-1]["fields"] if k.startswith(PREFIX)}


@pytest.mark.parametrize("seed", [1, 2])
def test_built_in_faults_are_named_in_any_order(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    trees = [tree(number, rng) for number in range(1, 60)]
    bench = Bench(tmp_path, FAULTS)
    send(trees, rng, bench, rounds=8)
    bench.converter.close()
    assert any(each.fault is not None and each.depth >= 5 for each in trees)
    assert [(each.number, found) for each, good, found in judge(trees, bench) if not good] == []


def test_what_comes_late_corrects_the_event(bench: Bench) -> None:
    bench.send(request(span(1, 1, "work", order_id="A", error="boom", error_type="500", end=9)))
    assert said(bench, 1, 1) == {
        "service": "shop",
        "operation": "work",
        "type": "500",
        "span": "0000000000000001",
    }
    bench.restart()
    below = span(1, 3, "INSERT charges", 2, error="gone", error_type="deadlock", end=7)
    bench.send(request(below, service="bank", service_version="2.1"))
    assert said(bench, 1, 1)["operation"] == "work", "what stands between is not known yet"
    bench.restart()
    between = span(1, 2, "POST /charge", 1, error="", http_route="/charge", end=8)
    bench.send(request(between, service="bank", service_version="2.1"))
    assert said(bench, 1, 1) == {
        "service": "bank",
        "module": "/charge",
        "operation": "INSERT charges",
        "type": "deadlock",
        "version": "2.1",
        "span": "0000000000000003",
    }
    assert {row["activity"] for row in bench.rows("events")} == {"Work"}
    assert {tuple(each["id"] for each in row["objects"]) for row in bench.rows("events")} == {("A",)}


def test_a_late_success_or_a_handled_failure_changes_nothing(bench: Bench) -> None:
    bench.send(request(span(1, 1, "work", order_id="A", error="boom"), span(2, 1, "work", order_id="B")))
    before = bench.rows("events")
    bench.send(
        request(span(1, 2, "call", 1, http_route="/a"), span(1, 3, "SELECT 1", 2, error="handled")),
        request(span(2, 2, "call", 1, error="tried again"), span(2, 3, "call", 1)),
    )
    assert bench.rows("events") == before
    assert [row["outcome"] for row in before] == ["error", "ok"]
    assert said(bench, 2, 1) == {}


def test_a_call_that_ran_out_of_time_names_what_it_waited_for(bench: Bench) -> None:
    failed: dict[str, Any] = {"error": "", "error_type": "timeout"}
    bench.send(request(span(1, 1, "work", order_id="A", end=15.1, **failed), span(1, 2, "POST", 1, end=15, **failed)))
    assert said(bench, 1, 1)["operation"] == "POST"
    assert waited(bench) == {}
    bench.restart()
    served = [
        span(1, 3, "POST /charge", 2, start=0.1, end=21, http_route="/charge"),
        span(1, 4, "SELECT limits", 3, start=0.2, end=0.4, http_route="/none"),
        span(1, 5, "LOCK accounts", 3, start=0.5, end=20, error="broken pipe"),
        span(1, 6, "mail", 3, start=0.5, end=30, kind=5, http_route="/mail"),
    ]
    bench.send(request(*served, service="bank", service_version="2.1"))
    assert said(bench, 1, 1)["operation"] == "POST", "what fails after it was given up fails for that"
    assert waited(bench) == {"service": "bank", "module": "/charge", "operation": "LOCK accounts", "version": "2.1"}


def waited(bench: Bench) -> dict[str, Any]:
    """What the last row of the first event says it had waited for."""
    fields = [row["fields"] for row in bench.rows("events") if row["event_id"] == event_id(1, 1)][-1]
    return {k.removeprefix(WAITED): v for k, v in fields if k.startswith(WAITED)}


def test_an_event_without_a_case_stays_so_when_corrected(bench: Bench) -> None:
    bench.send(request(span(1, 1, "work", error="boom"))).later()
    bench.send(request(span(1, 2, "SELECT 1", 1, error="gone")))
    assert said(bench, 1, 1)["operation"] == "SELECT 1"
    bench.send(request(span(1, 3, "note", 1, order_id="A")))
    links = [row["case_id"] for row in bench.rows("links") if row["event_id"] == event_id(1, 1)]
    assert links == ["A"]


def test_how_a_span_shows_that_it_failed() -> None:
    assert is_failure(2, "server", {})
    assert is_failure(0, "client", {"error.type": "timeout"})
    assert is_failure(0, "internal", {"exception.type": "ValueError"})
    assert is_failure(0, "server", {"http.response.status_code": "503"})
    assert is_failure(0, "server", {"http.status_code": "500"})
    assert not is_failure(0, "server", {"http.response.status_code": "404"})
    assert not is_failure(1, "server", {"exception.type": "ValueError", "http.status_code": "500"})
    assert not is_failure(0, "log", {"exception.type": "ValueError"})


def test_statuses_of_calls_that_went_well_are_not_kept(bench: Bench) -> None:
    spans = [span(1, 1, "work", order_id="A"), span(1, 2, "call", 1), span(1, 3, "call", 1), span(1, 4, "call", 1)]
    for each, status in zip(spans[1:], (200, 503, "404"), strict=True):
        each.attributes.extend(key_values({"http.response.status_code": status}))
    bench.send(request(*spans))
    kept = {row["span_id"][-1]: dict(row["attributes"]) for row in bench.rows("spans")}
    assert kept == {"1": {"order.id": "A"}, "2": {}, "3": {"http.response.status_code": "503"}, "4": {}}
