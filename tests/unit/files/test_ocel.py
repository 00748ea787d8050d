"""OCEL 2.0 in its three formats gives the same flat log."""

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from collector.files import LogFile, read
from collector.vocabulary.errors import PermanentError
from tests.unit.files.readers import OPTIONS, rows, short

OBJECTS: list[tuple[str, str, dict[str, str]]] = [
    ("o1", "order", {"price": "12.5"}),
    ("o2", "order", {"price": "7"}),
    ("p1", "parcel", {}),
    ("p2", "parcel", {}),
    ("c1", "customer", {}),
]
EVENTS: list[tuple[str, str, str, dict[str, str], list[tuple[str, str]]]] = [
    ("e1", "Place", "2026-01-05T08:00:00Z", {"resource": "Ann", "channel": "web"}, [("o1", "order"), ("c1", "buyer")]),
    ("e2", "Place", "2026-01-05T09:00:00Z", {"resource": "Bob"}, [("o2", "order"), ("c1", "buyer")]),
    ("e3", "Pack", "2026-01-05T10:00:00Z", {}, [("o1", ""), ("o2", ""), ("p1", "parcel")]),
    ("e4", "Ship", "2026-01-05T11:00:00Z", {}, [("p1", "parcel")]),
    ("e5", "Ship", "2026-01-05T12:00:00Z", {}, [("p2", "parcel"), ("o2", "order"), ("gone", "x")]),
]


def as_json(path: Path) -> Path:
    document: dict[str, Any] = {
        "objectTypes": [],
        "eventTypes": [],
        "objects": [
            {
                "id": name,
                "type": kind,
                "attributes": [
                    {"name": key, "time": "1970-01-01T00:00:00Z", "value": value} for key, value in values.items()
                ]
                + [{"name": key, "time": "2026-02-01T00:00:00Z", "value": "later"} for key in values],
            }
            for name, kind, values in OBJECTS
        ],
        "events": [
            {
                "id": name,
                "type": kind,
                "time": time,
                "attributes": [{"name": key, "value": value} for key, value in values.items()],
                "relationships": [{"objectId": thing, "qualifier": qualifier} for thing, qualifier in related],
            }
            for name, kind, time, values, related in EVENTS
        ],
    }
    path.write_text(json.dumps(document))
    return path


def as_xml(path: Path) -> Path:
    def inner(values: dict[str, str], time: str = "") -> str:
        moment = f' time="{time}"' if time else ""
        return "".join(f'<attribute name="{key}"{moment}>{value}</attribute>' for key, value in values.items())

    objects = "".join(
        f'<object id="{name}" type="{kind}"><attributes>{inner(values, "1970-01-01T00:00:00Z")}</attributes>'
        '<objects><relationship object-id="c1" qualifier="x"/></objects></object>'
        for name, kind, values in OBJECTS
    )
    events = "".join(
        f'<event id="{name}" type="{kind}" time="{time}"><attributes>{inner(values)}</attributes><objects>'
        + "".join(
            f'<{"object" if thing == "p1" else "relationship"} object-id="{thing}" qualifier="{qualifier}"/>'
            for thing, qualifier in related
        )
        + "</objects></event>"
        for name, kind, time, values, related in EVENTS
    )
    path.write_text(
        '<?xml version="1.0" encoding="UTF-8"?>\n<log><object-types/><event-types><event-type name="Place"/>'
        f"</event-types>\n<events>{events}</events>\n<objects>{objects}</objects></log>"
    )
    return path


