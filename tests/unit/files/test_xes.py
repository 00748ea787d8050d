"""XES as programs write it."""

import gzip
from pathlib import Path

import pytest

from collector.files import read
from collector.vocabulary.errors import PermanentError
from tests.unit.files.readers import OPTIONS, XES_HEAD, read_text, rows, short, utc, xes, xes_event, xes_trace

STAMP = "2024-01-01T08:00:00.000+02:00"


def test_standard_keys_and_attributes_of_traces(tmp_path: Path) -> None:
    event = xes_event(
        concept__name="Pay", time__timestamp=STAMP, org__resource="Ann", org__role="clerk", activity="x", note="n"
    )
    log = read_text(tmp_path, xes(xes_trace("007", event, channel="search")), "log.xes")
    (row,) = rows(log)
    assert row["objects"][0]["id"] == "007"
    assert (row["activity"], row["actor"], row["role"]) == ("Pay", "Ann", "clerk")
    assert row["start"] == row["end"] == utc(2024, 1, 1, 6)
    assert dict(row["fields"]) == {"case:channel": "search", "activity": "x", "note": "n"}
    assert log.quality.notes == ("There is one time column only (time:timestamp): events have no length.",)


def test_start_and_complete(tmp_path: Path) -> None:
    events = [
        xes_event(concept__name="a", time__timestamp=f"2024-01-01T0{hour}:00:00Z", lifecycle__transition=transition)
        for hour, transition in ((1, "schedule"), (2, "start"), (4, "complete"))
    ]
    log = read_text(tmp_path, xes(xes_trace("1", *events)), "log.xes")
    assert short(log) == [("1", "a", "01 02:00", "01 04:00")]
    assert log.quality.notes == ()


def test_columns_that_begin_late_or_end_early(tmp_path: Path) -> None:
    one = xes_event(concept__name="a", time__timestamp=STAMP, early="e")
    two = xes_event(concept__name="b", time__timestamp=STAMP, late="l")
    log = read_text(tmp_path, xes(xes_trace("1", one, first="f"), xes_trace("2", two)), "log.xes")
    assert [dict(row["fields"]) for row in rows(log)] == [{"case:first": "f", "early": "e"}, {"late": "l"}]


def test_traces_without_a_name(tmp_path: Path) -> None:
    event = xes_event(concept__name="a", time__timestamp=STAMP)
    log = read_text(tmp_path, xes(f"<trace>{event}</trace>", f"<trace>{event}</trace>"), "log.xes")
    assert [case for case, *_ in short(log)] == ["1", "2"]
    assert "2 traces have no name: their position stands for it." in log.quality.notes


def test_an_attribute_of_the_trace_as_the_case(tmp_path: Path) -> None:
    event = xes_event(concept__name="a", time__timestamp=STAMP)
    log = read_text(tmp_path, xes(xes_trace("1", event, order="o")), "log.xes", case="case:order")
    assert [case for case, *_ in short(log)] == ["o"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (XES_HEAD + "\n<trace>\n<event>", "line 3: breaks off or is no XML"),
        ("no xml at all", "line 1: breaks off or is no XML"),
        ("<trace/>", "the root is not <log>"),
        ("<other/>", "the root is not <log>"),
        (xes(xes_trace("1", xes_event(concept__name="a"))), "no column for the time"),
        (xes(xes_trace("1", xes_event(concept__name="a", time__timestamp="soon"))),
         "event 1, column time:timestamp: 'soon' is no time"),
        ('<!DOCTYPE log [<!ENTITY x "y">]><log><trace/></log>', "has a DOCTYPE"),
        ("", "is empty"),
    ],
)  # fmt: skip
def test_one_clear_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(PermanentError) as error:
        read_text(tmp_path, text, "log.xes")
    assert message in str(error.value)
    assert str(error.value).startswith(f"{tmp_path}/log.xes")
    assert "\n" not in str(error.value)


def test_a_log_without_events(tmp_path: Path) -> None:
    assert rows(read_text(tmp_path, xes(), "log.xes")) == []
    assert rows(read_text(tmp_path, xes(xes_trace("1")), "log.xes")) == []


def test_an_entity_bomb_does_not_go_off(tmp_path: Path) -> None:
    entities = "".join(f'<!ENTITY x{i} "{f"&x{i - 1};" * 10}">' for i in range(1, 12))
    bomb = f'<!DOCTYPE log [<!ENTITY x0 "boom">{entities}]><log a="&x11;"><trace/></log>'
    with pytest.raises(PermanentError):
        read_text(tmp_path, bomb, "log.xes")


def test_no_file_is_opened_from_inside(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    text = f'<!DOCTYPE log [<!ENTITY x SYSTEM "file://{tmp_path}/secret">]><log><trace>&x;</trace></log>'
    with pytest.raises(PermanentError, match="has a DOCTYPE"):
        read_text(tmp_path, text, "log.xes")


def test_packed_and_cut(tmp_path: Path) -> None:
    events = [xes_event(concept__name="a", time__timestamp=STAMP) for _ in range(3000)]
    packed = gzip.compress(xes(xes_trace("1", *events)).encode())
    path = tmp_path / "log.xes.gz"
    path.write_bytes(packed)
    assert len(rows(read(path, OPTIONS))) == 3000
    path.write_bytes(packed[: len(packed) // 2])
    with pytest.raises(PermanentError, match=r"log\.xes\.gz: breaks off: the gzip stream has no end"):
        read(path, OPTIONS)
