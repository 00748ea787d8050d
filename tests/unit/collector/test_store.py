from pathlib import Path

import pyarrow as pa
import pytest
from sqlalchemy.exc import OperationalError

from collector.converter import Converter
from collector.store import Manifest, Store
from collector.store.manifest import Changes
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


@pytest.mark.parametrize("where", ["collector.store.manifest._apply", "collector.store.manifest.sync_folder"])
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
