"""Rows of growing exports: each once, in the file's order."""

from pathlib import Path

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.files.identity import WIDTH, identities, with_identities
from collector.store.inbox import Inbox
from collector.store.known_rows import KnownRows
from collector.vocabulary.schema import EVENT_SCHEMA
from tests.helpers import T0, batch, event

Row = tuple[str, str, int, str | None]
ROWS = st.lists(
    st.tuples(st.sampled_from("12"), st.sampled_from("ab"), st.integers(0, 2), st.sampled_from(["x", "", None])),
    max_size=12,
)


def table(rows: list[Row]) -> pa.Table:
    events = [event(case, name, T0 + at, event_id=f"{i}", actor=who) for i, (case, name, at, who) in enumerate(rows)]
    return pa.Table.from_batches([batch(events)], EVENT_SCHEMA)


@settings(deadline=None)
@given(ROWS, ROWS)
def test_the_same_rows_are_the_same_whatever_follows(first: list[Row], more: list[Row]) -> None:
    before, after = identities(table(first)), identities(table(first + more))
    assert after.to_pylist()[: len(first)] == before.to_pylist()
    assert len(set(after.to_pylist())) == len(first) + len(more)


@settings(deadline=None)
@given(ROWS, st.randoms(use_true_random=False))
def test_the_order_of_rows_makes_no_difference(rows: list[Row], random: object) -> None:
    shuffled = sorted(rows, key=lambda _: random.random())  # type: ignore[attr-defined]
    assert sorted(identities(table(rows)).to_pylist()) == sorted(identities(table(shuffled)).to_pylist())


@settings(deadline=None)
@given(ROWS)
def test_ids_keep_the_order_of_simultaneous_events(rows: list[Row]) -> None:
    events = table(rows)
    ids = with_identities(events, identities(events))["event_id"].to_pylist()
    assert len(set(ids)) == len(rows)
    for i, one in enumerate(rows):
        for j in range(i):
            if (rows[j][0], rows[j][2]) == (one[0], one[2]):
                assert ids[j] < ids[i]


def test_rows_that_only_look_alike_when_joined() -> None:
    one, other = table([("1\x1f1", "a", 0, None)]), table([("1", "1\x1fa", 0, None)])
    assert identities(one).to_pylist() != identities(other).to_pylist()


def test_rows_count_while_their_file_does(tmp_path: Path) -> None:
    rows = identities(table([("1", "a", 0, None), ("2", "a", 0, None)]))
    key = "ab" * 16
    with KnownRows(tmp_path, "order", WIDTH) as known:
        known.add(key, rows)
    with KnownRows(tmp_path, "order", WIDTH) as known:
        # The import was killed before its file was in the inbox.
        assert known.among(rows).to_pylist() == [False, False]
        known.add(key, rows.slice(0, 1))
    Inbox(tmp_path).put([], "order", key)
    with KnownRows(tmp_path, "order", WIDTH) as known:
        assert known.among(rows).to_pylist() == [True, False]
    with KnownRows(tmp_path, "other", WIDTH) as known:
        assert known.among(rows).to_pylist() == [False, False]


def test_nothing_known_and_nothing_asked(tmp_path: Path) -> None:
    with KnownRows(tmp_path, "order", WIDTH) as known:
        assert known.among(identities(table([]))).to_pylist() == []
