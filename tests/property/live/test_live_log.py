"""Whatever comes in whatever order: the live log says what a rebuild of the same batches says, bit for bit."""

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.vocabulary.schema import EVENT_SCHEMA, LINK_SCHEMA
from mining.arena import WORDS, Arena
from mining.build import build
from mining.builder import DETAILS
from mining.config import ProcessConfig
from mining.details import TableDetails
from mining.filters import Filters, select
from mining.keeping import load, save
from mining.kernels.warm import warm_up
from mining.live.log import LiveLog
from mining.part import part_of
from mining.reporting import document, report
from mining.summary.arrow import to_arrow
from mining.summary.tallying import summarise
from tests.helpers import batch, event

warm_up()
CONFIG = ProcessConfig("test", "case", end_activities=("c",))
times = st.integers(0, 6)
events = st.builds(
    lambda number, case, activity, start, length, more: event(
        case, activity, start, start + length, event_id=str(number), **more
    ),
    number=st.integers(0, 14),
    case=st.none() | st.sampled_from(["x", "y", "订单", "x-2"]),
    activity=st.sampled_from(["b", "a", "c", "审核"]),
    start=times,
    length=st.integers(-1, 3),
    more=st.fixed_dictionaries(
        {},
        optional={
            "role": st.none() | st.sampled_from(["clerk", "boss"]),
            "actor": st.none() | st.sampled_from(["ann", "bob"]),
            "system": st.sampled_from(["crm", "erp"]),
            "enabled": times,
            "amount": st.integers(0, 9),
            "error": st.sampled_from(["oops"]),
            "process": st.sampled_from(["test", "test", "other"]),
        },
    ),
)
links = st.lists(st.tuples(st.integers(0, 14).map(str), st.just("test"), st.sampled_from(["x", "late"])), max_size=4)
looks = st.sampled_from(["", "more", "arena", "compact", "expect", "restart"])
steps = st.lists(st.tuples(st.lists(events, max_size=6), links, st.none() | times, looks), max_size=8)


def link_batch(rows: list[tuple[str, str, str]]) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist(
        [dict(zip(LINK_SCHEMA.names, row, strict=True)) for row in rows], schema=LINK_SCHEMA
    )


NONE = link_batch([])
Step = tuple[list[dict[str, object]], list[tuple[str, str, str]], int | None, str]


