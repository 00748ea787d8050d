"""Looks over a set-up and says what is wrong with it, with a figure and a remedy."""

from collections.abc import Iterator
from pathlib import Path

from api.doctor.checks import CHECKS
from api.doctor.situation import Situation, look
from api.doctor.trouble import Trouble

__all__ = ["Situation", "Trouble", "examine", "look"]


def examine(config: Path | None, data: Path) -> Iterator[Trouble]:
    """Every trouble that any check finds, in the order of the checks. Reads only."""
    situation = look(config, data)
    for check in CHECKS:
        yield from check(situation)
