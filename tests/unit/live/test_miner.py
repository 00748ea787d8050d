"""The live miner on a real store: what it takes in, and what it lets go."""

import contextlib
import dataclasses
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from collector.jobs import pending
from collector.jobs.running import Bench, run_jobs
from collector.settings import MappingSettings
from collector.store import Kind, Manifest, Segment, Store
from collector.store.manifest import Changes
from collector.store.segment import write_segment
from collector.vocabulary.languages import LANGUAGES, text
from collector.vocabulary.schema import LINK_SCHEMA
from mining.arena import Arena
from mining.config import ProcessConfig
from mining.findings.facts import Fact
from mining.findings.positions import Positions
from mining.live import restart
from mining.live.following import PENDING_NOTE
from mining.live.knowledge import Knowledge
from mining.live.miner import Miner
from mining.live.register import Register
from mining.part import Part
from mining.settings import MiningSettings
from mining.summary.summary import Summary
from tests.helpers import DAY, HOUR, batch, event

CONFIG = ProcessConfig(process="test", leading="case", settings=MiningSettings(window_days=1))


class House:
    """A store, a miner that follows it, and a clock that can be put forward."""

    def __init__(self, folder: Path) -> None:
        self.now = time.time_ns() // 1000
        self.manifest, self.register = Manifest(folder), Register(f"sqlite:///{folder / 'state.sqlite'}")
        self.folder, self.position = folder, 0
        self.start()

    def start(self) -> None:
        """A miner that knows nothing yet."""
        self.knowledge = Knowledge()
        self.miner = Miner(Store(self.folder), [CONFIG], self.knowledge, self.register, clock=lambda: self.now)

    def commit(self, *rows: dict[str, object], links: dict[str, str] | None = None) -> None:
        told = [{"event_id": i, "process": "test", "case_id": c} for i, c in (links or {}).items()]
        self.position += 1
        self.manifest.commit(
            [
                ("events", pa.Table.from_batches([batch(rows)])),
                ("links", pa.Table.from_pylist(told, schema=LINK_SCHEMA)),
            ],
            self.position,
            self.position,
            Changes(),
        )
        with contextlib.closing(sqlite3.connect(self.folder / "manifest.sqlite")) as manifest, manifest:
            manifest.execute("UPDATE segments SET committed = ? WHERE last = ?", (self.now, self.position))

    def arena(self) -> Arena:
        """What is known after a round in which something was new."""
        assert self.miner.round()
        found = self.knowledge.snapshot("test")
        assert found is not None
        return found.arena


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.miner.close()
    made.manifest.close()
    made.register.close()


def test_what_is_older_than_two_windows_is_let_go_and_a_case_in_the_window_stays_whole(house: House) -> None:
    begin = house.now
    house.commit(event("gone", "a", begin - HOUR))
    house.commit(event(None, "a", begin, event_id="late"), links={"late": "long"})
    assert house.arena().case_ids.to_pylist() == ["gone", "long"]
    house.now = begin + 36 * HOUR
    house.commit(event("long", "b", house.now))
    kept = house.arena()
    assert (kept.case_ids.to_pylist(), kept.events) == (["long"], 2)
    house.now = begin + 2 * DAY - 1
    house.commit(event("new", "a", house.now))
    assert house.arena().events == 3
    house.now = begin + 4 * DAY
    house.commit(event("new", "b", house.now))
    assert house.arena().case_ids.to_pylist() == ["new"]


def test_a_miner_that_starts_does_not_read_what_it_would_let_go(house: House) -> None:
    house.commit(event("gone", "a", house.now))
    (old,) = Store(house.folder).segments("events")
    house.now += 3 * DAY
    old.path.write_bytes(b"not even readable")
    house.start()
    assert house.arena().cases == 0
    assert house.miner.round() is False


def test_it_begins_anew_when_what_it_has_read_was_changed(house: House) -> None:
    house.commit(event("a", "x", house.now), event("b", "x", house.now))
    house.commit(event("c", "x", house.now))
    assert house.arena().case_ids.to_pylist() == ["a", "b", "c"]
    old, kept = Store(house.folder).segments("events")
    fresh = write_segment(
        house.folder / "segments", "events", pa.Table.from_batches([batch([event("b", "x", house.now)])]), 1, 1
    )
    with house.manifest.changing() as connection:
        house.manifest.replace([old], [(fresh, old.committed)], connection, house.now)
        assert house.manifest.new_generation(connection) == 1
    assert house.arena().case_ids.to_pylist() == ["b", "c"]
    assert house.miner.round() is False
    assert kept in Store(house.folder).segments("events")


