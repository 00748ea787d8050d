"""What the bottleneck report says, in the words of one language; page, file, PDF and workbook only lay it out."""

from dataclasses import dataclass
from typing import Literal

Tone = Literal["", "better", "worse", "flat"]


@dataclass(frozen=True)
class Shown:
    """A figure as it is shown, and exactly (empty where that is the same)."""

    text: str
    exact: str = ""


NONE = Shown("–")


@dataclass(frozen=True)
class Figure:
    """One of the figures on top."""

    label: str
    value: Shown
    change: str
    """Against the period before; empty where it is not known."""
    tone: Tone


@dataclass(frozen=True)
class CausePart:
    """One piece of a cause bar: where it begins and how long it is, 0..1."""

    name: str
    word: str
    begin: float
    share: float
    shown: str


@dataclass(frozen=True)
class Row:
    """One bottleneck in the ranking."""

    number: int
    anchor: str
    """Of its section; empty where it has none."""
    source: str
    """Empty for a step that is slow in itself."""
    target: str
    finding: str
    """The title of what was found there, empty for nothing."""
    hours_per_week: float
    hours: Shown
    money: str
    """Empty where no price is known."""
    cases: str
    cases_url: str
    """Empty in files."""
    p50: Shown
    p90: Shown
    causes: tuple[CausePart, ...]
    """Empty where they are not known."""
    no_causes: str
    """Why there are none."""
    since: str
    trend: str
    """SVG; empty where there are too few weeks."""


@dataclass(frozen=True)
class Contrast:
    """For whom it is worst."""

    field: str
    value: str
    url: str
    """This report of those cases alone; empty in files."""
    lift: str
    cases: str
    p_value: str


@dataclass(frozen=True)
class Example:
    """A case or a trace to look at; `url` is empty in files."""

    name: str
    url: str = ""


@dataclass(frozen=True)
class Advice:
    """What to try."""

    detail: str
    owner: str
    gain: str
    """Empty where it is not known."""


@dataclass(frozen=True)
class Comparison:
    """One figure before and after a change."""

    label: str
    before: Shown
    after: Shown
    difference: str
    interval: str


@dataclass(frozen=True)
class Redesign:
    """Where a change of the process stands."""

    sentence: str
    tone: Tone
    note: str
    """What was measured, and how."""
    comparisons: tuple[Comparison, ...]


@dataclass(frozen=True)
class Redesigned:
    """A change of something that has no section of its own any more."""

    title: str
    url: str
    """Empty in files."""
    redesign: Redesign


@dataclass(frozen=True)
class Section:
    """One bottleneck in full."""

    number: int
    anchor: str
    title: str
    labels: tuple[str, ...]
    """Severity, kind, status, confidence."""
    severity: str
    url: str
    """Of the finding's page; empty in files and where there is no finding."""
    story: str
    facts: tuple[tuple[str, Shown], ...]
    causes: tuple[CausePart, ...]
    why: tuple[str, ...]
    since: tuple[str, ...]
    contrasts: tuple[Contrast, ...]
    for_whom: str
    """Said where there are no contrasts, and beside them."""
    cases: tuple[Example, ...]
    traces: tuple[Example, ...]
    advice: tuple[Advice, ...]
    check: str
    redesign: Redesign | None
    spectrum: str
    """SVG; empty where there is nothing to draw."""
    spectrum_note: str
    load: str
    load_note: str


@dataclass(frozen=True)
class Mover:
    """A transition that got better or worse."""

    source: str
    target: str
    before: Shown
    now: Shown
    more: str
    medians: str
    tone: Tone


@dataclass(frozen=True)
class BottleneckReport:
    """The whole."""

    language: str
    process: str
    title: str
    period: str
    sentence: str
    figures: tuple[Figure, ...]
    compared: str
    """What the changes are against, or why there are none."""
    quality: tuple[str, ...]
    map: str
    """SVG; empty for a log without events."""
    rows: tuple[Row, ...]
    rows_note: str
    with_money: bool
    legend: tuple[CausePart, ...]
    sections: tuple[Section, ...]
    redesigned: tuple[Redesigned, ...]
    """Changes to what is no bottleneck any more: perhaps they worked."""
    movers: tuple[Mover, ...]
    movers_note: str
    further: tuple[tuple[str, str, str], ...]
    """What else was found: title, size, address."""
    made: str
