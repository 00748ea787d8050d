"""`houtai export`: what is kept, in every format, while the store is tidied."""

import csv
import gzip
import io
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from api import reading
from api.exporting import export
from collector.store import SPAN_SCHEMA, Manifest, Store
from collector.store.manifest import Changes
from collector.vocabulary.errors import PermanentError, RetryableError
from collector.vocabulary.schema import LINK_SCHEMA
from tests.helpers import HOUR, T0, batch, event
from tests.unit.imports.reading import configuration
from tests.unit.imports.test_import import run

LINK = dict[str, str]


def commit(
    data: Path, *batches: pa.RecordBatch, links: tuple[LINK, ...] = (), spans: tuple[dict[str, object], ...] = ()
) -> None:
    manifest = Manifest(data)
    for each in batches:
        manifest.commit([("events", pa.Table.from_batches([each]))], 1, 0, Changes())
    manifest.commit([("links", pa.Table.from_pylist(list(links), LINK_SCHEMA))], 1, 0, Changes())
    manifest.commit([("spans", pa.Table.from_pylist(list(spans), SPAN_SCHEMA))], 1, 0, Changes())
    manifest.close()


def shop(data: Path) -> Path:
    """Three events: one by its object, one by its last link, one without a case; and one of another process."""
    rows = [
        event("A1", "下单", T0, event_id="1", process="order", leading="order", actor="李, 雷", fields={"备注": "急"}),
        event(None, "付款", T0 + HOUR, event_id="2", process="order", amount=1250),
        event(None, "发货", T0 + 2 * HOUR, event_id="3", process="order", error="timeout"),
        event("R1", "退货", T0, event_id="4", process="return", leading="return"),
    ]
    links = tuple(
        {"event_id": "2", "process": process, "case_id": case}
        for process, case in (("order", "old"), ("order", "A1"), ("return", "other"))
    )
    commit(data, batch(rows[:2]), batch(rows[2:]), links=links)
    return configuration(data, "processes: {order: {leading: order}, return: {leading: return}}\n")


def exported(data: Path, out: Path, *, process: str | None = None, columns: list[str] | None = None) -> int | None:
    return export(
        "events", out, data=data, config=data / "houtai.yaml", process=process, columns=columns, language="en"
    )


def test_csv(tmp_path: Path) -> None:
    shop(tmp_path)
    assert exported(tmp_path, tmp_path / "a.csv") == 4
    rows = list(csv.DictReader(io.StringIO((tmp_path / "a.csv").read_text())))
    assert [(row["activity"], row["case_id"]) for row in rows] == [
        ("下单", "A1"),
        ("付款", "A1"),
        ("发货", ""),
        ("退货", "R1"),
    ]
    assert rows[0]["start"] == "2026-01-05T00:00:00.000000Z"
    assert (rows[0]["actor"], json.loads(rows[0]["fields"])) == ("李, 雷", {"备注": "急"})
    assert json.loads(rows[0]["objects"]) == [{"type": "order", "id": "A1", "qualifier": None}]
    assert (rows[1]["amount"], rows[2]["error_type"]) == ("1250", "timeout")


def test_the_other_formats_say_the_same(tmp_path: Path) -> None:
    shop(tmp_path)
    for name in ("a.csv", "a.csv.gz", "a.parquet", "a.jsonl", "a.jsonl.gz"):
        assert exported(tmp_path, tmp_path / name, process="order") == 3
    assert gzip.decompress((tmp_path / "a.csv.gz").read_bytes()) == (tmp_path / "a.csv").read_bytes()
    assert gzip.decompress((tmp_path / "a.jsonl.gz").read_bytes()) == (tmp_path / "a.jsonl").read_bytes()
    table = pq.read_table(tmp_path / "a.parquet")
    assert table["case_id"].to_pylist() == ["A1", "A1", None]
    lines = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    assert [line["case_id"] for line in lines] == ["A1", "A1", None]
    assert lines[0]["fields"] == {"备注": "急"}
    assert lines[0]["objects"][0]["id"] == "A1"


