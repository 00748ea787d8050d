"""Erasing: afterwards the bytes are nowhere, packed and encrypted ones included, and nothing else has changed."""

import base64
import gzip
import json
import random
import signal
import sqlite3
import subprocess
import sys
import time
import zlib
from contextlib import closing
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from collector.dead_letters import DeadLetters, read_letters
from collector.erasing.requests import scrub_plain, scrub_record
from collector.erasing.scrubber import Scrubber, new_token
from collector.jobs import ask, pending, result
from collector.jobs.erase import arguments
from collector.raw import RawArchive
from collector.store import Kind, Store
from collector.store.inbox import Inbox
from collector.wal import Encoding, Record, Signal
from tests.helpers import batch, event
from tests.unit.collector.jobs.house import KEY, House
from tests.unit.collector.spans import append, event_id, request, rows, span

ORDER, PERSON = "ORD-77441", "zhang.wei@example.com"
TOKEN = "erased-0123456789abcdef"


def everywhere(data: Path) -> bytes:
    """Every byte of a data folder, and what the packed, encrypted and encoded ones mean."""
    found = []
    for path in sorted(data.rglob("*")):
        if not path.is_file():
            continue
        raw = path.read_bytes()
        found += [str(path.relative_to(data)).encode(), raw]
        if path.suffix == ".parquet":
            with pq.ParquetFile(path) as file:
                table = file.read()
                found += [repr(table.to_pylist()).encode(), str(table.columns).encode(), str(file.metadata).encode()]
        if path.suffix == ".jsonl":
            found += [base64.b64decode(json.loads(line)["body"]) for line in raw.splitlines()]
        if path.suffix == ".sqlite":
            with closing(sqlite3.connect(path)) as database:
                found.append("\n".join(database.iterdump()).encode("utf-8", "surrogatepass"))
                for table, column in (("rows", "row"), ("pending", "body")):
                    if database.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,)).fetchone():
                        blobs = database.execute(f"SELECT {column} FROM {table}").fetchall()
                        found += [unpacked(blob) for (blob,) in blobs]
    for record in RawArchive(data, KEY).records():
        found.append(unpacked(record.body))
    return b"\n".join(found + [unpacked(each) for each in found if each[:2] == b"\x1f\x8b"])


def unpacked(raw: bytes) -> bytes:
    if raw[:2] == b"\x1f\x8b":
        return gzip.decompress(raw)
    try:
        return zlib.decompress(raw)
    except zlib.error:
        return raw


def filled(data: Path) -> House:
    """A folder in which an order and a person are in every kind of file."""
    house = House(data)
    for trace, order in enumerate((ORDER, "ORD-1", "ORD-2", f"X{ORDER}"), 1):
        house.send(
            request(
                span(trace, 1, f"GET /orders/{order}/pay", order_id=order, http_url=f"/o?id={order}&x=1"),
                span(trace, 2, "work", 1, user_id=PERSON, user_roles="clerk", payment_id=f"P-{order}"),
                span(trace, 3, "work", 1, enduser_id=PERSON, order_ids=[order, "ORD-9"], error=f"{PERSON} failed"),
                service=f"shop-of-{PERSON}",
            )
        )
    # Joined by its payment alone, and later.
    house.send(request(span(20, 1, "work", payment_id=f"P-{ORDER}")))
    append(data, gzip.compress(request(span(21, 1, "work", order_id=ORDER))), encoding=Encoding.GZIP)
    house.converter.round()
    house.later().later()
    imported = [event(ORDER, "bought", 5, leading="order", process="order", actor=PERSON, event_id=f"i-{ORDER}")]
    Inbox(data).put(
        [batch([*imported, event("ORD-5", "b", 6, process="order", leading="order", actor="li")])], "order", "ab" * 20
    )
    house.converter.take_files()
    Inbox(data).put([batch([*imported, event("ORD-6", "b", 6, process="order", leading="order")])], "order", "cd" * 20)
    letters = DeadLetters(data, "receiver", CollectorRegistry())
    letters.add("malformed", "no protobuf", b"other")
    letters.add("malformed", f"span of {ORDER}", b"")
    letters.add("malformed", "packed", gzip.compress(f"{ORDER} {PERSON}".encode()))
    (data / "sources").mkdir()
    with closing(sqlite3.connect(data / "sources" / "erp.sqlite")) as database, database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute(
            'CREATE TABLE rows ("table" TEXT, key TEXT, row BLOB, PRIMARY KEY ("table", key)) WITHOUT ROWID'
        )
        database.execute("CREATE TABLE pending (number INTEGER PRIMARY KEY, body BLOB)")
        for order in (ORDER, "ORD-1"):
            row = zlib.compress(json.dumps({"id": order, "who": PERSON if order == ORDER else "li"}).encode())
            database.execute("INSERT INTO rows VALUES ('orders', ?, ?)", (order, row))
        body = json.dumps(
            {"source": "erp", "batch": 1, "events": [{"type": "t", "subject": ORDER, "data": {"who": PERSON}}]}
        )
        database.execute("INSERT INTO pending VALUES (1, ?)", (body.encode(),))
    with closing(sqlite3.connect(data / "state.sqlite")) as database, database:
        database.execute("CREATE TABLE operations (id INTEGER PRIMARY KEY, subject TEXT)")
        database.execute("INSERT INTO operations (subject) VALUES (?)", (f"case {ORDER} of {PERSON}",))
        for number in range(200):
            database.execute("INSERT INTO operations (subject) VALUES (?)", (f"{ORDER} {PERSON} {number}",))
        database.execute("DELETE FROM operations WHERE id > 1")
        database.execute(
            "CREATE TRIGGER operations_no_update BEFORE UPDATE ON operations BEGIN SELECT RAISE(ABORT, 'no'); END"
        )
    (data / "wal" / "torn-1.bin").write_bytes(f"..{ORDER}{PERSON}..".encode())
    return house


