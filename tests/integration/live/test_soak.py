"""A million events in small batches, as they come in life, through a window that slides: a rebuild says the same."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from collector.vocabulary.languages import LANGUAGES
from collector.vocabulary.schema import EVENT_SCHEMA, LINK_SCHEMA
from mining.arena import WORDS, Arena
from mining.build import build
from mining.builder import DETAILS
from mining.config import ProcessConfig
from mining.details import TableDetails
from mining.filters import Filters, select
from mining.live.log import LiveLog
from mining.part import part_of
from mining.reporting import Counted, document, reports
from mining.summary.arrow import to_arrow
from mining.summary.tallying import summarise
from tests.helpers import DAY, HOUR, MINUTE, T0

EVENTS: Final = 1_000_000
BATCH: Final = 5_000
PER_CASE: Final = 12
DAYS: Final = 120
WINDOW: Final = 20 * DAY
LATE: Final = 8 * DAY
"""So late an event, its correction or its link comes at most."""
CONFIG = ProcessConfig("test", "case", end_activities=("a7",))


@dataclass(frozen=True)
class Come:
    """What comes at once, and when."""

    at: int
    events: pa.RecordBatch
    links: pa.RecordBatch


def life(seed: int) -> Iterator[Come]:
    """Events in the order in which they come: shuffled, late, again, corrected, some with their case told later."""
    dice = np.random.default_rng(seed)
    again = EVENTS // 25
    first = EVENTS - again
    case = dice.integers(0, EVENTS // PER_CASE, first)
    # Cases begin all through the days, and take three days at most.
    start = T0 + case * (DAYS * DAY // (EVENTS // PER_CASE)) + dice.integers(0, 3 * DAY, first) // MINUTE * MINUTE
    end = start + np.where(dice.random(first) < 0.3, 0, dice.integers(0, HOUR, first))
    number = np.append(np.arange(first), dice.integers(0, first, again))
    case, start, end = case[number], start[number], end[number]
    moved = np.arange(EVENTS) >= first
    start = np.where(moved & (dice.random(EVENTS) < 0.5), start - MINUTE, start)
    delay = np.where(dice.random(EVENTS) < 0.03, dice.integers(0, LATE // 2, EVENTS), dice.integers(0, HOUR, EVENTS))
    came = np.maximum(start, end) + delay + moved * dice.integers(0, LATE // 2, EVENTS)
    order = np.argsort(came, kind="stable")
    unnamed = number % 33 == 0
    told = came + dice.integers(0, LATE // 2, EVENTS)
    waiting: list[tuple[int, int]] = []
    for low in range(0, EVENTS, BATCH):
        rows = order[low : low + BATCH]
        at = int(came[rows[-1]])
        waiting += [(int(told[row]), int(row)) for row in rows[unnamed[rows]].tolist()]
        known = [row for when, row in waiting if when <= at]
        waiting = [each for each in waiting if each[0] > at]
        links = pa.table(
            {
                "event_id": pa.array([f"e{number[row]}" for row in known], pa.string()),
                "process": pa.array(["test"] * len(known), pa.string()),
                "case_id": pa.array([f"c{case[row]}" for row in known], pa.string()),
            }
        ).cast(LINK_SCHEMA)
        yield Come(at, _events(dice, rows, number, case, start, end, unnamed), _one(links, LINK_SCHEMA))


def _events(
    dice: np.random.Generator,
    rows: npt.NDArray[np.int64],
    number: npt.NDArray[np.int64],
    case: npt.NDArray[np.int64],
    start: npt.NDArray[np.int64],
    end: npt.NDArray[np.int64],
    unnamed: npt.NDArray[np.bool_],
) -> pa.RecordBatch:
    count = len(rows)

    def words(prefix: str, most: int, missing: float = 0.0, before: int = 0) -> pa.Array:
        codes = before + dice.integers(0, most, count)
        texts = np.char.add(prefix, codes.astype(str))
        return pa.array(texts, mask=dice.random(count) < missing)

    named = ~unnamed[rows]
    objects = pa.StructArray.from_arrays(
        [
            pa.array(["case"] * int(named.sum())),
            pa.array(np.char.add("c", case[rows[named]].astype(str))),
            pa.nulls(int(named.sum()), pa.string()),
        ],
        ["type", "id", "qualifier"],
    )
    outcome = dice.random(count) < 0.05
    columns = {
        "event_id": pa.array(np.char.add("e", number[rows].astype(str))),
        "process": pa.array(["test"] * count),
        "activity": words("a", 9),
        "start": pa.array(start[rows]),
        "end": pa.array(np.maximum(start, end)[rows]),
        "actor_kind": pa.array(["staff"] * count),
        # People come and go.
        "actor": words("p", 40, 0.2, before=int((start[rows[0]] - T0) // DAY) * 10),
        "role": words("r", 4, 0.1),
        "system": words("s", 3),
        "outcome": pa.array(np.where(outcome, "error", "ok")),
        "amount": pa.array(dice.integers(0, 1000, count), mask=dice.random(count) < 0.9),
        "objects": pa.ListArray.from_arrays(pa.array(np.append(0, np.cumsum(named)).astype(np.int32)), objects),
        "fields": pa.array([[]] * count, EVENT_SCHEMA.field("fields").type),
    }
    table = pa.table(
        [
            columns[field.name].cast(field.type) if field.name in columns else pa.nulls(count, field.type)
            for field in EVENT_SCHEMA
        ],
        schema=EVENT_SCHEMA,
    )
    return _one(table, EVENT_SCHEMA)


def _one(table: pa.Table, schema: pa.Schema) -> pa.RecordBatch:
    batches = table.combine_chunks().to_batches()
    return batches[0] if batches else pa.RecordBatch.from_pylist([], schema)


def test_a_million_events_as_they_come_say_what_a_rebuild_says() -> None:
    log = LiveLog("test", "case", TableDetails(EVENT_SCHEMA.empty_table().select(list(DETAILS))))
    come: list[Come] = []
    held, cleared = [], 0
    for step, each in enumerate(life(20261123)):
        come.append(each)
        log.details.append(pa.Table.from_batches([each.events]))
        log.add(each.events)
        log.link([each.links])
        if step % 5 == 4:
            begin = each.at - WINDOW
            log.leave(begin)
            log.forget(begin - LATE - 4 * DAY)
            cleared += log.compact()
            arena = log.arena()
            held.append(log.bytes)
            if step % 50 == 49:
                _compare(log, arena, come, each.at)
    assert sum(len(each.events) for each in come) == EVENTS
    assert cleared >= 2
    # The window is full after a third of the days: what is held does not grow from there on.
    third = len(held) // 3
    assert max(held[2 * third :]) < 1.15 * max(held[third : 2 * third]), held


def _compare(log: LiveLog[TableDetails], arena: Arena, come: list[Come], now: int) -> None:
    everything = build([each.events for each in come], "test", "case", [each.links for each in come])
    rebuilt = select(everything, Filters(from_=now - WINDOW))
    assert 10_000 < rebuilt.events < 0.4 * EVENTS
    assert arena.case_ids.equals(rebuilt.case_ids)
    assert arena.event_ids.equals(rebuilt.event_ids)
    for name in ("offsets", "start", "end", "enabled", "amount", "error"):
        assert np.array_equal(getattr(arena, name), getattr(rebuilt, name)), name
    for name in WORDS:
        assert _words(arena, name).equals(_words(rebuilt, name)), name
    assert arena.quality.duplicates == rebuilt.quality.duplicates > 0
    assert arena.quality.without_case == rebuilt.quality.without_case
    fresh = summarise(part_of(rebuilt), rebuilt.names)
    assert to_arrow(log.summary).equals(to_arrow(fresh))
    ours = reports(arena, CONFIG, now, LANGUAGES, facts=(), counted=Counted.of(arena, log.summary))
    theirs = reports(replace(rebuilt, quality=arena.quality), CONFIG, now, LANGUAGES, facts=())
    assert {key: document(value) for key, value in ours.items()} == {k: document(v) for k, v in theirs.items()}


def _words(arena: Arena, name: str) -> pa.Array:
    codes = arena.codes[name]
    return pa.array(arena.names[name], pa.string()).take(pa.array(codes, mask=codes < 0))
