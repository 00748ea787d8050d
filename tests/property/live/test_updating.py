"""What is brought up to date beside what is divided anew."""

from itertools import pairwise

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.vocabulary.schema import EVENT_SCHEMA
from mining.arena import Arena
from mining.builder import DETAILS
from mining.details import TableDetails
from mining.kernels.warm import warm_up
from mining.live.log import LiveLog
from mining.waiting.causes import CAUSES, Split, split
from mining.waiting.enabling import Enabling, enabling
from mining.waiting.updating import updated
from tests.bench.support import log as logs
from tests.bench.support import segments
from tests.helpers import batch, event

warm_up()
HOUR = 3_600_000_000
events = st.builds(
    lambda number, case, activity, start, length, actor, more: event(
        case, activity, start * HOUR, (start + length) * HOUR, event_id=str(number), actor=actor, **more
    ),
    number=st.integers(0, 30),
    case=st.sampled_from(["x", "y", "订单", "z"]),
    activity=st.sampled_from(["b", "a", "c"]),
    start=st.integers(0, 9),
    length=st.integers(0, 3),
    actor=st.none() | st.sampled_from(["ann", "bob"]),
    more=st.fixed_dictionaries({}, optional={"system": st.sampled_from(["crm", "erp"]), "enabled": st.integers(0, 9)}),
)


def added_up(told: Split) -> None:
    """The causes of each event are not below 0, and together no more than it waited."""
    parts = np.stack([told.part(cause) for cause in CAUSES])
    assert parts.min(initial=0) >= 0
    assert np.array_equal(parts.sum(axis=0), told.waiting)


def same_enabling(found: Enabling, anew: Enabling) -> None:
    assert found.enabled.tolist() == anew.enabled.tolist()
    assert found.before.tolist() == anew.before.tolist()
    assert found.start.tolist() == anew.start.tolist()


@settings(deadline=None, max_examples=200)
@given(st.lists(st.lists(events, min_size=1, max_size=8), min_size=2, max_size=6))
def test_whatever_comes_its_causes_add_up(told: list[list[dict[str, object]]]) -> None:
    live = LiveLog("test", "case", TableDetails(EVENT_SCHEMA.empty_table().select(list(DETAILS))))
    known: tuple[Split, Arena] | None = None
    for rows in told:
        come = batch(rows)
        live.details.append(pa.Table.from_batches([come]))
        live.add(come)
        arena = live.arena()
        anew = enabling(arena)
        found = None if known is None or anew.estimated else updated(*known, arena, anew.parallel)
        if found is not None:
            same_enabling(found.found, anew)
            added_up(found)
            assert len(found.pool) == len(found.unlimited) == len(arena.names["actor"]) + len(arena.names["system"])
            assert len(found.shared) == len(arena.activities)
            found.of_cases(arena, np.ones(arena.cases, np.bool_))
        known = split(arena, anew) if found is None else found, arena


def test_new_events_get_the_causes_that_a_split_of_all_gives_them() -> None:
    table = next(iter(logs.tables(60_000)))
    come = [segments.events(each, 0) for each in table.combine_chunks().to_batches(max_chunksize=len(table))]
    everything = pa.Table.from_batches(come)
    # Some events come twice, some late.
    order = np.arange(len(everything))
    generator = np.random.default_rng(5)
    late = generator.choice(len(order) - 4000, 300, replace=False)
    order = np.concatenate([np.delete(order, late), late, order[-3000:-2900]])
    live = LiveLog(
        segments.PROCESS, segments.LEADING, TableDetails(everything.take(pa.array(order)).select(list(DETAILS)))
    )
    given_ = everything.take(pa.array(order))

    def feed(low: int, high: int) -> Arena:
        for part in given_.slice(low, high - low).to_batches():
            live.add(part)
        return live.arena()

    first = len(order) - 3000
    arena = feed(0, first)
    told = split(arena, enabling(arena))
    steps = np.linspace(first, len(order), 7).astype(int).tolist()
    for low, high in pairwise(steps):
        old, arena = arena, feed(low, high)
        anew = enabling(arena)
        found = updated(told, old, arena, anew.parallel)
        assert found is not None
        same_enabling(found.found, anew)
        added_up(found)
        # On the same grounds: hours of duty, pools and who does many things are those of before.
        full = split(arena, anew)
        fresh = np.isin(arena.rows, np.arange(low, high))
        waited = fresh & (full.waiting > 0)
        assert waited.sum() > 100
        if np.array_equal(full.shared, found.shared) and np.array_equal(full.unlimited, found.unlimited):
            other = np.zeros(arena.events, np.bool_)
            for cause in CAUSES:
                other |= full.part(cause) != found.part(cause)
            assert other[waited].mean() < 0.01
            assert other.mean() < 0.005
        told = found


def test_what_is_enabled_otherwise_is_divided_anew_where_something_else_runs_in_parallel() -> None:
    live = LiveLog("test", "case", TableDetails(EVENT_SCHEMA.empty_table().select(list(DETAILS))))

    def feed(rows: list[dict[str, object]]) -> Arena:
        come = batch(rows)
        live.details.append(pa.Table.from_batches([come]))
        live.add(come)
        return live.arena()

    steps = [("a", 0, 1), ("b", 2, 4), ("c", 5, 7)]
    arena = feed([event(str(case), name, at, end, actor="ann") for case in range(9) for name, at, end in steps])
    told = split(arena, enabling(arena))
    # Now b and c overlap in most cases: where they do not, too, c was enabled by a.
    other = [("a", 0, 1), ("b", 2, 6), ("c", 5, 7)]
    grown = feed([event(f"x{case}", name, at, end, actor="ann") for case in range(20) for name, at, end in other])
    anew = enabling(grown)
    assert anew.parallel
    assert not told.found.parallel
    found = updated(told, arena, grown, anew.parallel)
    assert found is not None
    same_enabling(found.found, anew)
    added_up(found)
    first = np.flatnonzero(grown.activity == grown.activities.index("c"))[0]
    assert found.found.before[first] == first - 2
