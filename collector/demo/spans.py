"""Spans of the SDK with explicit times, so that history can be told as well as the present."""

import random
from typing import Final, TypeAlias

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.sdk.version import __version__ as sdk_version
from opentelemetry.semconv.attributes.error_attributes import ERROR_TYPE
from opentelemetry.semconv.attributes.exception_attributes import EXCEPTION_MESSAGE, EXCEPTION_TYPE
from opentelemetry.semconv.attributes.service_attributes import SERVICE_INSTANCE_ID, SERVICE_NAME, SERVICE_VERSION
from opentelemetry.trace import Link, SpanContext, SpanKind, TraceFlags
from opentelemetry.trace.status import Status, StatusCode

Attributes: TypeAlias = dict[str, str | int | tuple[str, ...]]

_SAMPLED: Final = TraceFlags(TraceFlags.SAMPLED)
_OK: Final = Status(StatusCode.UNSET)
_SCOPE: Final = InstrumentationScope("houtai.demo", "1")


class Source(Resource):
    """A running service. The SDK hashes a resource once a span, by its JSON; this one remembers its hash."""

    def __init__(self, service: str, version: str, instance: str, **more: str) -> None:
        super().__init__(
            {
                SERVICE_NAME: service,
                SERVICE_VERSION: version,
                SERVICE_INSTANCE_ID: instance,
                "telemetry.sdk.language": "python",
                "telemetry.sdk.name": "opentelemetry",
                "telemetry.sdk.version": sdk_version,
                **{key.replace("_", "."): value for key, value in more.items()},
            }
        )
        self._hash = super().__hash__()

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return self is other or super().__eq__(other)


class Tracer:
    """Collects finished spans in `spans`. Ids come from the seed."""

    def __init__(self, seed: int) -> None:
        self._ids = random.Random(f"houtai demo ids {seed}")
        self.spans: list[ReadableSpan] = []

    def span(
        self,
        source: Source,
        name: str,
        kind: SpanKind,
        start: int,
        end: int,
        attributes: Attributes,
        *,
        parent: SpanContext | None = None,
        link: SpanContext | None = None,
        error: tuple[str, str] | None = None,
    ) -> SpanContext:
        """Record a span from `start` to `end` (microseconds UTC); `error` is its type and message."""
        trace_id = parent.trace_id if parent else self._ids.getrandbits(128) or 1
        context = SpanContext(trace_id, self._ids.getrandbits(64) or 1, False, _SAMPLED)
        events: tuple[Event, ...] = ()
        status = _OK
        if error:
            attributes[ERROR_TYPE] = error[0]
            status = Status(StatusCode.ERROR, error[1])
            events = (Event("exception", {EXCEPTION_TYPE: error[0], EXCEPTION_MESSAGE: error[1]}, end * 1000),)
        self.spans.append(
            ReadableSpan(
                name,
                context,
                parent,
                source,
                attributes,
                events,
                (Link(link),) if link else (),
                kind,
                status=status,
                start_time=start * 1000,
                end_time=end * 1000,
                instrumentation_scope=_SCOPE,
            )
        )
        return context

    def take(self) -> list[ReadableSpan]:
        """The spans recorded since the last call, in the order in which they ended."""
        taken, self.spans = self.spans, []
        return taken
