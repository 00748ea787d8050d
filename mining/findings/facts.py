"""What detectors see and what they return: facts, never sentences."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol
from zoneinfo import ZoneInfo

from mining.arena import Arena
from mining.findings._slips import Slip, slips
from mining.findings.positions import NOWHERE, Positions
from mining.reference.conformance import Conformance, Judge
from mining.reference.marks import Marks, without_marked
from mining.report import Cause
from mining.rules.settings import RuleSettings
from mining.settings import BusinessDays, DeadlineSettings, MiningSettings, PriceSettings, WorkingHours
from mining.waiting.causes import Split, split
from mining.waiting.enabling import enabling

Where = tuple[str, str, float, int, float] | tuple[str, str, float, int, float, tuple[tuple[str, str], ...]]
"""Field, value, lift, cases, corrected p-value; and more fields and values, where only all together count."""
Segments = tuple[Where, ...]


@dataclass(frozen=True)
class Change:
    """A release, configuration or rule change, as far as findings tell of it."""

    time: int
    """Microseconds UTC, when it took effect."""
    system: str
    what: str
    """One line: a version, or what was changed."""


@dataclass(frozen=True)
class Gain:
    """Hours a week that a lever would save, with an interval of 90 %; never more than what is lost."""

    hours: float
    low: float
    high: float


@dataclass(frozen=True)
class View:
    """Everything a detector may look at. It knows no clock, no file, no network."""

    arena: Arena
    now: int
    """Microseconds UTC; for a file, its last event."""
    end_activities: tuple[str, ...]
    """Activities after which a case is closed; empty: not known, so no case counts as open."""
    settings: MiningSettings
    deadlines: tuple[DeadlineSettings, ...] = ()
    rules: tuple[RuleSettings, ...] = ()
    """Those of the arena's process."""
    prices: PriceSettings = PriceSettings()
    business_days: BusinessDays = BusinessDays()
    calendars: Mapping[str, Sequence[WorkingHours]] = field(default_factory=dict)
    """Given, by name of an actor or role."""
    zone: ZoneInfo = ZoneInfo("UTC")
    changes: tuple[Change, ...] = ()
    """Changes that were given or seen, in any order."""

    imported: tuple[str, ...] = ()
    """What the ids of events begin with that came from a file read once: nothing more is to come of it."""
    listening: int | None = None
    """Since when (µs UTC) all that is sent has been taken in; None: always."""

    known: Split | None = None
    """Why each event waited, where somebody has asked already; of a choice of cases only all cases can tell."""

    reference: Judge | None = None
    """The model that the process should follow, where there is one."""
    marks: Marks = field(default_factory=dict)
    """What people said of its branches."""

    @cached_property
    def conformance(self) -> Conformance | None:
        """What the model says of every case, but for branches that are marked; None without one."""
        if self.reference is None:
            return None
        return without_marked(self.reference.conformance(self.arena, self.end_activities), self.marks)

    @cached_property
    def slips(self) -> list[Slip]:
        """What persons did by mistake."""
        return slips(self.arena)

    @cached_property
    def split(self) -> Split:
        """Why each event waited, and since when."""
        if self.known is not None:
            return self.known
        return split(self.arena, enabling(self.arena), self.calendars, self.zone, self.business_days)


@dataclass(frozen=True)
class Fact:
    """A finding before it has a title, a story, an id or a history."""

    kind: str
    name: str
    subject: dict[str, str | tuple[str, ...]]
    confidence: float
    cases: int
    """Cases touched."""
    share: float
    """Of all cases of the process in the window, 0..1."""
    hours_per_week: float
    """Hours lost a week: waiting, service or rework beyond what is usual."""
    example_cases: tuple[str, ...]
    """Up to five case ids, the clearest first."""
    figures: dict[str, float | int | str | None] = field(default_factory=dict)
    """What the story tells; durations in seconds under names ending in `_s`."""
    example_rows: tuple[int, ...] = ()
    """Arena rows whose trace ids are the evidence, up to five."""
    case_rows: Positions = NOWHERE
    """Positions in the arena's `case_ids` of all cases touched, ascending; empty where cases are not told apart."""
    since: int | None = None
    """Microseconds UTC."""
    severity: str | None = None
    """How bad it is by the word of whoever declared it, once it is certain; None: by its size."""
    stopped: bool = False
    """A flow has stopped or a deadline is being missed now: critical, and a page."""
    burst: bool = False
    """A burst of errors or lost money, now: at least a warning, and a page."""
    deadlines_missed: int | None = None
    money_per_week: int | None = None
    segment: Segments = ()
    """Strongest first."""
    cause: Cause | None = None
    """Why, where it is known."""
    change: Change | None = None
    """The change it may come from."""
    gains: Mapping[str, Gain] = field(default_factory=dict)
    """By lever, where the data give it."""
    levers: tuple[tuple[str, str], ...] = ()
    """(lever, owner): what to try, words in the catalogue under context `lever`; owner as in Suggestion."""


class Detector(Protocol):
    """Finds one name of finding. One file each; `mining.findings.DETECTORS` lists them."""

    def __call__(self, view: View, /) -> Sequence[Fact]:
        """All facts of its kind in the view, in any order."""
        ...
