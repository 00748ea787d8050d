"""Every sentence of the bottleneck report has its Chinese."""

import ast
import re
from pathlib import Path

import pytest

from api.bottlenecks.redesigning import LABELS
from api.bottlenecks.sections import HOW
from collector.vocabulary.languages import has_text, text

ROOT = Path(__file__).resolve().parents[3]
MODULES = sorted([*(ROOT / "api/bottlenecks").glob("*.py"), ROOT / "alerts/delivery/weekly.py"])
SAY = {"say": 0, "text": 1}


def messages() -> list[str]:
    found = {*HOW.values(), *LABELS.values()}
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
                if name in SAY and len(node.args) > SAY[name]:
                    message = node.args[SAY[name]]
                    if isinstance(message, ast.Constant) and isinstance(message.value, str):
                        found.add(message.value)
            # Messages that are said by way of a name.
            value = node.value if isinstance(node, ast.Constant) else None
            if isinstance(value, str) and ("{count}" in value or "{figure}" in value):
                found.add(value)
    for path in (ROOT / "api/bottlenecks").glob("*.j2"):
        found |= set(re.findall(r'\bt\("([^"]+)"', path.read_text(encoding="utf-8")))
    return sorted(found)


def test_there_are_messages() -> None:
    assert len(messages()) > 80


@pytest.mark.parametrize("message", messages())
def test_chinese_with_the_same_places(message: str) -> None:
    assert has_text("zh-CN", message)
    places = set(re.findall(r"{(\w+)", message))
    assert set(re.findall(r"{(\w+)", text("zh-CN", message))) == places
