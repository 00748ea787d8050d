"""`houtai mine --xlsx`: the report as a workbook that looks right when opened."""

import io
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from openpyxl import load_workbook

from api.workbook import workbook
from collector.vocabulary.languages import Language
from mining.config import ProcessConfig
from mining.reporting import report
from tests.helpers import arena, event, log
from tests.unit.imports.test_import import run

SHEETS = {
    "en": ["Overview", "Activities", "Direct successions", "Transitions", "Variants", "Roles", "Handovers", "Findings"],
    "zh-CN": ["概览", "环节", "直接后续", "流转等待", "流程路径", "岗位", "转交", "问题"],
}


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_every_table_has_a_sheet(language: Language) -> None:
    told = report(
        log("abc", "abc", "ac", roles={"a": "clerk", "b": "boss"}), ProcessConfig("test", "case"), 0, language
    )
    book = load_workbook(io.BytesIO(workbook(told, language, ZoneInfo("UTC"))))
    assert book.sheetnames == SHEETS[language]
    for sheet in book:
        assert sheet.freeze_panes == "A2"
        assert sheet["A1"].font.b
        assert sheet.auto_filter.ref == sheet.dimensions
        assert all(8 <= each.width <= 61 for each in sheet.column_dimensions.values())
        headings = [cell.value for cell in sheet[1]]
        assert all(headings)
        assert len(set(headings)) == len(headings)
    rows = [len(told.nodes), len(told.edges), len(told.transitions), len(told.variants), len(told.roles)]
    assert [book[name].max_row - 1 for name in SHEETS[language][1:6]] == rows


def test_numbers_are_numbers_and_durations_can_be_read() -> None:
    told = report(log("abc", "ab"), ProcessConfig("test", "case"), 0)
    book = load_workbook(io.BytesIO(workbook(told, "en", ZoneInfo("UTC"))))
    names = [cell.value for cell in book["Direct successions"][1]]
    first = dict(zip(names, book["Direct successions"][2], strict=True))
    assert (first["From activity"].value, first["To activity"].value, first["Count"].value) == ("a", "b", 2)
    assert first["Gap: median"].value == timedelta(hours=1)
    assert first["Gap: median"].number_format == "[h]:mm:ss"
    overview = {row[0]: row[1] for row in book["Overview"].values}
    assert (overview["Events"], overview["Cases"], overview["From"]) == (5, 2, "2026-01-05 00:00")


def test_no_name_becomes_a_formula() -> None:
    told = report(arena([event("1", "=1+1", 0), event("1", "b\x01", 1)]), ProcessConfig("test", "case"), 0)
    sheet = load_workbook(io.BytesIO(workbook(told, "en", ZoneInfo("UTC"))))["Activities"]
    assert {(cell.value, cell.data_type) for cell in sheet["A"][1:]} == {("=1+1", "s"), ("b\ufffd", "s")}


def test_on_the_command_line(tmp_path: Path) -> None:
    source = tmp_path / "a.csv"
    source.write_text("case_id,activity,end\n1,付款,2024-01-01\n1,发货,2024-01-02\n")
    assert run(["mine", str(source), "--xlsx", str(tmp_path / "out.xlsx"), "--lang", "zh-CN"]) == 0
    book = load_workbook(tmp_path / "out.xlsx")
    assert [row[:2] for row in book["直接后续"].values][1] == ("付款", "发货")
