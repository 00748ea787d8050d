import numpy as np
import pyarrow as pa

from collector.vocabulary.schema import LINK_SCHEMA
from mining.arena import NO_CODE, NO_TIME, WORDS, Quality
from mining.build import build
from mining.config import ProcessConfig
from mining.reporting import report
from tests.helpers import MINUTE, T0, arena, batch, event, log


def links(*rows: tuple[str, str, str]) -> list[pa.RecordBatch]:
    columns = [pa.array(list(column), pa.string()) for column in zip(*rows, strict=True)]
    return [pa.RecordBatch.from_arrays(columns, schema=LINK_SCHEMA)]


def paths(found: object) -> dict[str, str]:
    from mining.arena import Arena

    assert isinstance(found, Arena)
    return {
        found.case_ids[c].as_py(): "".join(
            found.activities[a] for a in found.activity[found.offsets[c] : found.offsets[c + 1]]
        )
        for c in range(found.cases)
    }


def test_the_test_language() -> None:
    assert paths(log("abc", "ab")) == {"c000": "abc", "c001": "ab"}


def test_nothing_gives_an_empty_arena() -> None:
    for batches in ([], [batch([])]):
        found = build(batches, "test", "case")
        assert (found.events, found.cases, found.activities) == (0, 0, ())
        assert found.offsets.tolist() == [0]
        assert found.quality == Quality()
        assert set(found.codes) == set(found.names) == set(WORDS)


def test_order_is_start_then_end_then_event_id() -> None:
    found = arena(
        [
            event("x", "d", 5, 9, event_id="2"),
            event("x", "c", 5, 9, event_id="10"),
            event("x", "b", 5, 7, event_id="3"),
            event("x", "a", 4, 99, event_id="4"),
            event("x", "e", 5, 9, event_id="2a"),
        ]
    )
    assert paths(found) == {"x": "abcde"}
    assert found.event_ids.to_pylist() == ["4", "3", "10", "2", "2a"]


def test_cases_and_words_stand_in_order_of_their_text() -> None:
    found = arena([event(case, activity, 1) for case, activity in (("z", "审核"), ("é", "b"), ("a", "B"))])
    assert found.case_ids.to_pylist() == ["a", "z", "é"]
    assert found.activities == ("B", "b", "审核")
    assert found.activity.tolist() == [0, 2, 1]


def test_a_case_is_the_first_object_of_the_leading_type() -> None:
    objects = [
        {"type": "payment", "id": "p", "qualifier": None},
        {"type": "case", "id": "one", "qualifier": None},
        {"type": "case", "id": "two", "qualifier": None},
    ]
    found = arena([event(None, "a", 1, event_id="1", objects=objects), event(None, "b", 1, event_id="2")])
    assert paths(found) == {"one": "a"}
    assert found.quality.without_case == 1
    assert found.objects is not None
    assert found.objects[0].as_py() == objects


def test_the_last_link_gives_the_case_of_what_names_none() -> None:
    rows = [event(None, "a", 1, event_id="1"), event("own", "b", 2, event_id="2"), event(None, "c", 3, event_id="3")]
    known = links(
        ("1", "test", "old"), ("1", "test", "new"), ("2", "test", "no"), ("3", "other", "no"), ("1", "x", "y")
    )
    found = build([batch(rows)], "test", "case", known)
    assert paths(found) == {"new": "a", "own": "b"}
    assert found.quality.without_case == 1


def test_other_processes_are_skipped_and_do_not_make_duplicates() -> None:
    rows = [event("x", "a", 1, event_id="1", process="other"), event("x", "b", 1, event_id="1")]
    found = arena(rows)
    assert paths(found) == {"x": "b"}
    assert found.activities == ("b",)
    assert found.quality.duplicates == 0


def test_the_last_of_equal_ids_corrects_the_others_across_batches() -> None:
    first, second = (batch([event("x", activity, 1, event_id="1")]) for activity in "ab")
    found = build([second, second, first], "test", "case", quality=Quality(duplicates=3, without_end=2))
    assert paths(found) == {"x": "a"}
    assert found.activities == ("a",)
    assert (found.quality.duplicates, found.quality.without_end) == (5, 2)


