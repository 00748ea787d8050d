from pathlib import Path

import pyarrow as pa
import pytest
from sqlalchemy.exc import OperationalError

from collector.converter import Converter
from collector.store import Manifest, Segment, Store
from collector.store.manifest import Changes
from collector.store.merging import AT_LEAST, SETTLED, SMALL_ROWS, to_merge
from collector.vocabulary.errors import PermanentError
from collector.vocabulary.schema import EVENT_SCHEMA, LINK_SCHEMA
from tests.unit.collector.spans import MAPPING, PROCESSES, Bench, append, event_id, request, rows, span

LINKS = pa.Table.from_pylist([{"event_id": "e", "process": "p", "case_id": "c"}], schema=LINK_SCHEMA)


def test_only_committed_segments_are_listed(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert store.segments("links") == []
    manifest = Manifest(tmp_path)
    assert store.segments("links") == []
    manifest.commit([("links", LINKS), ("events", EVENT_SCHEMA.empty_table())], 1, 5, Changes())
    manifest.commit([("links", LINKS)], 6, 9, Changes())
    first, second = store.segments("links")
    assert (first.first, first.last, first.rows, first.path.name) == (1, 5, 1, "links-1-5.parquet")
    assert second.id > first.id
    assert second.committed >= first.committed
    assert store.segments("links", after=first.id) == [second]
    assert store.segments("events") == []
    manifest.close()
    reopened = Manifest(tmp_path)
    assert reopened.position == 9
    reopened.close()


@pytest.mark.parametrize("name", ["with space", "50% off?", "a#b&c", "数据"])
def test_any_folder_name_will_do(tmp_path: Path, name: str) -> None:
    bench = Bench(tmp_path / name).send(request(span(1, 1, "work", order_id="A")))
    assert len(bench.events()) == 1
    bench.converter.close()
    assert len(Store(tmp_path / name).segments("spans")) == 1


def test_orphans_are_cleaned_and_committed_files_stay(tmp_path: Path) -> None:
    manifest = Manifest(tmp_path)
    manifest.commit([("links", LINKS)], 1, 5, Changes())
    manifest.close()
    orphans = [tmp_path / "segments" / name for name in ("links-6-7.parquet", "events-6-7.partial")]
    for orphan in orphans:
        orphan.write_bytes(b"half")
    Manifest(tmp_path).close()
    assert not any(orphan.exists() for orphan in orphans)
    assert Store(tmp_path).segments("links")[0].path.exists()


def test_a_second_converter_is_refused(tmp_path: Path) -> None:
    manifest = Manifest(tmp_path)
    with pytest.raises(PermanentError, match="another converter"):
        Manifest(tmp_path)
    manifest.close()


@pytest.mark.parametrize("where", ["collector.store.applying.apply", "collector.store.manifest.sync_folder"])
def test_a_commit_that_fails_counts_nothing_and_is_done_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    bench = Bench(tmp_path)
    bench.send(request(span(1, 1, "work", order_id="A")))

    def fails(*_: object) -> None:
        raise OperationalError("disk", {}, OSError("full"))

    with monkeypatch.context() as patch:
        patch.setattr(where, fails)
        append(tmp_path, request(span(2, 1, "work", order_id="A"), span(3, 2, "work", 1)))
        with pytest.raises(OperationalError):
            bench.converter.round()
    assert set(bench.events()) == {event_id(1, 1)}
    bench.restart().later().later()
    assert set(bench.events()) == {event_id(1, 1), event_id(2, 1), event_id(3, 2)}
    assert len(rows(tmp_path, "spans")) == 3
    bench.converter.close()


def test_small_segments_are_merged_in_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collector.store.merging.SETTLED", -1_000_000)
    monkeypatch.setattr("collector.store.merging.AT_LEAST", 3)
    bench = Bench(tmp_path)
    for number in range(1, 6):
        bench.send(request(span(number, 1, "work", order_id="A", shop_channel=f"c{number}")))
    store = Store(tmp_path)
    before, found = store.segments("events"), bench.rows("events")
    bench.converter.tidy()
    after = store.segments("events")
    assert [(each.id, each.first, each.last, each.rows) for each in after] == [(before[-1].id, 1, 5, 5)]
    assert bench.rows("events") == found
    assert store.segments("events", after=before[-1].id) == []
    # Readers that have listed the old ones still find them; they go later.
    assert all(each.path.exists() for each in before)
    bench.restart()
    assert all(each.path.exists() for each in before)
    monkeypatch.setattr("collector.store.manifest.GRACE", -1_000_000)
    bench.restart()
    assert not any(each.path.exists() for each in before)
    assert bench.rows("events") == found
    bench.send(request(span(1, 1, "work"), span(9, 1, "work", order_id="A")))
    assert len(bench.events()) == 6
    assert store.segments("events")[-1].id > after[0].id
    bench.converter.close()


def test_files_of_merged_segments_go_after_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collector.store.merging.SETTLED", -1_000_000)
    monkeypatch.setattr("collector.store.merging.AT_LEAST", 2)
    monkeypatch.setattr("collector.store.manifest.GRACE", -1_000_000)
    manifest = Manifest(tmp_path)
    for number in range(3):
        manifest.commit([("links", LINKS)], number + 1, number + 1, Changes())
    before = Store(tmp_path).segments("links")
    assert manifest.merge("links") == 3
    assert manifest.merge("links") == 0
    assert manifest.remove_left() == 0
    assert not any(each.path.exists() for each in before)
    assert Store(tmp_path).segments("links")[0].rows == 3
    manifest.close()


def test_only_neighbours_that_are_small_and_old_are_merged() -> None:
    def segments(*rows: int, committed: int = 0) -> list[Segment]:
        return [Segment(n, "events", Path(), n, n, r, committed) for n, r in enumerate(rows, 1)]

    small = [10] * (AT_LEAST - 1)
    assert to_merge(segments(*small), SETTLED) == []
    assert len(to_merge(segments(*small, 10), SETTLED)) == AT_LEAST
    assert to_merge(segments(*small, 10, committed=1), SETTLED) == []
    assert to_merge(segments(*small, SMALL_ROWS, *small), SETTLED) == []
    assert [s.id for s in to_merge(segments(10, SMALL_ROWS, *small, 10), SETTLED)] == list(range(3, AT_LEAST + 3))
    many = to_merge(segments(*[SMALL_ROWS // 2] * 500), SETTLED)
    assert many == []


def test_segments_have_the_shared_schema(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    bench = Bench(tmp_path).send(request(span(1, 1, "work", order_id="A", payment_method="card")))
    bench.converter.close()
    table = pq.ParquetFile(Store(tmp_path).segments("events")[0].path).read()
    assert table.cast(EVENT_SCHEMA).num_rows == 1
    assert table.schema.equals(EVENT_SCHEMA)


def test_a_changed_mapping_lets_go_of_what_it_knows_no_more(tmp_path: Path) -> None:
    bench = Bench(tmp_path).send(request(span(1, 2, "work", 1, order_id="A")))
    bench.converter.close()
    converter = Converter(MAPPING.model_copy(update={"activities": ()}), PROCESSES, tmp_path, hold_ms=0)
    converter.round()
    converter.round()
    converter.close()
    assert rows(tmp_path, "events") == []


def test_a_spans_segment_that_cannot_be_read_stops_no_restart(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.send(request(span(1, 1, "work", order_id="A"))).send(request(span(2, 1, payment_id="p", order_id="B")))
    broken = Store(tmp_path).segments("spans")[0].path
    broken.write_bytes(broken.read_bytes()[:-20])
    bench.restart().send(request(span(2, 2, "work", 1)))
    assert bench.case(2, 2) == "B"
    assert broken.name in Store(tmp_path).bad()
    bench.converter.close()
