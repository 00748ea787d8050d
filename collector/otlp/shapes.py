"""OTLP/JSON as typed structs (opentelemetry.io/docs/specs/otlp, "JSON Protobuf Encoding").

Keys are lowerCamelCase only, unknown ones are ignored, enums are numbers, 64-bit integers are numbers or decimal text,
`null` means that a field is not there, ids are hex, bytes are base64. What is not read later has no field here.
"""

from typing import Annotated, Final

from msgspec import Meta, Struct, field

Text = str | None
Number = Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)]
"""int32: enums are open, any number is one."""
Base64 = Annotated[str, Meta(pattern=r"^(?:[A-Za-z0-9+/_-]{4})*+(?:[A-Za-z0-9+/_-]{2,3})?={0,2}\Z")]
"""Of either alphabet, with or without padding. `*+`: to be able to go back costs forty bytes of memory for one."""
MAX_DEPTH: Final = 24
"""So deep may lists and maps lie in each other: protobuf's readers stop at 100 messages, and a map is three of them."""
Nanoseconds = int
"""Since 1970; fixed64, which `collector.otlp.check` holds it to (msgspec's bounds end at int64)."""


class AnyValue(Struct, rename="camel", gc=False):
    """A value; at most one field is set."""

    string_value: Text = None
    bool_value: bool | None = None
    int_value: Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)] | None = None
    double_value: float | None = None
    array_value: "ArrayValue | None" = None
    kvlist_value: "KeyValueList | None" = None
    bytes_value: Base64 | None = None


class ArrayValue(Struct, gc=False):
    """A list of values. `level`, whatever the JSON says, is how deep lists and maps lie in each other from here on."""

    values: list[AnyValue] | None = None
    level: int = field(default=0, name="(level)")

    def __post_init__(self) -> None:
        """ValueError beyond `MAX_DEPTH`."""
        self.level = 1 + max(map(_level, self.values or ()), default=0)
        _check_level(self.level)


class KeyValue(Struct, gc=False):
    """An attribute."""

    key: Text = None
    value: AnyValue | None = None


class KeyValueList(Struct, gc=False):
    """A map. `level` as in `ArrayValue`."""

    values: list[KeyValue] | None = None
    level: int = field(default=0, name="(level)")

    def __post_init__(self) -> None:
        """ValueError beyond `MAX_DEPTH`."""
        self.level = 1 + max((_level(each.value) for each in self.values or () if each.value is not None), default=0)
        _check_level(self.level)


def _level(value: AnyValue) -> int:
    of_list = value.array_value.level if value.array_value is not None else 0
    return max(of_list, value.kvlist_value.level) if value.kvlist_value is not None else of_list


def _check_level(level: int) -> None:
    if level > MAX_DEPTH:
        raise ValueError(f"lists and maps lie more than {MAX_DEPTH} deep in each other")


Attributes = list[KeyValue] | None


class Resource(Struct, gc=False):
    """What sends."""

    attributes: Attributes = None


class Scope(Struct, gc=False):
    """The instrumentation library."""

    name: Text = None
    version: Text = None
    attributes: Attributes = None


class SpanEvent(Struct, rename="camel", gc=False):
    """Something that happened in a span."""

    time_unix_nano: Nanoseconds | None = None
    name: Text = None
    attributes: Attributes = None


class Link(Struct, rename="camel", gc=False):
    """To another span."""

    trace_id: Text = None
    span_id: Text = None
    trace_state: Text = None
    attributes: Attributes = None


class Status(Struct, gc=False):
    """How a span ended."""

    message: Text = None
    code: Number | None = None


class Span(Struct, rename="camel", gc=False):
    """A span."""

    trace_id: Text = None
    span_id: Text = None
    trace_state: Text = None
    parent_span_id: Text = None
    name: Text = None
    kind: Number | None = None
    start_time_unix_nano: Nanoseconds | None = None
    end_time_unix_nano: Nanoseconds | None = None
    attributes: Attributes = None
    events: list[SpanEvent] | None = None
    links: list[Link] | None = None
    status: Status | None = None


class ScopeSpans(Struct, gc=False):
    """Spans of one scope."""

    scope: Scope | None = None
    spans: list[Span] | None = None


class ResourceSpans(Struct, rename="camel", gc=False):
    """Spans of one resource."""

    resource: Resource | None = None
    scope_spans: list[ScopeSpans] | None = None


class Traces(Struct, rename="camel", gc=False):
    """ExportTraceServiceRequest."""

    resource_spans: list[ResourceSpans] | None = None


class LogRecord(Struct, rename="camel", gc=False):
    """A log record."""

    time_unix_nano: Nanoseconds | None = None
    observed_time_unix_nano: Nanoseconds | None = None
    severity_number: Number | None = None
    severity_text: Text = None
    body: AnyValue | None = None
    attributes: Attributes = None
    trace_id: Text = None
    span_id: Text = None
    event_name: Text = None


class ScopeLogs(Struct, rename="camel", gc=False):
    """Log records of one scope."""

    scope: Scope | None = None
    log_records: list[LogRecord] | None = None


class ResourceLogs(Struct, rename="camel", gc=False):
    """Log records of one resource."""

    resource: Resource | None = None
    scope_logs: list[ScopeLogs] | None = None


class Logs(Struct, rename="camel", gc=False):
    """ExportLogsServiceRequest."""

    resource_logs: list[ResourceLogs] | None = None