def test_a_correction_moves_an_event_to_another_case() -> None:
    rows = [event("x", "a", 1, event_id="1"), event("x", "b", 2, event_id="2"), event("y", "b", 3, event_id="2")]
    assert paths(arena(rows)) == {"x": "a", "y": "b"}
    assert paths(arena([*rows, event("y", "a", 4, event_id="1")])) == {"y": "ba"}


def test_an_event_that_ends_before_it_starts_has_no_length_and_is_noted() -> None:
    found = build(
        [batch([event("x", "a", 9, 3), event("x", "b", 9, 10)])], "test", "case", quality=Quality(notes=("n",))
    )
    assert (found.end - found.start).tolist() == [0, 1]
    assert found.quality.notes == ("n", "1 events ended before they started; they count as events without length")


def test_overlaps_look_at_everything_before() -> None:
    found = arena([event("x", "a", 0, 100), event("x", "b", 10, 20), event("x", "c", 30, 40), event("x", "d", 100)])
    assert found.quality.overlaps == 2


def test_what_is_not_known_is_marked() -> None:
    found = arena([event("x", "a", 1, role="r", amount=5, trace_id="t"), event("x", "b", 2, error="lost", enabled=1)])
    assert found.codes["role"].tolist() == [0, NO_CODE]
    assert found.amount.tolist() == [5, NO_TIME]
    assert found.enabled.tolist() == [NO_TIME, 1]
    assert found.trace_ids.to_pylist() == ["t", None]
    assert found.error.tolist() == [False, True]
    assert found.names["error_type"] == ("lost",)


def test_fields_become_columns() -> None:
    found = arena(
        [
            event("x", "b", 2, fields={"reason": "late", "level": "2"}),
            event("x", "a", 1, fields={"reason": "early"}),
            event("x", "c", 3),
        ]
    )
    assert {name: column.to_pylist() for name, column in found.fields.items()} == {
        "level": [None, "2", None],
        "reason": ["early", "late", None],
    }


def test_of_too_many_fields_the_most_frequent_are_kept() -> None:
    rows = [event("x", "a", i, fields={"common": "1", f"made up {i:04}": "2"}) for i in range(300)]
    found = arena(rows)
    assert sorted(found.fields) == ["common", *(f"made up {i:04}" for i in range(255))]
    english = report(found, ProcessConfig("test", "case"), 0, facts=())
    assert english.quality.notes == ("45 further fields are too many to look at; the most frequent were kept",)
    chinese = report(found, ProcessConfig("test", "case"), 0, "zh-CN", facts=())
    assert chinese.quality.notes == ("另有 45 个字段因数量过多未纳入分析，只保留出现最多的字段",)


def test_more_activities_than_sixteen_bits_and_a_long_case() -> None:
    count = 70_000
    rows = [event("x", f"{i:05}", T0 + (i * 7919) % count, event_id=f"{i:05}") for i in range(count)]
    found = arena(rows)
    assert (found.cases, len(found.activities)) == (1, count)
    assert bool((np.diff(found.start) == 1).all())


def test_a_long_case_at_one_moment_is_put_in_order_of_ids() -> None:
    count = 30_000
    rows = [event("x", "a", T0, T0 + MINUTE, event_id=f"{(i * 7919) % count:05}") for i in range(count)]
    assert arena(rows).event_ids.to_pylist() == [f"{i:05}" for i in range(count)]


def test_batches_of_plain_strings_and_with_other_dictionaries_are_read() -> None:
    plain = pa.Table.from_batches([batch([event("x", "b", 2)])])
    column = plain.schema.get_field_index("activity")
    plain = plain.set_column(column, "activity", plain.column("activity").cast(pa.string()))
    found = build([*plain.to_batches(), batch([event("x", "a", 1)]), batch([event("x", "b", 3)])], "test", "case")
    assert paths(found) == {"x": "abb"}
