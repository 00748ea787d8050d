"""Start and complete records pair up, first to first."""

from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from collector.files.lifecycle import NOTHING, pair
from tests.unit.files.readers import read_text, rows, short


def csv(*lines: str, instance: bool = False) -> str:
    head = "case,activity,timestamp,lifecycle:transition" + (",concept:instance" if instance else "")
    return "\n".join([head, *(line.replace(",T", ",2024-01-01T") for line in lines)]) + "\n"


def test_first_start_with_first_complete(tmp_path: Path) -> None:
    log = read_text(
        tmp_path,
        csv(
            "1,a,T01:00,start", "1,a,T02:00,START", "1,a,T03:00,complete", "1,a,T05:00,Complete", "2,a,T04:00,complete"
        ),
    )
    assert short(log) == [
        ("1", "a", "01 01:00", "01 03:00"),
        ("1", "a", "01 02:00", "01 05:00"),
        ("2", "a", "01 04:00", "01 04:00"),
    ]
    assert log.quality.without_end == 0


def test_instances_keep_them_apart(tmp_path: Path) -> None:
    log = read_text(
        tmp_path,
        csv(
            "1,a,T01:00,start,x", "1,a,T02:00,start,y", "1,a,T03:00,complete,y", "1,a,T05:00,complete,x", instance=True
        ),
    )
    assert short(log) == [("1", "a", "01 01:00", "01 05:00"), ("1", "a", "01 02:00", "01 03:00")]


def test_only_one_of_them_is_an_event_without_length(tmp_path: Path) -> None:
    log = read_text(tmp_path, csv("1,a,T01:00,start", "1,a,T02:00,complete", "1,a,T03:00,start", "1,b,T04:00,complete"))
    assert short(log) == [
        ("1", "a", "01 01:00", "01 02:00"),
        ("1", "a", "01 03:00", "01 03:00"),
        ("1", "b", "01 04:00", "01 04:00"),
    ]
    assert log.quality.without_end == 1


def test_others_are_no_events_and_schedule_enables(tmp_path: Path) -> None:
    log = read_text(
        tmp_path,
        csv(
            "1,a,T01:00,schedule",
            "1,a,T02:00,assign",
            "1,a,T03:00,start",
            "1,a,T04:00,suspend",
            "1,a,T05:00,complete",
            "1,b,T06:00,complete",
        ),
    )
    assert short(log) == [("1", "a", "01 03:00", "01 05:00"), ("1", "b", "01 06:00", "01 06:00")]
    enabled = [row["enabled"] for row in rows(log)]
    assert [None if time is None else f"{time:%H:%M}" for time in enabled] == ["01:00", None]
    assert "2 lines with a lifecycle transition other than start and complete are no events." in log.quality.notes


def test_neither_start_nor_complete_makes_every_line_an_event(tmp_path: Path) -> None:
    log = read_text(tmp_path, csv("1,a,T01:00,Queued", "1,a,T02:00,Closed"))
    assert len(short(log)) == 2
    assert "No lifecycle transition is start or complete: every line counts as an event." in log.quality.notes


def test_a_line_without_transition_stands_alone(tmp_path: Path) -> None:
    log = read_text(tmp_path, csv("1,a,T01:00,start", "1,a,T02:00,", "1,a,T03:00,complete"))
    assert short(log) == [("1", "a", "01 01:00", "01 03:00"), ("1", "a", "01 02:00", "01 02:00")]
    assert log.quality.notes == ("Times without a zone were read as UTC.",)


def test_all_lines_when_asked(tmp_path: Path) -> None:
    log = read_text(tmp_path, csv("1,a,T01:00,start", "1,a,T02:00,complete", "1,a,T03:00,suspend"), lifecycle="all")
    assert len(short(log)) == 3


def test_order_of_lines_does_not_matter_for_pairs(tmp_path: Path) -> None:
    log = read_text(tmp_path, csv("1,a,T03:00,complete", "1,a,T01:00,start"))
    assert short(log) == [("1", "a", "01 01:00", "01 03:00")]


def test_intervals_of_complete_lines_stay(tmp_path: Path) -> None:
    text = "case,activity,start,end,lifecycle:transition\n1,a,2024-01-01T01:00,2024-01-01T02:00,complete\n"
    assert short(read_text(tmp_path, text)) == [("1", "a", "01 01:00", "01 02:00")]


def test_a_pair_says_what_either_record_says(tmp_path: Path) -> None:
    text = "case,activity,timestamp,lifecycle,resource,note\n1,a,2024-01-01,start,Ann,n\n1,a,2024-01-02,complete,,\n"
    (row,) = rows(read_text(tmp_path, text))
    assert (row["actor"], row["actor_kind"], dict(row["fields"])) == ("Ann", "staff", {"note": "n"})


records = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from(["start", "complete", "schedule", "suspend"]), st.integers(0, 8)),
    max_size=30,
)


@given(records)
def test_same_as_queues(lines: list[tuple[int, str, int]]) -> None:
    """Against the plain way: a queue of open starts per group, in order of time, starts before completes."""
    group = np.array([g for g, _, _ in lines], dtype=np.int64)
    word = np.array([w for _, w, _ in lines], dtype=np.str_)
    time = np.array([t for _, _, t in lines], dtype=np.int64)
    expected: set[tuple[int, int]] = set()
    for which in set(group.tolist()):
        order = sorted(np.flatnonzero(group == which).tolist(), key=lambda i: (time[i], word[i] != "start", i))
        opened: list[int] = []
        for i in order:
            if word[i] == "start":
                opened.append(i)
            elif word[i] == "complete":
                expected.add((opened.pop(0), i) if opened else (i, i))
        expected |= {(i, i) for i in opened}
    pairs = pair(group, word, time)
    assert set(zip(pairs.first.tolist(), pairs.last.tolist(), strict=True)) == expected
    assert len(pairs.first) == len(expected)
    used = pairs.scheduled[pairs.scheduled != NOTHING]
    assert len(set(used.tolist())) == len(used)
    assert all(word[i] == "schedule" for i in used)
