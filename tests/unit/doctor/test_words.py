"""Every sentence of doctor and mapping has its Chinese; every check stands in the tuple."""

import ast
import re
from pathlib import Path

import pytest

from api.doctor.checks import CHECKS
from collector.vocabulary.languages import has_text, text

ROOT = Path(__file__).resolve().parents[3]
FILES = sorted([*(ROOT / "api/doctor").rglob("*.py"), *(ROOT / "collector/suggest").glob("*.py")])
SENTENCE = re.compile(r"[A-Za-z{\[].*[ {].*")


def messages() -> set[str]:
    """What is said by `text`, `Trouble`, or kept as a message to be said."""
    found: set[str] = set()
    for path in FILES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            given: list[ast.expr] = []
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                if node.func.id == "text":
                    given = node.args[1:2]
                elif node.func.id == "Trouble":
                    given = node.args[2:4]
            elif isinstance(node, ast.Assign | ast.AnnAssign):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                named = {target.id for target in targets if isinstance(target, ast.Name)}
                if named & {"what", "remedy", "message", "REASONS"} and node.value is not None:
                    given = [node.value]
            for each in given:
                for part in ast.walk(each):
                    if isinstance(part, ast.Constant) and isinstance(part.value, str) and " " in part.value:
                        found.add(part.value)
    return found


@pytest.mark.parametrize("message", sorted(messages()))
def test_every_message_has_chinese_with_the_same_places(message: str) -> None:
    assert has_text("zh-CN", message)
    places = set(re.findall(r"{(\w+)", message))
    filled = text("zh-CN", message, **dict.fromkeys(places, "·")) if places else text("zh-CN", message)
    assert re.search(r"[\u4e00-\u9fff]", filled)


def test_there_are_messages() -> None:
    assert len(messages()) > 60


def test_the_checks_are_the_files() -> None:
    files = {path.stem for path in (ROOT / "api/doctor/checks").glob("*.py")} - {"__init__"}
    assert [check.__name__ for check in CHECKS] == sorted(
        (check.__name__ for check in CHECKS), key=[check.__name__ for check in CHECKS].index
    )
    assert {check.__name__ for check in CHECKS} == files
    assert len(CHECKS) == len(files)
