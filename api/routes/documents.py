"""The report document as OpenAPI shows it."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from mining.report import (
    CaseFigures,
    Edge,
    Finding,
    Handover,
    Node,
    QualityFigures,
    RoleFigures,
    ShortSpread,
    Transition,
    Variant,
)


@dataclass(frozen=True)
class LogDocument:
    """The size of the log."""

    events: int
    cases: int
    activities: int
    variants: int
    from_: Annotated[str | None, Field(alias="from")]
    to: str | None
    open_cases: int


@dataclass(frozen=True)
class ReportDocument:
    """The whole document, `houtai.report/1`."""

    schema: str
    process: str
    log: LogDocument
    quality: QualityFigures
    currency: str | None
    nodes: list[Node]
    edges: list[Edge]
    transitions: list[Transition]
    variants: list[Variant]
    cases: CaseFigures
    roles: list[RoleFigures]
    handovers: list[Handover]
    findings: list[Finding]


@dataclass(frozen=True)
class ProcessRow:
    """A process in the list."""

    process: str
    title: str
    cases: int
    open_cases: int
    events: int
    findings: int


@dataclass(frozen=True)
class VariantRow:
    """A variant with the id by which it is filtered for."""

    id: str
    path: list[str]
    cases: int
    share: float
    duration_s: ShortSpread
    deviating: bool


@dataclass(frozen=True)
class SpectrumRow:
    """One case passing from one activity to the next."""

    case_id: str
    source: str
    target: str
    begin: str
    end: str
    seconds: float


@dataclass(frozen=True)
class SpectrumBucket:
    """The cases that began to pass from one activity to the next in a bucket of time."""

    source: str
    target: str
    begin: str
    end: str
    count: int
    by_quartile: list[int]
    """Four counts: up to the first quartile of the edge's own waits, up to the median, up to the third, longer."""
    total_s: float
    quartiles_s: list[float]
    """First quartile, median and third of all waits of the edge."""


@dataclass(frozen=True)
class ActivityLoad:
    """An activity in a bucket of time: how many of its events were under way, and how many waited, in the mean."""

    activity: str
    in_progress: float
    queued: float


@dataclass(frozen=True)
class OverTimeRow:
    """A bucket of time: cases that started and ended in it and were open at its end, events that started in it."""

    begin: str
    end: str
    started: int
    ended: int
    open: int
    events: int
    in_progress: float
    """This and the next: of all activities together."""
    queued: float
    activities: list[ActivityLoad]


@dataclass(frozen=True)
class RuleBucket:
    """The activations of a rule whose event starts in a bucket of time."""

    begin: str
    end: str
    fulfilled: int
    broken: int
    pending: int


@dataclass(frozen=True)
class RuleRow:
    """A declared rule, and how the cases that pass the filters keep it."""

    rule: str
    name: str
    says: str
    """The rule as a sentence."""
    template: str
    severity: str
    activations: int
    """Events (cases, where the template is of one activity) for which the rule asks something."""
    fulfilled: int
    broken: int
    pending: int
    """Of an open case: what is needed may still come."""
    cases: int
    """With an activation that is fulfilled or broken."""
    broken_cases: int
    last_broken: str | None
    unknown: list[str]
    """Activities, and fields of conditions, that no event has."""
    over_time: list[RuleBucket]


@dataclass(frozen=True)
class RuleBreach:
    """One activation that breaks a rule."""

    case_id: str
    time: str
    """When it was broken: the start of the event, or when the time was up."""
    place: int
    """Of the event in its case, from 0."""
    activity: str
    """Of the event at which it is broken: the forbidden one, else the one that asks for another."""
    role: str | None
    system: str | None
    late_s: float | None


@dataclass(frozen=True)
class EventuallyRow:
    """One activity some time after another: pairs of events, cases that have one, and their share of all."""

    source: str
    target: str
    count: int
    cases: int
    share: float


@dataclass(frozen=True)
class ConcurrencyRow:
    """Two activities: cases with both, those of them in which they overlap, direct successions each way."""

    left: str
    right: str
    cases: int
    overlapping: int
    forward: int
    backward: int
    parallel: bool


@dataclass(frozen=True)
class TogetherRow:
    """Two roles or actors: the cases they share, and the cases of each."""

    left: str
    right: str
    cases: int
    left_cases: int
    right_cases: int


@dataclass(frozen=True)
class CatalogRow:
    """How often a step ran in a system and module, and on how many of those events a field was filled."""

    activity: str
    system: str | None
    module: str | None
    field: str | None
    events: int
    filled: int


@dataclass(frozen=True)
class Condition:
    """A field has a value."""

    field: str
    value: str


@dataclass(frozen=True)
class SeparationRow:
    """A value, or values that hold together, by which the chosen cases stand apart from the others."""

    conditions: list[Condition]
    cases: int
    """Chosen cases and others that meet them."""
    chosen: int
    """Of these the chosen ones."""
    share: float
    """Of the chosen cases."""
    share_of_others: float
    lift: float
    """Share of chosen cases among those that meet the conditions, to that among those that don't."""
    interval: tuple[float, float]
    """Of the lift, 95 %."""
    p_value: float
    """Corrected for all that was tried."""


@dataclass(frozen=True)
class ContrastDocument:
    """What sets the cases that pass the filters apart from others."""

    cases: int
    others: int
    fields: list[str]
    """By which they were compared."""
    left_out: list[str]
    """Which the filters name."""
    items: list[SeparationRow]
    next: str | None


@dataclass(frozen=True)
class OutcomeCell:
    """One outcome of the cases of a source."""

    cases: int
    """Of which it is known."""
    value: float | None
    """Share, seconds (median), or minor units (mean)."""
    interval: tuple[float, float] | None
    """95 %."""
    others: float | None
    """The same of all other cases."""
    differs: str | None
    """`more` or `less` than the others, where that is sure and not small."""
    p_value: float | None
    """Corrected for the whole sheet; null where there are too few cases."""


@dataclass(frozen=True)
class SourceRow:
    """A channel, platform or shop."""

    field: str
    value: str
    cases: int
    outcomes: dict[str, OutcomeCell | None]
    """By name; null where nothing is known of one."""


@dataclass(frozen=True)
class ChannelOutcome:
    """An outcome that is known."""

    name: str
    kind: str
    """`share`, `duration` or `money`."""
    after_s: float | None
    """Cases count from this age on; of `repurchase` also how soon the second case came."""


@dataclass(frozen=True)
class ChannelsDocument:
    """Channels, platforms and shops beside their outcomes."""

    items: list[SourceRow]
    next: str | None
    outcomes: list[ChannelOutcome]
    missing: list[str]
