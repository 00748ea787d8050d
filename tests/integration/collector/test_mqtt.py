"""A real Mosquitto: every message is there once, whoever is killed and started again."""

import json
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from collector.converter.decoders.cloud_events import canonical
from collector.gzip_body import gunzip
from collector.wal import Encoding, Signal, WalReader
from tests.integration.alerts.servers import free_port
from tests.integration.collector.processes import Process, receiver, wait_for

MOSQUITTO = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(MOSQUITTO is None, reason="not installed: mosquitto (Debian: apt-get install mosquitto)"),
]


class Broker:
    """Mosquitto with a session store, on a port of its own."""

    def __init__(self, folder: Path) -> None:
        self.port, self._folder = free_port(), folder
        folder.mkdir()
        folder.chmod(0o777)
        self._config = folder / "mosquitto.conf"
        self._config.write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous true\npersistence true\npersistence_location {folder}/\n"
            "max_queued_messages 0\nuser root\n"
        )
        self.start()

    def start(self) -> None:
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen([str(MOSQUITTO), "-c", str(self._config)], stdout=log, stderr=log)
        wait_for(self.answers)

    def answers(self) -> bool:
        client = Client(CallbackAPIVersion.VERSION2)
        client.connect("127.0.0.1", self.port)
        client.disconnect()
        return True

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(10)

    def publish(self, *messages: tuple[str, bytes], retain: bool = False) -> None:
        client = Client(CallbackAPIVersion.VERSION2)
        client.connect("127.0.0.1", self.port)
        client.loop_start()
        for each in [client.publish(topic, payload, qos=1, retain=retain) for topic, payload in messages]:
            each.wait_for_publish(10)
        client.disconnect()
        client.loop_stop()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    one = Broker(tmp_path / "broker")
    yield one
    one.stop()


def settings(broker: Broker, **more: Any) -> dict[str, Any]:
    return {"mqtt": [{"name": "shop", "host": "127.0.0.1", "port": broker.port, "topics": ["pos/#"], **more}]}


def events(data: Path) -> dict[str, dict[str, Any]]:
    """By id, as the converter takes each once."""
    reader = WalReader(data / "wal")
    found: dict[str, dict[str, Any]] = {}
    for record in reader.read(1 << 30):
        assert record.signal is Signal.EVENTS
        plain = gunzip(record.body, 1 << 30) if record.encoding is Encoding.GZIP else record.body
        canonical(plain, None)
        found |= {event["id"]: event for event in json.loads(plain)["events"]}
    reader.close()
    return found


def connected(process: Process) -> None:
    wait_for(lambda: process.metric('houtai_collector_mqtt_connected{source="mqtt:shop"}') == 1)
    time.sleep(0.3)  # until it is subscribed


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_each_kind_of_message(tmp_path: Path, broker: Broker, protocol: str) -> None:
    data = tmp_path / "data"
    event = {"specversion": "1.0", "id": "7", "source": "till", "type": "sold", "data": {"sku": "a"}}
    with receiver(data, **settings(broker, protocol=protocol, type="{mqtt.level.2}.{event}")) as process:
        connected(process)
        broker.publish(
            ("pos/till/1", b'{"event":"scan","ts":1772359200000,"sku":"0042"}'),
            ("pos/till/1", b"00420"),
            ("pos/till/1", b"00420"),
            ("pos/till/1", b"\xff\x00"),
            ("pos/till/1", b"{broken"),
            ("pos/till/1", json.dumps(event).encode()),
            ("elsewhere", b"x"),
        )
        wait_for(lambda: len(events(data)) == 5)
        wait_for(lambda: (data / "dead-letters" / "receiver.jsonl").exists())
        found = list(events(data).values())
        assert process.stop() == 0
    assert Counter(each["type"] for each in found) == {"till.scan": 1, "pos/till/1": 3, "sold": 1}
    scan = next(each for each in found if each["type"] == "till.scan")
    assert (scan["source"], scan["time"], scan["data"]["mqtt.level.3"]) == ("mqtt:shop", "2026-03-01T10:00:00Z", "1")
    assert sorted(str(e["data"].get("value", e["data"].get("value_base64"))) for e in found if "/" in e["type"]) == [
        "/wA=",
        "00420",
        "00420",
    ]
    (letter,) = [json.loads(line) for line in (data / "dead-letters" / "receiver.jsonl").read_text().splitlines()]
    assert (letter["reason"], letter["topic"]) == ("bad_message", "pos/till/1")


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_once_each_whoever_is_killed(tmp_path: Path, broker: Broker, protocol: str) -> None:
    """Equal messages are meant: only their number tells how many there were."""
    data = tmp_path / "data"
    sent = 0
    with receiver(data, **settings(broker, protocol=protocol)) as process:
        connected(process)
        for round_ in range(6):
            broker.publish(*[("pos/scan", b"A1")] * 150)
            sent += 150
            process.kill()
            broker.publish(*[("pos/scan", b"A1")] * 50)
            sent += 50
            if round_ % 2:
                broker.stop()
                broker.start()
            process.start()
        connected(process)
        broker.stop()
        broker.start()
        connected(process)
        broker.publish(("pos/scan", b"last"))
        wait_for(lambda: any(e["data"]["value"] == "last" for e in events(data).values()), 60)
        wait_for(lambda: len(events(data)) >= sent + 1, 60)
        assert process.stop() == 0
    assert Counter(e["data"]["value"] for e in events(data).values()) == {"A1": sent, "last": 1}
