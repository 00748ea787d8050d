"""`houtai mine --html --pdf --xlsx`: the bottleneck report of a file."""

import io
from pathlib import Path

import pytest
from openpyxl import load_workbook

from tests.unit.mine.test_mine import ORDERS, run


@pytest.mark.parametrize(
    ("language", "sheet", "head"), [("en", "Bottlenecks", "Where it waits"), ("zh-CN", "瓶颈", "等在哪里")]
)
def test_all_three_in_one_go(tmp_path: Path, language: str, sheet: str, head: str) -> None:
    page, printed, book = (tmp_path / f"o.{ending}" for ending in ("html", "pdf", "xlsx"))
    run(ORDERS, "--html", page, "--pdf", printed, "--xlsx", book, "--lang", language)
    assert head in page.read_text(encoding="utf-8")
    assert printed.read_bytes().startswith(b"%PDF-")
    assert sheet in load_workbook(io.BytesIO(book.read_bytes())).sheetnames


def test_the_same_log_gives_the_same_pdf(tmp_path: Path) -> None:
    first, second = tmp_path / "1.pdf", tmp_path / "2.pdf"
    for path in (first, second):
        run(ORDERS, "--pdf", path, "--process", "order", "--lang", "en")
    assert first.read_bytes() == second.read_bytes()