def test_columns_and_standard_output(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    config = shop(tmp_path)
    arguments = ["export", "events", "--out", "-", "--data", str(tmp_path), "--config", str(config)]
    assert run([*arguments, "--columns", "case_id, activity", "--process", "return"]) == 0
    assert capfdbinary.readouterr().out.decode() == '"case_id","activity"\n"R1","退货"\n'


def test_without_a_configuration_it_says_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shop(tmp_path)
    assert run(["export", "events", "--out", "-", "--data", str(tmp_path), "--columns", "case_id", "--lang", "en"]) == 0
    assert "case_id is often empty" in capsys.readouterr().err


def test_spans(tmp_path: Path) -> None:
    span: dict[str, object] = {
        "trace_id": "ab" * 16,
        "name": "ship",
        "kind": "server",
        "service": "wms",
        "start": T0,
        "end": T0 + HOUR,
        "status": "ok",
        "attributes": [("order.id", "1")],
        "links": [],
        "resource": "{}",
    }
    commit(tmp_path, spans=tuple({**span, "span_id": f"{i:016x}", "scope": ""} for i in range(3)))
    out = tmp_path / "spans.csv"
    assert export("spans", out, data=tmp_path, config=None, process=None, columns=None, language="en") == 3
    rows = list(csv.DictReader(io.StringIO(out.read_text())))
    assert [row["span_id"] for row in rows] == [f"{i:016x}" for i in range(3)]
    assert {row["trace_id"] for row in rows} == {"ab" * 16}
    assert json.loads(rows[0]["attributes"]) == {"order.id": "1"}


def test_an_empty_store_has_headings(tmp_path: Path) -> None:
    shop(tmp_path / "other")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "houtai.yaml").write_text("")
    assert exported(tmp_path / "data", tmp_path / "a.csv", columns=["event_id"]) == 0
    assert (tmp_path / "a.csv").read_text() == '"event_id"\n'


def numbered(count: int, begin: int = 0) -> pa.RecordBatch:
    return batch(
        event("1", "a", T0, event_id=f"{i:05}", process="order", leading="order") for i in range(begin, begin + count)
    )


def merged_away(data: Path, gone: slice) -> None:
    """What merging does: one segment in the place of some, whose files vanish."""
    manifest = Manifest(data)
    run = Store(data).segments("events")[gone]
    table = pa.concat_tables([pq.ParquetFile(each.path).read() for each in run]).unify_dictionaries()
    from sqlalchemy import insert

    from collector.store.manifest import _drop, _row
    from collector.store.segment import write_segment
    from collector.store.tables import SEGMENTS

    fresh = write_segment(data / "segments", "events", table, 1, 0)
    with manifest.changing() as connection:
        _drop(connection, run, 0)
        connection.execute(insert(SEGMENTS).values(id=run[-1].id, **_row(fresh, 0)))
    manifest.close()
    for each in run:
        each.path.unlink(missing_ok=True)


@pytest.mark.parametrize("read", [0, 1, 3, 5])
def test_segments_put_together_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read: int) -> None:
    commit(tmp_path, *(numbered(40, i * 40) for i in range(6)))
    monkeypatch.setattr(reading, "BATCH_ROWS", 40)
    found: list[str] = []
    for number, each in enumerate(reading.events(Store(tmp_path), {})):
        if number == read:
            merged_away(tmp_path, slice(1, 5))
        found += each["event_id"].to_pylist()
    assert found == [f"{i:05}" for i in range(240)]


def test_rows_taken_out_meanwhile(tmp_path: Path) -> None:
    commit(tmp_path, numbered(40), numbered(40, 40))
    rows = iter(reading.events(Store(tmp_path), {}))
    next(rows)
    manifest = Manifest(tmp_path)
    gone = Store(tmp_path).segments("events")[1:]
    with manifest.changing() as connection:
        manifest.replace(gone, (), connection, 0)
        manifest.new_generation(connection)
    manifest.close()
    gone[0].path.unlink()
    with pytest.raises(RetryableError, match="run it again"):
        list(rows)


def test_a_damaged_segment_is_told_and_the_rest_written(tmp_path: Path) -> None:
    shop(tmp_path)
    Store(tmp_path).segments("events")[0].path.write_bytes(b"PAR1")
    with pytest.raises(RetryableError, match="1 segments cannot be read"):
        exported(tmp_path, tmp_path / "a.csv", columns=["event_id"])
    assert (tmp_path / "a.csv").read_text() == '"event_id"\n"3"\n"4"\n'


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["events", "--out", "a.xls"], "this kind of file is not written"),
        (["events", "--out", "none/a.csv"], "there is no such folder"),
        (["events", "--out", "-", "--columns", "a"], "no column 'a'"),
        (["spans", "--out", "-", "--process", "order"], "spans belong to no process"),
        (["report", "--out", "-", "--columns", "a"], "a report has none"),
        (["report", "--out", "-"], "say which one (order, return)"),
        (["events", "--out", "-", "--data", "none"], "none: there is no such data folder"),
    ],
)
def test_one_clear_line(
    tmp_path: Path,
    arguments: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = shop(tmp_path / "data")
    monkeypatch.chdir(tmp_path)
    assert run(["export", "--data", "data", "--config", str(config), "--lang", "en", *arguments]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_nothing_half_written_is_left(tmp_path: Path) -> None:
    shop(tmp_path)
    with pytest.raises(PermanentError):
        exported(tmp_path, tmp_path / "a.csv", columns=["nothing"])
    assert not list(tmp_path.glob("*a.csv*"))
