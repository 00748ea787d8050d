"""Options that several commands share, and the language of a terminal."""

import os
import sys
from pathlib import Path
from typing import Annotated

import structlog
import typer

from collector.vocabulary.languages import Language

Config = Annotated[Path | None, typer.Option("--config", help="The configuration, houtai.yaml.", show_default=False)]
Data = Annotated[Path, typer.Option("--data", help="The data folder.")]


def terminal_language() -> Language:
    """Simplified Chinese where the terminal's locale says so, else English."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if value := os.environ.get(name):
            return "zh-CN" if value.lower().startswith("zh") else "en"
    return "en"


def quiet() -> None:
    """What the store logs is for its service; of a command the result says it."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger("error"),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )
