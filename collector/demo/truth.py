"""What is wrong in the demo, written down while it happens."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

Value: TypeAlias = str | float | int | tuple[str, ...] | None


def moment(time: int) -> str:
    """Microseconds UTC as ISO 8601."""
    return datetime.fromtimestamp(time / 1_000_000, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


@dataclass
class Truth:
    """One built-in problem."""

    name: str
    problem: str
    process: str
    kind: str
    finding: str
    """Name of the finding that should see it."""
    subject: dict[str, Value]
    since: int | None
    """Microseconds UTC; None: from the beginning."""
    window: str | None
    """The local hours in which it shows, where it does so at some hours only."""
    drawn: dict[str, Value]
    cases: dict[str, None] = field(default_factory=dict)
    """Affected cases so far, in the order in which they were hit."""

    def hit(self, case: str) -> None:
        """One more case is affected."""
        self.cases[case] = None

    def document(self) -> dict[str, object]:
        """As written to the truth file."""
        return {
            "name": self.name,
            "problem": self.problem,
            "process": self.process,
            "finding": {"kind": self.kind, "name": self.finding, "subject": self.subject},
            "since": None if self.since is None else moment(self.since),
            "window": self.window,
            "size": len(self.cases),
            "drawn": self.drawn,
            "cases": list(self.cases),
        }


def write(truths: list[Truth], path: Path) -> None:
    """Write the truth file whole or not at all. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".part")
    text = json.dumps([truth.document() for truth in truths], ensure_ascii=False, indent=1)
    draft.write_text(text + "\n", encoding="utf-8")
    draft.replace(path)
