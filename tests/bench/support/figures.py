"""What both sides of engine_speed.py work out, in one form, so that it can be compared."""

import math
from dataclasses import dataclass, fields
from typing import Final

Spreads = dict[str, tuple[float, ...]]
"""Word -> mean, median, p90, p95 in seconds; NaN where there is nothing."""
NAMES: Final = ("activity", "role", "actor")
QUANTILES: Final = (0.5, 0.9, 0.95)
TOLERANCE: Final = 1e-6


@dataclass(frozen=True)
class Figures:
    """A full report: counts are exact, times are seconds."""

    graph: dict[tuple[str, str], int]
    starts: dict[str, int]
    ends: dict[str, int]
    gaps: dict[tuple[str, str], tuple[float, ...]]
    """Per edge mean, median, p95."""
    variants: dict[tuple[str, ...], int]
    service: dict[str, Spreads]
    """By activity, role, actor."""
    waiting: dict[str, Spreads]
    handovers: dict[str, dict[tuple[str, str], int]]
    """By role, actor."""
    rework: dict[str, int]
    """Activity -> cases that did it more than once."""
    duration: tuple[float, ...]
    """Mean, median, p90, p95 of the cases."""


def differences(ours: Figures, theirs: Figures) -> list[str]:
    """Where two reports differ: counts at all, times by more than a microsecond and 1e-9 of the value."""
    found: list[str] = []
    for field in fields(Figures):
        _compare(field.name, getattr(ours, field.name), getattr(theirs, field.name), found)
    return found


def _compare(place: str, ours: object, theirs: object, found: list[str]) -> None:
    match ours, theirs:
        case dict(), dict():
            for key in ours.keys() | theirs.keys():
                _compare(f"{place}[{key!r}]", ours.get(key), theirs.get(key), found)
        case tuple(), tuple() if len(ours) == len(theirs):
            for number, (one, other) in enumerate(zip(ours, theirs, strict=True)):
                _compare(f"{place}[{number}]", one, other, found)
        case float(), float():
            both_unknown = math.isnan(ours) and math.isnan(theirs)
            if not both_unknown and not math.isclose(ours, theirs, rel_tol=1e-9, abs_tol=TOLERANCE):
                found.append(f"{place}: {ours} and {theirs}")
        case _:
            if type(ours) is not type(theirs) or ours != theirs:
                found.append(f"{place}: {ours} and {theirs}")
