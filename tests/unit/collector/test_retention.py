"""What is forgotten by age and by size, and what is said of it."""

import json
import os
import time
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pytest

from collector.raw import RawArchive
from collector.store import Kind, Manifest, Store
from collector.store.manifest import Changes
from collector.store.retention import Retention, newest_in
from collector.store.schema import LOG_SCHEMA, SPAN_SCHEMA
from collector.store.settings import RetentionSettings
from collector.store.tidying import tidy
from collector.vocabulary.schema import LINK_SCHEMA
from collector.wal import Encoding, Record, Signal
from tests.helpers import DAY, batch, event
from tests.unit.collector.spans import Bench, event_id, request, span

NOW = 1_760_000_000_000_000
"""µs"""


def spans(*ends: int, weight: int = 0) -> pa.Table:
    rows = []
    for number, end in enumerate(ends):
        row: dict[str, object] = dict.fromkeys(SPAN_SCHEMA.names, "x")
        row |= {"trace_id": f"{number:032x}", "span_id": f"{number:016x}", "parent_span_id": None, "kind": "server"}
        row |= {"start": end - 5, "end": end, "links": [], "resource": "{}", "attributes": []}
        row["attributes"] = [("weight", os.urandom(weight).hex())]
        rows.append(row)
    return pa.Table.from_pylist(rows, schema=SPAN_SCHEMA)


def logs(time_: int | None) -> pa.Table:
    row: dict[str, object] = {"time": time_, "severity": 9, "name": "", "service": "s", "body": "b"}
    return pa.Table.from_pylist([{**row, "attributes": [], "resource": "{}"}], schema=LOG_SCHEMA)


def events(*ends: int) -> pa.Table:
    return pa.Table.from_batches([batch(event("c", "a", end - 5, end, event_id=f"e{end}") for end in ends)])


LINKS = pa.Table.from_pylist([{"event_id": "e", "process": "p", "case_id": "c"}], schema=LINK_SCHEMA)


def commit(manifest: Manifest, position: int, **tables: pa.Table) -> None:
    manifest.commit(list(tables.items()), position, position, Changes())  # type: ignore[arg-type]


def firsts(data: Path, kind: Kind) -> list[int]:
    return [each.first for each in Store(data).segments(kind)]


