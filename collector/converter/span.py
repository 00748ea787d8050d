"""A span as resolution needs it."""

from dataclasses import dataclass, field
from typing import Final, NamedTuple

from collector.settings import ActivityRule

SpanKey = tuple[bytes, bytes]
"""Trace id and span id."""
KINDS: Final = ("internal", "internal", "server", "client", "producer", "consumer", "log", "event")
"""By OTLP's number; unspecified counts as internal, as the specification says. A log record is a span of kind `log`, a
CloudEvent one of kind `event` (collector/converter/decoders)."""
LOG: Final = 6
HTTP_STATUS: Final = ("http.response.status_code", "http.status_code")
"""Kept from 500 on only, where no rule wants them: every request has one."""
BODY: Final = "log.body"
"""Attribute with the body of a log record."""


class Named(NamedTuple):
    """An object that a span names."""

    type: str
    id: str
    qualifier: str | None


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """A resource: its service, its wanted attributes, and all of them as JSON."""

    service: str
    attributes: dict[str, str]
    json: str
    version: str = ""


@dataclass(slots=True, eq=False)
class Span:
    """A span that tells something: it has wanted attributes, links or a rule. Of all others the window knows ids only.

    Times are µs UTC; `attributes` are the wanted ones; `parent` is empty at a root; `learned` is with how many telling
    ancestors its joins were learned.
    """

    trace_id: bytes
    span_id: bytes
    parent: bytes
    name: str
    kind: str
    start: int
    end: int
    error: bool
    source: Source
    scope: str
    attributes: dict[str, str]
    objects: tuple[Named, ...] = ()
    links: tuple[SpanKey, ...] = ()
    rule: ActivityRule | None = field(default=None, repr=False)
    learned: int = -1

    @property
    def key(self) -> SpanKey:
        """Trace id and span id."""
        return self.trace_id, self.span_id

    @property
    def event_id(self) -> str:
        """The id of the span's event."""
        return f"{self.trace_id.hex()}:{self.span_id.hex()}"
