"""Deriving all events again: equal to what a converter with the new mapping would have made, whatever happens."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from collector.jobs import ask, pending, result
from collector.jobs.remap import arguments
from collector.remapping.staging import open_staging
from collector.settings import ActivityRule, MappingSettings, Match
from collector.store import Kind, Manifest, Store
from collector.store.inbox import Inbox
from collector.store.retention import Retention
from collector.store.settings import RetentionSettings
from tests.helpers import batch, event
from tests.unit.collector.jobs.house import House
from tests.unit.collector.spans import MAPPING, PROCESSES, T0, Bench, request, rows, span

NEW = MAPPING.model_copy(
    update={
        "activities": (
            ActivityRule(activity="Look", process="order", when=Match(name="technical")),
            ActivityRule(activity="Work anew", process="order", when=Match(name="work")),
        ),
        "fields": ("colour",),
    }
)
KINDS: tuple[Kind, ...] = ("events", "links", "spans")


def traffic(count: int, seed: int = 1) -> list[bytes]:
    """Requests: parents after children, keys that come late, joins by payments."""
    chance = random.Random(seed)
    spans = []
    for number in range(1, count + 1):
        order, start = f"O{number}", number * 60.0
        spans += [
            span(number, 1, "technical", start=start, order_id=order, colour="red", user_id="wu", user_roles="clerk"),
            span(number, 2, "work", 1, start=start + 1, payment_id=f"P{number}", user_id="li", user_roles="clerk"),
            span(10_000 + number, 1, "work", start=start + 30, payment_id=f"P{number}"),
        ]
    # A little out of order, as in life.
    spans.sort(key=lambda each: each.start_time_unix_nano + chance.random() * 90e9)
    return [request(*spans[begin : begin + 4]) for begin in range(0, len(spans), 4)]


def known(data: Path) -> dict[str, Any]:
    """What readers see: events by id with their cases, and the spans."""
    links = {row["event_id"]: row["case_id"] for row in rows(data, "links")}
    events = {}
    for row in rows(data, "events"):
        assert row["event_id"] not in events
        objects = [each["id"] for each in row["objects"] if each["type"] == "order"]
        case = objects[0] if objects else links.get(row["event_id"])
        events[row["event_id"]] = (row["activity"], row["actor"], tuple(sorted(row["fields"])), case)
    return {"events": events, "spans": sorted((r["trace_id"], r["span_id"], r["name"]) for r in rows(data, "spans"))}


def derive(house: House, mapping: MappingSettings, since: int | None = None, name: str = "s1") -> dict[str, Any]:
    """What the command asks the job with, when it has derived what there was."""
    generation = Store(house.data).generation()
    staging = open_staging(house.data, name, mapping, PROCESSES, house.archive, since)
    staging.run()
    chosen = staging.plan
    staging.close()
    return arguments(house.data, name, mapping, PROCESSES, chosen, since, generation)


def expected(folder: Path, bodies: list[bytes], mapping: MappingSettings) -> dict[str, Any]:
    bench = Bench(folder, mapping)
    bench.now = time.time()
    for body in bodies:
        bench.send(body)
    bench.later().later()
    bench.converter.close()
    return known(folder)


def test_all_is_as_if_the_new_mapping_had_always_been_there(tmp_path: Path) -> None:
    bodies = traffic(40)
    data = tmp_path / "data"
    house = House(data)
    for body in bodies[:20]:
        house.send(body)
    asked = derive(house, NEW)
    # The collector goes on meanwhile.
    for body in bodies[20:25]:
        house.send(body)
    told = house.job("remap", asked)
    assert told["ok"], told
    assert told["result"]["after"] > 0
    assert Store(data).generation() == 1
    assert not list((data / "staging").iterdir())
    for body in bodies[25:]:
        house.send(body)
    house.later().later()
    house.close()
    assert known(data) == expected(tmp_path / "other", bodies, NEW)
    # And once more, back to the old one.
    house = House(data, NEW)
    assert house.job("remap", derive(house, MAPPING))["ok"]
    house.later().later()
    house.close()
    assert known(data) == expected(tmp_path / "old", bodies, MAPPING)


def test_where_raw_requests_are_gone_the_spans_serve(tmp_path: Path) -> None:
    bodies = traffic(30)
    data = tmp_path / "data"
    house = House(data)
    for body in bodies[:15]:
        house.send(body)
    assert house.archive is not None
    house.archive.delete_oldest()
    for body in bodies[15:]:
        house.send(body)
    house.later().later()
    # `colour` was not wanted then: it is known of the later half alone.
    bare = NEW.model_copy(update={"fields": ()})
    assert house.job("remap", derive(house, bare))["ok"]
    house.later().later()
    house.close()
    assert known(data) == expected(tmp_path / "other", bodies, bare)


def test_without_an_archive_too(tmp_path: Path) -> None:
    bodies = traffic(20)
    data = tmp_path / "data"
    house = House(data, raw=False)
    for body in bodies[:10]:
        house.send(body)
    bare = NEW.model_copy(update={"fields": ()})
    asked = derive(house, bare)
    for body in bodies[10:]:
        house.send(body)
    assert house.job("remap", asked)["ok"]
    house.later().later()
    house.close()
    assert known(data) == expected(tmp_path / "other", bodies, bare)


def test_imported_events_stay(tmp_path: Path) -> None:
    house = House(tmp_path)
    key = "0123456789abcdef"
    house.send(*traffic(3))
    Inbox(tmp_path).put([batch([event("A", "bought", 5), event("B", "bought", 6)])], "test", key)
    assert house.converter.take_files() == 1
    assert house.job("remap", derive(house, NEW))["ok"]
    house.later()
    imported = [row["event_id"] for row in rows(tmp_path, "events") if row["process"] == "test"]
    assert len(imported) == 2
    assert Store(tmp_path).state("import:")
    house.close()


def test_from_a_time_on_older_events_stay_as_they_are(tmp_path: Path) -> None:
    bodies = traffic(30)
    data = tmp_path / "data"
    house = House(data)
    for body in bodies:
        house.send(body)
    house.later().later()
    before = known(data)
    since = (T0 + int(15 * 60e9)) // 1000
    assert house.job("remap", derive(house, NEW, since))["ok"]
    house.later().later()
    house.close()
    after = known(data)
    whole = expected(tmp_path / "other", bodies, NEW)
    starts = {row["event_id"]: row["start"] for row in rows(data, "events")}
    starts |= {row["event_id"]: row["start"] for row in rows(tmp_path / "other", "events")}
    old = {key for key, start in starts.items() if start.timestamp() * 1e6 < since}
    assert {key for key in after["events"] if key in old} == {key for key in before["events"] if key in old}
    for key, value in after["events"].items():
        assert value == (before if key in old else whole)["events"][key]
    assert set(after["events"]) - old == set(whole["events"]) - old


def test_it_is_refused_where_what_is_kept_was_changed_meanwhile(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.send(*traffic(3))
    asked = derive(house, NEW)
    house.converter.close()
    manifest = Manifest(tmp_path)
    with manifest.changing() as connection:
        manifest.new_generation(connection)
    manifest.close()
    before = known(tmp_path)
    told = house.job("remap", asked)
    assert not told["ok"]
    assert "run it again" in told["error"]
    assert known(tmp_path) == before
    house.close()


def test_a_job_killed_after_it_counted_is_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    house = House(tmp_path)
    house.send(*traffic(3))
    asked = derive(house, NEW)

    class Killed(BaseException):
        pass

    def killed(*_: object) -> None:
        raise Killed

    number = ask(tmp_path, "remap", asked)
    house.converter.close()
    with monkeypatch.context() as patch:
        patch.setattr("collector.jobs.running.finish", killed)
        with pytest.raises(Killed):
            house.do_jobs()
    house.converter.close()
    after = known(tmp_path)
    assert {each.id for each in pending(tmp_path)} == {number}
    house.do_jobs()
    told = result(tmp_path, number)
    assert told is not None
    assert told["ok"]
    assert known(tmp_path) == after
    assert Store(tmp_path).generation() == 1
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
def test_killed_at_any_moment_it_is_the_old_or_the_new(tmp_path: Path) -> None:
    bodies = traffic(60)
    data = tmp_path / "data"
    house = House(data)
    for body in bodies[:60]:
        house.send(body)
    house.later().later()
    asked = derive(house, NEW)
    old = known(data)
    number = ask(data, "remap", asked)
    house.close()
    new = expected(tmp_path / "other", bodies[:60], NEW)
    chance = random.Random(3)
    while result(data, number) is None:
        with subprocess.Popen([sys.executable, "-c", WORKER, str(data)], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(chance.random() * 0.15 * (1 + chance.random() * 10))
            process.send_signal(signal.SIGKILL)
        assert known(data) in (old, new)
    assert known(data) == new


def test_events_whose_spans_are_forgotten_stay(tmp_path: Path) -> None:
    house = House(tmp_path, raw=False)
    house.send(request(span(1, 1, "work", order_id="A"))).send(request(span(2, 1, "work", order_id="B", start=8e6)))
    Retention(RetentionSettings(spans_days=30)).round(house.converter.manifest, None, (T0 + 8 * 10**15) // 10**6)
    assert len(rows(tmp_path, "spans")) == 1
    done = house.job("remap", derive(house, MAPPING))["result"]
    assert (done["before"], done["after"]) == (1, 1)
    assert sorted(row["trace_id"][-1] for row in rows(tmp_path, "events")) == ["1", "2"]
    house.close()