def as_sqlite(path: Path) -> Path:
    with closing(sqlite3.connect(path)) as base:
        base.executescript(
            """
            CREATE TABLE event (ocel_id TEXT, ocel_type TEXT); CREATE TABLE object (ocel_id TEXT, ocel_type TEXT);
            CREATE TABLE event_map_type (ocel_type TEXT, ocel_type_map TEXT);
            CREATE TABLE object_map_type (ocel_type TEXT, ocel_type_map TEXT);
            CREATE TABLE event_object (ocel_event_id TEXT, ocel_object_id TEXT, ocel_qualifier TEXT);
            CREATE TABLE object_object (ocel_source_id TEXT, ocel_target_id TEXT, ocel_qualifier TEXT);
            """
        )
        for kind in ("Place", "Pack", "Ship"):
            base.execute(f'CREATE TABLE "event_{kind}" (ocel_id TEXT, ocel_time TEXT, resource TEXT, channel TEXT)')
            base.execute("INSERT INTO event_map_type VALUES (?, ?)", (kind, kind))
        for kind in ("order", "parcel", "customer"):
            base.execute(
                f"CREATE TABLE object_{kind} (ocel_id TEXT, ocel_time TEXT, ocel_changed_field TEXT, price REAL)"
            )
            base.execute("INSERT INTO object_map_type VALUES (?, ?)", (kind, kind))
        for name, kind, values in OBJECTS:
            base.execute("INSERT INTO object VALUES (?, ?)", (name, kind))
            base.execute(f"INSERT INTO object_{kind} VALUES (?, '1970-01-01', NULL, ?)", (name, values.get("price")))
        for name, kind, time, values, related in EVENTS:
            base.execute("INSERT INTO event VALUES (?, ?)", (name, kind))
            base.execute(
                f'INSERT INTO "event_{kind}" VALUES (?, ?, ?, ?)',
                (name, time, values.get("resource"), values.get("channel")),
            )
            base.executemany("INSERT INTO event_object VALUES (?, ?, ?)", [(name, *each) for each in related])
        base.commit()
    return path


def written(folder: Path, ending: str) -> Path:
    path = folder / f"log{ending}"
    return {".jsonocel": as_json, ".json": as_json, ".xml": as_xml, ".sqlite": as_sqlite}[ending](path)


ENDINGS = [".jsonocel", ".xml", ".sqlite"]


@pytest.mark.parametrize("ending", ENDINGS)
def test_by_default_the_cases_are_of_the_type_most_events_have_one_of(tmp_path: Path, ending: str) -> None:
    # Orders are in four events, but one of those has two of them.
    log = read(written(tmp_path, ending), OPTIONS)
    assert log.leading == "parcel"
    assert short(log) == [
        ("p1", "Pack", "05 10:00", "05 10:00"),
        ("p1", "Ship", "05 11:00", "05 11:00"),
        ("p2", "Ship", "05 12:00", "05 12:00"),
    ]
    assert log.quality.without_case == 2
    assert (
        "The cases are the objects of type parcel (--leading says another; there are: customer, order, parcel)."
        in log.quality.notes
    )
    assert "1 relations name objects that are not in the file; they were left out." in log.quality.notes


@pytest.mark.parametrize("ending", ENDINGS)
def test_an_event_of_several_cases_stands_in_each(tmp_path: Path, ending: str) -> None:
    log = read(written(tmp_path, ending), replace(OPTIONS, case_type="order"))
    assert [(case, activity) for case, activity, *_ in short(log)] == [
        ("o1", "Place"),
        ("o2", "Place"),
        ("o1", "Pack"),
        ("o2", "Pack"),
        ("o2", "Ship"),
    ]
    note = "1 events belong to several objects of type order: they stand in each of their cases"
    assert any(each.startswith(note) for each in log.quality.notes)
    first, _, packed, again, shipped = rows(log)
    assert [(each["type"], each["id"], each["qualifier"]) for each in first["objects"]] == [
        ("order", "o1", "order"),
        ("customer", "c1", "buyer"),
    ]
    assert [each["id"] for each in packed["objects"]] == ["o1", "o2", "p1"]
    assert [each["id"] for each in again["objects"]] == ["o2", "o1", "p1"]
    assert [each["id"] for each in shipped["objects"]] == ["o2", "p2"]
    assert (first["actor"], first["actor_kind"], first["channel"]) == ("Ann", "staff", "web")
    assert dict(first["fields"]) == {"ocel:eid": "e1", "case:price": "12.5"}
    assert log.quality.without_case == 1
    assert len({row["event_id"] for row in rows(log)}) == 5


def test_the_process_s_own_type_is_preferred(tmp_path: Path) -> None:
    assert read(as_json(tmp_path / "a.json"), replace(OPTIONS, leading="customer")).leading == "customer"


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_type_that_is_not_there(tmp_path: Path, ending: str) -> None:
    with pytest.raises(PermanentError, match=r"no object type 'item' \(--leading\)\. There are: customer, order"):
        read(written(tmp_path, ending), replace(OPTIONS, case_type="item"))


