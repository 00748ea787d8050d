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
class CatalogRow:
    """How often a step ran in a system and module, and on how many of those events a field was filled."""

    activity: str
    system: str | None
    module: str | None
    field: str | None
    events: int
    filled: int