def erase(house: House, value: str, kind: str | None) -> dict[str, object]:
    number = ask(house.data, "erase", arguments(house.data, value, kind, TOKEN))
    house.do_jobs()
    told = result(house.data, number)
    assert told is not None
    assert told["ok"], told
    assert pending(house.data) == []
    return dict(told["result"])


def test_a_whole_case_goes_and_the_bytes_are_nowhere(tmp_path: Path) -> None:
    house = filled(tmp_path / "data")
    data = house.data
    assert ORDER.encode() in everywhere(data)
    before = {row["event_id"] for row in rows(data, "events")}
    told = erase(house, ORDER, "order")
    assert told["left"] == []
    rows_now = [row for each in Store(data).segments("events") for row in pq.ParquetFile(each.path).read().to_pylist()]
    gone = before - {row["event_id"] for row in rows_now}
    assert gone == {event_id(1, 2), event_id(1, 3), event_id(20, 1), event_id(21, 1), f"{'ab' * 6}i-{ORDER}"}
    left = everywhere(data).replace(f"X{ORDER}".encode(), b"")
    assert ORDER.encode() not in left
    # Another order whose id holds this one is another order, and the clerk is still there.
    assert f"X{ORDER}" in str(rows_now)
    assert PERSON in str(rows_now)
    for kind in ("events", "links", "spans"):
        for each in Store(data).segments(kind):
            assert each.rows == pq.read_metadata(each.path).num_rows
    assert Store(data).generation() == 1
    # It goes on, and what is derived again does not bring it back.
    house.send(request(span(30, 1, "work", order_id="ORD-30"))).later()
    from tests.unit.collector.jobs.test_remap import derive

    assert house.job("remap", derive(house, house.mapping))["ok"]
    house.later().later()
    assert ORDER.encode() not in everywhere(data).replace(f"X{ORDER}".encode(), b"")
    assert event_id(30, 1) in str(rows(data, "events"))
    # Its import, which was waiting, comes without it.
    assert house.converter.take_files() == 1
    assert ORDER.encode() not in everywhere(data).replace(f"X{ORDER}".encode(), b"")
    house.close()


def test_a_person_becomes_somebody_and_the_flow_stays(tmp_path: Path) -> None:
    house = filled(tmp_path / "data")
    data = house.data
    before = {row["event_id"]: row for row in rows(data, "events")}
    assert erase(house, PERSON, None)["left"] == []
    assert PERSON.encode() not in everywhere(data)
    house.close()
    after = {
        row["event_id"]: row
        for each in Store(data).segments("events")
        for row in pq.ParquetFile(each.path).read().to_pylist()
    }
    assert set(after) == set(before)
    for key, row in after.items():
        known = before[key]
        assert row["actor"] == (TOKEN if known["actor"] == PERSON else known["actor"])
        assert (row["objects"], row["start"], row["activity"]) == (known["objects"], known["start"], known["activity"])
    assert [each.detail for each in read_letters(data)] == ["no protobuf", f"span of {ORDER}"]


