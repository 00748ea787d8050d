"""Every word a user sees, in English and Simplified Chinese, from one gettext catalogue.

English texts are the message ids. The Chinese ones stand in `locale/zh_CN/*.po`, one file a package, read as one
catalogue. Kinds, names, causes and other bare words use a context (`pgettext`), so that "rule" the finding and
"rule" the setting can differ.
"""

import gettext
import io
from functools import cache
from pathlib import Path
from typing import Final, Literal

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

Language = Literal["en", "zh-CN"]
LANGUAGES: Final[tuple[Language, ...]] = ("en", "zh-CN")
LOCALE: Final = Path(__file__).parent / "locale"


@cache
def _catalogue(language: Language) -> gettext.NullTranslations:
    if language == "en":
        return gettext.NullTranslations()
    merged: gettext.GNUTranslations | None = None
    for path in sorted((LOCALE / language.replace("-", "_")).glob("*.po")):
        with path.open("rb") as file:
            catalogue = read_po(file, locale=language.replace("-", "_"))
        compiled = io.BytesIO()
        write_mo(compiled, catalogue)
        compiled.seek(0)
        translations = gettext.GNUTranslations(compiled)
        if merged is None:
            merged = translations
        else:
            merged.add_fallback(translations)
    return merged or gettext.NullTranslations()


def text(language: Language, message: str, /, **values: object) -> str:
    """`message` in `language`, its `{named}` places filled with `values` (str.format)."""
    found = _catalogue(language).gettext(message)
    return found.format(**values) if values else found


def word(language: Language, context: str, name: str, /) -> str:
    """A bare word of the vocabulary in `language`: `word("zh-CN", "kind", "bottleneck")` is 瓶颈.

    In English a name without an entry is shown with spaces for underscores. Contexts: kind, name (as `kind/name`),
    severity, urgency, status, cause, term (GLOSSARY words), lever, owner.
    """
    found = _catalogue(language).pgettext(context, name)
    return found if language != "en" else found.rsplit("/", 1)[-1].replace("_", " ")


def has_text(language: Language, message: str, context: str | None = None) -> bool:
    """Whether the catalogue has an entry of its own for `message`; always true for English."""
    if language == "en":
        return True
    catalogue = _catalogue(language)
    if context is None:
        return catalogue.gettext(message) != message
    return catalogue.pgettext(context, message) != message


def best_language(accept: str | None) -> Language:
    """The language of LANGUAGES that an Accept-Language header wants most; English where it names neither."""
    ranked: list[tuple[float, int, str]] = []
    for place, part in enumerate((accept or "").split(",")):
        tag, _, parameter = part.strip().partition(";")
        quality = 1.0
        if parameter.strip().startswith("q="):
            try:
                quality = float(parameter.strip()[2:])
            except ValueError:
                quality = 0.0
        ranked.append((-quality, place, tag.strip().lower()))
    for negative, _, tag in sorted(ranked):
        if negative == 0:
            continue
        if tag == "zh" or tag.startswith("zh-"):
            return "zh-CN"
        if tag == "en" or tag.startswith("en-"):
            return "en"
    return "en"
