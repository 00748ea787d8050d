"""The bottleneck report as PDF, set by Typst with a font that is always there (docs/decisions/0008-pdf.md)."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import msgspec

from api.bottlenecks.model import BottleneckReport
from collector.vocabulary.errors import PermanentError
from collector.vocabulary.languages import LANGUAGES, Language, text
from mining.map import STYLE
from mining.names import CAUSE_COLOURS

TEMPLATE: Final = Path(__file__).parent / "report.typ"
FONT: Final = "Noto Sans SC"
FONT_PACKAGE: Final = "pylopdf_fonts_zh_cn"
FONT_FILE: Final = "NotoSansSC-Regular.otf"
_AT_MEDIA: Final = re.compile(r"@media[^{]*\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}")
_VARIABLE: Final = re.compile(r"(--[\w-]+):([^;}]+)")


def pdf_file(told: BottleneckReport, moment: datetime) -> bytes:
    """The report on A4, the same bytes for the same report and `moment` (which the file says it was made at).

    PermanentError, one line, where the font or Typst is not installed.
    """
    language = next(language for language in LANGUAGES if language == told.language)
    folder = _font_folder(language)
    import typst

    lang, _, region = language.partition("-")
    inputs = {
        "report": msgspec.json.encode(_printable(told)).decode(),
        "words": msgspec.json.encode(_words(language)).decode(),
        "colours": msgspec.json.encode(CAUSE_COLOURS).decode(),
        "font": FONT,
        "lang": lang,
        "region": region or "GB",
    }
    # Whatever fonts a machine has: the same report looks the same everywhere.
    fonts = typst.Fonts(include_system_fonts=False, font_paths=[str(folder)])
    compiler = typst.Compiler(TEMPLATE.read_bytes(), font_paths=fonts, ignore_system_fonts=True, sys_inputs=inputs)
    made = compiler.compile(format="pdf", timestamp=moment.astimezone(UTC).replace(microsecond=0))
    assert isinstance(made, bytes)
    return made


def _font_folder(language: Language) -> Path:
    found = find_spec(FONT_PACKAGE)
    folder = Path(found.origin).parent if found is not None and found.origin else None
    if folder is None or not (folder / FONT_FILE).is_file() or find_spec("typst") is None:
        raise PermanentError(text(language, "a PDF needs the packages typst and pylopdf-fonts-zh-cn: install them"))
    return folder


def _printable(told: BottleneckReport) -> BottleneckReport:
    """With pictures that need no page around them."""
    sections = tuple(
        replace(each, spectrum=printable(each.spectrum), load=printable(each.load)) for each in told.sections
    )
    return replace(told, map=printable(told.map), sections=sections)


@cache
def _words(language: Language) -> dict[str, str]:
    """The headings of the template, by their names there."""
    say = partial(text, language)
    return {
        "report": say("Bottleneck report"),
        "sure": say("How sure this is"),
        "map": say("Where it waits"),
        "map_note": say("The darker a step, the more hours are waited before it. On a line: how often · median wait."),
        "ranking": say("Bottlenecks by hours a week"),
        "where": say("Where"),
        "hours": say("Hours a week"),
        "money": say("Money a week"),
        "cases": say("Cases"),
        "median": say("Median"),
        "why": say("Why"),
        "since": say("Since"),
        "trend": say("Trend"),
        "worked": say("Did the change work?"),
        "before": say("Before"),
        "before_change": say("Before the change"),
        "after_change": say("After the change"),
        "now": say("Now"),
        "difference": say("Difference"),
        "interval": say("Interval"),
        "wait": say("Wait"),
        "happens": say("What happens"),
        "since_when": say("Since when"),
        "whom": say("For whom"),
        "field": say("Field"),
        "value": say("Value"),
        "lift": say("Times as often"),
        "examples": say("Cases to look at"),
        "traces": say("Traces"),
        "try": say("What to try"),
        "no_advice": say("No suggestion: look at the cases first."),
        "check": say("How to check afterwards"),
        "redesigned": say("Changes to what is no bottleneck any more"),
        "movers": say("Better or worse than before"),
        "further": say("What else was found"),
    }


def printable(svg: str) -> str:
    """A drawing that any reader of SVG understands: with its style, and the light scheme's values for variables."""
    inside = svg.replace(">", f"><style>{_style()}</style>", 1) if 'class="process-map"' in svg else svg
    return re.sub(r'font-family="[^"]*"', f'font-family="{FONT}"', inside)


@cache
def _style() -> str:
    plain = _AT_MEDIA.sub("", STYLE)
    values = {name: value.strip() for name, value in _VARIABLE.findall(plain)}
    return re.sub(r"var\((--[\w-]+)\)", lambda found: values[found[1]], _VARIABLE.sub("", plain))
