"""What messages of a broker become, and which of them are the same."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.converter.decoders.cloud_events import canonical
from collector.sources.broker.journal import KEPT, Journal
from collector.sources.broker.messages import Message, read
from collector.sources.events.reading import BadEvent, body_of

NOW = datetime(2026, 3, 1, 10, tzinfo=UTC)
SHANGHAI = ZoneInfo("Asia/Shanghai")


def message(payload: bytes = b"A1", number: int = 1, *, again: bool = False, **more: Any) -> Message:
    return Message(
        "shop/3/scan", payload, more.pop("quality", 1), number, again, more.pop("retained", False), 1, **more
    )


def event(payload: bytes, kind: str = "{mqtt.topic}", **more: Any) -> dict[str, Any]:
    return read(message(payload, **more), "shops", kind, SHANGHAI, NOW).event


@pytest.mark.parametrize(
    ("payload", "time"),
    [
        (b'{"ts":1772359200}', "2026-03-01T10:00:00Z"),
        (b'{"timestamp":1772359200123}', "2026-03-01T10:00:00.123000Z"),
        (b'{"time":"2026-03-01T18:00:00"}', "2026-03-01T10:00:00Z"),
        (b'{"time":"soon","ts":"2026-03-01T09:00:00Z"}', "2026-03-01T09:00:00Z"),
        (b'{"ts":0}', "2026-03-01T10:00:00Z"),
        (b'{"ts":1e300}', "2026-03-01T10:00:00Z"),
        (b"{}", "2026-03-01T10:00:00Z"),
    ],
)
def test_when(payload: bytes, time: str) -> None:
    assert event(payload)["time"] == time


def test_type_and_topic() -> None:
    assert event(b'{"a":{"b":"sold"}}', "{mqtt.level.1}.{a.b}")["type"] == "shop.sold"
    assert event(b'{"a":1}', "{mqtt.level.1}.{b}")["type"] == "shop/3/scan"
    assert event(b"1e5")["data"] == {
        "value": "1e5",
        "mqtt.topic": "shop/3/scan",
        "mqtt.level.1": "shop",
        "mqtt.level.2": "3",
        "mqtt.level.3": "scan",
    }
    assert event(b"[1]")["data"]["value"] == [1]


def test_cloud_events_stay_what_they_are() -> None:
    payload = b'{"specversion":"1.0","id":"1","source":"till","type":"sold"}'
    assert event(payload)["data"]["mqtt.level.2"] == "3"
    attributes = {"specversion": "1.0", "id": "1", "source": "till", "type": "sold"}
    found = event(b"3", content_type="application/json", properties=attributes)
    assert (found["source"], found["data"]) == ("till", 3)
    for bad in (
        b'{"specversion":"1.0","id":"","source":"till","type":"sold"}',
        b"{",
        b'{"a":' * 100 + b"1" + b"}" * 100,
    ):
        with pytest.raises(BadEvent):
            event(bad)


def test_what_names_itself() -> None:
    def named(payload: bytes) -> bool:
        return read(message(payload), "shops", "t", SHANGHAI, NOW).named

    assert named(b'{"id":"x"}')
    assert named(b'{"message_id":7}')
    assert not named(b'{"id":""}')
    assert not named(b'{"id":null,"ts":1}')
    assert not named(b"x")


def test_sent_again_is_the_same_and_equal_is_not(tmp_path: Path) -> None:
    path = tmp_path / "mqtt" / "shops.json"
    journal = Journal(path)
    first, second = journal.id_of(message(number=1)), journal.id_of(message(number=2))
    assert first != second
    assert journal.id_of(message(number=1, again=True)) == first
    journal.subscribed(["a"])
    journal.write()
    journal = Journal(path)
    assert journal.topics == ("a",)
    assert journal.id_of(message(number=2, again=True)) == second
    # The broker uses a number again: the message is another one, even if it says the same.
    third = journal.id_of(message(number=1))
    assert third != first
    assert journal.id_of(message(number=1, again=True)) == third
    assert journal.id_of(message(b"other", number=1, again=True)) != third
    assert journal.id_of(message(quality=0, number=0)) != journal.id_of(message(quality=0, number=0))
    assert journal.id_of(message(retained=True, number=5)) == journal.id_of(message(retained=True, number=6))
    path.write_text("{broken")
    assert Journal(path).topics == ()


def test_the_journal_stays_small(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.json")
    ids = [journal.id_of(message(number=number)) for number in range(1, 2 * KEPT)]
    journal.write()
    assert (tmp_path / "j.json").stat().st_size < 60_000
    assert Journal(tmp_path / "j.json").id_of(message(number=2 * KEPT - 1, again=True)) == ids[-1]


@given(st.binary(max_size=80) | st.text(max_size=40).map(lambda text: ('{"' + text + '":1}').encode()))
def test_any_message_is_read_or_refused(payload: bytes) -> None:
    try:
        found = event(payload, "{x}")
    except BadEvent:
        return
    _, body = body_of([found | {"id": "1"}])
    assert canonical(body, None)