def test_no_type_can_be_the_default(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    both = [{"objectId": "1"}, {"objectId": "2"}]
    event = {"id": "e", "type": "a", "time": "2026-01-01T00:00:00Z", "relationships": both}
    path.write_text(json.dumps({"objects": [{"id": i, "type": "x"} for i in "12"], "events": [event]}))
    with pytest.raises(PermanentError, match="no object type has at most one object per event"):
        read(path, OPTIONS)


def test_leading_is_for_object_types(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("case,activity,end\n1,a,2026-01-01\n")
    with pytest.raises(PermanentError, match="--leading is for OCEL"):
        read(tmp_path / "a.csv", replace(OPTIONS, case_type="order"))
    with pytest.raises(PermanentError, match="use --leading"):
        read(as_json(tmp_path / "a.json"), replace(OPTIONS, case="resource"))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.jsonocel", '{"ocel:global-log": {"ocel:version": "1.0"}, "ocel:events": {}}', "is OCEL 1.0; only OCEL 2.0"),
        ("a.xml", '<log><events><event><string key="id" value="1"/></event></events></log>', "is OCEL 1.0"),
        ("a.json", '{"a": 1}', "it has no `events`"),
        ("a.json", '{"events": [{"id": "1", "type": 5}]}', r"\$\.events\[0\]\.type"),
        ("a.json", '{"events": [', "is no OCEL 2.0 JSON"),
        ("a.xml", "<log>\n<events>\n<event id='1'", "line 3: breaks off or is no XML"),
        ("a.xml", "<log><trace><event/></trace></log>", "name it .xes"),
        ("a.xml", "<a/>", "root is not <log>"),
        ("a.xml", "<log/>", "it has no <events>"),
        ("a.xml", "<log><events><event type='a'/></events></log>", "line 1: <event> has no id"),
        ("a.xml", '<!DOCTYPE log [<!ENTITY a "b">]><log><events/></log>', "has a DOCTYPE"),
        ("a.sqlite", "abc", "is no SQLite database"),
    ],
)
def test_one_clear_line(tmp_path: Path, name: str, content: str, message: str) -> None:
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(PermanentError, match=message) as error:
        read(path, OPTIONS)
    assert "\n" not in str(error.value)


def test_a_database_of_something_else(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    with closing(sqlite3.connect(path)) as base:
        base.executescript("CREATE TABLE t (a); CREATE VIEW event AS SELECT 1 AS ocel_id")
    with pytest.raises(PermanentError, match="it has no table event"):
        read(path, OPTIONS)


SHARED = Path(__file__).resolve().parents[4] / "shared" / "data" / "ocel"


@pytest.mark.skipif(not SHARED.exists(), reason="the shared logs are not here")
def test_every_object_of_a_database_is_there() -> None:
    path = SHARED / "ocpa_running-example.sqlite"
    seen: set[tuple[str, str]] = set()
    with closing(sqlite3.connect(path)) as base:
        kinds = dict(
            base.execute(
                "SELECT ocel_type, count(DISTINCT ocel_object_id) FROM event_object JOIN object ON "
                "ocel_object_id = ocel_id GROUP BY ocel_type"
            )
        )
        relations = base.execute("SELECT count(*) FROM event_object JOIN object ON ocel_object_id = ocel_id").fetchone()
    total = 0
    for kind, count in kinds.items():
        log: LogFile = read(path, replace(OPTIONS, case_type=kind))
        found = [(each["type"], each["id"]) for row in rows(log) for each in row["objects"]]
        seen.update(found)
        assert sum(each[0] == kind for each in set(found)) == count
        assert len({case for case, *_ in short(log)}) == count
        total = max(total, len(found))
    assert len(seen) == sum(kinds.values())
    assert total <= relations[0] * 20


@pytest.mark.skipif(not SHARED.exists(), reason="the shared logs are not here")
def test_the_old_version_of_a_real_log() -> None:
    with pytest.raises(PermanentError, match=r"is OCEL 1\.0"):
        read(SHARED / "ocpa_order_process.jsonocel", OPTIONS)


@pytest.mark.skipif(not SHARED.exists(), reason="the shared logs are not here")
@pytest.mark.parametrize("ending", ["jsonocel", "sqlite"])
def test_the_same_log_in_two_formats(ending: str) -> None:
    path = SHARED.parent / "pm4py" / "ocel" / f"ocel20_example.{ending}"
    kinds = ("Invoice", "Payment", "Purchase Order", "Purchase Requisition")
    objects: set[tuple[str, str]] = set()
    events: set[str] = set()
    for kind in kinds:
        found = rows(read(path, replace(OPTIONS, case_type=kind)))
        objects.update((each["type"], each["id"]) for row in found for each in row["objects"])
        events.update(dict(row["fields"])["ocel:eid"] for row in found)
    assert (len(objects), len(events)) == (9, 13)
