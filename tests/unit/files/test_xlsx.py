"""XLSX as ERPs export it."""

import io
import zipfile
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from collector.files import read, xlsx_package
from collector.vocabulary.errors import PermanentError
from tests.unit.files.readers import OPTIONS, rows, short, utc


def local(*parts: int) -> datetime:
    """A time without a zone, as Excel has it."""
    return utc(*parts).replace(tzinfo=None)


HEADINGS = ["订单号", "环节", "开始时间", "结束时间", "操作人", "岗位", "店铺", "金额", "备注"]


def book(path: Path, *sheets: tuple[str, list[list[Any]]]) -> Path:
    made = openpyxl.Workbook()
    made.remove(made.worksheets[0])
    for name, lines in sheets:
        sheet = made.create_sheet(name)
        for line in lines:
            sheet.append(line)
    made.save(path)
    made.close()
    return path


def repacked(path: Path, part: str, change: Any) -> Path:
    """The same package with one part changed."""
    out = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            data = old.read(name)
            new.writestr(name, change(data) if name == part else data)
    path.write_bytes(out.getvalue())
    return path


def test_an_export_of_a_chinese_erp(tmp_path: Path) -> None:
    path = book(
        tmp_path / "订单.xlsx",
        ("说明", [["本表由系统导出"], ["导出人", "李雷"]]),
        (
            "明细",
            [
                ["订单操作明细表"],
                ["导出时间：2026-01-05 09:00"],
                [],
                HEADINGS,
                ["0012", "审核", local(2026, 1, 5, 8), local(2026, 1, 5, 8, 30), "李雷", "审核员", "一店", 12.5],
                [20260105001, "审核", "2026-01-05 08:00:01", "2026/1/5 8:31", "韩梅梅", "审核员", None, "1,200", "急"],
                [202601050012345, "发货", "2026年1月5日 10时00分", None, None, None, "二店"],
                ["合计", None, None, None, None, None, None, 1212.5],
                ["共计 3 笔"],
            ],
        ),
    )
    log = read(path, replace(OPTIONS, timezone="Asia/Shanghai"))
    first, second, third = rows(log)
    assert [row["objects"][0]["id"] for row in (first, second, third)] == ["0012", "20260105001", "202601050012345"]
    assert (first["start"], first["end"]) == (utc(2026, 1, 5, 0), utc(2026, 1, 5, 0, 30))
    assert (second["start"], second["end"]) == (utc(2026, 1, 5, 0, 0, 1), utc(2026, 1, 5, 0, 31))
    assert third["start"] == third["end"] == utc(2026, 1, 5, 2)
    assert (first["actor"], first["role"], first["shop"], first["amount"]) == ("李雷", "审核员", "一店", 1250)
    assert (second["amount"], dict(second["fields"])) == (120000, {"备注": "急"})
    assert log.quality.notes[:3] == (
        "The sheet 明细 was read.",
        "2 rows above the headings were left out.",
        "2 rows of totals were left out.",
    )
    assert (log.quality.dropped, log.quality.without_case) == (0, 0)


def test_numbers_keep_all_digits(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", ("a", [["case", "activity", "end"]] + [[7, "a", "2026-01-01"]] * 3))
    numbers = iter([b"20260105000000000123", b"1E+15", b"9007199254740993"])

    def change(data: bytes) -> bytes:
        parts = data.split(b"<v>7</v>")
        return b"".join(part + (b"<v>" + next(numbers) + b"</v>" if i < 3 else b"") for i, part in enumerate(parts))

    repacked(path, "xl/worksheets/sheet1.xml", change)
    assert [case for case, *_ in short(read(path, OPTIONS))] == [
        "20260105000000000123",
        "1000000000000000",
        "9007199254740993",
    ]


def test_fractions_of_a_day_are_whole_seconds(tmp_path: Path) -> None:
    times = [local(2026, 1, 5, hour, minute, 20) for hour in range(24) for minute in (0, 20, 59)]
    path = book(tmp_path / "a.xlsx", ("a", [["case", "activity", "end"], *([1, "a", at] for at in times)]))
    assert [row["end"].replace(tzinfo=None) for row in rows(read(path, OPTIONS))] == times


def test_cells_merged_over_lines(tmp_path: Path) -> None:
    made = openpyxl.Workbook()
    sheet = made.worksheets[0]
    sheet.append(["case", "activity", "end"])
    for hour in range(3):
        sheet.append(["A1" if hour == 0 else None, f"s{hour}", local(2026, 1, 5, hour)])
    sheet.merge_cells("A2:A4")
    made.save(tmp_path / "a.xlsx")
    assert [case for case, *_ in short(read(tmp_path / "a.xlsx", OPTIONS))] == ["A1", "A1", "A1"]


def test_hidden_sheets_come_last(tmp_path: Path) -> None:
    lines = [["case", "activity", "end"], ["hidden", "a", "2026-01-01"]]
    path = book(tmp_path / "a.xlsx", ("h", lines), ("v", [lines[0], ["shown", "a", "2026-01-01"]]))
    made = openpyxl.load_workbook(path)
    made["h"].sheet_state = "hidden"
    made.active = 1
    made.save(path)
    assert [case for case, *_ in short(read(path, OPTIONS))] == ["shown"]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([["单据", "环节", "时间"], ["1", "a", "2026-01-01"]], "no column for the case"),
        ([], "has no line of column names"),
        ([["case", "activity", "end"], ["1", "a", "soon"]], "row 2, column end: 'soon' is no time"),
    ],
)
def test_one_clear_line(tmp_path: Path, lines: list[list[Any]], message: str) -> None:
    path = book(tmp_path / "a.xlsx", ("a", lines))
    with pytest.raises(PermanentError) as error:
        read(path, OPTIONS)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_no_package(tmp_path: Path) -> None:
    (tmp_path / "a.xlsx").write_text("<html>")
    with pytest.raises(PermanentError, match="is no XLSX"):
        read(tmp_path / "a.xlsx", OPTIONS)


def test_a_sheet_of_two_cells_far_apart_is_not_laid_out(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", ("a", [["case", "activity", "end"], ["1", "a", "2026-01-01"]]))
    repacked(path, "xl/worksheets/sheet1.xml", lambda data: data.replace(b'r="C2"', b'r="XFD1048576"'))
    with pytest.raises(PermanentError, match="save it as CSV"):
        read(path, OPTIONS)


def test_what_unpacks_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx_package, "MOST_BYTES", 20 << 20)
    path = book(tmp_path / "a.xlsx", ("a", [["case", "activity", "end"], ["1", "a", "2026-01-01"]]))
    repacked(path, "xl/worksheets/sheet1.xml", lambda data: data + b" " * (30 << 20))
    assert path.stat().st_size < 1 << 20
    # The directory may say that it is small; what counts is what comes out.
    data = path.read_bytes()
    with zipfile.ZipFile(path) as package:
        size = package.getinfo("xl/worksheets/sheet1.xml").file_size
    path.write_bytes(data.replace(size.to_bytes(4, "little"), (1000).to_bytes(4, "little")))
    with pytest.raises(PermanentError, match="unpacks to more than"):
        read(path, OPTIONS)
