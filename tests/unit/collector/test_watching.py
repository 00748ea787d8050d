"""What the converter notices about its senders, kept beside the data."""

import json
from pathlib import Path

from opentelemetry.proto.trace.v1.trace_pb2 import Span

from collector.store import Store
from tests.unit.collector.spans import MAPPING, T0, Bench, request, span


def test_versions_and_sampling_are_kept_with_the_data(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    sampled = span(1, 1, "work", order_id="A")
    sampled.trace_state = "ot=th:8"
    bench.send(request(sampled, span(1, 2, "work", 1), service="shop", service_version="1.0"))
    bench.send(request(span(2, 1, "work", start=60, order_id="B"), service="shop", service_version="1.1"))
    bench.restart().send(request(span(3, 1, "work", start=90, order_id="C"), service="shop", service_version="1.1"))
    state = Store(tmp_path).state()
    assert json.loads(state["version:shop"]) == [["1.0", T0 // 1000], ["1.1", T0 // 1000 + 60_000_000]]
    counts = json.loads(state["sampling:shop"])
    assert (counts["spans"], counts["marked"], counts["shares"]) == (4, 1, 0.5)
    bench.converter.close()


def test_traces_whose_parents_never_came(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.send(request(span(1, 1, "work", order_id="A"), span(2, 2, "work", 9, order_id="B")))
    bench.converter.tidy()
    assert json.loads(Store(tmp_path).state()["sampling:shop"])["traces"] == 0
    bench.later(700)
    bench.converter.tidy()
    bench.later(1)
    bench.converter.tidy()
    counts = json.loads(Store(tmp_path).state()["sampling:shop"])
    assert (counts["traces"], counts["broken"]) == (2, 1)
    bench.converter.close()


def calls(first: int) -> list[bytes]:
    """The web calls the ERP ten times; the ERP's clock is a minute ahead."""
    clients: list[Span] = []
    servers: list[Span] = []
    for trace in range(first, first + 10):
        clients.append(span(trace, 1, "call", start=trace, end=trace + 1, kind=3))
        servers.append(span(trace, 2, "work", 1, start=trace + 60.2, end=trace + 60.8, kind=2, order_id="A"))
    return [request(*clients, service="web"), request(*servers, service="erp")]


def test_clocks_are_compared_and_set_right_where_wanted(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "off", MAPPING).send(*calls(1))
    bench.converter.tidy()
    bench.send(*calls(11))
    said = json.loads(Store(tmp_path / "off").state()["skew:web|erp"])
    assert (said["offset_us"], said["calls"]) == (60_000_000, 10)
    assert {row["start"].second for row in bench.rows("events") if row["system"] == "erp"}
    bench.converter.close()

    right = Bench(tmp_path / "on", MAPPING, correct_clocks=True).send(*calls(1))
    right.converter.tidy()
    for first in (11, 21):
        right.send(*calls(first))
        right.converter.tidy()
    right.restart().send(*calls(31))
    assert Store(tmp_path / "on").state()["clocks:correct"] == "true"
    ends = {row["trace_id"]: row["end"] for row in right.rows("spans") if row["service"] == "web"}
    for row in right.rows("spans"):
        if row["service"] == "erp" and int(row["trace_id"], 16) > 10:
            assert abs((ends[row["trace_id"]] - row["end"]).total_seconds()) < 1
    right.converter.close()


def test_clocks_that_were_set_right_stay_right_over_a_restart(tmp_path: Path) -> None:
    bench = Bench(tmp_path, MAPPING, correct_clocks=True).send(*calls(1))
    bench.converter.tidy()
    bench.send(*calls(11))
    # Most of what is there came before anything was set right: measured again, it must not count twice.
    bench.restart()
    bench.converter.tidy()
    bench.send(*calls(21)).converter.tidy()
    ends = {row["trace_id"]: row["end"] for row in bench.rows("spans") if row["service"] == "web"}
    for row in bench.rows("spans"):
        if row["service"] == "erp" and int(row["trace_id"], 16) > 10:
            assert abs((ends[row["trace_id"]] - row["end"]).total_seconds()) < 1
    assert json.loads(Store(tmp_path).state()["skew:web|erp"])["offset_us"] == 60_000_000
    bench.converter.close()
