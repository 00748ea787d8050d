"""The bottleneck report as HTML: the body that pages show, and one self-contained file that prints on A4."""

from functools import cache, partial
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from api.bottlenecks.model import BottleneckReport, Redesign
from api.html_report import humanise
from collector.vocabulary.languages import LANGUAGES, Language, text
from mining.map import STYLE as MAP_STYLE
from mining.names import CAUSE_COLOURS
from mining.report import Report

HERE: Final = Path(__file__).parent
STYLE: Final = (HERE / "report.css").read_text(encoding="utf-8") + "".join(
    f".breport .cause-{name}{{fill:{colour}}}\n" for name, colour in CAUSE_COLOURS.items()
)
"""For a page that shows the body inside an element of class `breport`."""
ROWS: Final = 12
"""Of the tables of paths and roles."""


def body(told: BottleneckReport) -> Markup:
    """The report without anything around it: no script, no inline style."""
    return Markup(_environment().get_template("body.html.j2").render(**_words(told)))


def redesign_part(told: Redesign, language: Language) -> Markup:
    """What became of one change, for the page of its finding."""
    return Markup(_environment().get_template("redesign.html.j2").render(d=told, t=partial(text, language)))


def html_file(told: BottleneckReport, report: Report) -> str:
    """One file: no script, nothing loaded from elsewhere. The paths and roles of `report` stand at its end."""
    language = _language(told)
    return (
        _environment()
        .get_template("alone.html.j2")
        .render(
            **_words(told),
            body=body(told),
            style=Markup((HERE / "alone.css").read_text(encoding="utf-8") + MAP_STYLE + STYLE),
            variants=report.variants[:ROWS],
            roles=sorted(report.roles, key=lambda role: (-role.waiting_caused_s, role.role))[:ROWS],
            duration=partial(humanise.duration, language),
            exact=partial(humanise.exact, language),
            whole=humanise.whole,
            percent=partial(humanise.percent, language),
        )
    )


def _words(told: BottleneckReport) -> dict[str, object]:
    return {"r": told, "t": partial(text, _language(told)), "colours": CAUSE_COLOURS}


def _language(told: BottleneckReport) -> Language:
    return next(language for language in LANGUAGES if language == told.language)


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
