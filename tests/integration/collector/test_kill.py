"""kill -9 at any time loses no acknowledged span and doubles none."""

import gzip
import itertools
import threading
import time
from pathlib import Path

import httpx
import pytest

from tests.integration.collector.processes import Process, converter, receiver, wait_for
from tests.unit.collector.spans import event_id, request, rows, span

pytestmark = pytest.mark.integration


class Sender(threading.Thread):
    """Sends request after request from several connections' worth of load; notes what was acknowledged."""

    def __init__(self, where: Process, first_trace: int) -> None:
        super().__init__()
        self._where = where
        self._port = where.port
        self._traces = itertools.count(first_trace)
        self._done = threading.Event()
        self.acknowledged: list[int] = []

    def moved(self) -> None:
        self._port = self._where.port

    def run(self) -> None:
        with httpx.Client(verify=False, timeout=5) as client:
            self._send(client)

    def _send(self, client: httpx.Client) -> None:
        headers = {"content-type": "application/x-protobuf", "content-encoding": "gzip"}
        while not self._done.is_set():
            trace = next(self._traces)
            # The key is on a child that is sent apart; the event waits for it or gets a link.
            spans = [span(trace, 1, "work", enduser_id="u"), *(span(trace, n, parent=1) for n in range(2, 12))]
            spans.append(span(trace, 12, "child", 1, order_id=f"o{trace}"))
            body = gzip.compress(request(*spans))
            while not self._done.is_set():
                try:
                    url = f"http://127.0.0.1:{self._port}/v1/traces"
                    if client.post(url, content=body, headers=headers).status_code == 200:
                        self.acknowledged.append(trace)
                        break
                except httpx.TransportError:
                    time.sleep(0.02)

    def stop(self) -> None:
        self._done.set()
        self.join()


def test_nothing_acknowledged_is_lost_or_doubled(tmp_path: Path) -> None:
    with (
        receiver(tmp_path, wal_segment_bytes=64 * 1024) as taking,
        converter(tmp_path, batch_seconds=0.02) as turning,
    ):
        senders = [Sender(taking, 1), Sender(taking, 1_000_000)]
        for each in senders:
            each.start()
        try:
            for number in range(3):
                time.sleep(0.7 + 0.13 * number)
                turning.kill()
                turning.start()
                time.sleep(0.2)
                taking.kill()
                taking.start()
                for each in senders:
                    each.moved()
            time.sleep(0.5)
        finally:
            for each in senders:
                each.stop()
        assert taking.stop() == 0
        _ = turning.port
        assert turning.stop() == 0
    acknowledged = [trace for each in senders for trace in each.acknowledged]
    assert len(acknowledged) > 50
    kept = [(row["trace_id"], row["span_id"]) for row in rows(tmp_path, "spans")]
    assert len(kept) == len(set(kept))
    wanted = {(f"{trace:032x}", f"{number:016x}") for trace in acknowledged for number in range(1, 13)}
    assert wanted <= set(kept)
    events = {row["event_id"]: row for row in rows(tmp_path, "events")}
    assert len(events) == len(rows(tmp_path, "events"))
    for trace in acknowledged:
        objects = events[event_id(trace, 1)]["objects"]
        assert [each["id"] for each in objects if each["type"] == "order"] == [f"o{trace}"]
    # What is converted needs no log any more, but for the newest segment.
    assert len(list((tmp_path / "wal").glob("wal-*.log"))) == 1


def test_the_converter_goes_on_where_it_was(tmp_path: Path) -> None:
    with receiver(tmp_path) as taking:
        url = f"http://127.0.0.1:{taking.port}/v1/traces"
        headers = {"content-type": "application/x-protobuf"}

        def send(trace: int) -> None:
            assert httpx.post(url, content=request(span(trace, 1, "work", order_id="A")), headers=headers).is_success

        for trace in range(1, 4):
            send(trace)
        with converter(tmp_path) as turning:
            wait_for(lambda: len(rows(tmp_path, "events")) == 3)
            assert turning.metric("houtai_collector_converted_spans_total") == 3
            assert turning.metric('houtai_collector_converted_events_total{process="order"}') == 3
        for trace in range(2, 6):
            send(trace)
        with converter(tmp_path) as turning:
            wait_for(lambda: len(rows(tmp_path, "events")) == 5)
            wait_for(lambda: turning.metric("houtai_collector_duplicate_spans_total") == 2)
            assert turning.metric("houtai_collector_wal_bytes") == 0
            assert turning.metric("houtai_collector_wal_age_seconds") == 0
        assert sorted(row["event_id"] for row in rows(tmp_path, "events")) == [event_id(n, 1) for n in range(1, 6)]
