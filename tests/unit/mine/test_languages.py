"""Every word of the readers, the terminal and the page is there in Chinese."""

import re
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.extract import extract

from collector.vocabulary.languages import has_text, text

ROOT = Path(__file__).resolve().parents[3]
SOURCES = ("collector/files", "api/html_report", "api/terminal", "api/one_shot.py", "api/outputs.py", "api/workbook.py")


def _messages() -> list[str]:
    found: set[str] = set()
    for source in SOURCES:
        path = ROOT / source
        for file in [path] if path.is_file() else sorted(path.rglob("*.py")):
            with file.open("rb") as handle:
                keywords: dict[str, tuple[int, ...]] = {"text": (2,), "say": (1,)}
                for _, message, _, _ in extract("python", handle, keywords=keywords):
                    found.add(message if isinstance(message, str) else message[0])
    for template in sorted((ROOT / "api/html_report").glob("*.j2")):
        found |= set(re.findall(r'\bt\("([^"]+)"', template.read_text(encoding="utf-8")))
    return sorted(found)


@pytest.mark.parametrize("message", _messages())
def test_chinese(message: str) -> None:
    assert has_text("zh-CN", message)
    places = {name for _, name, _, _ in Formatter().parse(message) if name}
    assert {name for _, name, _, _ in Formatter().parse(text("zh-CN", message)) if name} == places


def test_messages_are_found() -> None:
    assert len(_messages()) > 80
