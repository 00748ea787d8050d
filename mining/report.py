"""The report document, `houtai.report/1` (docs/contract.md, section 2), as types.

Field names and order are those of the document; `msgspec.to_builtins` turns a Report into it.
Durations are seconds, money integer minor units, times ISO 8601 UTC with `Z`.
"""

from dataclasses import dataclass, field
from typing import Final

SCHEMA: Final = "houtai.report/1"


@dataclass(frozen=True)
class Spread:
    """How a duration is spread over its occurrences, in seconds; quantiles exact with linear interpolation.

    Of nothing, `total` is 0 and the rest is null.
    """

    total: float
    mean: float | None
    p50: float | None
    p90: float | None
    p95: float | None


@dataclass(frozen=True)
class ShortSpread:
    """Median and p90 of a duration in seconds."""

    p50: float | None
    p90: float | None


@dataclass(frozen=True)
class LogFigures:
    """The size of the log. `from_` and `to` are null where it is empty."""

    events: int
    cases: int
    activities: int
    variants: int
    from_: str | None
    to: str | None
    open_cases: int


@dataclass(frozen=True)
class Node:
    """An activity."""

    activity: str
    events: int
    cases: int
    starts: int
    ends: int
    rework_cases: int
    errors: int
    service_s: Spread
    working_s: Spread | None
    waiting_s: Spread
    roles: dict[str, int]
    systems: dict[str, int]
    modules: dict[str, int]


@dataclass(frozen=True)
class Edge:
    """Two activities that follow each other directly."""

    source: str
    target: str
    count: int
    cases: int
    gap_s: Spread


@dataclass(frozen=True)
class Causes:
    """Seconds of waiting by cause; they add up to the total."""

    batching: float
    prioritisation: float
    contention: float
    unavailability: float
    extraneous: float


@dataclass(frozen=True)
class Transition:
    """Enabling activity to enabled activity: where waiting happens."""

    source: str
    target: str
    count: int
    cases: int
    waiting_s: Spread
    causes_s: Causes | None


@dataclass(frozen=True)
class Variant:
    """A complete sequence of activities and how many cases took it."""

    path: tuple[str, ...]
    cases: int
    share: float
    duration_s: ShortSpread
    deviating: bool


@dataclass(frozen=True)
class CaseFigures:
    """Durations over all cases.

    `efficiency` is the mean over cases of union of service intervals / duration, null where no case has a duration.
    """

    duration_s: Spread
    service_s: Spread
    waiting_s: Spread
    efficiency: float | None


@dataclass(frozen=True)
class RoleFigures:
    """What a role did."""

    role: str
    actors: int
    events: int
    cases: int
    service_s: Spread
    waiting_caused_s: float
    rework: int
    errors: int


@dataclass(frozen=True)
class Handover:
    """Direct successions from one role (or actor) to another."""

    source: str
    target: str
    count: int


@dataclass(frozen=True)
class Impact:
    """How large a finding is."""

    cases: int
    share: float
    hours_per_week: float
    money_per_week: int | None = None
    deadlines_missed: int | None = None


@dataclass(frozen=True)
class Cause:
    """Why, with the share of each cause."""

    name: str
    shares: dict[str, float]


@dataclass(frozen=True)
class Condition:
    """A field has a value."""

    field: str
    value: str


@dataclass(frozen=True)
class Segment:
    """Where a finding concentrates; `p_value` corrected for multiple tests."""

    field: str
    value: str
    lift: float
    cases: int
    p_value: float
    also: tuple[Condition, ...] = ()
    """What holds besides: the finding concentrates only where all of it does."""


@dataclass(frozen=True)
class Evidence:
    """Up to five case ids and trace ids, and the figures behind the story."""

    cases: tuple[str, ...]
    traces: tuple[str, ...]
    figures: dict[str, float | int | str | None]


@dataclass(frozen=True)
class Suggestion:
    """What to try, and whose turn it is (`front_end`, `business`, `system`, `role`)."""

    lever: str
    owner: str
    detail: str
    gain_hours_per_week: float | None = None
    interval: tuple[float, float] | None = None


@dataclass(frozen=True)
class Finding:
    """One thing worth a person's attention (docs/contract.md, section 3)."""

    id: str
    process: str
    kind: str
    name: str
    subject: dict[str, str | tuple[str, ...]]
    severity: str
    urgency: str
    confidence: float
    title: str
    story: str
    impact: Impact
    cause: Cause | None
    since: str | None
    change: dict[str, str] | None
    segment: tuple[Segment, ...]
    evidence: Evidence
    suggestions: tuple[Suggestion, ...]
    first_seen: str | None
    last_seen: str | None
    status: str = "open"
    owner: str | None = None


@dataclass(frozen=True)
class QualityFigures:
    """Counts of what was wrong with the input, and notes for people."""

    dropped: int
    late: int
    duplicates: int
    without_case: int
    without_end: int
    overlaps: int
    sampled: bool
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Report:
    """The whole document."""

    schema: str
    process: str
    log: LogFigures
    quality: QualityFigures
    currency: str | None
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    transitions: tuple[Transition, ...]
    variants: tuple[Variant, ...]
    cases: CaseFigures
    roles: tuple[RoleFigures, ...]
    handovers: tuple[Handover, ...]
    findings: tuple[Finding, ...] = field(default=())
