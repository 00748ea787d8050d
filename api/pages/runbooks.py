"""Runbooks: Markdown that ships with the alerts, as pages."""

import re
from importlib.resources import files
from typing import Final

from markdown_it import MarkdownIt
from markupsafe import Markup

from collector.vocabulary.languages import Language

NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,80}")


def names() -> tuple[str, ...]:
    """The runbooks there are."""
    return tuple(
        sorted(p.name.removesuffix(".en.md") for p in files("alerts.runbooks").iterdir() if p.name.endswith(".en.md"))
    )


def runbook(name: str, language: Language) -> Markup | None:
    """A runbook as HTML, in English where there is none in `language`; None where there is none at all.

    Raw HTML in the Markdown is shown as text.
    """
    if not NAME.fullmatch(name):
        return None
    folder = files("alerts.runbooks")
    for wanted in (language, "en"):
        path = folder / f"{name}.{wanted}.md"
        if path.is_file():
            return Markup(_html(path.read_text(encoding="utf-8")))
    return None


def _html(markdown: str) -> str:
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = parser.parse(markdown)
    for token in tokens:
        # Aligned columns come as inline styles, which our content security policy forbids.
        if "style" in token.attrs:
            del token.attrs["style"]
    return str(parser.renderer.render(tokens, parser.options, {}))