def test_what_is_not_converted_yet_is_converted_first_and_leaves_the_log(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.send(request(span(1, 1, "work", order_id="ORD-1")))
    append(tmp_path, request(span(2, 1, "work", order_id=ORDER)), request(span(3, 1, "work", order_id="ORD-3")))
    number = ask(tmp_path, "erase", arguments(tmp_path, ORDER, "order", TOKEN))
    assert house.do_jobs() is None
    assert result(tmp_path, number) is None
    house.converter.round()
    house.do_jobs()
    told = result(tmp_path, number)
    assert told is not None
    assert told["ok"]
    assert ORDER.encode() not in everywhere(tmp_path)
    assert len(rows(tmp_path, "events")) == 2
    append(tmp_path, request(span(4, 1, "work", order_id="ORD-4")))
    house.converter.round()
    assert len(rows(tmp_path, "events")) == 3
    house.close()


WORKER = """
import sys
from pathlib import Path
from tests.unit.collector.jobs.house import House
house = House(Path(sys.argv[1]))
print("ready", flush=True)
house.do_jobs()
"""


@pytest.mark.integration
def test_killed_at_any_moment_it_is_done_in_the_end(tmp_path: Path) -> None:
    house = filled(tmp_path / "data")
    data = house.data
    number = ask(data, "erase", arguments(data, ORDER, "order", TOKEN))
    house.close()
    chance = random.Random(4)
    kinds: tuple[Kind, ...] = ("events", "links", "spans")
    while result(data, number) is None:
        with subprocess.Popen([sys.executable, "-c", WORKER, str(data)], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(chance.random() * 0.1 * (1 + chance.random() * 6))
            process.send_signal(signal.SIGKILL)
        for kind in kinds:
            for each in Store(data).segments(kind):
                pq.read_table(each.path)
    told = result(data, number)
    assert told is not None
    assert told["ok"], told
    assert ORDER.encode() not in everywhere(data).replace(f"X{ORDER}".encode(), b"")
    spans = {(int(row["trace_id"], 16), int(row["span_id"], 16)) for row in rows(data, "spans")}
    assert not spans & {(1, 2), (1, 3), (20, 1), (21, 1)}


OTLP_JSON = {
    "resourceSpans": [
        {
            "resource": {"attributes": [{"key": "note", "value": {"stringValue": f"for {ORDER}."}}]},
            "scopeSpans": [
                {
                    "spans": [
                        {"spanId": "aa", "attributes": [{"key": "order.id", "value": {"stringValue": ORDER}}]},
                        {"spanId": "bb", "attributes": [{"key": "order.id", "value": {"intValue": "5"}}]},
                    ]
                }
            ],
        }
    ]
}


def test_json_loses_what_names_it(tmp_path: Path) -> None:
    scrubber = Scrubber(ORDER, TOKEN, "order", {"order.id"})
    after = scrub_plain(Signal.TRACES_JSON, json.dumps(OTLP_JSON).encode(), scrubber, True, ())
    assert after is not None
    assert b"aa" not in after
    assert b"bb" in after
    assert ORDER.encode() not in after
    number = Scrubber("5", TOKEN, "order", {"order.id"})
    after = scrub_plain(Signal.TRACES_JSON, json.dumps(OTLP_JSON).encode(), number, False, ())
    assert after is not None
    assert TOKEN.encode() in after
    assert ORDER.encode() in after
    batch_ = {
        "source": "s",
        "batch": 5,
        "events": [{"specversion": "1.0", "type": "t", "data": {"order": {"id": ORDER}}}],
    }
    batch_["events"] = [*batch_["events"], {"specversion": "1.0", "type": "u", "data": {"x": [ORDER]}}]  # type: ignore[misc]
    after = scrub_plain(Signal.EVENTS, json.dumps(batch_).encode(), scrubber, True, ())
    assert after is not None
    told = json.loads(after)
    assert (told["batch"], [each["type"] for each in told["events"]]) == (5, ["u"])
    assert told["events"][0]["data"]["x"] == [TOKEN]


def test_an_id_that_is_a_number_goes_where_ids_stand_and_nowhere_else() -> None:
    body = request(span(1, 1, "step 42", order_id=42, retries=42, http_status_code=42), span(1, 2, order_id=142))
    record = Record(1, Signal.TRACES, Encoding.IDENTITY, 1, body)
    after = scrub_record(record, Scrubber("42", TOKEN, "order", {"order.id"}), False, ())
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    spans = ExportTraceServiceRequest.FromString(after.body).resource_spans[0].scope_spans[0].spans
    values = {each.key: each.value for each in spans[0].attributes}
    assert (spans[0].name, values["retries"].int_value, values["order.id"].string_value) == ("step 42", 42, TOKEN)
    assert spans[1].attributes[0].value.int_value == 142


@given(st.binary(max_size=300), st.sampled_from(list(Signal)), st.booleans())
def test_any_bytes_can_be_searched(noise: bytes, kind: Signal, packed: bool) -> None:
    for plain in (noise, noise + ORDER.encode() + noise):
        body = gzip.compress(plain) if packed else plain
        record = Record(7, kind, Encoding.GZIP if packed else Encoding.IDENTITY, 1, body)
        after = scrub_record(record, Scrubber(ORDER, new_token()), False, ())
        assert after.sequence == 7
        if after is not record:
            assert not Scrubber(ORDER, TOKEN).in_clear(unpacked(after.body))


@given(st.text(min_size=5, max_size=12), st.text(max_size=8), st.text(max_size=8))
def test_a_word_is_found_in_every_spelling(value: str, before: str, after: str) -> None:
    scrubber = Scrubber(value, "erased-x")
    for spelling in scrubber.spellings:
        text = f"{before} {spelling} {after}"
        assert spelling not in scrubber.text(text) or spelling in f"{before} {after} erased-x"
