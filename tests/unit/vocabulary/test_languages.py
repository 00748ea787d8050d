import re
from pathlib import Path

import pytest

from collector.vocabulary.languages import LOCALE, best_language, has_text, text, word

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, "en"),
        ("", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-CN"),
        ("zh", "zh-CN"),
        ("en-GB,zh;q=0.9", "en"),
        ("fr-FR,zh;q=0.2,en;q=0.1", "zh-CN"),
        ("zh;q=0,en;q=0.1", "en"),
        ("zh;q=broken,en;q=0.1", "en"),
        ("de", "en"),
    ],
)
def test_best_language_is_the_one_wanted_most(header: str | None, expected: str) -> None:
    assert best_language(header) == expected


def test_words_of_the_glossary_are_in_both_languages() -> None:
    rows = re.findall(
        r"^\| (\w+) \S+ \| (.*) \|$", (ROOT / "docs/glossary.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    names = [(kind, part.split()[0]) for kind, parts in rows if kind != "kind" for part in parts.split(" · ")]
    assert len(names) > 25
    for kind, name in names:
        assert has_text("zh-CN", kind, "kind"), kind
        assert has_text("zh-CN", f"{kind}/{name}", "name"), (kind, name)
    assert word("en", "name", "error/system_error") == "system error"
    assert word("zh-CN", "name", "error/timeout") == "接口超时"


def test_places_in_a_text_are_filled() -> None:
    assert text("en", "{n} cases", n=3) == "3 cases"
    assert text("en", "no {places} are touched without values") == "no {places} are touched without values"


def test_no_chinese_entry_is_empty_or_loses_a_place() -> None:
    from babel.messages.pofile import read_po

    for path in sorted((LOCALE / "zh_CN").glob("*.po")):
        with path.open("rb") as file:
            catalogue = read_po(file, locale="zh_CN", abort_invalid=True)
        for message in catalogue:
            if not message.id:
                continue
            assert message.string, f"{path.name}: {message.id}"
            assert not message.fuzzy, f"{path.name}: {message.id}"
            # A Chinese date has the month's number where an English one has its name.
            places = set(re.findall(r"{(\w+)", str(message.id))) | ({"number"} if "{month}" in message.id else set())
            assert set(re.findall(r"{(\w+)", str(message.string))) <= places, f"{path.name}: {message.id}"
