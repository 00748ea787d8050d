"""Every sentence of API, pages and map has its Chinese."""

import ast
import re
from pathlib import Path

import pytest

from collector.vocabulary.languages import has_text, text

ROOT = Path(__file__).resolve().parents[3]
TEMPLATES = sorted((ROOT / "api/pages/templates").glob("*.html"))
MODULES = sorted([*(ROOT / "api/pages").glob("*.py"), *(ROOT / "mining/map").glob("*.py")])


def messages() -> dict[str, str]:
    """Message -> where it stands."""
    found: dict[str, str] = {}
    for path in TEMPLATES:
        for message in re.findall(r'\bt\("((?:[^"\\]|\\.)*)"', path.read_text(encoding="utf-8")):
            found[message] = path.name
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "text":
                message_node = node.args[1]
                if isinstance(message_node, ast.Constant) and isinstance(message_node.value, str):
                    found[message_node.value] = path.name
    return found


def contexts() -> set[tuple[str, str]]:
    """Words the templates ask for by a literal name."""
    found: set[tuple[str, str]] = set()
    for path in TEMPLATES:
        found |= set(re.findall(r'\bw\("(\w+)", "([^"]+)"\)', path.read_text(encoding="utf-8")))
    names = (
        "activity",
        "role",
        "system",
        "channel",
        "platform",
        "shop",
        "variant",
        "user",
        "staff",
        "device",
        "module",
    )
    return found | {("term", name) for name in names}


def test_there_are_messages() -> None:
    assert len(messages()) > 100


@pytest.mark.parametrize("message", sorted(messages()))
def test_every_message_has_chinese_with_the_same_places(message: str) -> None:
    assert has_text("zh-CN", message), f"{messages()[message]}: {message}"
    places = set(re.findall(r"{(\w+)", message))
    filled = text("zh-CN", message, **dict.fromkeys(places, "·")) if places else text("zh-CN", message)
    assert re.search(r"[\u4e00-\u9fff]", filled) or not re.search(r"[A-Za-z]{3,}", filled), filled


@pytest.mark.parametrize(("context", "name"), sorted(contexts()))
def test_every_word_has_chinese(context: str, name: str) -> None:
    assert has_text("zh-CN", name, context)
