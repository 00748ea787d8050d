"""One thing that is wrong."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from collector.vocabulary.languages import Language, text, word


@dataclass(frozen=True)
class Trouble:
    """What is wrong and what mends it, as messages of the catalogue whose places `figures` fill."""

    check: str
    severity: Literal["warning", "critical"]
    what: str
    remedy: str
    figures: Mapping[str, object] = field(default_factory=dict)

    def line(self, language: Language) -> str:
        """All of it in one line."""
        what, remedy = (
            text(language, each, **self.figures) if self.figures else text(language, each)
            for each in (self.what, self.remedy)
        )
        severity = word(language, "severity", self.severity)
        return text(language, "[{severity}] {what} To mend it: {remedy}", severity=severity, what=what, remedy=remedy)
