"""Whatever bytes an XLSX or OCEL holds, it is read or refused with one line."""

import io
import tempfile
import zipfile
from functools import cache
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.files import test_ocel
from tests.unit.files.test_fuzz import damaged, one_line_or_success


@cache
def _xlsx() -> bytes:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for line in (["合同表"], ["单号", "环节", "结束时间"], ["1", "a", "2026-01-01"], [2, "b", 46023.5], ["合计"]):
        sheet.append(line)
    sheet.merge_cells("A3:A4")
    out = io.BytesIO()
    book.save(out)
    book.close()
    return out.getvalue()


@cache
def _ocel(ending: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        return test_ocel.written(Path(folder), ending).read_bytes()


def _with_part(part: str, data: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(_xlsx())) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, data if name == part else old.read(name))
    return out.getvalue()


def _part(name: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(_xlsx())) as package:
        return package.read(name)


@pytest.mark.parametrize("ending", [".jsonocel", ".xml", ".sqlite"])
def test_whole(ending: str) -> None:
    one_line_or_success(f"f{ending}", _ocel(ending))
    one_line_or_success("f.xlsx", _xlsx())


@given(st.one_of(st.binary(max_size=200), damaged(_xlsx())))
@settings(deadline=None)
def test_xlsx(data: bytes) -> None:
    one_line_or_success("f.xlsx", data)


@given(
    st.sampled_from(["xl/workbook.xml", "xl/styles.xml", "xl/worksheets/sheet1.xml", "xl/_rels/workbook.xml.rels"]),
    st.data(),
)
@settings(deadline=None)
def test_parts_of_an_xlsx(part: str, data: st.DataObject) -> None:
    one_line_or_success("f.xlsx", _with_part(part, data.draw(damaged(_part(part)))))


@given(st.one_of(st.binary(max_size=200), damaged(_ocel(".jsonocel"))))
@settings(deadline=None)
def test_json(data: bytes) -> None:
    one_line_or_success("f.jsonocel", data)


@given(st.one_of(st.binary(max_size=200), damaged(_ocel(".xml"))))
@settings(deadline=None)
def test_xml(data: bytes) -> None:
    one_line_or_success("f.xml", data)


@given(st.one_of(st.binary(max_size=200), damaged(_ocel(".sqlite"))))
@settings(deadline=None)
def test_sqlite(data: bytes) -> None:
    one_line_or_success("f.sqlite", data)


def test_deep_json() -> None:
    one_line_or_success("f.json", b'{"x": ' + b"[" * 200_000)
    one_line_or_success("f.json", b'{"ocel:events": ' + b"[" * 200_000)
