"""A span as resolution needs it."""

from dataclasses import dataclass, field
from typing import Final, NamedTuple

from collector.settings import ActivityRule

SpanKey = tuple[bytes, bytes]
"""Trace id and span id."""
KINDS: Final = ("internal", "internal", "server", "client", "producer", "consumer")
"""By OTLP's number; unspecified counts as internal, as the specification says."""


class Named(NamedTuple):
    """An object that a span names."""

    type: str
    id: str
    qualifier: str | None


@dataclass(frozen=True, slots=True)
class Source:
    """A resource: its service, its wanted attributes, and all of them as JSON."""

    service: str
    attributes: dict[str, str]
    json: str


@dataclass(slots=True, eq=False)
class Span:
    """A kept span. Times are µs UTC; `attributes` are the wanted ones only; `parent` is empty at a root."""

    trace_id: bytes
    span_id: bytes
    parent: bytes
    name: str
    kind: str
    start: int
    end: int
    error: bool
    source: Source
    attributes: dict[str, str]
    objects: tuple[Named, ...] = ()
    links: tuple[SpanKey, ...] = ()
    rule: ActivityRule | None = field(default=None, repr=False)

    @property
    def key(self) -> SpanKey:
        """Trace id and span id."""
        return self.trace_id, self.span_id

    @property
    def event_id(self) -> str:
        """The id of the span's event."""
        return f"{self.trace_id.hex()}:{self.span_id.hex()}"