def test_a_segment_that_cannot_be_read_is_left_out_and_told(house: House) -> None:
    for case in "abc":
        house.commit(event(case, "x", house.now), links={"e": case})
    bad, gone = Store(house.folder).segments("events")[1], Store(house.folder).segments("links")[0]
    bad.path.write_bytes(b"not even readable")
    gone.path.unlink()
    assert house.arena().case_ids.to_pylist() == ["a", "c"]
    snapshot = house.knowledge.snapshot("test")
    assert snapshot is not None
    (english,), (chinese,) = (snapshot.reports[language].quality.notes for language in LANGUAGES)
    assert english.startswith("2 stored files could not be read")
    assert chinese.startswith("有 2 个存储文件无法读取")
    assert house.miner.round() is False
    # The store's writer is asked to look, and says so to `houtai doctor`.
    run_jobs(Bench(house.folder, house.manifest, None, MappingSettings(), {}))
    assert set(Store(house.folder).bad()) == {bad.path.name, gone.path.name}
    assert pending(house.folder) == []


def test_a_segment_that_was_replaced_a_moment_ago_is_looked_for_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.commit(event("a", "x", house.now))
    (old,) = Store(house.folder).segments("events")
    stale = [old]
    fresh = write_segment(house.folder / "segments", "events", pq.ParquetFile(old.path).read(), 1, 1)
    with house.manifest.changing() as connection:
        house.manifest.replace([old], [(fresh, old.committed)], connection, house.now)
    old.path.unlink()
    listed = Store.segments

    def segments(store: Store, kind: Kind, after: int = 0) -> list[Segment]:
        return [stale.pop()] if stale and kind == "events" else listed(store, kind, after)

    monkeypatch.setattr(Store, "segments", segments)
    house.miner.round()
    assert house.arena().case_ids.to_pylist() == ["a"]


def test_a_segment_that_does_not_fit_is_refused_with_advice(house: House) -> None:
    small = dataclasses.replace(CONFIG, settings=MiningSettings(window_days=1, memory_mb=4))
    house.commit(event("a", "x", house.now))
    assert house.arena().cases == 1
    house.miner.close()
    house.miner = Miner(Store(house.folder), [small], house.knowledge, house.register, clock=lambda: house.now)
    house.commit(*(event(str(i), "x", house.now, event_id=str(i)) for i in range(20_000)))
    assert house.arena().case_ids.to_pylist() == ["a"]
    assert house.miner.refused == 20_000
    held, limit = house.miner.memory
    assert 0 < held < limit == 4 << 20
    snapshot = house.knowledge.snapshot("test")
    assert snapshot is not None
    (english,), (chinese,) = (snapshot.reports[language].quality.notes for language in LANGUAGES)
    assert english.startswith("20000 events do not fit into memory")
    assert chinese.startswith("有 20000 个事件因内存不足")


def test_what_else_is_known_of_events_is_read_from_the_segments_also_after_they_were_merged(house: House) -> None:
    for number in range(120):
        fields = {"n": str(number), "even": str(number % 2)}
        others = [event("o", "x", house.now, event_id=f"o{number}", process="other")] if number % 3 else []
        house.commit(
            *others, event("a", "x", house.now + number, event_id=f"e{number}", trace_id=f"t{number}", fields=fields)
        )
    arena = house.arena()
    expected = [f"t{number}" for number in range(120)]
    assert arena.trace_ids.to_pylist() == expected
    with contextlib.closing(sqlite3.connect(house.folder / "manifest.sqlite")) as manifest, manifest:
        manifest.execute("UPDATE segments SET committed = committed - 900000000")
    assert house.manifest.merge("events") == 120
    house.manifest.remove_left()
    again = dataclasses.replace(arena)
    assert again.fields.coded("even", 60) is not None
    assert again.trace_ids.to_pylist() == expected
    assert again.event_ids.to_pylist() == [f"e{number}" for number in range(120)]
    assert again.fields["n"].to_pylist() == [str(number) for number in range(120)]
    assert again.fields.coded("n", 60) is None
    assert again.details.trace_ids(arena.rows[[119, 3]]).to_pylist() == ["t119", "t3"]


