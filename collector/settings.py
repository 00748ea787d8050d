"""Settings of the collector: where it listens, what it keeps, and how spans become events."""

from typing import Literal

from pydantic import Field

from collector.section import Section as Section


class ProcessSettings(Section):
    """A named way of working, led by one object type."""

    leading: str = Field(description="object type whose every object is one case")
    end_activities: tuple[str, ...] = Field(default=(), description="activities after which a case is closed")
    title: dict[str, str] = Field(default_factory=dict, description="what people call it, by language (en, zh-CN)")


class Match(Section):
    """A test of a span; every given part must hold. Texts are globs (`*`, `?`) and are compared whole."""

    service: str | None = None
    scope: str | None = Field(default=None, description="name of the instrumentation scope")
    name: str | None = Field(default=None, description="of the span, log event or CloudEvent (its type)")
    kind: Literal["internal", "server", "client", "producer", "consumer", "log", "event"] | None = None
    body: str | None = Field(default=None, description="of a log record")
    attributes: dict[str, str] = Field(default_factory=dict, description="attribute -> glob; `*` means it is there")


class ObjectRule(Section):
    """An attribute whose value is the id of an object."""

    attribute: str
    type: str
    qualifier: str | None = None


class ActivityRule(Section):
    """A span that matches `when` is an event of `activity` in `process`. The first rule that matches counts."""

    activity: str
    process: str
    when: Match
    module: str | None = Field(default=None, description="name of the part of the system; default: see `module`")


class ActorRule(Section):
    """Who acted: the first rule whose attribute is on the span (or, for system, that matches) counts."""

    kind: Literal["user", "staff", "system", "device"]
    attribute: str
    when: Match = Match()


class MappingSettings(Section):
    """How spans become events. Attribute lists are tried in order on the span, its ancestors, then its resource."""

    objects: tuple[ObjectRule, ...] = ()
    activities: tuple[ActivityRule, ...] = ()
    actors: tuple[ActorRule, ...] = ()
    role: tuple[str, ...] = ("user.roles",)
    module: tuple[str, ...] = ("http.route", "rpc.method", "messaging.destination.name")
    device: tuple[str, ...] = ("device.id",)
    channel: tuple[str, ...] = ()
    platform: tuple[str, ...] = ()
    shop: tuple[str, ...] = ()
    system: tuple[str, ...] = Field(default=(), description="attributes that name the system; default: service.name")
    start: tuple[str, ...] = Field(default=(), description="attributes that say when the step began; default: the span")
    end: tuple[str, ...] = Field(default=(), description="attributes that say when the step ended; default: the span")
    outcome: tuple[str, ...] = Field(
        default=(),
        description="attributes that say `ok` or `error` (also true/false, success/failure); default: status",
    )
    error_type: tuple[str, ...] = Field(default=(), description="further attributes that name the error")
    amount: tuple[str, ...] = Field(default=(), description="attributes that hold money in minor units")
    enabled: tuple[str, ...] = Field(default=(), description="attributes that say when the work was enabled")
    fields: tuple[str, ...] = Field(default=(), description="further attributes to keep with the event")


class CollectorSettings(Section):
    """Where the collector listens and how much it takes."""

    host: str = "127.0.0.1"
    port: int = Field(default=4318, ge=0, le=65535, description="OTLP/HTTP, /metrics, /healthz")
    metrics_port: int = Field(default=4319, ge=0, le=65535, description="the converter's /metrics")
    token: str | None = Field(default=None, description="bearer token that senders must show; needed off loopback")
    max_body_bytes: int = Field(default=20 * 1024 * 1024, ge=1024, description="after decompression")
    wal_segment_bytes: int = Field(default=64 * 1024 * 1024, ge=4096)
    batch_seconds: float = Field(
        default=1.0, gt=0, description="how long the converter waits for more before it writes a segment"
    )
