"""Whatever comes in whatever order: the live log says what a rebuild of the same batches says, bit for bit."""

from dataclasses import replace

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.vocabulary.schema import EVENT_SCHEMA, LINK_SCHEMA
from mining.arena import WORDS, Arena
from mining.build import build
from mining.builder import DETAILS
from mining.config import ProcessConfig
from mining.details import TableDetails
from mining.filters import Filters, select
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
steps = st.lists(st.tuples(st.lists(events, max_size=6), links, st.none() | times, st.booleans()), max_size=8)


def link_batch(rows: list[tuple[str, str, str]]) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist(
        [dict(zip(LINK_SCHEMA.names, row, strict=True)) for row in rows], schema=LINK_SCHEMA
    )


Step = tuple[list[dict[str, object]], list[tuple[str, str, str]], int | None, bool]


class Live:
    """A live log with its details in memory."""

    def __init__(self) -> None:
        self.details = TableDetails(EVENT_SCHEMA.empty_table().select(list(DETAILS)))
        self.log = LiveLog("test", "case", self.details)

    def add(self, rows: pa.RecordBatch, known: pa.RecordBatch) -> None:
        mine = pa.Table.from_batches([rows]).filter(pa.compute.equal(rows.column("process"), "test"))
        self.details.append(mine)
        self.log.add(rows)
        self.log.link([known])


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
        live.add(batches[-1], known[-1])
        if leaves is not None and (begin is None or leaves > begin):
            begin = leaves
            live.log.leave(begin)
        if looked_at:
            live.log.arena()
    rebuilt = build(batches, "test", "case", known)
    if begin is not None:
        rebuilt = select(rebuilt, Filters(from_=begin))
    arena = live.log.arena()
    same(arena, rebuilt)
    fresh = summarise(part_of(rebuilt), rebuilt.names)
    assert to_arrow(live.log.summary).equals(to_arrow(fresh))
    again = live.log.arena()
    same(again, replace(rebuilt))