def test_what_is_kept_no_longer_is_not_known_any_more(house: House) -> None:
    house.commit(event("a", "x", house.now, trace_id="t", event_id="e"))
    arena = house.arena()
    with contextlib.closing(sqlite3.connect(house.folder / "manifest.sqlite")) as manifest, manifest:
        manifest.execute("DELETE FROM segments")
    assert arena.trace_ids.to_pylist() == [None]
    assert arena.event_ids.to_pylist() == [""]
    assert list(arena.fields) == []


def test_after_an_error_half_way_it_begins_anew_and_leaves_out_what_fails(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.commit(event("a", "x", house.now, event_id="1"))
    assert house.arena().events == 1
    house.commit(event("b", "x", house.now, event_id="2"))
    house.commit(event("c", "x", house.now, event_id="3"))
    with monkeypatch.context() as broken:
        broken.setattr("mining.live.counting.tally", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            house.miner.round()
    arena = house.arena()
    assert arena.case_ids.to_pylist() == ["a", "c"]
    assert arena.quality.duplicates == 0
    assert arena.event_ids.to_pylist() == ["1", "3"]
    assert arena.quality.notes[0].startswith("1 stored files could not be read")
    house.commit(event("b", "x", house.now, event_id="4"))
    assert house.arena().event_ids.to_pylist() == ["1", "4", "3"]


def test_many_segments_are_taken_in_together_and_one_that_fails_is_found_all_the_same(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(12):
        house.commit(event("a", "x", house.now + number, event_id=str(number)))
    from mining.summary.tallying import tally

    def failing(summary: Summary, part: Part, sign: int) -> None:
        if part.events == 12 or part.start[part.last[0] - 1] == house.now + 7:
            raise ZeroDivisionError
        tally(summary, part, sign)

    for place in ("mining.live.counting", "mining.summary.tallying"):
        monkeypatch.setattr(f"{place}.tally", failing)
    with pytest.raises(ZeroDivisionError):
        house.miner.round()
    with pytest.raises(ZeroDivisionError):
        house.miner.round()
    assert house.arena().event_ids.to_pylist() == [str(number) for number in range(12) if number != 7]


def test_what_was_merged_while_it_was_being_read_is_not_read_twice(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        house.commit(event("a", "x", house.now + number, event_id=str(number)))
    listed = Store.segments
    first_only = [True]

    def segments(store: Store, kind: Kind, after: int = 0) -> list[Segment]:
        found = listed(store, kind, after)
        return found[:2] if first_only and kind == "events" else found

    monkeypatch.setattr(Store, "segments", segments)
    assert house.arena().events == 2
    first_only.clear()
    monkeypatch.setattr("collector.store.merging.SETTLED", -(10**15))
    monkeypatch.setattr("collector.store.merging.AT_LEAST", 2)
    assert house.manifest.merge("events") == 3
    arena = house.arena()
    assert (arena.events, arena.quality.duplicates) == (3, 0)
    assert arena.event_ids.to_pylist() == ["0", "1", "2"]
    assert house.miner.round() is False


def test_a_detector_that_fails_does_not_stop_the_counting(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("mining.live.following.detect", failing)
    house.commit(event("a", "x", house.now))
    assert house.arena().events == 1
    house.commit(event("b", "x", house.now))
    assert house.arena().events == 2


def test_findings_stay_while_new_ones_are_looked_for_after_it_began_anew(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [Fact("rework", "x", {}, 1.0, 1, 1.0, 1.0, ("b",), case_rows=Positions((0, 1)), example_rows=(1,))]
    monkeypatch.setattr("mining.live.following.detect", lambda *_: tuple(found))
    monkeypatch.setattr("mining.live.following.reports", lambda *_, **__: {})
    house.commit(event("a", "x", house.now, event_id="1"))
    house.commit(event("b", "x", house.now, event_id="2"))
    assert house.arena().events == 2
    monkeypatch.setattr("mining.live.following.Following._quick", lambda *_: False)
    house.miner._background.submit(time.sleep, 0.5)
    with monkeypatch.context() as broken:
        broken.setattr("mining.live.miner.sampled_services", lambda *_: 1 / 0)
        house.commit(event("a2", "x", house.now, event_id="3"))
        with pytest.raises(ZeroDivisionError):
            house.miner.round()
    assert house.arena().case_ids.to_pylist() == ["a", "a2", "b"]
    snapshot = house.knowledge.snapshot("test")
    assert snapshot is not None
    assert [(tuple(fact.case_rows), fact.example_rows) for fact in snapshot.facts] == [((0, 2), (2,))]


def test_it_says_so_while_findings_are_still_being_looked_for(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mining.live.following.Following._quick", lambda *_: False)
    waits = threading.Event()
    house.miner._background.submit(waits.wait)
    house.commit(event("a", "x", house.now))
    assert house.arena().quality.notes == (PENDING_NOTE,)
    snapshot = house.knowledge.snapshot("test")
    assert snapshot is not None
    assert [snapshot.reports[each].quality.notes for each in LANGUAGES] == [
        (text(each, PENDING_NOTE),) for each in LANGUAGES
    ]
    waits.set()
    house.miner._background.submit(lambda: None).result()
    house.commit(event("b", "x", house.now))
    assert house.arena().quality.notes == ()


@pytest.fixture
def keeping(house: House, monkeypatch: pytest.MonkeyPatch) -> House:
    """A house whose miner keeps what it has however little it is."""
    monkeypatch.setattr(restart, "WORTH", 1)
    return house


def test_a_miner_goes_on_where_the_one_before_has_ended(keeping: House) -> None:
    keeping.commit(event("a", "x", keeping.now, actor="ann"), event(None, "y", keeping.now, event_id="late"))
    keeping.commit(event("b", "x", keeping.now))
    before = keeping.arena()
    keeping.miner.close()
    files = [each.path for each in Store(keeping.folder).segments("events")]
    hidden = [path.rename(path.with_suffix(".away")) for path in files]
    keeping.start()
    after = keeping.arena()  # without a look into the files
    for path, away in zip(files, hidden, strict=True):
        away.rename(path)
    assert after.case_ids.equals(before.case_ids)
    assert after.event_ids.equals(before.event_ids)
    assert not (keeping.folder / "kept").exists()
    keeping.commit(event("b", "z", keeping.now), links={"late": "a"})
    whole = keeping.arena()
    keeping.miner.close()
    assert (whole.case_ids.to_pylist(), whole.offsets.tolist()) == (["a", "b"], [0, 2, 4])
    assert whole.names["activity"] == ("x", "y", "z")
    assert whole.quality.without_case == 0


@pytest.mark.parametrize("change", ["generation", "damaged", "gone", "merged", "window", "none"])
def test_what_was_kept_and_holds_no_more_is_made_anew(
    keeping: House, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for case in "abc":
        keeping.commit(event(case, "x", keeping.now))
    keeping.arena()
    keeping.miner.close()
    (file,) = (keeping.folder / "kept").iterdir()
    segments = Store(keeping.folder).segments("events")
    if change == "generation":
        with keeping.manifest.changing() as connection:
            keeping.manifest.new_generation(connection)
    elif change == "damaged":
        file.write_bytes(file.read_bytes()[:-100])
    elif change == "gone":
        file.unlink()
    elif change == "merged":  # the last one that was read, with one that was not
        keeping.commit(event("d", "x", keeping.now))
        segments = Store(keeping.folder).segments("events")
        table = pa.concat_tables([pq.read_table(each.path) for each in segments[2:]])
        fresh = write_segment(keeping.folder / "segments", "events", table, segments[2].first, segments[3].last)
        with keeping.manifest.changing() as connection:
            keeping.manifest.replace(segments[2:], [(fresh, keeping.now)], connection, keeping.now)
    elif change == "window":
        longer = dataclasses.replace(CONFIG, settings=MiningSettings(window_days=2))
        monkeypatch.setitem(globals(), "CONFIG", longer)
    read: list[int] = []
    original = Miner._read

    def reading(miner: Miner, segment: Segment, schema: pa.Schema) -> pa.Table | None:
        read.append(segment.id)
        return original(miner, segment, schema)

    monkeypatch.setattr(Miner, "_read", reading)
    keeping.start()
    assert keeping.arena().case_ids.to_pylist() == [*"abcd"[: 4 if change == "merged" else 3]]
    assert bool(read) == (change != "none")
    assert not (keeping.folder / "kept").exists()
