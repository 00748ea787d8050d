"""Runbooks: one Markdown page an alert and language; what it means, where to look, what to do, when it is over."""

from pathlib import Path
from typing import Final

from collector.vocabulary.errors import PermanentError
from collector.vocabulary.languages import Language

FOLDER: Final = Path(__file__).parent


def names() -> tuple[str, ...]:
    """Alerts that have a runbook, in order of their names."""
    return tuple(sorted({path.name.split(".")[0] for path in FOLDER.glob("*.md")}))


def runbook(name: str, language: Language) -> str:
    """The runbook of an alert as Markdown. Raises PermanentError where there is none."""
    if name not in names():
        raise PermanentError(f"runbook {name}: not known (known: {', '.join(names())})")
    return (FOLDER / f"{name}.{language}.md").read_text(encoding="utf-8")
