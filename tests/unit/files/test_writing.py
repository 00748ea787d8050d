"""What the writers of logs promise besides coming back equal."""

import contextlib
import io
import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from collector.files import read
from collector.files.columns import USUAL
from collector.files.events import assemble
from collector.files.log import RawLog
from collector.files.rest import REST, packed, unpack
from collector.files.writing import About, writer, xlsx
from collector.files.writing.xes import XesWriter
from collector.vocabulary.errors import PermanentError
from collector.vocabulary.schema import EVENT_SCHEMA
from tests.helpers import HOUR, T0
from tests.unit.files.readers import OPTIONS
from tests.unit.files.test_round_trip import EXPORTED, Row, comparable, exported, row, told


def some(cases: int = 3) -> list[Row]:
    """Three events a case: with a length, without, with two objects more; attributes of the case and of the event."""
    rows = []
    for number in range(cases):
        case, at = f"c{number}", T0 + number * HOUR
        fields = {"case:channel": f"web{number}", "note": "=x"}
        rows += [
            row(case, "=Pay", at, at + HOUR, actor="Ann", role="clerk", amount=1250, fields=fields),
            row(case, "Ship", at + HOUR, actor="+Bob", system="wms", fields={**fields, "note": "n"}),
            row(case, "Close & file", at + HOUR, at + 2 * HOUR, error="timeout", fields=fields),
        ]
        rows[-1]["objects"] += [{"type": kind, "id": f"o{number}", "qualifier": None} for kind in ("order", "parcel")]
    for number, each in enumerate(rows):
        each["event_id"] = f"{number:04d}"
    return rows


def test_pm4py_reads_the_same(tmp_path: Path) -> None:
    rows = some()
    for ending in (".xes", ".sqlite", ".jsonocel", ".xmlocel"):
        exported(rows, tmp_path / f"a{ending}")
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        import warnings

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import pm4py
            from pm4py.objects.ocel.importer.jsonocel.variants import ocel20_standard
            from pm4py.objects.ocel.importer.xmlocel.variants import ocel20

            frame = pm4py.read_xes(str(tmp_path / "a.xes"), variant="iterparse")
            logs = [
                pm4py.read_ocel2_sqlite(str(tmp_path / "a.sqlite")),
                ocel20_standard.apply(str(tmp_path / "a.jsonocel")),
                ocel20.apply(str(tmp_path / "a.xmlocel")),
            ]
    assert len(frame) == 9 + 6
    assert frame["lifecycle:transition"].value_counts().to_dict() == {"complete": 9, "start": 6}
    assert set(frame["case:channel"]) == {"web0", "web1", "web2"}
    assert sorted(frame["amount"].dropna()) == [12.5] * 3
    for log in logs:
        assert (len(log.events), len(log.objects), len(log.relations)) == (9, 9, 15)
        assert set(log.events["ocel:activity"]) == {"=Pay", "Ship", "Close & file"}
        assert set(log.objects["ocel:type"]) == {"case", "order", "parcel"}


def test_attributes_of_cases_stand_in_the_trace(tmp_path: Path) -> None:
    exported(some(1), tmp_path / "a.xes")
    text = (tmp_path / "a.xes").read_text()
    assert text.count('key="channel" value="web0"') == 1
    assert text.index('key="channel"') < text.index("<event>", text.index("<trace>"))
    assert text.count('key="concept:instance"') == 4


def test_more_than_memory_should_hold_is_sorted_through_files(tmp_path: Path) -> None:
    rows = some(150)
    path = tmp_path / "a.xes"
    with path.open("wb") as file:
        made = XesWriter(file, About(path), held=10)
        for at in range(len(rows) - 1, -1, -1):
            made.write(pa.RecordBatch.from_pylist([rows[at]], EXPORTED))
        made.close()
    assert comparable(told(read(path, OPTIONS))) == comparable(rows)


def test_no_cell_becomes_a_formula(tmp_path: Path) -> None:
    exported(some(1), tmp_path / "a.csv")
    exported(some(1), tmp_path / "a.xlsx")
    text = (tmp_path / "a.csv").read_text()
    assert '"\'=Pay"' in text
    assert not re.search(r'(^|,)"?[=+@]', text, re.M)
    cells = [cell for line in load_workbook(tmp_path / "a.xlsx")["events"] for cell in line]
    assert "=Pay" in {cell.value for cell in cells}
    assert "f" not in {cell.data_type for cell in cells}


def test_events_without_a_case_are_told(tmp_path: Path) -> None:
    rows = some(1)
    rows[1] = {**rows[1], "case_id": None, "objects": []}
    said: list[str] = []
    exported(rows, tmp_path / "a.xes", tell=said.append)
    assert said == [f"{tmp_path}/a.xes: 1 events without a case were left out: XES has none"]
    assert len(told(read(tmp_path / "a.xes", OPTIONS))) == 2
    exported(rows, tmp_path / "a.parquet")
    back = read(tmp_path / "a.parquet", OPTIONS)
    assert (len(told(back)), back.quality.without_case) == (3, 1)