class Live:
    """A live log with its details in memory."""

    def __init__(self) -> None:
        self.log = LiveLog("test", "case", TableDetails(EVENT_SCHEMA.empty_table().select(list(DETAILS))))

    def add(self, rows: pa.RecordBatch, known: pa.RecordBatch, more: bool = False) -> None:
        mine = pa.Table.from_batches([rows]).filter(pa.compute.equal(rows.column("process"), "test"))
        self.log.details.append(mine)
        self.log.add(rows, more)
        if len(known):
            self.log.link([known])

    def restart(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            save(self.log.kept(), Path(folder) / "kept")
            self.log = LiveLog.restored("test", "case", self.log.details, load(Path(folder) / "kept"))


def same(live: Arena, rebuilt: Arena) -> None:
    assert live.case_ids.to_pylist() == rebuilt.case_ids.to_pylist()
    assert live.offsets.tolist() == rebuilt.offsets.tolist()
    assert live.event_ids.to_pylist() == rebuilt.event_ids.to_pylist()
    for name in ("start", "end", "enabled", "amount", "error"):
        assert getattr(live, name).tolist() == getattr(rebuilt, name).tolist(), name
    for name in WORDS:
        words, others = live.names[name], rebuilt.names[name]
        assert [words[c] if c >= 0 else None for c in live.codes[name]] == [
            others[c] if c >= 0 else None for c in rebuilt.codes[name]
        ]
        assert list(words) == sorted(words)
    assert live.quality == rebuilt.quality
    assert document(report(live, CONFIG, 9)) == document(report(rebuilt, CONFIG, 9))


@settings(deadline=None, max_examples=300)
@given(steps)
def test_the_live_log_is_a_rebuild(told: list[Step]) -> None:
    live = Live()
    batches, known = [], []
    begin: int | None = None
    for rows, linked, leaves, looked_at in told:
        batches.append(batch(rows))
        known.append(link_batch(linked))
        live.add(batches[-1], known[-1], more=looked_at == "more")
        if leaves is not None:  # a clock may be set back
            begin = leaves if begin is None else max(begin, leaves)
            live.log.leave(leaves)
        if looked_at == "arena":
            live.log.arena()
        elif looked_at == "compact":
            live.log.compact(-(1 << 30))
        elif looked_at == "expect":
            live.log.expect(len(rows))
        elif looked_at == "restart":
            live.restart()
    rebuilt = build(batches, "test", "case", known)
    if begin is not None:
        rebuilt = select(rebuilt, Filters(from_=begin))
    arena = live.log.arena()
    same(arena, rebuilt)
    fresh = summarise(part_of(rebuilt), rebuilt.names)
    assert to_arrow(live.log.summary).equals(to_arrow(fresh))
    again = live.log.arena()
    same(again, replace(rebuilt))


@settings(deadline=None, max_examples=200)
@given(steps)
def test_clearing_away_what_is_forgotten_changes_nothing(told: list[Step]) -> None:
    plain, cleared = Live(), Live()
    epoch = 0
    for rows, linked, leaves, look in told:
        # What is forgotten comes under another id: nobody remembers that it was there.
        rows = [row | {"event_id": f"{epoch}.{row['event_id']}"} for row in rows]
        links = link_batch([(f"{epoch}.{each}", process, case) for each, process, case in linked])
        for live in (plain, cleared):
            live.add(batch(rows), links)
            if leaves is not None:
                live.log.leave(leaves)
                live.log.forget(leaves)
        epoch += leaves is not None
        if look:
            before = cleared.log.arena()
            known = [before.event_ids.to_pylist(), before.rows.tolist(), [before.codes[n].tolist() for n in WORDS]]
            assert cleared.log.compact(-(1 << 30))
            fields = dict(before.__dict__)
            fields.pop("event_ids")
            again = Arena(**{name: fields[name] for name in Arena.__dataclass_fields__})
            assert known == [again.event_ids.to_pylist(), again.rows.tolist(), [again.codes[n].tolist() for n in WORDS]]
        same(cleared.log.arena(), plain.log.arena())
        assert to_arrow(cleared.log.summary).equals(to_arrow(plain.log.summary))
        if look == "compact":
            assert gained(cleared) == gained(plain)
        elif look == "restart":
            cleared.restart()
    assert gained(cleared) == gained(plain)


def gained(live: Live) -> list[str]:
    """Ids of the events in the window that came into a case."""
    arena = live.log.arena()
    return [
        i for i, row in zip(arena.event_ids.to_pylist(), np.isin(arena.rows, live.log.gained()), strict=True) if row
    ]


def test_memory_follows_what_is_alive() -> None:
    live, held = Live(), []
    for day in range(40):
        rows = [
            event(f"{day}-{i // 4}", "a", day * 100 + i % 7, event_id=f"{day}.{i}", process="test", actor=f"{day}.{i}")
            for i in range(400)
        ]
        live.add(batch(rows), link_batch([(f"{day}.{i}", "test", "none") for i in range(400)]))
        live.log.leave((day - 2) * 100)
        live.log.forget((day - 4) * 100)
        live.log.compact(400)
        live.log.arena()
        held.append(live.log.bytes)
    assert max(held[20:]) <= 1.1 * max(held[:20])
    assert live.log.arrived < 10 * 400


def test_a_pool_that_is_never_looked_at_stays_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mining.live.log._SPARE", 1000)
    live = Live()
    for i in range(100):
        live.add(batch([event(f"{case}", "a", i, event_id=f"{case}.{i}", process="test") for case in range(20)]), NONE)
    assert live.log.arena().events == 2000
    assert live.log._pool.count <= 2 * 2000 + 1000


def test_an_event_whose_correction_names_the_case_comes_in_then() -> None:
    live = Live()
    live.add(batch([event(None, "a", 0, event_id="1", process="test")]), NONE)
    assert len(live.log.gained()) == 0
    live.add(batch([event("x", "a", 0, event_id="1", process="test")]), NONE)
    assert live.log.gained().tolist() == [1]


def test_more_words_than_narrow_codes_can_tell_come_while_there_are_rows() -> None:
    live, batches = Live(), []
    for part in range(4):
        rows = [event(f"{i % 5}", f"w{part}.{i}", i, event_id=f"{part}.{i}", process="test") for i in range(10_000)]
        batches.append(batch(rows))
        live.add(batches[-1], NONE)
        if part == 1:
            live.log.arena()
    arena, rebuilt = live.log.arena(), build(batches, "test", "case")
    assert arena.activity.dtype == rebuilt.activity.dtype == np.int32
    assert arena.activity.tolist() == rebuilt.activity.tolist()
    live.log.leave(10_001 * 1_000_000)
    live.log.forget(10_001 * 1_000_000)
    assert live.log.compact(0)
    live.add(batches[0], NONE)
    assert live.log.arena().activity.dtype == np.int16
    assert live.log.arena().events == 0