def test_age_is_that_of_the_newest_end_in_a_segment(tmp_path: Path) -> None:
    manifest, told = Manifest(tmp_path), Counter[str]()
    # Committed now, all of it; the second holds something young, the third is young.
    commit(
        manifest, 1, spans=spans(NOW - 9 * DAY, NOW - 8 * DAY), events=events(NOW - 9 * DAY), logs=logs(NOW - 9 * DAY)
    )
    commit(
        manifest, 2, spans=spans(NOW - 9 * DAY, NOW - DAY), events=events(NOW - 9 * DAY), links=LINKS, logs=logs(None)
    )
    commit(manifest, 3, spans=spans(NOW), events=events(NOW - 9 * DAY, NOW), links=LINKS)
    assert newest_in(Store(tmp_path).segments("spans")[1], "end") == NOW - DAY
    settings = RetentionSettings(spans_days=7, events_days=7)
    retention = Retention(settings, lambda what, count: told.update({what: count}))
    files = [each.path for each in Store(tmp_path).segments("spans")]
    retention.round(manifest, None, NOW // 1000)
    assert firsts(tmp_path, "spans") == [2, 3]
    assert firsts(tmp_path, "events") == [3]
    assert firsts(tmp_path, "links") == [3]
    assert firsts(tmp_path, "logs") == [2]
    assert told == {"spans": 2, "events": 2, "logs": 1, "links": 1}
    noted = json.loads(Store(tmp_path).state("forgotten:spans")["forgotten:spans"])
    assert (noted["rows"], noted["why"], noted["times"]) == (2, "older than 7 days", 1)
    # A reader that has listed them still finds them.
    assert all(each.exists() for each in files)
    retention.round(manifest, None, NOW // 1000)
    assert told["spans"] == 2
    manifest.close()


def test_nothing_is_forgotten_unless_asked_for(tmp_path: Path) -> None:
    manifest = Manifest(tmp_path)
    commit(manifest, 1, spans=spans(NOW), events=events(NOW), links=LINKS, logs=logs(NOW))
    tidy(manifest, None, Retention(RetentionSettings()))
    kinds: tuple[Kind, ...] = ("spans", "events", "links", "logs")
    assert all(firsts(tmp_path, kind) == [1] for kind in kinds)
    assert Store(tmp_path).state("forgotten:") == {}
    manifest.close()


def test_over_its_bound_the_oldest_raw_requests_go_first_then_spans_then_events(tmp_path: Path) -> None:
    manifest, told = Manifest(tmp_path), Counter[str]()
    archive = RawArchive(tmp_path, bytes(32))
    heavy = 1 << 20
    for number in range(1, 5):
        commit(manifest, number, spans=spans(NOW - number * DAY, weight=heavy), events=events(NOW + number))
        archive.add([Record(number, Signal.TRACES, Encoding.GZIP, NOW // 1000, os.urandom(heavy))])
        archive.close()
        (tmp_path / "raw" / f"raw-{number:020}-open.bin").rename(
            tmp_path / "raw" / f"raw-{number:020}-{number:020}.bin"
        )

    def shrink(limit: float) -> tuple[list[int], list[int], list[int]]:
        settings = RetentionSettings(max_bytes=max(1 << 20, int(limit * heavy)))
        retention = Retention(settings, lambda what, count: told.update({what: count}))
        retention.round(manifest, archive, NOW // 1000)
        return [each.first for each in archive.files()], firsts(tmp_path, "spans"), firsts(tmp_path, "events")

    assert shrink(20) == ([1, 2, 3, 4], [1, 2, 3, 4], [1, 2, 3, 4])
    assert shrink(6.5) == ([3, 4], [1, 2, 3, 4], [1, 2, 3, 4])
    # The oldest by what is in them are those that came last.
    assert shrink(3.5) == ([], [1, 2, 3], [1, 2, 3, 4])
    assert shrink(1) == ([], [], [1, 2, 3, 4])
    assert set(told) == {"raw_bytes", "spans"}
    manifest.close()
    archive.close()


def test_raw_requests_expire_by_the_hour(tmp_path: Path) -> None:
    manifest, archive = Manifest(tmp_path), RawArchive(tmp_path, bytes(32))
    archive.add([Record(1, Signal.TRACES, Encoding.IDENTITY, NOW // 1000, b"old")])
    retention = Retention(RetentionSettings(raw_hours=2))
    retention.round(manifest, archive, NOW // 1000 + 7_000_000)
    assert [each.first for each in archive.files()] == [1]
    retention.round(manifest, archive, NOW // 1000 + 7_300_000)
    assert archive.files() == []
    manifest.close()
    archive.close()


def test_a_segment_that_cannot_be_read_is_noted_and_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collector.store.merging.SETTLED", -1_000_000)
    monkeypatch.setattr("collector.store.merging.AT_LEAST", 2)
    manifest = Manifest(tmp_path)
    for number in range(1, 6):
        commit(manifest, number, events=events(time.time_ns() // 1000 - number))
    bad = Store(tmp_path).segments("events")[2]
    bad.path.write_bytes(b"PAR1 broken PAR1")
    tidy(manifest, None, Retention(RetentionSettings(events_days=1)))
    assert set(Store(tmp_path).bad()) == {bad.path.name}
    assert [(each.first, each.last) for each in Store(tmp_path).segments("events")] == [(1, 2), (3, 3), (4, 5)]
    assert bad.path.exists()
    manifest.close()


def test_spans_that_just_came_stay_however_old_they_say_they_are(tmp_path: Path) -> None:
    # An event waits for its relatives, and a sender sends again what it got no answer for.
    known, waiting = request(span(1, 1, "work", order_id="A")), request(span(5, 2, "work", parent=9, order_id="C"))
    bench = Bench(tmp_path).send(known).send(waiting)
    Retention(RetentionSettings(spans_days=1)).round(bench.converter.manifest, None)
    bench.restart().send(known).later()
    assert sorted(bench.events()) == [event_id(1, 1), event_id(5, 2)]
    Retention(RetentionSettings(spans_days=1)).round(bench.converter.manifest, None, time.time_ns() // 10**6 + 700_000)
    assert bench.rows("spans") == []
    bench.converter.close()