def test_the_case_that_a_link_told(tmp_path: Path) -> None:
    rows = [{**each, "objects": [{"type": "parcel", "id": "p", "qualifier": None}]} for each in some(1)]
    expected = [
        {**each, "objects": [{"type": "case", "id": "c0", "qualifier": None}, *each["objects"]]} for each in rows
    ]
    for ending in (".xes", ".sqlite", ".jsonl", ".csv", ".parquet"):
        exported(rows, tmp_path / f"a{ending}")
        assert comparable(told(read(tmp_path / f"a{ending}", OPTIONS))) == comparable(expected), ending


@pytest.mark.parametrize("ending", [".xes", ".jsonocel"])
def test_a_log_is_of_one_process(tmp_path: Path, ending: str) -> None:
    rows = some(1)
    rows[2]["process"] = "other"
    with pytest.raises(PermanentError, match="one process, and there are test and other: say which with --process"):
        exported(rows, tmp_path / f"a{ending}")


def test_several_processes_are_not_read_as_one(tmp_path: Path) -> None:
    rows = some(1)
    rows[2]["process"] = "other"
    exported(rows, tmp_path / "a.csv")
    with pytest.raises(PermanentError, match=r"a\.csv: holds several processes \(other, test\)"):
        read(tmp_path / "a.csv", OPTIONS)


def test_a_log_needs_all_columns(tmp_path: Path) -> None:
    made = writer(io.BytesIO(), pa.schema([]), About(tmp_path / "a.xes"))
    with pytest.raises(PermanentError, match="needs all columns: leave out --columns"):
        made.write(pa.RecordBatch.from_pylist([{"activity": "a"}]))


def test_what_a_sheet_cannot_hold_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = some(1)
    rows[1]["fields"] = [("long", "x" * 40_000)]
    with pytest.raises(PermanentError, match=r"a\.xlsx, row 3, column fields: 40\d+ characters do not fit"):
        exported(rows, tmp_path / "a.xlsx")
    monkeypatch.setattr(xlsx, "MOST_ROWS", 3)
    with pytest.raises(PermanentError, match="an XLSX sheet holds 2 rows at most"):
        exported(some(1), tmp_path / "a.xlsx")


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("a.csv", ("2026-01-05T00:00:00.000000Z", "soon"), "row 2, column start: 'soon' is not what an export has"),
        ("a.csv", ("1250", "many"), "row 2, column amount: 'many' is not"),
        ("a.csv", ('"[{""type"":', '"{'), "row 2, column objects: "),
        ("a.jsonl", ("\n", "\n[]\n"), "row 2: is no JSON object"),
        ("a.jsonl", ('"activity": "=Pay"', '"activity": null'), "row 1: column activity is empty"),
    ],
)
def test_a_damaged_export_gives_one_line(tmp_path: Path, name: str, change: tuple[str, str], message: str) -> None:
    exported(some(1), tmp_path / name)
    text = (tmp_path / name).read_text()
    assert change[0] in text
    (tmp_path / name).write_text(text.replace(*change, 1))
    with pytest.raises(PermanentError) as error:
        read(tmp_path / name, OPTIONS)
    assert str(error.value).startswith(f"{tmp_path}/{name}, {message}")
    assert "\n" not in str(error.value)


JSON: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=3), st.just("\ud800")),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)),
    max_leaves=6,
)
NAMES = st.sampled_from([*EVENT_SCHEMA.names, "x"])


@given(
    st.lists(
        st.one_of(st.text(max_size=9), st.dictionaries(NAMES, JSON, max_size=4).map(packed)), min_size=2, max_size=2
    )
)
@settings(deadline=None, max_examples=200)
def test_whatever_stands_in_the_rest_is_read(rest: list[str]) -> None:
    names = ("case", "activity", "end", REST)
    columns = [pa.array(each, pa.string()) for each in (["1", "1"], ["a", "b"], ["2024-01-01"] * 2, rest)]
    log = unpack(assemble(RawLog(Path("f"), names, columns, USUAL, str), OPTIONS))
    assert [each.num_rows for each in log.batches] == [2]
    for batch in log.batches:
        batch.validate(full=True)


def test_json_lines_of_others(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(
        '{"case": 12345678901234567890, "activity": "付款", "end": "2024-01-01", "x": {"y": 1}}\n\n{"case": 1.50}\n'
    )
    log = read(path, OPTIONS)
    (found,) = told(log)
    assert (found["objects"][0]["id"], found["activity"]) == ("12345678901234567890", "付款")
    assert found["fields"] == [("x", '{"y": 1}')]
    assert log.quality.dropped == 1
